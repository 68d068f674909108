"""Derivatives of functions; of rules by `autograd_lite.derive`, and the same by mpmath."""

import operator
from array import array

import mpmath as mp

from autograd_lite.compiler.tape.derive import tape_of
from autograd_lite.compiler.tape.interpreter import Interpreter
from autograd_lite.derivatives import grad
from autograd_lite.derive import Nodes
from autograd_lite.operations.formulas import CONSTANTS
from autograd_lite.operations.opcodes import LEAF

DIGITS = 60


def orders(f, x, n=3):
    """f(x) and its derivatives."""
    found = [f(x)]
    for _ in range(n):
        f = grad(f)
        found.append(f(x))
    return found


def derivatives(rule, xs, c=0.0, modes="rrr"):
    """{(i, j, ...): the derivative of a rule by the operands i, j, ...}, one order for each mode.

    modes  "r" for reverse and "f" for forward, the first order's first
    """
    nodes, n = Nodes(), len(xs)
    leaves = [nodes.add(LEAF, slot=i) for i in range(n)]
    found = {(): nodes.add(rule.code, tuple(leaves), c)}
    for order, mode in enumerate(modes):
        for key, node in [item for item in found.items() if len(item[0]) == order]:
            if mode == "r":
                made = nodes.reverse([(node, nodes.number(1.0))], leaves)
            else:
                one = nodes.number(1.0)
                made = [nodes.forward({leaf: one}, [node])[0] for leaf in leaves]
            found |= {(*key, i): made[i] for i in range(n)}
    tape = tape_of(nodes, [*found.values()], n)
    run = Interpreter(tape, []).forward(array("d", xs), array("q"))
    return dict(zip(found, run.outputs, strict=True))


def exact(rule, xs, key, c=0.0):
    """The derivative of a rule by the operands of the key, with mpmath."""
    orders = tuple(key.count(i) for i in range(len(xs)))
    with mp.workdps(DIGITS):
        point = tuple(map(mp.mpf, xs))
        function = _function(rule, c)
        if not key:
            return mp.re(function(*point))
        if len(xs) == 1:
            return mp.re(mp.diff(function, point[0], orders[0]))
        return mp.re(mp.diff(function, point, orders))


def _function(rule, c):
    """The value of a rule, on mpmath's numbers."""
    if rule.pairs:
        return lambda *xs: mp.fdot(xs[: len(xs) // 2], xs[len(xs) // 2 :])
    if rule.nary:
        return _NARY[rule.name]
    return lambda *xs: _computed(
        rule.value.tree, {**dict(zip(rule.operands, xs, strict=False)), "c": c}
    )


_NARY = {
    "sum": lambda *xs: mp.fsum(xs),
    "mean": lambda *xs: mp.fsum(xs) / len(xs),
    "norm": lambda *xs: mp.sqrt(mp.fsum(x * x for x in xs)),
    "logsumexp": lambda *xs: max(xs) + mp.log(mp.fsum(mp.exp(x - max(xs)) for x in xs)),
}


def _computed(tree, names):
    match tree:
        case str():
            return names[tree] if tree in names else _constant(tree)
        case ("where", condition, yes, no):
            return _computed(yes if _computed(condition, names) else no, names)
        case ("-", x):
            return -_computed(x, names)
        case (function, *operands):
            return _FUNCTIONS[function](*[_computed(x, names) for x in operands])
    return mp.mpf(tree)


def _constant(name):
    known = {
        "LN2": mp.log(2),
        "LN10": mp.log(10),
        "PI": +mp.pi,
        "DEGREES_PER_RADIAN": 180 / mp.pi,
        "RADIANS_PER_DEGREE": mp.pi / 180,
        "SQRT_2PI": mp.sqrt(2 * mp.pi),
        "TWO_OVER_SQRT_PI": 2 / mp.sqrt(mp.pi),
    }
    return known.get(name) or mp.mpf(CONSTANTS[name])


_FUNCTIONS = {
    name: getattr(mp, name, None)
    for name in (
        *("exp", "expm1", "log", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "sinh"),
        *("cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "sqrt", "cbrt", "floor"),
        *("ceil", "atan2", "hypot", "power", "sinpi", "cospi"),
    )
} | {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "exp2": lambda x: mp.mpf(2) ** x,
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log1p": lambda x: mp.log(1 + x),
    "fabs": abs,
    "trunc": lambda x: mp.floor(x) if x > 0 else mp.ceil(x),
    "round_even": mp.nint,
    "copysign": lambda x, y: abs(x) if y >= 0 else -abs(x),
    "lgamma": mp.loggamma,
    "polygamma": lambda n, x: mp.polygamma(int(n), x),
    "gaussian": lambda x, c: mp.exp(-c * x * x),
    "normal_cdf": mp.ncdf,
    "times_sigmoid": lambda a, x: a / (1 + mp.exp(-x)),
    "floor_divide": lambda x, y: mp.floor(x / y),
    "floor_mod": lambda x, y: x - y * mp.floor(x / y),
    "fmod": lambda x, y: x - y * (mp.floor(x / y) if x / y > 0 else mp.ceil(x / y)),
    "sinc_derivative": lambda n, x: mp.diff(mp.sincpi, x, int(n)),
}
