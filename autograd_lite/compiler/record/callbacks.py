"""Callbacks of a program: called with numbers among its outputs, once all is computed.

The function itself calls them in between. That comes to the same unless a callback writes a Value
which is read after it. So the writes of callbacks are watched the first time.
"""

from __future__ import annotations

from autograd_lite.compiler.messages import said
from autograd_lite.compiler.record.tracers import FormerTracer
from autograd_lite.observers import Observer, observe
from autograd_lite.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from autograd_lite.compiler.record.recorder import Callback

__all__ = ["Callbacks"]


class Callbacks:
    """The callbacks of a recording, in their order.

    index_of  gives the index among the outputs of a node that one is called with
    """

    def __init__(self, recorded: Sequence[Callback], index_of: Callable[[Value], int]) -> None:
        self._calls = [
            (
                call.function,
                [(index_of(x), 0.0) if isinstance(x, Value) else (-1, x) for x in call.values],
            )
            for call in recorded
        ]
        self._read: set[Value] = set()  # Values that the call reads
        self._read_after: list[set[Value]] = []  # of each callback; empty once watched

    def __bool__(self) -> bool:
        return bool(self._calls)

    def watch(
        self, recorded: Sequence[Callback], known: Mapping[Value, Value], results: Iterable[Value]
    ) -> None:
        """Have `do` watch, the first time, what the callbacks write.

        known  {node: the Value, there before the call, that the node is or stands for}
        """
        self._read = set(known.values()) if recorded else set()
        read = {known[x] for x in results if x in known}
        for call in reversed(recorded):
            read = read | {known[x] for x in call.read if x in known}
            self._read_after.insert(0, read)

    def do(self, samples: Sequence[Sequence[float]]) -> str:
        """Call back for each sample, with the program's outputs for it.

        Gives why the function itself must call back, or "". With a reason, no Value has changed.
        """
        if self._read_after:
            writes = _Writes()
            with observe(writes):
                trouble = self._watched(samples, writes)
            self._read_after, self._read = [], set()
            if trouble:
                writes.undo()
            return trouble
        for outputs in samples:
            for function, operands in self._calls:
                function(*_numbers(operands, outputs))
        return ""

    def _watched(self, samples: Sequence[Sequence[float]], writes: _Writes) -> str:
        """The same, but ended by a callback that writes what is read after it."""
        for i, outputs in enumerate(samples, start=1):
            for call, read_after in zip(self._calls, self._read_after, strict=True):
                function, operands = call
                function(*_numbers(operands, outputs))
                read = read_after if i == len(samples) else self._read  # by the next sample
                for node in writes.before:
                    if node in read or isinstance(node, FormerTracer):
                        name = getattr(function, "__qualname__", type(function).__name__)
                        label = f"the Value {node.label!r}" if node.label else "a Value"
                        return said(
                            f"its callback {name} writes {label}, which is read after it, and a "
                            "program calls back when all is computed",
                            "Read it before, or do not compile what writes it",
                        )
        return ""


class _Writes(Observer):
    """Notes the number and the gradient that each Value had before it was written."""

    def __init__(self) -> None:
        self.before: dict[Value, tuple[float, float]] = {}

    def wrote(self, node: Value) -> None:
        self.before.setdefault(node, (node.data, node.grad))

    def undo(self) -> None:
        for node, before in self.before.items():
            node.data, node.grad = before


def _numbers(
    operands: Iterable[tuple[int, Value | float]], outputs: Sequence[float]
) -> list[Value | float]:
    return [outputs[i] if i >= 0 else number for i, number in operands]
