"""Runs of a program, and their memory, which later runs use again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from autograd_lite.forks import give_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from threading import RLock
    from typing import Any

    from autograd_lite.value import Value

__all__ = ["Executor", "Inputs", "Kept", "State"]

MAX_WORKSPACES = 4  # more are made only for threads that run at the same time


class Kept:
    """What the operations of users gave in a run: `Tape.kept` says where.

    numbers  their values and partials
    known    whether a run reads these, as it has been made before, instead of calling them
    """

    def __init__(self, numbers: array[float]) -> None:
        self.numbers, self.known = numbers, False


class Inputs(NamedTuple):
    """With what a run is made again.

    leaves  the numbers of the leaves
    kept    what the operations of users gave
    """

    leaves: array[float]
    kept: array[float]


class State:
    """One run, which has its workspace until it is dropped, or until a later run needs it.

    free     what runs that were dropped held
    holds    [its workspace], or [its inputs] once a later run has that
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
    these runs gives up its own and keeps its inputs, with which it is run again. So a list of
    results costs no more than their leaves, and what the operations of users gave.

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

    def another(self, executor: Executor) -> Any:
        """A new workspace, or that of one of the runs, each in its turn, if there are enough."""
        with self.lock:
            for _ in range(len(self.held) if len(self.held) >= MAX_WORKSPACES else 0):
                turn, self._turn = self._turn, (self._turn + 1) % len(self.held)
                holds = self.held[turn]
                try:
                    space = holds[0]
                    holds[0] = space.inputs()  # at once, so that no run is ever without
                except IndexError:  # a later run has it, or the run is asked for its gradient
                    continue
                self.held[turn] = []
                return space
            place = len(self.held)
            self.held.append([])
        space = executor.workspace()
        space.place = place
        return space


class Executor(ABC):
    """Runs a program, in a few workspaces for any number of runs."""

    def __init__(self) -> None:
        self._pool = Pool()

    @abstractmethod
    def workspace(self) -> Any:
        """A new one, with room for what is `kept`. Its `inputs()` are those of its last run."""

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
        self,
        leaves: array[float],
        indices: array[int],
        parameters: tuple[Value, ...] = (),
        kept: array[float] | None = None,
    ) -> State:
        """The run on these numbers.

        leaves      those of the leaves
        indices     the ints that `take` reads
        parameters  Values whose numbers are those of the leaves that follow
        kept        what the operations of users gave, if they have been called for this run

        Raises IndexError for an index that is out of range.
        """
        pool = self._pool
        space, outputs = self._run(leaves, kept, indices, parameters)
        pool.held[space.place] = holds = [space]
        return State(pool.free, holds, indices, outputs)

    def _run(
        self,
        leaves: array[float],
        kept: array[float] | None,
        indices: array[int],
        parameters: tuple[Value, ...],
    ) -> tuple[Any, array[float] | None]:
        """The workspace of a run, and its results."""
        space = self._free_workspace()
        space.kept.known = kept is not None
        if kept is not None:
            space.kept.numbers[:] = kept
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
            if type(space) is not Inputs:
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
            if type(space) is Inputs:
                space, _ = self._run(*space, state.indices, ())
                state.holds[0] = space
            pool.held[space.place] = []  # not to be taken meanwhile, by an operation of the user's
            try:
                return self._gradient(space, cotangents)
            finally:
                pool.held[space.place] = state.holds

    def inputs_of(self, state: State) -> Inputs:
        """With what a run is made again."""
        with self._pool.lock:
            held = state.holds[0]
            inputs: Inputs = held if type(held) is Inputs else held.inputs()
            return inputs
