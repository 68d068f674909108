"""Free functions of numbers and Values: `exp(v)` is a node, `exp(2.0)` a plain float."""

from __future__ import annotations

from _bisect import bisect_right
from _operator import index
from math import inf

import autograd_lite.operations.kernels as kernels
from autograd_lite import nary, observers, value
from autograd_lite.nary import (
    binary_function,
    binary_of,
    checked,
    fixed,
    nary_function,
    number_for,
    ternary_of,
    unary_function,
    unary_of,
)
from autograd_lite.operations.rules import RULES, Rule, register
from autograd_lite.value import Node, Value, real, required

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Protocol, TypeVar, overload

    from autograd_lite.value import Operand

    T = TypeVar("T", Value, float, Operand)  # a Value gives a Value, a number a float

    class Unary(Protocol):
        def __call__(self, x: T) -> T: ...

    class Binary(Protocol):
        @overload
        def __call__(self, x: Value, y: Operand) -> Value: ...
        @overload
        def __call__(self, x: Operand, y: Value) -> Value: ...
        @overload
        def __call__(self, x: float, y: float) -> float: ...

    class Where(Protocol):
        @overload
        def __call__(self, condition: Value, x: Operand, y: Operand) -> Value: ...
        @overload
        def __call__(self, condition: Operand, x: Value, y: Operand) -> Value: ...
        @overload
        def __call__(self, condition: Operand, x: Operand, y: Value) -> Value: ...
        @overload
        def __call__(self, condition: float, x: float, y: float) -> float: ...

    class Nary(Protocol):
        @overload
        def __call__(self, xs: Iterable[Value]) -> Value: ...
        @overload
        def __call__(self, xs: Iterable[float]) -> float: ...
        @overload
        def __call__(self, xs: Iterable[Operand]) -> Operand: ...

    class Dot(Protocol):
        @overload
        def __call__(self, xs: Iterable[Value], ys: Iterable[Operand]) -> Value: ...
        @overload
        def __call__(self, xs: Iterable[Operand], ys: Iterable[Value]) -> Value: ...
        @overload
        def __call__(self, xs: Iterable[float], ys: Iterable[float]) -> float: ...
        @overload
        def __call__(self, xs: Iterable[Operand], ys: Iterable[Operand]) -> Operand: ...


_RULES = {rule.name: rule for rule in RULES}

EXACT = 2**53  # below it each int is a double


if not TYPE_CHECKING:

    def overload(function: Any) -> Any:
        """typing.overload, without the time that importing typing takes."""
        return function


def _documentation(rule: Rule) -> str:
    """The formulas of a rule, as a docstring."""
    if rule.nary:
        text = f"`{rule.value}` for any number n of operands x, as one node"
        by = [f"`{partial}` with respect to each x" for partial in rule.partials]
    else:
        text = f"`{rule.value}`"
        names = [f" with respect to {x}" for x in rule.operands] if rule.partials[1:] else [""]
        by = [f"`{partial}`{x}" for partial, x in zip(rule.partials, names, strict=True)]
    text += f", with the {'partial ' * (len(by) > 1)}derivative{'s' * (len(by) > 1)} "
    text += " and ".join([", ".join(by[:-1]), by[-1]] if by[1:] else by)
    if any("out" in partial.text for partial in rule.partials):
        text += ", where `out` is the value"
    return f"{text}.\n\nAt the edges: {rule.note}." if rule.note else f"{text}."


def _named(function: Any, rule: Rule) -> Any:
    """The function with its name, and its documentation from the table."""
    function.__name__ = function.__qualname__ = rule.name
    function.__module__ = __name__  # where pickle finds it
    function.__doc__ = _documentation(rule)
    return function


def _unary(name: str) -> Unary:
    code = _RULES[name].code
    function: Unary = _named(unary_function(code), _RULES[name])
    return function


def _binary(name: str) -> Binary:
    code = _RULES[name].code
    function: Binary = _named(binary_function(code), _RULES[name])
    return function


def _nary(name: str) -> Nary:
    code = _RULES[name].code
    function: Nary = _named(nary_function(code), _RULES[name])
    return function


exp = _unary("exp")
exp2 = _unary("exp2")
expm1 = _unary("expm1")
log = _unary("log")
log2 = _unary("log2")
log10 = _unary("log10")
log1p = _unary("log1p")
sqrt = _unary("sqrt")
cbrt = _unary("cbrt")
reciprocal = _unary("reciprocal")
square = _unary("square")
sin = _unary("sin")
cos = _unary("cos")
tan = _unary("tan")
sinc = _unary("sinc")
degrees = _unary("degrees")
radians = _unary("radians")
asin = _unary("asin")
acos = _unary("acos")
atan = _unary("atan")
sinh = _unary("sinh")
cosh = _unary("cosh")
tanh = _unary("tanh")
asinh = _unary("asinh")
acosh = _unary("acosh")
atanh = _unary("atanh")
sigmoid = _unary("sigmoid")
logsigmoid = _unary("logsigmoid")
softplus = _unary("softplus")
relu = _unary("relu")
selu = _unary("selu")
gelu = _unary("gelu")
silu = _unary("silu")
erf = _unary("erf")
erfc = _unary("erfc")
lgamma = _unary("lgamma")
sign = _unary("sign")
floor = _unary("floor")
ceil = _unary("ceil")
trunc = _unary("trunc")
round = _unary("round")

pow: Binary = _named(lambda x, y: nary.power(x, y), _RULES["pow"])
fmod = _binary("fmod")
maximum = _binary("maximum")
minimum = _binary("minimum")
copysign = _binary("copysign")
atan2 = _binary("atan2")
hypot = _binary("hypot")

where: Where = _named(
    lambda condition, x, y: ternary_of(kernels.WHERE, condition, x, y), _RULES["where"]
)

dot: Dot = nary.dot
sum = _nary("sum")
mean = _nary("mean")
norm = _nary("norm")
logsumexp = _nary("logsumexp")


def leaky_relu(x: T, negative_slope: float = 0.01) -> T:
    """x where x > 0, negative_slope * x elsewhere, with negative_slope the derivative at 0."""
    out: T = unary_of(kernels.LEAKY_RELU, x, real(negative_slope, "negative_slope"))
    return out


def elu(x: T, alpha: float = 1.0) -> T:
    """x where x > 0, alpha * (exp(x) - 1) elsewhere, with alpha the derivative at 0."""
    out: T = unary_of(kernels.ELU, x, real(alpha, "alpha"))
    return out


def polygamma(n: int, x: T) -> T:
    """The derivative of order n + 1 of lgamma at x: digamma for n = 0, trigamma for n = 1."""
    try:
        order = index(n)
    except TypeError:
        raise TypeError(f"polygamma: the order must be an int, not {n!r}") from None
    if order < 0:
        raise ValueError(f"polygamma: the order must be 0 or more, not {order}")
    out: T = unary_of(kernels.POLYGAMMA, x, float(order))
    return out


@overload
def clip(x: Value, low: Operand, high: Operand) -> Value: ...
@overload
def clip(x: float, low: float, high: float) -> float: ...
@overload
def clip(x: Operand, low: Operand, high: Operand) -> Operand: ...
def clip(x: Operand, low: Operand, high: Operand) -> Operand:
    """min(max(x, low), high), whose derivative with respect to x is 1 for low <= x <= high."""
    out: Operand = ternary_of(kernels.CLIP, x, low, high)
    return out


def isnan(x: Operand) -> bool:
    """True if x is a NaN: a bool, as x < 0 is."""
    return (_order_of(x, "isnan") <= inf) ^ True


def isinf(x: Operand) -> bool:
    """True if x is infinite: a bool, as x < 0 is."""
    x = _order_of(x, "isinf")
    return (x >= inf) | (x <= -inf)


def isfinite(x: Operand) -> bool:
    """True if x is neither infinite nor a NaN: a bool, as x < 0 is."""
    x = _order_of(x, "isfinite")
    return (x > -inf) & (x < inf)


def _order_of(x: Operand, name: str) -> Operand:
    """A node as it is, and a number as a float."""
    return x if isinstance(x, Node) else real(x, f"{name}: its operand")


@overload
def interp(x: Value, xs: Iterable[Operand], ys: Iterable[Operand]) -> Value: ...
@overload
def interp(x: float, xs: Iterable[float], ys: Iterable[float]) -> float: ...
@overload
def interp(x: Operand, xs: Iterable[Operand], ys: Iterable[Operand]) -> Operand: ...
def interp(x: Operand, xs: Iterable[Operand], ys: Iterable[Operand]) -> Operand:
    """The piecewise linear function through the points (xs, ys) at x; as numpy.interp.

    Beyond the first and the last point it is constant, with derivative 0. At a point its slope is
    that on the right, at the last one that on the left. All of x, xs and ys may be Values, and
    have gradients. A compiled function finds the interval anew at each call: it computes them all.

    Raises ValueError for no points, for lengths that differ, and for xs that do not increase.
    """
    knots, heights = checked(xs, "interp"), checked(ys, "interp")
    n = len(knots)
    if n != len(heights):
        raise ValueError(f"interp: the lengths differ, {n} and {len(heights)}")
    if n == 0:
        raise ValueError("interp of no points")
    for i in range(1, n):
        if not knots[i - 1] < knots[i]:
            raise ValueError(f"interp: xs must increase, but xs[{i}] is not above xs[{i - 1}]")
    x = clip(x if isinstance(x, Node) else real(x, "interp: x"), knots[0], knots[-1])

    def line(i: int, base: int) -> Operand:
        """The line of the interval that begins at knot i, through the point `base`."""
        slope = (heights[i + 1] - heights[i]) / (knots[i + 1] - knots[i]) if n > 1 else 0.0
        out: Operand = slope * (x - knots[base]) + heights[base]
        return out

    if not observers.tracing() or not any(isinstance(u, Node) for u in (x, *knots)):
        i = 0 if isnan(x) else bisect_right(knots, x) - 1  # of nan as a compiled function has it
        return line(max(0, min(i, n - 2)), max(i, 0))
    found = line(max(0, n - 2), n - 1)
    for i in reversed(range(n - 1)):
        found = where(x >= knots[i + 1], found, line(i, i))
    return found


@overload
def prod(xs: Iterable[Value]) -> Value: ...
@overload
def prod(xs: Iterable[float]) -> float: ...
@overload
def prod(xs: Iterable[Operand]) -> Operand: ...
def prod(xs: Iterable[Operand]) -> Operand:
    """The product of xs, 1.0 of none: a chain of multiplications."""
    product: Operand = 1.0
    for i, x in enumerate(checked(xs, "prod")):
        product = x if i == 0 else product * x
    return product


@overload
def softmax(xs: Iterable[Value]) -> list[Value]: ...
@overload
def softmax(xs: Iterable[float]) -> list[float]: ...
@overload
def softmax(xs: Iterable[Operand]) -> list[Operand]: ...
def softmax(xs: Iterable[Operand]) -> list[Any]:
    """[exp(x - logsumexp(xs)) for x in xs]: positive numbers that add up to 1."""
    return nary.exps(_log_softmax(xs, "softmax"))


@overload
def log_softmax(xs: Iterable[Value]) -> list[Value]: ...
@overload
def log_softmax(xs: Iterable[float]) -> list[float]: ...
@overload
def log_softmax(xs: Iterable[Operand]) -> list[Operand]: ...
def log_softmax(xs: Iterable[Operand]) -> list[Any]:
    """[x - logsumexp(xs) for x in xs]."""
    return _log_softmax(xs, "log_softmax")


def _log_softmax(operands: Iterable[Operand], name: str) -> list[Any]:
    xs = checked(operands, name)
    if not xs or not observers.tracing():
        return nary.log_softmax(xs, True)
    shift = largest(xs)
    if isinstance(shift, Node):
        shift = Node.detach(shift)  # which a tracer of a float has not
    return nary.log_softmax([x - shift for x in xs], False)


for _rule in RULES:  # a method says what the function of its name says
    _method = Node.__dict__.get(_rule.name)
    if _method is not None:
        _function = globals().get(_rule.name)
        _method.__doc__ = _function.__doc__ if _function else _documentation(_rule)


# --------------------------------------------------- what differs from call to call of a program


def take(sequence: Any, index: Any) -> Any:
    """sequence[index]; in a compiled function the index is read anew at each call.

    sequence  a list, tuple or array of numbers, Values, or lists of them, all of one shape
    index     an int; of one that is computed in a compiled function, each is recorded by itself

    A function that takes from a dict, or from rows of several lengths, is not recorded.
    """
    if not isinstance(index, Node):
        return sequence[index]
    if not hasattr(index, "__index__"):
        raise TypeError("take: an index must be an int; write int(v.data) for that of a Value v")
    if not any(observer.gives(index) for observer in observers.active()):  # it is read
        return sequence[index.__index__()]
    if hasattr(sequence, "keys"):
        raise TypeError(
            f"take: expected a list, tuple or array, not {type(sequence).__name__}; take from a "
            "list of its values, by their places in it"
        )
    try:
        taken = sequence[int(value.number_of(index))]
    except IndexError:
        for observer in observers.active():
            observer.read(index)  # so that the program is for this index alone
        raise
    if hasattr(taken, "__len__") and not isinstance(taken, str):
        if getattr(sequence, "ndim", 1) == 1 and not _of_one_length(sequence):
            raise ValueError("take: the rows must all have one length; pad the shorter ones")
        return _like(taken, [take([row[i] for row in sequence], index) for i in range(len(taken))])
    elements = [required(x, "take") for x in sequence]
    if not _alike(sequence):
        return sequence[index.__index__()]
    return _chosen("take", elements, value.number_of(required(taken, "take")), index)


def _like(row: Any, elements: list[Any]) -> Any:
    """What a row is: a list, a tuple or an array."""
    if not elements:
        return row
    if hasattr(row, "dtype"):
        import numpy as np

        return np.stack(elements)
    return getattr(row, "_make", tuple)(elements) if isinstance(row, tuple) else elements


def taken_or_largest(xs: list[Any], index: Node | None) -> Any:
    """The node of one of xs in a recording: of that which the index names, or of the largest."""
    nodes = [required(x, "take") for x in xs]
    numbers = [*map(value.number_of, nodes)]
    if index is not None:
        return _chosen("take", nodes, numbers[int(value.number_of(index))], index)
    return _chosen("largest", nodes, largest(numbers)) if observers.tracing() else largest(xs)


def _chosen(op: str, xs: list[Node], number: float, *index: Node) -> Any:
    """What a recording has for the one of xs that has this number."""
    nodes = [observer.chosen(op, (*index, *xs), number) for observer in observers.active()]
    return next(node for node in nodes if node is not None)


def _alike(xs: Iterable[Any]) -> bool:
    """Whether one of them is what another one is: all are Values, or numbers that doubles hold."""
    if any(isinstance(x, int) and not -EXACT < x < EXACT for x in xs):
        return False
    return len({value.is_plain_number(x) for x in xs}) == 1


def _of_one_length(rows: Iterable[Any]) -> bool:
    try:
        return len({*map(len, rows)}) == 1
    except TypeError:  # a number among them
        return False


def largest(xs: Iterable[Operand]) -> Any:
    """The first of the largest of xs, a NaN if there is one; no node is made of it.

    In a compiled function it is found anew at each call.
    """
    xs = checked(xs, "largest")
    if not xs:
        raise ValueError("largest of no operands")
    if observers.tracing() and any(isinstance(x, Node) for x in xs) and _alike(xs):
        return taken_or_largest(xs, None)
    found, *others = xs
    for x in others:
        if x > found or not x <= x:
            found = x
    return found


def sample(function: Callable[[], float]) -> Any:
    """function(), a plain number; in a compiled function it is called anew at each call.

    function  gives a random number, such as random.random; an int may be an index for `take`
    """
    for observer in observers.active():
        leaf = observer.sample(function)
        if leaf is not None:
            return leaf
    return function()


def draw(function: Callable[[], float]) -> Any:
    """Deprecated: `sample`, under its old name."""
    from warnings import warn

    warn(
        "autograd_lite.draw is deprecated: write sample; visualize.draw draws pictures",
        DeprecationWarning,
        stacklevel=2,
    )
    return sample(function)


def callback(function: Callable[..., object], *values: Operand) -> None:
    """function(*numbers of the values), at each call of a compiled function too.

    It may change anything, such as running statistics; its result is dropped. A program calls back
    when everything is computed. So if the same call, or the next sample of a `vmap`, reads a Value
    that a callback writes, it reads the old number; a check finds that.
    """
    if not any(observer.call(function, values) for observer in observers.active()):
        function(*[value.number_of(x) if isinstance(x, Node) else x for x in values])


# ------------------------------------------------------------------- operations of the user's


class _OfUser(Rule):
    """A rule that a user made.

    Codes differ between processes. An operation that travels by value, as cloudpickle takes one of
    a script along, is registered anew where it arrives.
    """

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        kernel, partials = kernels.FUNCTIONS[self.code], partials_of_user[self.code]
        return of_user, (self.name, self.operands, self.user_module, kernel, partials)


partials_of_user: dict[int, Callable[..., Any]] = {}
"""By their codes, the partials of operations that users made: functions of operands and value."""


def of_user(name: str, operands: str, module: str, kernel: Any, partials: Any) -> Rule:
    """A new rule that is computed in Python.

    kernel    function of the operands, and of a static parameter where there is one operand, that
              gives the value and the partials
    partials  function of the operands and the value that gives the partials
    """
    rule = _OfUser(name, operands, "", user_module=module)
    register(rule)
    kernels.FUNCTIONS[rule.code] = kernel
    partials_of_user[rule.code] = partials
    return rule


def operands_of_user(n: int) -> str:
    """The names of n operands of an operation that a user made."""
    return "xyz"[:n] if n <= 3 else "x" * n


def operation(partials: Callable[..., Any]) -> Callable[[Callable[..., float]], Any]:
    """Make an operation of a function of floats: `@operation(lambda x, out: 1 - out**2)`.

    partials  takes the operands and then the value, all floats, and gives the partial derivative
              with respect to the operand; for several operands a tuple with one for each

    Both are called when a node is made, and in a compiled function whenever it computes that node.
    So if they read a variable, a later change of it does not change the gradient. For derivatives
    of higher order the partials are called with Values, so write them with functions of this
    module, exp for math.exp.

    The decorated function takes numbers and Values, as those of this module do.

    Raises ValueError if a name of the engine's own is taken, TypeError at a call whose partials
    are not as many numbers as there are operands.
    """
    if not callable(partials):
        raise TypeError(
            "operation: give it the partial derivatives: @operation(lambda x, out: 1 - out**2)"
        )

    def decorate(function: Callable[..., float]) -> Any:
        import functools
        import inspect

        if not callable(function):
            raise TypeError(
                f"operation decorates a function, not {value.type_name(function)}; "
                "write @operation(partials) above it"
            )
        name = function.__name__
        signature = inspect.signature(function)
        n = len(signature.parameters)
        if name in _RULES:
            raise ValueError(f"operation: {name!r} is an operation of autograd_lite; rename yours")
        if n == 0:
            raise ValueError(f"operation: {name} takes no operand")
        for parameter in signature.parameters.values():
            plain = parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
            if not plain or parameter.default is not parameter.empty:
                raise ValueError(
                    f"operation: every parameter of {name} is an operand; "
                    f"{str(parameter)!r} cannot be one"
                )

        def evaluate(*xs: float) -> tuple[float, ...]:
            out = function(*xs)
            by = partials(*xs, out)
            by = by if isinstance(by, tuple) else (by,)
            if len(by) != n:
                raise TypeError(f"{name}: {n} operands, but {len(by)} partials")
            return tuple(real(number, f"{name}: its value or partial") for number in (out, *by))

        # Kernels of one operand are given a static parameter, which this one does not have.
        kernel = (lambda x, _: evaluate(x)) if n == 1 else evaluate
        rule = of_user(name, operands_of_user(n), str(function.__module__), kernel, partials)

        @functools.wraps(function)
        def operate(*xs: Operand, **named: Operand) -> Any:
            if named:
                xs = signature.bind(*xs, **named).args
            if len(xs) != n:
                raise TypeError(f"{name} takes {n} operands, not {len(xs)}")
            if not any(isinstance(x, Node) for x in xs):
                return real(function(*[number_for(rule.code, x) for x in xs]), name)
            if n == 1:
                return unary_of(rule.code, xs[0], 0.0)
            if n == 2:
                return binary_of(rule.code, xs[0], xs[1])
            return fixed(rule.code, tuple(required(x, name) for x in xs))

        return operate

    return decorate
