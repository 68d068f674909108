"""A loop as a block, and the loops of one body that run together, as those of a batch do."""

from __future__ import annotations

from array import array
from typing import NamedTuple

from autograd_lite import observers
from autograd_lite.block import Block
from autograd_lite.compiler.tape import lanes
from autograd_lite.compiler.tape.instructions import LANES
from autograd_lite.compiler.tape.lanes import Lanes
from autograd_lite.compiler.tape.loops import room

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Protocol

    from autograd_lite.block import Pushing
    from autograd_lite.compiler.tape.scan import Steps
    from autograd_lite.value import Value

    class Repeated(Protocol):
        """The body of a loop, as `body.py` has it."""

        name: str
        n_carry: int
        n_x: int
        n_y: int
        captured: list[Value]
        steps: Steps

        def computes_like(self, other: Any) -> bool: ...

        @property
        def pushes(self) -> bool: ...

        def pushing(
            self, n: int, keep_all: bool, operands: Any, tangents: Any, zero: Any
        ) -> Pushing: ...


__all__ = ["Loop", "LoopsTogether"]

_NOWHERE = array("d")


class Loop(Block):
    """n steps of a body: [carry, the x of each step, captured] -> [carry, the y of each step].

    every  the carry is kept before every so many steps
    """

    __slots__ = ("body", "every", "n", "n_operands", "n_results")

    def __init__(self, body: Repeated, n: int, every: int, *functions: Any) -> None:
        super().__init__(body.name, *functions)
        self.body, self.n, self.every = body, n, every
        self.n_operands = body.n_carry + n * body.n_x + len(body.captured)
        self.n_results = body.n_carry + n * body.n_y

    def run(self, numbers: Sequence[float]) -> tuple[array[float], Any]:
        ran: tuple[array[float], Any] = observers.unobserved(self.forward, array("d", numbers))
        return ran

    def send(self, kept: Any, cotangents: Sequence[float], n: int) -> array[float]:
        assert self.backward is not None
        sent: array[float] = observers.unobserved(self.backward, kept, array("d", cotangents))
        return sent

    @property
    def kind(self) -> tuple[Repeated, int, int]:
        return self.body, self.n, self.every

    @property
    def pushes(self) -> bool:
        return self.body.pushes

    def pushing(self, operands: Sequence[Any], tangents: Sequence[Any], zero: Any) -> Pushing:
        return self.body.pushing(self.n, self.every == 1, operands, tangents, zero)

    def together(self, count: int) -> tuple[LoopsTogether, int]:
        return LoopsTogether(self, count), self.n_results


class _Kept(NamedTuple):
    """What the gradient of loops is computed from.

    numbers  those that they are given
    carries  of each group of loops, what `lanes.forward` writes
    each     what each loop keeps, if they run one after the other
    """

    numbers: array[float]
    carries: list[array[float]]
    each: list[Any]


class LoopsTogether(Block):
    """The loops of a program that compute the same of what each is given.

    loop   one of them
    count  how many they are

    Operands and results are those of the first, then of the second, and so on. It is a block of
    numbers only: what is written in Values sees the loops.
    """

    __slots__ = ("count", "loop")

    def __init__(self, loop: Loop, count: int) -> None:
        super().__init__(loop.name, self._forward, loop.pullback, self._backward)
        self.loop, self.count = loop, count

    def run(self, numbers: Sequence[float]) -> tuple[array[float], Any]:
        ran: tuple[array[float], Any] = observers.unobserved(self.forward, numbers)
        return ran

    def send(self, kept: Any, cotangents: Sequence[float], n: int) -> array[float]:
        sent: array[float] = observers.unobserved(self._backward, kept, cotangents)
        return sent

    def _groups(self) -> list[tuple[int, int]]:
        """The first loop of each group that runs side by side, and how many they are."""
        starts = range(0, self.count, LANES)
        return [(first, min(LANES, self.count - first)) for first in starts]

    def _forward(self, numbers: array[float]) -> tuple[array[float], _Kept]:
        loop, steps = self.loop, self.loop.body.steps
        if len(numbers) != self.count * loop.n_operands:  # as C would read past the end
            raise ValueError(f"{self.name}: {len(numbers)} numbers for {self.count} loops")
        results = room(self.count * loop.n_results)
        kept = _Kept(numbers, [], [])
        if steps.lanes == 1:
            kept.each.extend(self._alone(i, numbers, results) for i in range(self.count))
            return results, kept
        side = Lanes(steps.copy(), loop.n)
        for first, width in self._groups():
            side.load(numbers, first, width, False)
            carries = room(-(-loop.n // loop.every) * steps.n_carry * width)
            if not lanes.forward(side, numbers, results, carries, loop.every, 0, loop.n):
                for i in range(first, first + width):
                    self._alone(i, numbers, results)  # which says where it goes another way
            kept.carries.append(carries)
        return results, kept

    def _alone(self, i: int, numbers: array[float], results: array[float]) -> Any:
        """Run loop i; what it keeps."""
        n, m = self.loop.n_operands, self.loop.n_results
        results[i * m : (i + 1) * m], kept = self.loop.run(numbers[i * n : (i + 1) * n])
        return kept

    def _backward(self, kept: _Kept, cotangents: array[float]) -> array[float]:
        loop, steps = self.loop, self.loop.body.steps
        n, m = loop.n_operands, loop.n_results
        sent = room(self.count * n)
        for i, of_one in enumerate(kept.each):
            sent[i * n : (i + 1) * n] = loop.send(of_one, cotangents[i * m : (i + 1) * m], n)
        if kept.each:
            return sent
        side = Lanes(steps.copy(), loop.n)
        for (first, width), carries in zip(self._groups(), kept.carries, strict=True):
            side.load(kept.numbers, first, width, True)
            bars = lanes.begin_backward(side, cotangents)
            here, length = carries, loop.n if loop.every == 1 else loop.every
            for begin in reversed(range(0, loop.n, length)):
                end = min(loop.n, begin + length)
                if loop.every > 1:
                    here = room((end - begin) * steps.n_carry * width)
                    side.restore(carries, begin // length)
                    lanes.forward(side, kept.numbers, _NOWHERE, here, 1, begin, end)
                lanes.backward(side, kept.numbers, here, bars, cotangents, sent, begin, end)
        return sent
