"""The formulas of `rules.py`, parsed once and printed as Python for doubles and as C.

A formula knows + - * / on doubles, comparisons, the functions of `ieee.py`, the constants below,
and `where(condition, a, b)`. Division is IEEE division: 1 / 0 is inf. The value of an n-ary rule
has a `sum(term)` over its operands x.
"""

from __future__ import annotations

import ast
import math

from autograd_lite.operations import ieee

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd_lite.operations.rules import Rule

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


def parse(formula: str) -> ast.expr:
    return ast.parse(formula, mode="eval").body


class _Doubles(ast.NodeTransformer):
    """Numbers become floats, division `divide`, and `where` a conditional that runs one arm."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return ast.Constant(float(node.value))  # type: ignore[arg-type]

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Div):
            return node
        return ast.Call(ast.Name("divide", ast.Load()), [node.left, node.right], [])

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "where":
            return ast.IfExp(*node.args)
        if name == "sum":
            over = ast.comprehension(ast.Name("x"), ast.Name("xs"), [], 0)
            return ast.Call(ast.Name("total"), [ast.ListComp(node.args[0], [over])], [])
        return node


def to_python(formula: str) -> str:
    """The formula in Python that never raises on doubles."""
    return ast.unparse(_Doubles().visit(parse(formula)))


_C_OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.USub: "-",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip

# The functions of ieee.py by their names in C; what is missing here runs as Python in both builds.
_SAME_IN_C = (
    "acos acosh asin asinh atan atan2 atanh ceil copysign cos cosh erf erfc exp expm1 fabs floor "
    "fmod hypot log log1p log2 log10 sin sinh sqrt tan tanh trunc"
)
_C_FUNCTIONS = {name: name for name in _SAME_IN_C.split()} | {
    name: f"ieee_{name}"
    for name in (
        *("cbrt", "cospi", "exp2", "floor_divide", "floor_mod", "gaussian", "normal_cdf", "power"),
        *("sinc_slope", "sinpi", "times_sigmoid"),
    )
}
_C_FUNCTIONS["round_even"] = "nearbyint"


OPERANDS = ("x", "xc", "xy", "xyz", "xs")


def check(rule: Rule) -> None:
    """Raise ValueError for formulas of a rule that nobody could compute."""
    if rule.operands not in OPERANDS:
        raise ValueError(f"{rule.name}: its operands are one of {OPERANDS}, not {rule.operands!r}")
    if len(rule.partials) != (1 if rule.nary else len(rule.operands) - rule.static):
        raise ValueError(f"{rule.name}: give the partial derivative by each parent")
    for formula in (rule.value, *rule.partials):
        try:
            parse(formula or "0" if rule.nary else formula)
        except SyntaxError:
            raise ValueError(f"{rule.name}: {formula!r} is no formula") from None
    known = {"x", "n"} if rule.nary else set(rule.operands)
    if rule.nary:
        term, value = parts_of_sum(rule)
        if "x" not in _names(term):
            raise ValueError(f"{rule.name}: the sum of {ast.unparse(term)} has no operand x in it")
        _check_names(rule, term, {"x"})
        _check_names(rule, value, {"n", "total"})
    else:
        _check_names(rule, parse(rule.value), known)
    for partial in rule.partials:
        _check_names(rule, parse(partial), known | {"out"})


def _check_names(rule: Rule, formula: ast.expr, known: set[str]) -> None:
    for name in sorted(_names(formula) - {*known, *CONSTANTS, *ieee.__all__, "where"}):
        raise ValueError(f"{rule.name}: {name} is not known in {ast.unparse(formula)!r}")


def _names(formula: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(formula) if isinstance(node, ast.Name)}


def parts_of_sum(rule: Rule) -> tuple[ast.expr, ast.expr]:
    """Of an n-ary rule the term that is summed, and its value with `total` in the place of the sum.

    Raises ValueError if its value has not just one sum.
    """
    sums = _Sums()
    value = sums.visit(parse(rule.value or "0"))
    if len(sums.terms) != 1:
        raise ValueError(
            f"{rule.name}: the value of an n-ary rule has one sum(...) of a term in x, as in "
            f"'sqrt(sum(x * x) / n)', not {rule.value!r}"
        )
    return sums.terms[0], value


class _Sums(ast.NodeTransformer):
    """Puts `total` in the place of each sum(term), and lists the terms."""

    def __init__(self) -> None:
        self.terms: list[ast.expr] = []

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if isinstance(node.func, ast.Name) and node.func.id == "sum" and len(node.args) == 1:
            self.terms.append(node.args[0])
            return ast.Name("total", ast.Load())
        self.generic_visit(node)
        return node


class NotInCError(ValueError):
    """The formula uses a function that has no counterpart in C."""


def to_c(formula: str) -> str:
    """The formula in C."""
    return _to_c(parse(formula))


def _to_c(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=int() | float() as number):
            return repr(float(number))  # never an int: 1 / 2 is 0 in C
        case ast.Name(id=name):
            return repr(CONSTANTS[name]) if name in CONSTANTS else name
        case ast.UnaryOp(op=op, operand=operand):
            return f"({_C_OPERATORS[type(op)]}{_to_c(operand)})"
        case ast.BinOp(left=left, op=op, right=right):
            return f"({_to_c(left)} {_C_OPERATORS[type(op)]} {_to_c(right)})"
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return f"({_to_c(left)} {_C_OPERATORS[type(op)]} {_to_c(right)})"
        case ast.Call(func=ast.Name(id="where"), args=args):
            condition, a, b = map(_to_c, args)
            return f"({condition} ? {a} : {b})"
        case ast.Call(func=ast.Name(id=name), args=args):
            if name not in _C_FUNCTIONS:
                raise NotInCError(name)
            return f"{_C_FUNCTIONS[name]}({', '.join(map(_to_c, args))})"
    raise SyntaxError(f"not a formula: {ast.unparse(node)}")
