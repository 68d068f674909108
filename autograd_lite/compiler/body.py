"""The body of a loop: recorded once, as the tape of a step, and the block of many such steps."""

from __future__ import annotations

from array import array
from functools import cached_property
from math import isqrt
from operator import is_

from autograd_lite.compiler.messages import said
from autograd_lite.compiler.program_guards import Guards, Outputs
from autograd_lite.compiler.record.numbers import is_int
from autograd_lite.compiler.record.recorder import Recording
from autograd_lite.compiler.record.tracers import known_by_identity
from autograd_lite.compiler.tape import scan
from autograd_lite.compiler.tape.derive import taken_apart, tape_of
from autograd_lite.compiler.tape.loops import room
from autograd_lite.compiler.tape.opcodes import INDEX, LEAF
from autograd_lite.compiler.tape.steps import steps_of
from autograd_lite.compiler.tape.writer import write_tape
from autograd_lite.compiler.together import Loop
from autograd_lite.derive import Nodes
from autograd_lite.operations.kernels import ADD
from autograd_lite.pullback import parents_of
from autograd_lite.value import Node, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from autograd_lite.block import Block, Pushing
    from autograd_lite.compiler.tape.scan import Steps
    from autograd_lite.compiler.tape.tape import Tape
    from autograd_lite.value import Operand

__all__ = ["Body", "OtherWayError", "recorded_body"]

ROOM = 1 << 23
"""Every carry is kept if they are no more than so many numbers; else every sqrt(T)-th."""


class OtherWayError(RuntimeError):
    """A decision goes another way, at this step, than in the one that was recorded."""

    def __init__(self, step: int, message: str) -> None:
        super().__init__(message)
        self.step = step

    def __reduce__(self) -> tuple[Any, ...]:
        return OtherWayError, (self.step, *self.args)


class Body:
    """A step of a loop: carry, x, captured -> carry, y.

    name      what errors call it
    tape      its leaves are [carry, x, captured], its outputs [carry, y], then what guards compare
    captured  the Values that it reads besides
    steps     the tape, ready to run
    pushes    True if the tangents of all blocks in it are known
    """

    def __init__(
        self,
        name: str,
        tape: Tape,
        sizes: tuple[int, int, int],
        index_slots: list[int],
        captured: list[Value],
        guards: Guards,
    ) -> None:
        self.name, self.tape, self.captured, self._guards = name, tape, captured, guards
        self.n_carry, self.n_x, self.n_y = sizes
        self.index_slots = index_slots
        self.pushes = all(block.pushes for block in tape.blocks)
        self._tangents: dict[tuple[bool, bool], Body] = {}
        self.steps = steps_of(tape, *sizes, index_slots, (guards.written, guards.constants))

    def indices(self) -> list[int]:
        """Which numbers among [carry, x] `take` reads as an index."""
        tape = self.tape
        return [self.index_slots[i] for i in tape.slots[tape.codes == INDEX].tolist()]

    def is_like(self, other: Body) -> bool:
        """True if both compute the same of the same, with the same constants."""
        return (
            len(self.captured) == len(other.captured)
            and all(map(is_, self.captured, other.captured))
            and self.computes_like(other)
        )

    def computes_like(self, other: Body) -> bool:
        """True if both compute the same of what they are given, with the same constants."""
        return (
            (self.n_carry, self.n_x, self.n_y) == (other.n_carry, other.n_x, other.n_y)
            and self._written() == other._written()
            and all(map(_are_alike, self.tape.blocks, other.tape.blocks))
        )

    def _written(self) -> tuple[Any, ...]:
        tape, guards = self.tape, self._guards
        parts = tape.codes, tape.offsets, tape.parents, tape.slots, tape.static, tape.outputs
        arrays = *parts, guards.written, guards.constants
        return *[x.tobytes() for x in arrays], len(tape.blocks)

    def block(self, n: int, keep_all: bool) -> Loop:
        """n steps.

        keep_all  True to keep the carry before every step, False for every sqrt(n)-th
        """
        every = 1 if keep_all else max(1, isqrt(n))
        return Loop(
            self,
            n,
            every,
            lambda numbers: self._forward(numbers, n, every),
            lambda operands, results, cotangents: self._pullback(operands, cotangents, n, keep_all),
            lambda kept, cotangents: self._backward(kept, cotangents, n, every),
        )

    def _parts(self, numbers: Sequence[Any], n: int) -> tuple[Any, Any, Any]:
        """The carry, the xs, and what is captured."""
        start, stop = self.n_carry, self.n_carry + n * self.n_x
        return numbers[:start], numbers[start:stop], numbers[stop:]

    def _forward(self, numbers: array[float], n: int, every: int) -> tuple[array[float], Any]:
        wanted = self.n_carry + n * self.n_x + len(self.captured)
        if len(numbers) != wanted:  # as C would read past the end
            raise ValueError(f"{self.name}: {n} steps take {wanted} numbers, not {len(numbers)}")
        carry, xs, captured = self._parts(numbers, n)
        steps = self.steps.copy()
        steps.load(carry, captured)
        ys = room(n * self.n_y)
        kept = array("d")  # the carry before every so many steps
        if every == 1:
            kept = room(n * self.n_carry)
            self._run(steps, xs, ys, kept, 0, n)
        else:
            for begin in range(0, n, every):
                kept += steps.carry()
                self._run(steps, xs, ys, array("d"), begin, min(n, begin + every))
        return steps.carry() + ys, (xs, captured, kept)

    def _run(
        self,
        steps: Steps,
        xs: array[float],
        ys: array[float],
        carries: array[float],
        begin: int,
        end: int,
    ) -> None:
        reached = scan.forward(steps, xs, ys, carries, begin, end)
        if reached == end:
            return
        guard = self._guards.failed(steps.numbers_of(steps.outputs))
        assert guard is not None
        raise OtherWayError(
            reached,
            said(
                f"{self.name}: a decision goes another way at step {reached} than in the step that "
                "was recorded, and that stands for all",
                "Write where(x > y, a, b) for a if x > y else b, and where, clip, maximum or take "
                "for what a number decides; take of numbers only, or of Values only",
                guard.line,
            ),
        )

    def _backward(self, kept: Any, cotangents: array[float], n: int, every: int) -> array[float]:
        xs, captured, carries = kept
        size = self.n_carry
        steps = self.steps.copy()
        steps.load(array("d", bytes(8 * size)), captured)
        carry_bar, y_bar = cotangents[:size], cotangents[size:]
        x_bar = room(n * self.n_x)
        if every == 1:
            scan.backward(steps, xs, carries, carry_bar, y_bar, x_bar, 0, n)
        for begin in reversed(range(0, n if every > 1 else 0, every)):
            end, row = min(n, begin + every), begin // every
            here = room(size * (end - begin))
            steps.values[:size] = carries[row * size : (row + 1) * size]
            scan.forward(steps, xs, array("d"), here, begin, end)
            scan.backward(steps, xs, here, carry_bar, y_bar, x_bar, begin, end)
        first = size + self.n_x
        return carry_bar + x_bar + steps.cotangents[first : first + len(captured)]

    def _pullback(
        self, operands: Sequence[Operand], cotangents: Sequence[Operand], n: int, keep_all: bool
    ) -> list[Operand]:
        """The cotangents of the operands: a loop over the steps, from the last to the first."""
        size, n_x, n_y = self.n_carry, self.n_x, self.n_y
        _, xs, captured = self._parts(operands, n)
        each = self._with_carries.block(n, keep_all)(operands)[size:]
        n_each = self._with_carries.n_y
        of_ys = cotangents[size:]
        rows: list[Operand] = []
        for t in reversed(range(n)):
            rows += each[(t + 1) * n_each - size : (t + 1) * n_each]
            rows += [*xs[t * n_x : (t + 1) * n_x], *of_ys[t * n_y : (t + 1) * n_y]]
        start = [*cotangents[:size], *[0.0] * len(captured)]
        found = self._adjoint.block(n, keep_all)([*start, *rows, *captured])
        last = size + len(captured)
        of_xs = [
            x for t in reversed(range(n)) for x in found[last + t * n_x : last + (t + 1) * n_x]
        ]
        return [*found[:size], *of_xs, *found[size:last]]

    def pushing(
        self,
        n: int,
        keep_all: bool,
        operands: Sequence[Any],
        tangents: Sequence[Any],
        zero: Any,
    ) -> Pushing:
        """The loop of the tangents, as `Block.pushing` gives it."""
        size, n_x, n_y = self.n_carry, self.n_x, self.n_y
        carry, xs, captured = self._parts(operands, n)
        _, of_xs, of_captured = self._parts(tangents, n)
        xs_move, captured_move = (any(t is not None for t in ts) for ts in (of_xs, of_captured))
        body = self._tangents.get((xs_move, captured_move))
        if body is None:
            body = self._tangents[xs_move, captured_move] = self._tangent(xs_move, captured_move)
        moving = [zero if t is None else t for t in tangents]
        given = [*carry, *moving[:size], *(moving[size + n * n_x :] if captured_move else ())]
        for t in range(n):
            row = slice(t * n_x, (t + 1) * n_x)
            given += [*xs[row], *(moving[size:][row] if xs_move else ())]
        first, row_of_y = body.n_carry, body.n_y
        places = [*range(size, 2 * size)]
        for t in range(n):
            last = first + (t + 1) * row_of_y
            places += range(last - n_y, last)
        return body.block(n, keep_all), [*given, *captured], places

    def _tangent(self, xs_move: bool, captured_move: bool) -> Body:
        """A step of the tangents.

        carry  the carry, its tangents, and those of what is captured, if they are not all 0
        x      the x and its tangents, if these are not all 0
        y      what guards compare, and the tangents of the y
        """
        tape, size, n_x = self.tape, self.n_carry, self.n_x
        nodes, place, own = taken_apart(tape, range(tape.leaves))
        n_captured = tape.leaves - size - n_x
        head = 2 * size + n_captured * captured_move
        first = head + n_x * (1 + xs_move)  # where what is captured begins
        of_carry = [nodes.add(LEAF, slot=size + k) for k in range(size)]
        tangents = dict(zip(own, of_carry, strict=False))
        of_captured = []
        if captured_move:
            of_captured = [nodes.add(LEAF, slot=2 * size + k) for k in range(n_captured)]
            tangents |= zip(own[size + n_x :], of_captured, strict=True)
        if xs_move:
            tangents |= {own[size + k]: nodes.add(LEAF, slot=head + n_x + k) for k in range(n_x)}
        for k, i in enumerate(own[size:]):
            nodes.slots[i] = head + k if k < n_x else first + k - n_x
        outputs = [place[i] for i in tape.outputs.tolist()]
        found = nodes.forward(tangents, outputs[: tape.results])
        guards, compared = self._guards, outputs[size:]
        if len(guards.constants) == 0:
            compared = []
        outputs = [*outputs[:size], *found[:size], *of_captured, *compared, *found[size:]]
        sizes = head, first - head, len(outputs) - head
        slots = [i if i < size else i - size + head for i in self.index_slots]
        guards = guards.behind(size, head - size)
        return self._like(nodes, outputs, first + n_captured, sizes, slots, guards)

    @cached_property
    def _with_carries(self) -> Body:
        """The body whose ys end with the carry before the step.

        It looks at the decisions, too, as a program of the derivative alone has no other loop that
        does. They compare outputs, which stay where they are: its first ys.
        """
        nodes, place, before = taken_apart(self.tape, range(self.n_carry))
        guarded = len(self._guards.constants) > 0
        found = self.tape.outputs if guarded else self.tape.outputs[: self.n_carry]
        outputs = [*[place[i] for i in found.tolist()], *before]
        sizes = self.n_carry, self.n_x, len(outputs) - self.n_carry
        return self._like(nodes, outputs, self.tape.leaves, sizes, self.index_slots, self._guards)

    @cached_property
    def _adjoint(self) -> Body:
        """A step backward.

        carry  the cotangents of the carry after the step, and the sum of those of what is captured
        x      the carry before the step, its x, and the cotangents of its y
        y      the cotangents of the x
        """
        tape = self.tape
        nodes, place, own = taken_apart(tape, range(tape.leaves))
        n_own = self.n_carry + self.n_x
        n_captured = tape.leaves - n_own
        head = self.n_carry + n_captured
        results = [place[i] for i in tape.outputs[: tape.results].tolist()]
        for k, i in enumerate(own):
            nodes.slots[i] = head + k + (self.n_y if k >= n_own else 0)
        after = [nodes.add(LEAF, slot=k) for k in range(self.n_carry)]
        total = [nodes.add(LEAF, slot=self.n_carry + k) for k in range(n_captured)]
        of_ys = [nodes.add(LEAF, slot=head + n_own + k) for k in range(self.n_y)]
        # As in a pass: users outside the loop come first.
        seeds = [*zip(results[self.n_carry :], of_ys, strict=True)]
        seeds += zip(results[: self.n_carry], after, strict=True)
        found = nodes.reverse(seeds, own)
        sums = [nodes.op(ADD, x, y) for x, y in zip(total, found[n_own:], strict=True)]
        outputs = [*found[: self.n_carry], *sums, *found[self.n_carry : n_own]]
        sizes = head, n_own + self.n_y, self.n_x
        return self._like(
            nodes,
            outputs,
            head + tape.leaves + self.n_y,
            sizes,
            [head + i for i in self.index_slots],
            Guards(Recording(), Outputs()),  # what the forward loop has looked at holds
        )

    def _like(
        self,
        nodes: Nodes,
        outputs: list[int],
        leaves: int,
        sizes: tuple[int, int, int],
        index_slots: list[int],
        guards: Guards,
    ) -> Body:
        tape = tape_of(nodes, outputs, leaves, self.tape.indices)
        return Body(self.name, tape, sizes, index_slots, self.captured, guards)


def _are_alike(block: Block, other: Block) -> bool:
    """True if both compute the same: a loop has recorded what it does, another block asks anew."""
    if isinstance(block, Loop) and isinstance(other, Loop):
        return block.n == other.n and block.body.computes_like(other.body)
    return block.name == other.name and type(block) is type(other)


def recorded_body(
    name: str,
    recording: Recording,
    carry: list[Value],
    xs: list[Value],
    after: list[Any],
    ys: list[Any],
) -> Body:
    """The body of which a step was recorded.

    name       what errors call it
    carry, xs  the tracers of the step's numbers
    after, ys  the carry after it, and what it gives besides: Values and numbers

    Raises TypeError for what a loop cannot do again at each step.
    """
    if recording.why_not:
        raise TypeError(f"{name}: {recording.why_not}")
    for what, instead in (
        (recording.draws and "draws random numbers", "Draw them before, and pass them as xs"),
        (recording.calls and "calls back", "Give back what it is to be called with, as a y"),
    ):
        if what:
            raise TypeError(said(f"{name}: the body {what}, and is run once", instead))
    with known_by_identity(_reached(recording, [*after, *ys])):
        return _body(name, recording, carry, xs, after, ys)


def _reached(recording: Recording, results: list[Any]) -> list[Node]:
    """The nodes of a recording and those that it reads, some of them perhaps more than once."""
    nodes = [x for node in recording.made for x in parents_of(node)]
    for x, y, _ in recording.guards:
        nodes += [node for node in (x, y) if isinstance(node, Node)]
    for _, operands in recording.computed_from.values():
        nodes += [x for x in operands if isinstance(x, Node)]
    return list({id(x): x for x in (*nodes, *results) if isinstance(x, Node)}.values())


def _body(
    name: str,
    recording: Recording,
    carry: list[Value],
    xs: list[Value],
    after: list[Any],
    ys: list[Any],
) -> Body:
    made, outputs = recording.made[:], Outputs()
    for x in (*after, *ys):
        if not isinstance(x, Node):
            x = Value(x)
            made.append(x)
        outputs.add(x)
    guards = Guards(recording, outputs)
    leaves = [*carry, *xs]
    integers = [x for x in leaves if is_int(x)]
    try:
        written = write_tape(
            made,
            outputs.nodes,
            {x: i for i, x in enumerate(leaves)},
            {x: i for i, x in enumerate(integers)},
            recording.computed_from,
        )
    except ValueError as problem:
        raise TypeError(f"{name}: {problem}") from None
    tape = written.tape(outputs.nodes, len(after) + len(ys), len(integers))
    slots = [i for i, x in enumerate(leaves) if is_int(x)]
    sizes = len(carry), len(xs), len(ys)
    return Body(name, tape, sizes, slots, written.captured, guards)
