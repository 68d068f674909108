"""The run of a program, and the parents that the nodes of a recorded call are given."""

from __future__ import annotations

import autograd_lite.extra as extra
from autograd_lite._pure import is_compiled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence
    from typing import Any

    from autograd_lite.value import Node


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


def give_parents(sources: dict[Node, Node], nodes: list[Node]) -> None:
    """Make nodes that were leaves the same as others, their sources, for gradients to flow on.

    nodes  those that may have them as parents
    """
    for node, source in sources.items():
        same = source**1
        node._kind, node._code, node._x, node._dx = same._kind, same._code, same._x, same._dx
        node._data, node._dy, node._y = same._data, same._dy, same._y
    for node in nodes if sources else ():
        if isinstance(node._y, extra.Extra):
            more = node._y
            more.only_leaves_x = more.only_leaves_y = False
