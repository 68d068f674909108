"""The run of a program, and the results of a compiled call as nodes of the eager graph."""

from __future__ import annotations

import autograd_lite.extra as extra
import autograd_lite.kinds as kinds
import autograd_lite.value as engine
from autograd_lite._pure import is_compiled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from autograd_lite.value import Value


class Run:
    """One run of a program, kept for its gradient.

    executor  the executor that made the run
    outputs   [tape.outputs] the numbers of the outputs
    indices   [tape.indices] the ints that `take` reads
    lease     [the workspace of the run], or [its inputs] once a later run has that workspace
    free      the executor's list of the leases of runs that were dropped; interpreted, a run is
              not told that it is dropped, and gives up its workspace in its turn
    """

    __slots__ = ("executor", "free", "indices", "lease", "outputs")

    def __init__(
        self,
        executor: Any,
        outputs: array[float],
        indices: array[int],
        lease: list[Any],
        free: list[list[Any]],
    ) -> None:
        self.executor, self.outputs, self.indices, self.lease = executor, outputs, indices, lease
        self.free = free

    def __del__(self) -> None:
        self.free.append(self.lease)

    def gradient(self, cotangents: Sequence[float]) -> array[float]:
        """The sum of cotangent times d result / d leaf over the results, for each leaf in wrt.

        cotangents  [results] those of the results, which are the first outputs
        """
        gradient: array[float] = self.executor.gradient(self, cotangents)
        return gradient


if not is_compiled():
    del Run.__del__  # within a method of Python's that ends an object, a KeyboardInterrupt is lost


class Replay:
    """The `_backward` of a replayed program's results, which have their index in `_dy`.

    Each result leaves its cotangent here. Then, in the node in which the results meet, the
    program's own adjoint turns the cotangents into those of the parents, all at once.

    cotangents  [results] those that the results have left
    gradient    function of the results' cotangents that gives the parents'
    """

    of_program = True

    def __init__(self, n: int, gradient: Callable[[list[float]], array[float]]) -> None:
        self.cotangents = [0.0] * n
        self.gradient = gradient

    def __call__(self, owner: Value) -> None:
        self.cotangents[index_of(owner)] = owner.grad

    def send(self) -> array[float]:
        """The cotangents of the parents."""
        cotangents = self.cotangents
        self.forget()
        return self.gradient(cotangents)

    def forget(self) -> None:
        """Drop the cotangents of a pass that is over."""
        self.cotangents = [0.0] * len(self.cotangents)

    def index(self, owner: Value) -> int | None:
        """The index of owner among several results; None if it is the only one."""
        return index_of(owner) if len(self.cotangents) > 1 else None

    def partials(self, owner: Value) -> tuple[float, ...]:
        """The partials of owner with respect to the program's operands; no pass is told."""
        cotangents = [0.0] * len(self.cotangents)
        cotangents[index_of(owner)] = 1.0
        return tuple(self.gradient(cotangents))


def replayed_nodes(
    op: str,
    parents: tuple[Value, ...],
    only_leaves: bool,
    numbers: Iterable[float],
    gradient: Callable[[list[float]], array[float]],
) -> list[Value]:
    """The results of a program that was replayed, as nodes of the eager graph.

    op           name of the operation
    parents      Values on which the results depend
    only_leaves  True if all the parents are leaves
    numbers      numbers of the results
    gradient     function of the results' cotangents that gives the parents'
    """
    results = [engine.leaf(kinds.LEAF, number) for number in numbers]
    if not parents or not engine.grad_enabled():
        return results
    replay = Replay(len(results), gradient)
    more = extra.make(parents, (), None, None, only_leaves)
    more.op = op
    more.replay = replay
    hub = (engine.node_of_many(kinds.REPLAYED, 0, 0.0, 0.0, more),)
    for i in range(len(results)):
        node: Value = results[i]
        node._dy = i
        more = extra.make(hub)
        more.op = op
        more.backward = replay
        node._extra = more
        node._kind = kinds.BY_HAND
    return results


def index_of(result: Value) -> int:
    """The index of a result among those of its call."""
    return int(result._dy)


def give_parents(sources: dict[Value, Value], nodes: list[Value]) -> None:
    """Make nodes that were leaves the same as others, their sources, for gradients to flow on.

    nodes  those that may have them as parents
    """
    for node, source in sources.items():
        node._set_slots((source**1)._get_slots())
    for node in nodes if sources else ():
        if isinstance(node._extra, extra.Extra):
            more = node._extra
            more.only_leaves_x = more.only_leaves_y = False
