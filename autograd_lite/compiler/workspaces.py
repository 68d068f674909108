"""Runs of a program, and their memory, which later runs use again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from functools import partial
from threading import RLock
from time import sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    from autograd_lite.value import Value

    Holds: TypeAlias = tuple[list[Any], list[array[float]]]

__all__ = ["Runner", "State"]

KEPT = 4  # so many workspaces are made, and more only for threads that run at the same time


class State:
    """One run, which has its workspace until it is dropped, or until a later run needs it.

    free     the lists of runs that were dropped, with a workspace in each
    holds    [its workspace], []; or [], [the leaves' numbers] once a later run has that; or [], []
             while somebody works in it
    indices  the ints that `take` reads
    outputs  the results; None if one is not finite, in arrays
    """

    __slots__ = ("__del__", "holds", "indices", "outputs")

    __del__: Callable[[], None]  # no method: Python drops a KeyboardInterrupt within one

    def __init__(
        self, free: list[Any], holds: Holds, indices: array[int], outputs: list[float] | None
    ) -> None:
        self.holds, self.indices, self.outputs = holds, indices, outputs
        self.__del__ = partial(free.append, holds[0])


class Pool:
    """The workspaces of a program.

    A run may be asked for its gradient for as long as it lives. If no workspace is free, one of
    these runs gives up its own and keeps the numbers of its leaves, with which it is run again. So
    a list of results costs no more than their leaves.

    free  those of runs that were dropped, each in its list
    held  of each workspace, what its run `holds`
    """

    def __init__(self) -> None:
        self.free: list[Any] = []
        self.held: list[Holds] = []
        self.lock = RLock()
        self._turn = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return Pool, ()

    def another(self, runner: Runner) -> Any:
        """A new workspace, or that of one of the runs, each in its turn, if there are enough."""
        with self.lock:
            for _ in range(len(self.held) if len(self.held) >= KEPT else 0):
                turn, self._turn = self._turn, (self._turn + 1) % len(self.held)
                spaces, leaves = self.held[turn]
                try:
                    space = spaces.pop()
                except IndexError:  # somebody works in it
                    continue
                self.held[turn] = [], []
                leaves.append(space.leaves_now())
                return space
            place = len(self.held)
            self.held.append(([], []))
        space = runner.workspace()
        space.place = place
        return space


class Runner(ABC):
    """Runs a program, in a few workspaces for any number of runs."""

    def __init__(self) -> None:
        self._pool = Pool()

    @abstractmethod
    def workspace(self) -> Any:
        """A new one. Its `leaves_now()` gives the leaves' numbers of its last run."""

    @abstractmethod
    def _forward(
        self,
        space: Any,
        leaves: array[float],
        indices: array[int],
        parameters: tuple[Value, ...],
    ) -> list[float] | None:
        """The results of a run in this workspace."""

    @abstractmethod
    def _gradient(self, space: Any, cotangents: Sequence[float]) -> array[float] | None:
        """The gradient of the last run in this workspace."""

    def forward(
        self, leaves: array[float], indices: array[int], parameters: tuple[Value, ...] = ()
    ) -> State:
        """The run on these numbers.

        leaves      those of the leaves
        indices     the ints that `take` reads
        parameters  Values whose numbers are those of the leaves that follow

        Raises IndexError for an index that is out of range.
        """
        pool = self._pool
        space, outputs = self._run(leaves, indices, parameters)
        holds: Holds = [space], []
        pool.held[space.place] = holds
        return State(pool.free, holds, indices, outputs)

    def _run(
        self, leaves: array[float], indices: array[int], parameters: tuple[Value, ...]
    ) -> tuple[Any, list[float] | None]:
        """The workspace of a run, and its results."""
        pool = self._pool
        while pool.free:
            try:
                space = pool.free.pop().pop()
                break
            except IndexError:  # it was that of a run which had given it up
                continue
        else:
            space = pool.another(self)
        try:
            return space, self._forward(space, leaves, indices, parameters)
        except BaseException:
            pool.free.append([space])
            raise

    def gradient(self, state: State, cotangents: Sequence[float]) -> array[float] | None:
        """Sum of cotangent times d output / d leaf over the outputs, for the leaves in wrt.

        None if one is not finite, in arrays.
        """
        held = self._taken(state)
        space = held
        try:
            if type(held) is array:
                space, _ = self._run(held, state.indices, ())
                self._pool.held[space.place] = state.holds
            return self._gradient(space, cotangents)
        finally:
            state.holds[type(space) is array].append(space)

    def leaves_of(self, state: State) -> array[float]:
        """The leaves' numbers of a run."""
        held = self._taken(state)
        try:
            leaves: array[float] = held if type(held) is array else held.leaves_now()
            return leaves
        finally:
            state.holds[type(held) is array].append(held)

    def _taken(self, state: State) -> Any:
        """What a run has, its workspace or its leaves' numbers, for nobody else to work with."""
        while True:
            try:
                return (state.holds[0] or state.holds[1]).pop()
            except IndexError:  # another thread works in it, or just takes its workspace
                sleep(0)
