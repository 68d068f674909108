"""Runs of a program, and their memory, which later runs use again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from contextlib import contextmanager
from functools import partial

from autograd_lite.compiler.forks import give_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from threading import RLock
    from typing import Any

    from autograd_lite.value import Value

__all__ = ["Runner", "State"]

KEPT = 4  # so many workspaces are made, and more only for threads that run at the same time


class State:
    """One run, which has its workspace until it is dropped, or until a later run needs it.

    free     what runs that were dropped held
    holds    [its workspace], or [the leaves' numbers] once a later run has that
    indices  the ints that `take` reads
    outputs  the results; None if one is not finite, in arrays
    """

    __slots__ = ("__del__", "holds", "indices", "outputs")

    __del__: Callable[[], None]  # a function in C: Python drops a KeyboardInterrupt within others

    def __init__(
        self, free: list[Any], holds: list[Any], indices: array[int], outputs: array[float] | None
    ) -> None:
        self.holds, self.indices, self.outputs = holds, indices, outputs
        self.__del__ = partial(free.append, holds)


class Pool:
    """The workspaces of a program.

    A run may be asked for its gradient for as long as it lives. If no workspace is free, one of
    these runs gives up its own and keeps the numbers of its leaves, with which it is run again. So
    a list of results costs no more than their leaves.

    free  what runs that were dropped held, each in its list
    held  of each workspace, what its run `holds`
    """

    lock: RLock

    def __init__(self) -> None:
        self.free: list[list[Any]] = []
        self.held: list[list[Any]] = []
        self._turn = 0
        give_lock(self, "lock")

    def __reduce__(self) -> tuple[Any, ...]:
        return Pool, ()

    def another(self, runner: Runner) -> Any:
        """A new workspace, or that of one of the runs, each in its turn, if there are enough."""
        with self.lock:
            for _ in range(len(self.held) if len(self.held) >= KEPT else 0):
                turn, self._turn = self._turn, (self._turn + 1) % len(self.held)
                holds = self.held[turn]
                try:
                    space = holds[0]
                    holds[0] = space.leaves_now()  # at once, so that no run is ever without
                except IndexError:  # a later run has it, or the run is asked for its gradient
                    continue
                self.held[turn] = []
                return space
            place = len(self.held)
            self.held.append([])
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
    ) -> array[float] | None:
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
        pool.held[space.place] = holds = [space]
        return State(pool.free, holds, indices, outputs)

    def _run(
        self, leaves: array[float], indices: array[int], parameters: tuple[Value, ...]
    ) -> tuple[Any, array[float] | None]:
        """The workspace of a run, and its results."""
        space = self._free_workspace()
        try:
            return space, self._forward(space, leaves, indices, parameters)
        except BaseException:
            self._pool.free.append([space])
            raise

    def _free_workspace(self) -> Any:
        pool = self._pool
        while pool.free:
            try:
                space = pool.free.pop().pop()
            except IndexError:  # another thread was first
                continue
            if type(space) is not array:
                return space
        return pool.another(self)

    @contextmanager
    def borrowed(self) -> Iterator[Any]:
        """A workspace that no run has, to look at."""
        space = self._free_workspace()
        try:
            yield space
        finally:
            self._pool.free.append([space])

    def gradient(self, state: State, cotangents: Sequence[float]) -> array[float] | None:
        """Sum of cotangent times d result / d leaf over the results, for the leaves in wrt.

        None if one is not finite, in arrays.
        """
        pool = self._pool
        with pool.lock:
            space = state.holds[0]
            if type(space) is array:
                space, _ = self._run(space, state.indices, ())
                state.holds[0] = space
            pool.held[space.place] = []  # not to be taken meanwhile, by an operation of the user's
            try:
                return self._gradient(space, cotangents)
            finally:
                pool.held[space.place] = state.holds

    def leaves_of(self, state: State) -> array[float]:
        """The leaves' numbers of a run."""
        with self._pool.lock:
            held = state.holds[0]
            leaves: array[float] = held if type(held) is array else held.leaves_now()
            return leaves
