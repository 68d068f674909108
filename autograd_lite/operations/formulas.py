"""The language of formulas: parsed once into a small tree, and printed as Python, C and JavaScript.

A formula knows + - * / on doubles, comparisons, the functions and constants below, and
`where(condition, a, b)`. Division is IEEE division: 1 / 0 is inf. The value of an n-ary rule has a
`sum(term)` over its operands x.

A tree is a number, a name, or a tuple of a function's name and its operands: "1 - x * tanh(y)" is
("-", 1, ("*", "x", ("tanh", "y"))), and "-x" is ("-", "x"). A printer is one function over it.
"""

from __future__ import annotations

import math

from autograd_lite.operations.ieee import SINC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypeAlias

    Tree: TypeAlias = float | str | tuple[Any, ...]

CONSTANTS = {
    "LN2": math.log(2),
    "LN10": math.log(10),
    "PI": math.pi,
    "DEGREES_PER_RADIAN": 180 / math.pi,
    "RADIANS_PER_DEGREE": math.pi / 180,
    "SQRT_2PI": math.sqrt(2 * math.pi),
    "TWO_OVER_SQRT_PI": 2 / math.sqrt(math.pi),
    "SELU_SCALE": 1.0507009873554804934193349852946,
    "SELU_ALPHA": 1.6732632423543772848170429916717,
}

OPERATORS = {"<": 1, "<=": 1, ">": 1, ">=": 1, "==": 1, "!=": 1, "+": 2, "-": 2, "*": 3, "/": 3}
"""How tightly each operator of two operands binds."""

_SIGN = 4  # how tightly that of one does


class Formula:
    """A formula: its text, and the tree of it, which is parsed when it is first asked for."""

    __slots__ = ("_tree", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._tree: Tree | None = None

    @property
    def tree(self) -> Tree:
        if self._tree is None:
            self._tree = parse(self.text)
        return self._tree

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Formula {self.text}>"


class Function:
    """A function of formulas, which `ieee.py` and JavaScript compute under the same name.

    c       its name in C; "" if it runs as Python in both builds
    numpy   its name in NumPy, or in compiler/run/special_functions.py; "" if it has a formula
    arrays  the formula of x and y, its first and second operand, that computes it in arrays: not to
            the last digits far out, but to the 1e-9 that is promised; or None
    zero    True if it is 0 where all operands are 0
    """

    __slots__ = ("arrays", "c", "numpy", "zero")

    def __init__(self, c: str, numpy: str = "", *, arrays: str = "", zero: bool = False) -> None:
        self.c, self.numpy, self.zero = c, numpy, zero
        self.arrays = Formula(arrays) if arrays else None


# 1 if the whole number nearest to x is even, -1 if it is odd.
_PARITY = "(1 - 2 * fabs(round_even(x) - 2 * round_even(round_even(x) * 0.5)))"
_SINPI = f"sin(PI * (x - round_even(x))) * {_PARITY}"
_COSPI = f"sin(PI * (0.5 - fabs(x - round_even(x)))) * {_PARITY}"


def _sinc_slope() -> str:
    """The Taylor series of the derivative of sin(pi x) / (pi x), by Horner's rule.

    That is the sum over k = 1, 2, ... of (-1)^k pi^2k x^(2k-1) / ((2k + 1) (2k - 1)!).
    """
    series = "0.0"
    for k, divisor in zip(range(len(SINC), 0, -1), SINC, strict=True):
        series = f"{(-1) ** k * math.pi ** (2 * k) / divisor!r} + x * x * ({series})"
    return f"x * ({series})"


FUNCTIONS = {
    "acos": Function("acos", "arccos"),
    "acosh": Function("acosh", "arccosh"),
    "asin": Function("asin", "arcsin", zero=True),
    "asinh": Function("asinh", "arcsinh", zero=True),
    "atan": Function("atan", "arctan", zero=True),
    "atan2": Function("atan2", "arctan2"),
    "atanh": Function("atanh", "arctanh", zero=True),
    "cbrt": Function("ieee_cbrt", "cbrt", zero=True),
    "ceil": Function("ceil", "ceil", zero=True),
    "copysign": Function("copysign", "copysign", zero=True),
    "cos": Function("cos", "cos"),
    "cosh": Function("cosh", "cosh"),
    "cospi": Function("ieee_cospi", arrays=_COSPI),
    "erf": Function("erf", "erf", zero=True),
    "erfc": Function("erfc", "erfc"),
    "exp": Function("exp", "exp"),
    "exp2": Function("ieee_exp2", "exp2"),
    "expm1": Function("expm1", "expm1", zero=True),
    "fabs": Function("fabs", "absolute", zero=True),
    "floor": Function("floor", "floor", zero=True),
    "floor_divide": Function("ieee_floor_divide", "floor_divide"),
    "floor_mod": Function("ieee_floor_mod", "remainder"),
    "fmod": Function("fmod", "fmod"),
    "gaussian": Function("ieee_gaussian", arrays="exp(-y * x * x)"),
    "hypot": Function("hypot", "hypot", zero=True),
    "lgamma": Function("", "lgamma"),
    "log": Function("log", "log"),
    "log10": Function("log10", "log10"),
    "log1p": Function("log1p", "log1p", zero=True),
    "log2": Function("log2", "log2"),
    "normal_cdf": Function("ieee_normal_cdf", arrays="erfc(x / -1.4142135623730951) / 2"),
    "polygamma": Function("", "polygamma"),
    "power": Function("ieee_power", "power"),
    "round_even": Function("nearbyint", "rint", zero=True),
    "sin": Function("sin", "sin", zero=True),
    "sinc_derivative": Function("", "sinc_derivative"),
    "sinc_slope": Function("ieee_sinc_slope", arrays=_sinc_slope()),
    "sinh": Function("sinh", "sinh", zero=True),
    "sinpi": Function("ieee_sinpi", arrays=_SINPI),
    "sqrt": Function("sqrt", "sqrt", zero=True),
    "tan": Function("tan", "tan", zero=True),
    "tanh": Function("tanh", "tanh", zero=True),
    "times_sigmoid": Function("ieee_times_sigmoid", arrays="x / (1 + exp(-y))"),
    "trunc": Function("trunc", "trunc", zero=True),
}


def parse(text: str) -> Tree:
    """The tree of a formula. Raises SyntaxError for what is none."""
    import ast

    signs = {
        ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.USub: "-", ast.Lt: "<",
        ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
    }  # fmt: skip

    def read(node: ast.expr) -> Tree:
        match node:
            case ast.Constant(value=int() | float() as number) if type(number) is not bool:
                return number
            case ast.Name(id=name):
                return name
            case ast.UnaryOp(op=op, operand=x) if type(op) in signs:
                return signs[type(op)], read(x)
            case ast.BinOp(left=x, op=op, right=y) if type(op) in signs:
                return signs[type(op)], read(x), read(y)
            case ast.Compare(left=x, ops=[op], comparators=[y]) if type(op) in signs:
                return signs[type(op)], read(x), read(y)
            case ast.Call(func=ast.Name(id=name), args=operands, keywords=[]):
                return name, *map(read, operands)
        raise SyntaxError(f"{ast.unparse(node)!r} stands in no formula")

    return read(ast.parse(text, mode="eval").body)


# ---------------------------------------------------------------------------- about a tree


def names_of(tree: Tree) -> set[str]:
    """The names in a tree, but for those of functions."""
    if isinstance(tree, tuple):
        return set().union(*map(names_of, tree[1:]))
    return {tree} if isinstance(tree, str) else set()


def functions_of(tree: Tree) -> set[str]:
    """The functions and operators in a tree."""
    if isinstance(tree, tuple):
        return {tree[0]}.union(*map(functions_of, tree[1:]))
    return set()


def with_terms(tree: Tree, terms: Mapping[str, Tree]) -> Tree:
    """The tree with terms in place of names."""
    if isinstance(tree, tuple):
        return tree[0], *[with_terms(x, terms) for x in tree[1:]]
    return terms.get(tree, tree) if isinstance(tree, str) else tree


def split_sums(tree: Tree) -> tuple[list[Tree], Tree]:
    """The terms of the sums in a tree, and the tree with the name `total` in place of each sum."""
    match tree:
        case ("sum", term):
            return [term], "total"
        case (function, *operands):
            terms, values = zip(*map(split_sums, operands), strict=True) if operands else ((), ())
            return [term for some in terms for term in some], (function, *values)
    return [], tree


# --------------------------------------------------------------------------------- printers


def to_text(tree: Tree, within: int = 0) -> str:
    """The formula as it is written, in parentheses if it binds less tightly than `within`."""
    match tree:
        case ("-", x):
            binds, text = _SIGN, f"-{to_text(x, _SIGN)}"
        case (sign, x, y) if sign in OPERATORS:
            binds = OPERATORS[sign]
            text = f"{to_text(x, binds)} {sign} {to_text(y, binds + 1)}"
        case (function, *operands):
            return f"{function}({', '.join(map(to_text, operands))})"
        case _:
            return str(tree)
    return f"({text})" if binds < within else text


def to_python(tree: Tree) -> str:
    """The formula in Python that never raises on doubles."""
    match tree:
        case int() | float():
            return repr(float(tree))
        case ("-", x):
            return f"(-{to_python(x)})"
        case ("/", x, y):
            return f"divide({to_python(x)}, {to_python(y)})"
        case (sign, x, y) if sign in OPERATORS:
            return f"({to_python(x)} {sign} {to_python(y)})"
        case ("where", condition, x, y):
            return f"({to_python(x)} if {to_python(condition)} else {to_python(y)})"
        case ("sum", term):
            return f"total([{to_python(term)} for x in xs])"
        case (function, *operands):
            return f"{function}({', '.join(map(to_python, operands))})"
    return str(tree)


def to_c(tree: Tree, names: Mapping[str, str] | None = None) -> str:
    """The formula in C. Raises NotInCError for a function that C has not.

    names  {function: its name in C}, if they are others than those of FUNCTIONS
    """
    if names is None:
        names = {name: function.c for name, function in FUNCTIONS.items() if function.c}
    match tree:
        case int() | float():
            return _number_in_c(tree)
        case str():
            return repr(CONSTANTS[tree]) if tree in CONSTANTS else tree
        case ("-", x):
            return f"(-{to_c(x, names)})"
        case (sign, x, y) if sign in OPERATORS:
            return f"({to_c(x, names)} {sign} {to_c(y, names)})"
        case ("where", condition, x, y):
            return f"({to_c(condition, names)} ? {to_c(x, names)} : {to_c(y, names)})"
        case (function, *operands) if function in names:
            return f"{names[function]}({', '.join(to_c(x, names) for x in operands)})"
    raise NotInCError(to_text(tree))


def _number_in_c(number: float) -> str:
    """A double, never an int: 1 / 2 is 0 in C."""
    if math.isfinite(number):
        return repr(float(number))
    return "NAN" if math.isnan(number) else "INFINITY" if number > 0 else "(-INFINITY)"


class NotInCError(ValueError):
    """The formula uses a function that has no counterpart in C."""


IN_MATH = {
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "cos", "cosh", "exp",
    "expm1", "floor", "log", "log10", "log1p", "log2", "sin", "sinh", "sqrt", "tan", "tanh",
    "trunc",
}  # fmt: skip
"""The functions that JavaScript's Math has under the same name; `ieee.js` has the others."""


def to_javascript(tree: Tree) -> str:
    """The formula in JavaScript, whose numbers are doubles."""
    match tree:
        case int() | float():
            return _number_in_javascript(tree)
        case str():
            return repr(CONSTANTS[tree]) if tree in CONSTANTS else tree
        case ("-", x):
            return f"(-{to_javascript(x)})"
        case ("==" | "!=" as sign, x, y):
            return f"({to_javascript(x)} {sign}= {to_javascript(y)})"
        case (sign, x, y) if sign in OPERATORS:
            return f"({to_javascript(x)} {sign} {to_javascript(y)})"
        case ("where", condition, x, y):
            return f"({to_javascript(condition)} ? {to_javascript(x)} : {to_javascript(y)})"
    function, *operands = tree
    name = f"Math.{function}" if function in IN_MATH else function
    return f"{name}({', '.join(map(to_javascript, operands))})"


def _number_in_javascript(number: float) -> str:
    if math.isfinite(number):
        return repr(number)
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "(-Infinity)"
