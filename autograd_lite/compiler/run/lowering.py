"""The statements of a loop as steps: each one operation on all numbers of the loop."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import copysign

from autograd_lite.compiler.run.ufuncs import NEGATED, UFUNCS, WHOLE
from autograd_lite.operations.formulas import CONSTANTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from autograd_lite.compiler.lift.instructions import Ref
    from autograd_lite.compiler.plan.groups import Loop, Statement
    from autograd_lite.operations.formulas import Tree

    Operand: TypeAlias = "float | Ref | Step"

__all__ = ["REDUCTIONS", "Step", "lowered"]

# Of a product that is read once, by a sum or difference: both as one function of three operands.
_WITH_PRODUCT = {
    ("add", 0): "multiply add",
    ("add", 1): "multiply add",
    ("subtract", 0): "multiply subtract",
    ("subtract", 1): "subtract product",
}
_OPPOSITE = {UFUNCS[compare]: UFUNCS[negated] for compare, negated in NEGATED.items()}
_REDUCTION = {"sum": "add.reduce", "max": "maximum.reduce"}
REDUCTIONS = frozenset(_REDUCTION.values())


@dataclass(eq=False)
class Step:
    """out = function(*operands), at each place of a loop.

    function  a name in native.h, or one that NumPy alone has; "add.reduce" and "maximum.reduce" are
              taken over the loops in which the target does not move
    operands  numbers, refs to what stands in memory, and earlier steps
    stores    where its numbers are written; none for those that later steps alone read
    add       True if a sum is added to the number that is there
    """

    function: str
    operands: tuple[Operand, ...]
    stores: list[Ref] = field(default_factory=list)
    add: bool = False


def lowered(loop: Loop) -> list[Step]:
    """The steps of a loop, in order; what several statements compute is computed once."""
    return _Lowering(loop).steps


class _Lowering:
    def __init__(self, loop: Loop) -> None:
        self.steps: list[Step] = []
        self._known: dict[tuple[str, tuple[Operand, ...]], Step] = {}
        self._forwarded: dict[Ref, Operand] = {}
        self._names: dict[str, Operand] = {}
        self._of: dict[Step, int] = {}  # the statement that a step belongs to
        self._written = {s.out: i for i, s in enumerate(loop.statements) if s.kind == "map"}
        for i, statement in enumerate(loop.statements):
            self._statement(i, statement)
        self._drop()
        self._merge()

    def _statement(self, i: int, it: Statement) -> None:
        self._first, self._now = len(self.steps), i
        self._names = {name: self._read(i, ref) for name, ref in it.operands.items()}
        value = self._value(it.tree)
        if it.kind != "map":
            if it.add < 0:
                value = self._step("negative", value)
            reduction = Step(_REDUCTION[it.kind], (value,), [it.out], it.add != 0)
            self._append(reduction)
            return
        if it.add:
            value = self._step("add" if it.add > 0 else "subtract", self._read(i, it.out), value)
        if it.stored:
            # Its numbers may be written as they are computed if this statement is the first to.
            if (
                not isinstance(value, Step)
                or value.stores
                or value not in self.steps[self._first :]
            ):
                value = Step("copyto", (value,))
                self._append(value)
            value.stores.append(it.out)
        self._forwarded[it.out] = value

    def _read(self, i: int, ref: Ref) -> Operand:
        """What statement i reads at a ref: an earlier result, or memory.

        What a later statement will write is copied: steps are free to read it when they like.
        """
        if ref not in self._forwarded:
            if self._written.get(ref, i) == i:
                return ref
            self._forwarded[ref] = self._step("copyto", ref)
        return self._forwarded[ref]

    def _value(self, tree: Tree) -> Operand:
        if tree in WHOLE:
            return self._step(WHOLE[tree], self._names["x"], self._names["y"])
        match tree:
            case int() | float():
                number = float(tree)
                is_below = number == 0 and copysign(1.0, number) < 0
                return self._step("negative", 0.0) if is_below else number  # -0.0 == 0.0
            case str():
                return CONSTANTS[tree] if tree not in self._names else self._names[tree]
            case ("-", x):
                return self._step("negative", self._value(x))
            case ("where", (compare, *operands), yes, no):
                return self._where(compare, operands, yes, no)
            case (function, *operands):
                return self._step(UFUNCS[function], *map(self._value, operands))
        raise AssertionError(tree)

    def _where(self, compare: str, operands: list[Tree], yes: Tree, no: Tree) -> Operand:
        x, y = map(self._value, operands)
        if (yes, no) == (1, 0):
            return self._step(UFUNCS[compare], x, y)
        if (yes, no) == (0, 1):
            return self._step(UFUNCS[NEGATED[compare]], x, y)
        if (compare, *operands) == ("<=", no, yes):
            return self._step("maximum", x, y)
        chosen = self._value(yes), self._value(no)
        return self._step("where", self._step(UFUNCS[compare], x, y), *chosen)

    def _step(self, function: str, *operands: Operand) -> Step:
        if function == "subtract" and operands[0] == 1.0 and isinstance(operands[1], Step):
            compared = operands[1]
            if compared.function in _OPPOSITE:  # 1 where a condition does not hold
                function, operands = _OPPOSITE[compared.function], compared.operands
        key = function, operands
        if key not in self._known:
            self._known[key] = Step(function, operands)
            self._append(self._known[key])
        return self._known[key]

    def _append(self, step: Step) -> None:
        self.steps.append(step)
        self._of[step] = self._now

    def _merge(self) -> None:
        """Take products and the sums that alone read them as one step.

        The product then reads its operands later, which is the same: no step writes them, but the
        last one of the statement that both belong to.
        """
        readers: dict[Operand, int] = {}
        for step in self.steps:
            for operand in step.operands:
                readers[operand] = readers.get(operand, 0) + 1
        merged: set[Step] = set()
        for step in self.steps:
            for i, product in enumerate(step.operands):
                function = _WITH_PRODUCT.get((step.function, i))
                if function is None or len(step.operands) != 2:
                    continue
                if not isinstance(product, Step) or product.function != "multiply":
                    continue
                x, y = product.operands
                if product.stores or readers[product] > 1:
                    continue
                if self._of[product] != self._of[step] and not {x, y}.isdisjoint(self._written):
                    continue
                x, y = (y, x) if isinstance(x, float) else (x, y)
                if isinstance(x, float):
                    continue
                merged.add(product)
                step.function, step.operands = function, (x, y, step.operands[1 - i])
                break
        self.steps = [step for step in self.steps if step not in merged]

    def _drop(self) -> None:
        """Leave out steps that nothing reads."""
        read: set[Operand] = set()
        for step in reversed(self.steps):
            if step.stores or step in read:
                read.update(step.operands)
        self.steps = [step for step in self.steps if step.stores or step in read]
