"""The free functions of rules, of one operand and of any number: nodes of Values, floats of floats.

`functions.py` gives them their names. A layer of a network takes `dots` of its inputs with vectors
that it has read once, by `read_vector`.
"""

from __future__ import annotations

import autograd_lite.extra as extra
import autograd_lite.kinds as kinds
import autograd_lite.memory as memory
import autograd_lite.operations.kernels as kernels
import autograd_lite.value as engine
from autograd_lite.operations.rules import RULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TypeAlias

    from autograd_lite.value import Node, Operand, Value

    Operands: TypeAlias = "Iterable[Operand] | Vector"

# ------------------------------------------------------------- rules of a fixed number of operands


def number_for(code: int, x: Any) -> float:
    if engine.is_number(x):
        return float(x)
    raise TypeError(
        f"{RULES[code].name}: expected a real number or a Value, not {engine.type_name(x)}"
    )


def unary_of(code: int, x: Operand, c: float) -> Any:
    """rule(x): a node of a Value, a float of a number."""
    if isinstance(x, engine.Node):
        return engine.unary(code, x, c)
    number = number_for(code, x)
    if kernels.in_c(code):
        out, _ = kernels.unary(code, number, c)
        return out
    return kernels.FUNCTIONS[code](number, c)[0]


def binary_of(code: int, x: Operand, y: Operand) -> Any:
    """rule(x, y): a node if one operand is a Value, else a float."""
    if isinstance(x, engine.Value) and isinstance(y, engine.Value):  # as mostly
        return engine.binary(code, memory.node(x), memory.node(y))
    if isinstance(x, engine.Node) or isinstance(y, engine.Node):
        name = RULES[code].name
        return engine.binary(code, engine.required(x, name), engine.required(y, name))
    return kernels.FUNCTIONS[code](number_for(code, x), number_for(code, y))[0]


def power(x: Operand, y: Operand) -> Any:
    """x ** y; a plain number y is no parent."""
    if isinstance(x, engine.Node) and not isinstance(y, engine.Node) and engine.is_number(y):
        return engine.unary(kernels.POW_C, x, float(y))
    return binary_of(kernels.POW, x, y)


def ternary_of(code: int, x: Operand, y: Operand, z: Operand) -> Any:
    """rule(x, y, z): a node if one operand is a Value, else a float."""
    if isinstance(x, engine.Node) or isinstance(y, engine.Node) or isinstance(z, engine.Node):
        name = RULES[code].name
        return engine.ternary(
            code, engine.required(x, name), engine.required(y, name), engine.required(z, name)
        )
    numbers = number_for(code, x), number_for(code, y), number_for(code, z)
    return kernels.FUNCTIONS[code](*numbers)[0]


def fixed(code: int, xs: tuple[Node, ...]) -> Value:
    """The node of a rule that users made, of any fixed number of parents."""
    out, *partials = kernels.FUNCTIONS[code](*[engine.number_of(x) for x in xs])
    return engine.node_of_many(
        kinds.NARY, code, out, 0.0, extra.make(xs, (), memory.filled(tuple(partials)))
    )


def unary_function(code: int) -> Any:
    """The free function of a rule of one operand."""

    def function(x: Any) -> Any:
        return unary_of(code, x, 0.0)

    return function


def binary_function(code: int) -> Any:
    """The free function of a rule of two operands."""

    def function(x: Any, y: Any) -> Any:
        return binary_of(code, x, y)

    return function


def nary_function(code: int) -> Any:
    """The free function of a rule of any number of operands."""

    def function(xs: Any) -> Any:
        return nary(code, xs)

    return function


# -------------------------------------------------------------- rules of any number of operands


def nary(code: int, operands: Iterable[Operand]) -> Any:
    """The node of an n-ary rule; a float if no operand is a Value."""
    if not isinstance(operands, (list, tuple)):
        check_iterable(operands, RULES[code].name)
    xs: tuple[Any, ...] = tuple(operands)
    n = len(xs)
    if n == 0 and code == kernels.MEAN:
        raise ValueError("mean of no operands")
    partials = memory.buffer(n)
    d = memory.pointer(partials)
    values, deep = read(xs, d, code)
    if not has_loop(code):
        return by_formulas(code, xs, memory.numbers(partials), values, deep)
    shift, out = reduction(code, d, n)
    if values == 0:
        return shift + out
    xs = values_of(xs)
    if code == kernels.SUM or code == kernels.MEAN:
        partial = kernels.partial(code, 0.0, n, out)
        return engine.node_of_many(
            kinds.UNIFORM, code, out, partial, extra.make(xs, (), None, None, deep == 0)
        )
    for i in range(n):
        d[i] = kernels.partial(code, d[i] - shift, n, out)
    return engine.node_of_many(
        kinds.NARY, code, shift + out, 0.0, extra.make(xs, (), partials, None, deep == 0)
    )


def by_formulas(
    code: int, xs: tuple[Any, ...], numbers: tuple[float, ...], values: int, deep: int
) -> Any:
    """The node of an n-ary rule without a loop; a float if no operand is a Value."""
    out, *by = kernels.reduced(code, numbers)
    if values == 0:
        return out
    more = extra.make(values_of(xs), (), memory.filled(tuple(by)), None, deep == 0)
    return engine.node_of_many(kinds.NARY, code, out, 0.0, more)


def checked(operands: Iterable[Operand], name: str) -> list[Any]:
    """The Values among the operands, and the numbers as floats."""
    if not isinstance(operands, (list, tuple)):
        check_iterable(operands, name)
    xs = list(operands)
    for i in range(len(xs)):
        if type(xs[i]) is not float and not isinstance(xs[i], engine.Node):
            xs[i] = engine.real(xs[i], f"{name}: element {i}")
    return xs


def check_iterable(operands: Any, name: str) -> None:
    """Raise a TypeError that names the operation if the operands are no list or the like."""
    try:
        iter(operands)
    except TypeError:
        raise TypeError(
            f"{name}: expected a list of numbers and Values, not {engine.type_name(operands)}"
        ) from None


def constant(number: float) -> Value:
    """A constant that is a Value in a recording, too."""
    return engine.leaf(kinds.CONSTANT, number)


def log_softmax(xs: list[Any], shift: bool) -> list[Any]:
    """[x - logsumexp(xs) for x in xs], of Values and floats.

    shift  True if the largest is taken off first, which is exact: x - logsumexp(xs) of huge x would
           lose every digit. A program has to find the largest anew.
    """
    if shift:
        numbers = [engine.number_of(x) if isinstance(x, engine.Node) else x for x in xs]
        largest = max(numbers, default=0.0)
        peak = constant(largest)
        xs = [x - peak if isinstance(x, engine.Node) else x - largest for x in xs]
    total = nary(kernels.LOGSUMEXP, xs)
    return [x - total for x in xs]


def exps(xs: list[Any]) -> list[Any]:
    return [unary_of(kernels.EXP, x, 0.0) for x in xs]


def dot(xs: Operands, ys: Operands) -> Any:
    """sum of x * y over the pairs of xs and ys, as one node; a float if no operand is a Value.

    Where one side has numbers only, they are the partials of the other side and no parents.

    Raises ValueError if the lengths differ, TypeError for an element that is not a real number.
    """
    return dot_of(read_vector(xs), read_vector(ys))


def in_pairs(code: int, xs: list[Operand], ys: list[Operand]) -> Any:
    """The node of `dot`, or of `chain`, of which a plain number is a parent too."""
    left, right = read_vector(xs), read_vector(ys)
    if code == kernels.DOT:
        return dot_of(left, right)
    check_lengths("chain", left, right)
    if not (left.values or right.values):
        return chain_of(left, right)
    left, right = read_vector(values_of(tuple(xs))), read_vector(values_of(tuple(ys)))
    more = extra.make(
        left.values, right.values, right.numbers, left.numbers, left.only_leaves, right.only_leaves
    )
    return engine.node_of_many(kinds.DOT, code, chain_of(left, right), 0.0, more)


def chain_of(left: Vector, right: Vector) -> float:
    """The sum of x * y over the pairs, where an x of 0 stays 0 though y is infinite."""
    x, y = memory.pointer(left.numbers), memory.pointer(right.numbers)
    out = 0.0
    for i in range(left.n):
        if x[i] != 0.0:
            out += x[i] * y[i]
    return out


def dots(xs: Iterable[Operands], ys: Iterable[Operands]) -> list[list[Any]]:
    """[[dot(x, y) for y in ys] for x in xs], for which each vector is read once.

    So it is faster than these dots one by one, and their nodes share the numbers. Raises what
    `dot` does.
    """
    rights = [read_vector(y) for y in ys]
    return [dots_with(read_vector(x), rights) for x in xs]


def dots_with(left: Vector, rights: list[Vector]) -> list[Any]:
    """[dot(left, right) for right in rights], four sums at a time.

    Each adds its terms one after the other, and would wait for its last addition by itself.
    """
    n = len(rights)
    for i in range(n):
        right = rights[i]
        check_lengths("dot", left, right)
    x = memory.pointer(left.numbers)
    outs = []
    for i in range(0, n - n % 4, 4):
        first, second, third, fourth = rights[i], rights[i + 1], rights[i + 2], rights[i + 3]
        y0, y1 = memory.pointer(first.numbers), memory.pointer(second.numbers)
        y2, y3 = memory.pointer(third.numbers), memory.pointer(fourth.numbers)
        out0 = out1 = out2 = out3 = 0.0
        for k in range(left.n):
            out0 += x[k] * y0[k]
            out1 += x[k] * y1[k]
            out2 += x[k] * y2[k]
            out3 += x[k] * y3[k]
        outs += [
            node_of_dot(left, first, out0),
            node_of_dot(left, second, out1),
            node_of_dot(left, third, out2),
            node_of_dot(left, fourth, out3),
        ]
    for i in range(n - n % 4, n):
        right = rights[i]
        outs.append(dot_of(left, right))
    return outs


class Vector:
    """One of the two vectors of a dot, read: its numbers do not follow the Values afterwards.

    n            number of its elements
    values       Values, with a constant for each plain number among them; () if all are numbers
    numbers      a buffer of all the numbers
    only_leaves  True if all the values are leaves
    """

    __slots__ = ("n", "numbers", "only_leaves", "values")

    values: tuple[Node, ...]
    numbers: Any
    n: int
    only_leaves: bool


def read_vector(operands: Operands) -> Vector:
    """The operands, read for any number of dots."""
    if isinstance(operands, Vector):
        return operands
    if not isinstance(operands, (list, tuple)):
        check_iterable(operands, "dot")
    xs: tuple[Any, ...] = tuple(operands)
    this = Vector.__new__(Vector)
    this.n = len(xs)
    this.numbers = memory.buffer(this.n)
    values, deep = read(xs, memory.pointer(this.numbers), kernels.DOT)
    this.values = xs if values == this.n else () if values == 0 else values_of(xs)
    this.only_leaves = deep == 0
    return this


def dot_of(left: Vector, right: Vector) -> Any:
    """The dot product of two vectors."""
    check_lengths("dot", left, right)
    x, y = memory.pointer(left.numbers), memory.pointer(right.numbers)
    out = 0.0
    for i in range(left.n):
        out += x[i] * y[i]
    return node_of_dot(left, right, out)


def node_of_dot(left: Vector, right: Vector, out: float) -> Any:
    """The node of a dot whose value is `out`, of which the partials with respect to one vector are
    the other's numbers; the value itself if no element is a Value.
    """
    if not left.values:
        left, right = right, left
    if not left.values:
        return out
    dys = left.numbers if right.values else None
    more = extra.make(
        left.values, right.values, right.numbers, dys, left.only_leaves, right.only_leaves
    )
    return engine.node_of_many(
        kinds.DOT if right.values else kinds.NARY, kernels.DOT, out, 0.0, more
    )


def check_lengths(name: str, left: Vector, right: Vector) -> None:
    """Raise a ValueError that names the operation if the vectors' lengths differ."""
    if left.n != right.n:
        raise ValueError(f"{name}: the lengths differ, {left.n} and {right.n}")


def values_of(operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """The operands, with a constant leaf for each number among them."""
    return (
        operands
        if memory.all_nodes(operands)
        else tuple([engine.required(x, "") for x in operands])
    )


def read(xs: tuple[Any, ...], d: list[float], code: int) -> tuple[int, int]:
    """Write the numbers of xs to d; how many of xs are Values, how many Values are no leaves."""
    values = deep = 0
    for i in range(len(xs)):
        if memory.is_float(xs, i):
            d[i] = memory.float_at(xs, i)
        elif memory.is_node(xs, i):
            d[i] = memory.data_of(xs, i)
            values += 1
            deep += memory.is_deep(xs, i)
        elif engine.is_number(xs[i]):
            d[i] = float(xs[i])
        else:
            raise TypeError(
                f"{RULES[code].name}: element {i} must be a real number or a Value, "
                f"not {engine.type_name(xs[i])}"
            )
    return values, deep


def has_loop(code: int) -> bool:
    """True if `reduction` knows the n-ary rule, whose row then says `loop`."""
    return (
        code == kernels.SUM
        or code == kernels.MEAN
        or code == kernels.NORM
        or code == kernels.LOGSUMEXP
    )


def reduction(code: int, d: list[float], n: int) -> tuple[float, float]:
    """The value of an n-ary rule that has a loop, as two numbers to be added.

    Its partials are those with respect to the operands less the first of the two numbers.
    """
    if code == kernels.SUM:
        return 0.0, sum_of(d, n)
    if code == kernels.MEAN:
        return 0.0, sum_of(d, n) / n
    if code == kernels.NORM:
        return 0.0, norm_of(d, n)
    if code == kernels.LOGSUMEXP:
        return logsumexp_of(d, n)
    raise ValueError(f"{RULES[code].name} has no loop")


def sum_of(d: list[float], n: int) -> float:
    # One after the other, so that both builds round alike.
    out = 0.0
    for i in range(n):
        out += d[i]
    return out


def norm_of(d: list[float], n: int) -> float:
    """The Euclidean length, scaled where the squares would overflow or vanish."""
    largest = 0.0
    for i in range(n):
        size = kernels.fabs(d[i])
        if size > largest or size != size:
            largest = size
    if largest == 0.0 or largest - largest != 0.0:  # all zero, or an inf or nan among them
        return largest
    scale = 1.0 if 1e-140 < largest < 1e140 else largest
    squares = 0.0
    for i in range(n):
        size = d[i] / scale
        squares += size * size
    return scale * kernels.sqrt(squares)


def logsumexp_of(d: list[float], n: int) -> tuple[float, float]:
    """log sum exp as the largest term, and the number to be added to that.

    Two numbers, so that nothing overflows and the partials lose no digits to a large sum of both.
    """
    largest = float("-inf")
    first = 0
    for i in range(n):
        if d[i] > largest or d[i] != d[i]:
            largest = d[i]
            first = i
    if largest - largest != 0.0:  # an inf or nan among them, or none at all
        return 0.0, largest
    others = 0.0
    for i in range(n):
        if i != first:
            others += kernels.exp(d[i] - largest)
    return largest, kernels.log1p(others)
