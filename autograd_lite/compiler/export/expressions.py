"""Expressions of arrays: what the right side of a line of a source says, in no language yet.

An expression is an operation, its operands, which are expressions, and its parameters, which are
numbers and words. Every expression knows its shape. The operations are those of formulas, which
are elementwise, with NumPy's broadcasting, and

    name, number             params: the name or the number
    reshape, transpose       params: the shape, or the order of the axes
    index                    params: of each axis an int, None for a new one, a `Cut` or a `Turn`;
                             EACH where the next of the further operands, arrays of ints, chooses
    concatenate, stack       params: the axis
    sum, max                 params: the axes, which go
    matmul                   as @
    einsum                   params: the letters, "ij,jk->ik"
    full                     the operand, broadcast; params: the shape
    copy                     the operand, in memory of its own
    arange                   params: the first number, how many, the step
    repeat                   each of an array several times; params: how often
    lower                    True on the diagonal of a matrix and below it
    segments                 sums of rows of different lengths; operands: the numbers, the starts
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

__all__ = [
    "EACH",
    "Cut",
    "Expression",
    "Shape",
    "Turn",
    "broadcast",
    "index",
    "name",
    "number",
    "operation",
    "reshape",
    "transpose",
]

Shape = tuple[int, ...]

EACH = "each"

NOT_ELEMENTWISE = {
    *("name", "number", "reshape", "transpose", "index", "concatenate", "stack", "sum", "max"),
    *("matmul", "einsum", "full", "copy", "arange", "repeat", "lower", "segments"),
}
"""The operations above, which are no functions of formulas."""


class Expression(NamedTuple):
    """One operation, on operands that are expressions."""

    op: str
    args: tuple[Any, ...]
    params: tuple[Any, ...]
    shape: Shape

    def names(self) -> list[str]:
        """The names in it, each as often as it is there."""
        if self.op == "name":
            return [self.params[0]]
        return [x for arg in self.args for x in arg.names()]

    def replaced(self, terms: dict[str, Expression]) -> Expression:
        """The expression with others in place of names."""
        if self.op == "name":
            return terms.get(self.params[0], self)
        if not self.args:
            return self
        args = tuple([arg.replaced(terms) for arg in self.args])
        if self.op == "reshape" and args[0].op not in ("name", "index"):
            return reshape(args[0], self.params)
        return operation(self.op, *args) if self.op in "+-*/" else self._replace(args=args)


@dataclass(frozen=True)
class Cut:
    """A slice: every `step`-th of an axis of `length`, `count` of them from `start` on."""

    start: int
    count: int
    step: int
    length: int

    @property
    def whole(self) -> bool:
        return self.start == 0 and self.step == 1 and self.count == self.length


@dataclass(frozen=True)
class Turn:
    """The place in an axis at turn t of a loop: start + step * t."""

    start: int
    step: int


def name(text: str, shape: Shape) -> Expression:
    return Expression("name", (), (text,), shape)


def number(x: float) -> Expression:
    return Expression("number", (), (float(x),), ())


def operation(op: str, *args: Expression) -> Expression:
    """An elementwise operation. What follows from numbers alone is computed."""
    match op, args:
        case "*", (x, y):
            if x.op == y.op == "number":
                return number(x.params[0] * y.params[0])
            if _is(x, 1.0):
                return y
            if _is(y, 1.0):
                return x
            if _is(y, -1.0):
                return operation("-", x)
            if y.op == "number":
                return operation("*", y, x)
            if y.op == "*" and y.args[0].op == "number":
                first, rest = y.args
                if x.op == "number":
                    return operation("*", operation("*", x, first), rest)
                return operation("*", first, operation("*", x, rest))
        case "-", (x,):
            if x.op == "number":
                return number(-x.params[0])
        case ("+" | "-") as sign, (x, y):
            if x.op == y.op == "number":
                a, b = x.params[0], y.params[0]
                return number(a + b if sign == "+" else a - b)
    return Expression(op, args, (), broadcast(*[arg.shape for arg in args]))


def broadcast(*shapes: Shape) -> Shape:
    """The shape of arrays that are computed with together."""
    rank = max(map(len, shapes), default=0)
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    return tuple([max(sizes) for sizes in zip(*padded, strict=True)]) if padded else ()


def reshape(x: Expression, shape: Shape) -> Expression:
    if x.shape == shape:
        return x
    if x.op == "number":
        return x
    if x.op == "reshape":
        return reshape(x.args[0], shape)
    if x.op == "index" and None in x.params and EACH not in x.params:
        items = tuple([item for item in x.params if item is not None])
        return reshape(index(x.args[0], items), shape)
    assert prod(x.shape) == prod(shape)
    if [n for n in x.shape if n != 1] == [n for n in shape if n != 1]:
        found = _as_shaped(x, shape)
        if found is not None and found.shape == shape:
            return found
    return Expression("reshape", (x,), shape, shape)


def _as_shaped(x: Expression, shape: Shape) -> Expression | None:
    """x with other axes of 1, computed from arrays that have them, or that are broadcast to it;
    None if it is not.
    """
    if x.shape == shape:
        return x
    if x.op in ("index", "reshape") and x.args[0].shape == shape:
        whole = all(not isinstance(item, Cut) or item.whole for item in x.params)
        if x.op == "reshape" or (whole and EACH not in x.params and prod(x.shape) == prod(shape)):
            whole_array: Expression = x.args[0]
            return whole_array
    if shape[len(shape) - len(x.shape) :] == x.shape and x.op in NOT_ELEMENTWISE:
        return x
    if x.op in NOT_ELEMENTWISE:
        return None
    args = [_as_shaped(arg, shape) for arg in x.args]
    if None in args:
        return None
    return x._replace(args=tuple(args), shape=broadcast(*[arg.shape for arg in args if arg]))


def transpose(x: Expression, order: tuple[int, ...]) -> Expression:
    if order == tuple(range(len(order))):
        return x
    shape = tuple([x.shape[i] for i in order])
    return Expression("transpose", (x,), order, shape)


def index(x: Expression, items: tuple[Any, ...]) -> Expression:
    """The part of x that ints, cuts, turns, and None for new axes choose."""
    if all(isinstance(item, Cut) and item.whole for item in items):
        return x
    shape: list[int] = []
    for item in items:
        if item is None:
            shape.append(1)
        elif isinstance(item, Cut):
            shape.append(item.count)
    return Expression("index", (x,), items, tuple(shape))


def _is(x: Expression, value: float) -> bool:
    return x.op == "number" and bool(x.params[0] == value)
