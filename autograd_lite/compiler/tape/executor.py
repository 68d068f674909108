"""Executors of a program and their runs, each in a workspace that later runs use again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from typing import NamedTuple
from weakref import WeakValueDictionary

from autograd_lite.compiler.results import Run
from autograd_lite.forks import give_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from threading import RLock
    from typing import Any

    from autograd_lite.compiler.tape.ranges import Ints
    from autograd_lite.value import Value

__all__ = [
    "MAX_WORKSPACES",
    "Arena",
    "Bare",
    "Executor",
    "Inputs",
    "Run",
    "UserResults",
    "arena_of",
]

MAX_WORKSPACES = 4  # more are made only for threads that run at the same time


class UserResults:
    """What the operations of users, and blocks, gave in a run.

    numbers  [tape.user_results()] the values and partials of the operations
    calls    [blocks] of each block its results, and what it kept for its pullback
    known    True if a run reads all this, which an earlier run on the same inputs left, instead of
             calling the operations and blocks
    """

    def __init__(self, numbers: array[float], blocks: int = 0) -> None:
        self.numbers, self.known = numbers, False
        self.calls: list[Any] = [None] * blocks

    def copy(self) -> UserResults:
        other = UserResults(self.numbers[:])
        other.calls = self.calls[:]
        return other

    def read(self, earlier: UserResults | None) -> None:
        """Take what an earlier run left; None for a run that calls the operations and blocks."""
        self.known = earlier is not None
        if earlier is not None:
            self.numbers[:], self.calls[:] = earlier.numbers, earlier.calls


class Inputs(NamedTuple):
    """The numbers with which a run is made again.

    leaves        [tape.leaves] the numbers of the leaves
    user_results  what the operations of users, and blocks, gave
    """

    leaves: array[float]
    user_results: UserResults


class Arena:
    """Memory for runs of several programs, one at a time: so the caches hold what they share.

    owner    tells what has run there last; None if others may have written there since
    is_busy  True while one runs
    """

    def __init__(self, size: int) -> None:
        self.numbers = array("d", bytes(8 * size))
        self.owner: Any = None
        self.is_busy = False


_arenas: WeakValueDictionary[int, Arena] = WeakValueDictionary()


def arena_of(size: int) -> Arena:
    """An arena of at least this size; programs of about one size share it."""
    size = 1 << max(size - 1, 1).bit_length()
    found = _arenas.get(size)
    return _arenas.setdefault(size, Arena(size)) if found is None else found


class Bare(NamedTuple):
    """A workspace as it is, for runs whose numbers are written and read where they lie.

    arena     where it lies
    fixed     the addresses in the arena of the numbers `begin`, which are to be there before a run,
              if another program ran there
    run       runs the program
    leaves    the first of it are the numbers of the leaves, in order
    integers  the ints that `take` reads
    choices   [integers] how many elements each chooses among, if `run` does not look; 0 for none
    numbers   where the numbers of a run are then
    outputs   the addresses of the outputs among them
    deciding  the addresses of numbers which, if they are not finite, leave the run to `forward`,
              as outputs do
    """

    arena: Arena
    fixed: array[int]
    begin: array[float]
    run: Callable[[], object]
    leaves: array[float]
    integers: array[int]
    choices: array[int]
    numbers: array[float]
    outputs: Ints
    deciding: Ints


class Executor(ABC):
    """Runs a program, in a few workspaces for any number of runs.

    A run may be asked for its gradient for as long as it lives. If no workspace is free, another
    run gives up its own and keeps its inputs, with which it is run again. So a long list of results
    takes the memory of the inputs of each run, and of a few workspaces.

    reference   another executor, for runs and gradients of which this one knows only that a number
                is not finite; None for the reference itself
    workspaces  how many workspaces there are
    runs        number of runs that were made
    fallbacks   number of these, and of gradients, for which the reference was asked
    """

    lock: RLock

    def __init__(self, reference: Executor | None = None) -> None:
        self.reference = reference
        self.runs = self.fallbacks = 0
        self._free: list[list[Any]] = []  # leases of runs that were dropped
        self._leases: list[list[Any]] = []  # of each workspace, the lease of its run
        self._turn = 0  # the workspace that is given up next
        give_lock(self, "lock")

    @property
    def workspaces(self) -> int:
        return len(self._leases)

    @abstractmethod
    def workspace(self) -> Any:
        """A new workspace: its `inputs()` are those of its last run, its `user_results` too."""

    @abstractmethod
    def bare(self) -> Bare | None:
        """A workspace for who has the lock of steps; None if its leaves do not lie in order."""

    @abstractmethod
    def _forward(
        self,
        space: Any,
        leaves: array[float],
        indices: array[int],
        parameters: tuple[Value, ...],
    ) -> array[float] | None:
        """The outputs of a run in this workspace; None if the reference is to be asked."""

    @abstractmethod
    def _gradient(self, space: Any, cotangents: Sequence[float]) -> array[float] | None:
        """The gradient of the last run in this workspace; None if the reference is to be asked."""

    def forward(
        self,
        leaves: array[float],
        indices: array[int],
        parameters: tuple[Value, ...] = (),
        user_results: UserResults | None = None,
    ) -> Run:
        """A run, or one of the reference if a number is not finite.

        leaves        the numbers of the first leaves
        indices       the ints that `take` reads
        parameters    Values whose numbers are those of the leaves that follow
        user_results  what the operations of users, and blocks, gave, if this run was made before

        Raises IndexError for an index that is out of range.
        """
        self.runs += 1
        space, outputs = self._run(leaves, indices, parameters, user_results)
        if outputs is None:
            self._free.append([space])
            return self._ask_reference(leaves, indices, parameters)
        self._leases[space.number] = lease = [space]
        return Run(self, outputs, indices, lease, self._free)

    def gradient(self, run: Run, cotangents: Sequence[float]) -> array[float]:
        """`run.gradient(cotangents)`, for a run that this executor made."""
        with self.lock:
            lease = run.lease
            space = lease[0]
            if type(space) is Inputs:
                space, _ = self._run(space.leaves, run.indices, (), space.user_results)
                lease[0] = space
            self._leases[space.number] = []  # not to be given up to a run within a user's operation
            try:
                gradient = self._gradient(space, cotangents)
            finally:
                self._leases[space.number] = lease
        if gradient is None:
            leaves, user_results = self.inputs_of(run)
            reference = self._ask_reference(leaves, run.indices, (), user_results)
            gradient = reference.gradient(cotangents)
        return gradient

    def inputs_of(self, run: Run) -> Inputs:
        """The inputs of a run that this executor made."""
        with self.lock:
            held = run.lease[0]
            inputs: Inputs = held if type(held) is Inputs else held.inputs()
            return inputs

    def _ask_reference(self, *inputs: Any) -> Run:
        assert self.reference is not None
        self.fallbacks += 1
        return self.reference.forward(*inputs)

    def _run(
        self,
        leaves: array[float],
        indices: array[int],
        parameters: tuple[Value, ...],
        user_results: UserResults | None,
    ) -> tuple[Any, array[float] | None]:
        """The workspace of a run, and its outputs."""
        space = self._take_workspace()
        space.user_results.read(user_results)
        try:
            return space, self._forward(space, leaves, indices, parameters)
        except BaseException:
            self._free.append([space])
            raise

    def _take_workspace(self) -> Any:
        """A workspace that no run has."""
        free = self._free
        while free:
            try:
                space = free.pop().pop()
            except IndexError:  # another thread was first
                continue
            if type(space) is not Inputs:
                return space
        with self.lock:
            n = len(self._leases)
            for _ in range(n if n >= MAX_WORKSPACES else 0):
                turn, self._turn = self._turn, (self._turn + 1) % n
                lease = self._leases[turn]
                try:
                    space = lease[0]
                    lease[0] = space.inputs()  # at once, so that no run is ever without
                except IndexError:  # a later run has it, or its run is asked for its gradient
                    continue
                self._leases[turn] = []
                return space
            self._leases.append([])
        space = self.workspace()
        space.number = n
        return space
