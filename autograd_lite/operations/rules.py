"""Every operation once: its formula, its partial derivatives, where it is smooth.

A row of the table is a whole operation. Its value and its local partials are formulas over the
operands x, y, z, the static parameter c (a plain number, not a parent), and `out`, the value
itself: the derivative of exp is `out`. Nothing here multiplies by a cotangent; the chain rule is
written once, in `backward.py`.

From a row derive: the kernel in C, its twins in Python and in JavaScript, the methods and free
functions, the property tests, and `docs/operations.md`. `formulas.py` says what a formula may
contain.
"""

from __future__ import annotations

from autograd_lite.operations.formulas import (
    CONSTANTS,
    FUNCTIONS,
    OPERATORS,
    Formula,
    functions_of,
    names_of,
    parse,
    split_sums,
    to_text,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd_lite.operations.formulas import Tree

__all__ = [
    "CODES",
    "COMPARISONS",
    "OPERATIONS",
    "RULES",
    "TABLE",
    "Rule",
    "register",
    "table_checksum",
]

Domain = tuple[float, float] | range


class Rule:
    """One operation.

    name         how functions and methods call it
    operands     the names of its operands in formulas: "x", "xy", "xyz", "xc", or "xs" if n-ary
    value        the formula of its value; of an n-ary one, of n and the sum of a term over its
                 operands x, as in "sqrt(sum(x * x) / n)"
    partials     for each parent, the formula of d value / d parent; of an n-ary one, d value / d x
    symbol       what is drawn on graphs, with {c:g} for the static parameter
    domain       for each operand, the interval that tests sample, or a range of whole numbers
    kinks        the x where no derivative exists; the formulas say what is returned there
    ties         True if there is no derivative where two operands are equal
    loop         True if the engine has a loop of its own for this n-ary rule; others are computed
                 by their formulas
    pairs        True if the operands of an n-ary rule are x0, x1, ..., y0, y1, ...: the partial
                 with respect to one is the other of its pair, each of which stands for y in the
                 formulas
    note         what a reader should know of the edges
    public       True if it has a function, a method or an operator; others are in programs only
    user_module  the module of the function of a rule that a user wrote in Python, and which has no
                 formulas; None for one of formulas
    again        formulas of the partials that are differentiated further, where those in `partials`
                 would lose derivatives of higher order, far out or at a kink; () for the same. The
                 functions in them may be rules. They compare with < and <= alone: a program that
                 asks whether computed numbers are equal is not run as arrays, which round otherwise
    """

    __slots__ = (
        "again",
        "code",
        "domain",
        "kinks",
        "loop",
        "name",
        "note",
        "operands",
        "pairs",
        "partials",
        "public",
        "symbol",
        "ties",
        "user_module",
        "value",
    )

    code: int  # its place in RULES
    partials: tuple[Formula, ...]
    again: tuple[Formula, ...]

    def __init__(
        self,
        name: str,
        operands: str,
        value: str,
        *partials: str,
        symbol: str = "",
        domain: Sequence[Domain] = ((-3, 3),),
        kinks: tuple[float, ...] = (),
        ties: bool = False,
        loop: bool = False,
        pairs: bool = False,
        note: str = "",
        public: bool = True,
        user_module: str | None = None,
        again: Sequence[str] = (),
    ) -> None:
        self.name, self.operands, self.value = name, operands, Formula(value)
        self.partials = tuple(map(Formula, partials))
        self.symbol = symbol or name
        self.domain = tuple(domain) * (len(operands) if len(domain) == 1 else 1)
        self.kinks, self.ties, self.loop, self.pairs = kinks, ties, loop, pairs
        self.note, self.public, self.user_module = note, public, user_module
        self.again = tuple(map(Formula, again)) or self.partials
        self.code = -1

    @property
    def nary(self) -> bool:
        """True if the operation takes a sequence of any length."""
        return self.operands == "xs"

    @property
    def static(self) -> bool:
        """True if the last operand is a plain number c."""
        return self.operands.endswith("c")

    def __repr__(self) -> str:
        operands = self.operands if self.nary else ", ".join(self.operands)
        return f"<Rule {self.name}({operands}) = {self.value}>"


_POSITIVE = ((0.05, 5),)
_UNIT = ((-0.95, 0.95),)

RULES: list[Rule] = [
    # ------------------------------------------------------------------------- leaves (code 0)
    Rule("leaf", "", "", symbol=" ", public=False),

    # ------------------------------------------------------------------------------ arithmetic
    Rule("add", "xy", "x + y", "1", "1", symbol="+"),
    Rule("sub", "xy", "x - y", "1", "-1", symbol="-"),
    Rule("mul", "xy", "x * y", "y", "x", symbol="*"),
    Rule("div", "xy", "x / y", "1 / y", "-out / y", symbol="/", domain=((-3, 3), (0.2, 3)),
         note="x / 0 is inf or nan, never an exception"),
    Rule("floordiv", "xy", "floor_divide(x, y)", "0", "0", symbol="//",
         domain=((2.1, 2.9), (1.5, 2)),
         note="as Python's, but x // 0 is x / 0; derivative 0 everywhere"),
    Rule("mod", "xy", "floor_mod(x, y)", "1", "-floor_divide(x, y)", symbol="%",
         domain=((-2.9, -2.1), (1.5, 2)),
         note="as Python's, with the sign of y; nan for y = 0; at jumps the slopes beside it"),
    Rule("fmod", "xy", "fmod(x, y)", "1", "-round_even((x - out) / y)",
         domain=((-2.9, -2.3), (1, 1.1)),
         note="as C's, with the sign of x; nan for y = 0; at jumps the slopes beside it"),
    Rule("neg", "x", "-x", "-1"),
    Rule("abs", "x", "fabs(x)", "where(x > 0, 1, where(x < 0, -1, x))", kinks=(0,),
         note="abs'(0) = 0", again=("sign(x)",)),
    Rule("pow", "xy", "power(x, y)",
         "where(y == 0, 0, y * power(x, y - 1))",
         "where(x == 0, where(y >= 0, 0, out * log(x)), out * log(x))",
         symbol="**", domain=((0.05, 3), (-3, 3)),
         note="x**0 has derivative 0; a negative base has nan for its exponent's gradient",
         again=("where(fabs(x) <= 0, where(fabs(y) <= 0, 0, y * power(x, y - 1)),"
                " y * power(x, y - 1))",
                "where(fabs(x) <= 0, where(y >= 0, 0, out * log(x)), out * log(x))")),
    Rule("pow_c", "xc", "power(x, c)", "where(c == 0, 0, c * power(x, c - 1))",
         symbol="**{c:g}", domain=((0.05, 3), (-3, 3)),
         note="x ** c with a plain number c: the exponent is no parent"),
    Rule("reciprocal", "x", "1 / x", "-out * out", domain=((0.2, 5),)),
    Rule("square", "x", "x * x", "2 * x"),
    Rule("sqrt", "x", "sqrt(x)", "1 / (2 * out)", domain=_POSITIVE, note="sqrt'(0) = inf"),
    Rule("cbrt", "x", "cbrt(x)", "1 / (3 * out * out)", domain=_POSITIVE, note="cbrt'(0) = inf"),

    # ------------------------------------------------------------ exponentials and logarithms
    Rule("exp", "x", "exp(x)", "out"),
    Rule("exp2", "x", "exp2(x)", "out * LN2"),
    Rule("expm1", "x", "expm1(x)", "exp(x)"),
    Rule("log", "x", "log(x)", "1 / x", domain=_POSITIVE, note="log(0) = -inf"),
    Rule("log2", "x", "log2(x)", "1 / (x * LN2)", domain=_POSITIVE),
    Rule("log10", "x", "log10(x)", "1 / (x * LN10)", domain=_POSITIVE),
    Rule("log1p", "x", "log1p(x)", "1 / (1 + x)", domain=((-0.9, 5),)),

    # ------------------------------------------------------- trigonometric, hyperbolic, special
    Rule("sin", "x", "sin(x)", "cos(x)"),
    Rule("cos", "x", "cos(x)", "-sin(x)"),
    Rule("tan", "x", "tan(x)", "1 + out * out", domain=((-1.2, 1.2),)),
    Rule("asin", "x", "asin(x)", "1 / sqrt((1 - x) * (1 + x))", domain=_UNIT),
    Rule("acos", "x", "acos(x)", "-1 / sqrt((1 - x) * (1 + x))", domain=_UNIT),
    Rule("atan", "x", "atan(x)", "1 / (1 + x * x)"),
    Rule("sinc", "x", "where(x == 0, 1, sinpi(x) / (PI * x))",
         "where(fabs(x) < 0.5, sinc_slope(x), (cospi(x) - out) / x)",
         note="sin(pi x) / (pi x), exactly 0 at whole numbers; sinc_slope is the series of sinc'",
         again=("sinc_derivative(1, x)",)),
    Rule("degrees", "x", "x * DEGREES_PER_RADIAN", "DEGREES_PER_RADIAN"),
    Rule("radians", "x", "x * RADIANS_PER_DEGREE", "RADIANS_PER_DEGREE"),
    Rule("sinh", "x", "sinh(x)", "cosh(x)"),
    Rule("cosh", "x", "cosh(x)", "sinh(x)"),
    Rule("tanh", "x", "tanh(x)", "1 - out * out"),
    Rule("asinh", "x", "asinh(x)", "1 / hypot(1, x)"),
    Rule("acosh", "x", "acosh(x)", "1 / (sqrt(x - 1) * sqrt(x + 1))", domain=((1.1, 5),)),
    Rule("atanh", "x", "atanh(x)", "1 / ((1 - x) * (1 + x))", domain=_UNIT),
    Rule("erf", "x", "erf(x)", "TWO_OVER_SQRT_PI * gaussian(x, 1)"),
    Rule("erfc", "x", "erfc(x)", "-TWO_OVER_SQRT_PI * gaussian(x, 1)"),
    Rule("lgamma", "x", "lgamma(x)", "polygamma(0, x)", domain=((0.1, 6),)),
    Rule("polygamma", "xc", "polygamma(c, x)", "polygamma(c + 1, x)", symbol="polygamma {c:g}",
         domain=((0.3, 6), range(4)),
         note="the derivative of order c + 1 of lgamma: digamma, trigamma, ..."),

    # ----------------------------------------------------------------------------- activations
    Rule("sigmoid", "x", "1 / (1 + exp(-x))", "out / (1 + exp(x))",
         again=("out * sigmoid(-x)",)),
    Rule("logsigmoid", "x", "where(x < 0, x, 0) - log1p(exp(-fabs(x)))", "1 / (1 + exp(x))",
         again=("sigmoid(-x)",)),
    Rule("softplus", "x", "where(x > 0, x, 0) + log1p(exp(-fabs(x)))", "1 / (1 + exp(-x))",
         again=("sigmoid(x)",)),
    Rule("relu", "x", "where(x <= 0, 0, x)", "where(x <= 0, 0, 1)", symbol="ReLU", kinks=(0,),
         note="relu'(0) = 0"),
    Rule("leaky_relu", "xc", "where(x > 0, x, c * x)", "where(x > 0, 1, c)",
         domain=((-3, 3), (0, 0.5)), kinks=(0,), note="the derivative at 0 is c"),
    Rule("elu", "xc", "where(x <= 0, c * expm1(x), x)", "where(x <= 0, c * exp(x), 1)",
         domain=((-3, 3), (0.5, 2)), kinks=(0,), note="the derivative at 0 is c"),
    Rule("selu", "x",
         "SELU_SCALE * where(x <= 0, SELU_ALPHA * expm1(x), x)",
         "SELU_SCALE * where(x <= 0, SELU_ALPHA * exp(x), 1)", kinks=(0,)),
    Rule("gelu", "x", "x * normal_cdf(x)", "normal_cdf(x) + x * gaussian(x, 0.5) / SQRT_2PI"),
    Rule("silu", "x", "times_sigmoid(x, x)", "times_sigmoid(1 + x / (1 + exp(x)), x)",
         note="times_sigmoid(a, x) = a / (1 + exp(-x)), also where exp(-x) is too large",
         again=("times_sigmoid(1 + x * sigmoid(-x), x)",)),

    # ----------------------------------------------------------------------- steps and choices
    Rule("sign", "x", "where(x > 0, 1, where(x < 0, -1, x))", "0", kinks=(0,)),
    Rule("floor", "x", "floor(x)", "0", domain=((0.1, 0.9),), note="derivative 0 everywhere"),
    Rule("ceil", "x", "ceil(x)", "0", domain=((0.1, 0.9),), note="derivative 0 everywhere"),
    Rule("trunc", "x", "trunc(x)", "0", domain=((0.1, 0.9),), note="derivative 0 everywhere"),
    Rule("round", "x", "round_even(x)", "0", domain=((-0.4, 0.4),), note="halves go to even"),
    Rule("maximum", "xy", "where(x >= y, x, where(y >= x, y, x + y))",
         "where(x < y, 0, where(x <= y, 0.5, 1))", "where(y < x, 0, where(y <= x, 0.5, 1))",
         ties=True, note="a tie splits the gradient half and half; nan wins"),
    Rule("minimum", "xy", "where(x <= y, x, where(y <= x, y, x + y))",
         "where(x > y, 0, where(x >= y, 0.5, 1))", "where(y > x, 0, where(y >= x, 0.5, 1))",
         ties=True, note="a tie splits the gradient half and half; nan wins"),
    Rule("copysign", "xy", "copysign(x, where(y == y, y, 0))", "where(x == 0, 0, out / x)", "0",
         kinks=(0,), note="a nan counts as positive: its sign differs between machines",
         again=("sign(x) * sign(out)", "0")),
    Rule("atan2", "xy", "atan2(x, y)",
         "where(hypot(x, y) <= 0, 0, y / hypot(x, y) / hypot(x, y))",
         "where(hypot(x, y) <= 0, 0, -x / hypot(x, y) / hypot(x, y))",
         domain=((0.2, 3), (-3, 3)), note="atan2(0, 0) has gradient 0"),
    Rule("hypot", "xy", "hypot(x, y)", "x / out", "y / out", domain=((0.2, 3), (-3, 3))),
    Rule("where", "xyz", "where(x != 0, y, z)",
         "0", "where(x != 0, 1, 0)", "where(x != 0, 0, 1)", domain=((1, 1), (-3, 3), (-3, 3)),
         note="y where x is not 0, z elsewhere; the other arm gets gradient 0"),
    Rule("clip", "xyz",
         "where(y <= z, where(x < y, y, where(x > z, z, x)),"
         " where(z < y, where(x == x, z, x), y + z))",
         "where(x >= y, where(x <= z, 1, 0), 0)",
         "where(x < y, where(y <= z, 1, 0), 0)", "where(x > z, 1, where(z < y, 1, 0))",
         domain=((-3, 3), (-2, -0.5), (0.5, 2)), ties=True,
         note="the derivative at a bound is 1; bounds that cross give the upper one; nan wins"),

    # -------------------------- comparisons as data: 1 if it holds, 0 if not; > and >= are turned
    Rule("less", "xy", "where(x < y, 1, 0)", "0", "0", symbol="<", ties=True, public=False),
    Rule("less_equal", "xy", "where(x <= y, 1, 0)", "0", "0", symbol="<=", ties=True, public=False),
    Rule("equal", "xy", "where(x == y, 1, 0)", "0", "0", symbol="==", ties=True, public=False),

    # --------------------- what partials are made of, so that they can be differentiated again
    Rule("larger", "xy", "where(y <= x, x, where(y == y, where(x == x, y, x), y))",
         "where(y <= x, 1, where(y <= y, where(x <= x, 0, 1), 0))",
         "where(y <= x, 0, where(y <= y, where(x <= x, 1, 0), 1))", ties=True, public=False,
         note="the first of the largest, as `largest` has it; the last nan wins"),
    Rule("gaussian", "xc", "gaussian(x, c)", "where(out <= 0, 0, -2 * c * x * out)",
         symbol="gaussian {c:g}", domain=((-3, 3), (0.5, 1)), public=False, note="exp(-c x**2)"),
    Rule("normal_cdf", "x", "normal_cdf(x)", "gaussian(x, 0.5) / SQRT_2PI", public=False),
    Rule("times_sigmoid", "xy", "times_sigmoid(x, y)", "1 / (1 + exp(-y))", "out / (1 + exp(y))",
         public=False, again=("sigmoid(y)", "out * sigmoid(-y)")),
    Rule("sinpi", "x", "sinpi(x)", "PI * cospi(x)", public=False),
    Rule("cospi", "x", "cospi(x)", "-PI * sinpi(x)", public=False),
    Rule("sinc_derivative", "xc", "sinc_derivative(c, x)", "sinc_derivative(c + 1, x)",
         symbol="sinc derivative {c:g}", domain=((-3, 3), range(4)), public=False,
         note="the derivative of order c of sinc"),

    # ------------------------------------- n-ary: the partial with respect to x, one of n operands
    # norm and logsumexp reduce in a way of their own, dot and chain take pairs: nary.py has these.
    Rule("sum", "xs", "sum(x)", "1", loop=True),
    Rule("mean", "xs", "sum(x) / n", "1 / n", loop=True),
    Rule("norm", "xs", "norm(x)", "where(out <= 0, 0, x / out)", kinks=(0,), loop=True,
         note="the Euclidean length; its gradient at 0 is 0"),
    Rule("logsumexp", "xs", "logsumexp(x)", "exp(x - out)", loop=True,
         note="log(sum(exp(x))), where exp would overflow or vanish too"),
    Rule("dot", "xs", "sum(x * y)", "y", pairs=True,
         note="sum of x * y; y is the other factor of x"),
    Rule("chain", "xs", "sum(where(x == 0, 0, x * y))", "y", pairs=True, public=False,
         note="the chain rule: dot of cotangents x with partials y; an x of 0 stays 0"),
]  # fmt: skip

CODES: dict[str, int] = {}
"""The place in RULES of each rule, by name."""

for _code, _rule in enumerate(RULES):
    _rule.code = CODES[_rule.name] = _code


TABLE = len(RULES)
"""The code from which on rules are those that users added."""

OPERATIONS = [rule for rule in RULES if rule.public]
"""The operations of the table that can be called."""

COMPARISONS = CODES["less"], CODES["less_equal"], CODES["equal"]
"""The codes of comparisons, which send no cotangent: not even an infinite one times 0."""


def table_checksum() -> int:
    """CRC-32 of the table: tells an extension that was built from other rules."""
    from zlib import crc32

    rows = [
        (rule.name, rule.operands, rule.value.text, tuple(each.text for each in rule.partials))
        for rule in RULES[:TABLE]
    ]
    return crc32(repr(rows).encode())


def register(rule: Rule) -> None:
    """Add a rule that a user made; of two with one name, the later one is found by name.

    Raises ValueError for a name of the table, and for a formula that cannot be computed.
    """
    if CODES.get(rule.name, TABLE) < TABLE:
        raise ValueError(f"{rule.name!r} is an operation of autograd_lite; rename yours")
    if rule.user_module is None:
        _check(rule)
    rule.code = CODES[rule.name] = len(RULES)
    RULES.append(rule)


OPERANDS = ("x", "xc", "xy", "xyz", "xs")


def _check(rule: Rule) -> None:
    """Raise ValueError for formulas of a rule that nobody could compute."""
    if rule.operands not in OPERANDS:
        raise ValueError(f"{rule.name}: its operands are one of {OPERANDS}, not {rule.operands!r}")
    if len(rule.partials) != (1 if rule.nary else len(rule.operands) - rule.static):
        raise ValueError(f"{rule.name}: give the partial derivative with respect to each parent")
    value, *partials = [_parsed(rule, formula.text) for formula in (rule.value, *rule.partials)]
    known = {"x", "n"} if rule.nary else set(rule.operands)
    if rule.nary:
        terms, value = split_sums(value)
        if len(terms) != 1:
            raise ValueError(
                f"{rule.name}: the value of an n-ary rule has one sum(...) of a term in x, as in "
                f"'sqrt(sum(x * x) / n)', not {rule.value.text!r}"
            )
        if "x" not in names_of(terms[0]):
            raise ValueError(f"{rule.name}: the sum of {to_text(terms[0])} has no operand x in it")
        _check_names(rule, terms[0], {"x"})
        _check_names(rule, value, {"n", "total"})
    else:
        _check_names(rule, value, known)
    for partial in partials:
        _check_names(rule, partial, known | {"out"})


def _parsed(rule: Rule, text: str) -> Tree:
    try:
        return parse(text or "0") if rule.nary else parse(text)
    except SyntaxError:
        raise ValueError(f"{rule.name}: {text!r} is no formula") from None


def _check_names(rule: Rule, tree: Tree, known: set[str]) -> None:
    unknown = names_of(tree) - {*known, *CONSTANTS}
    unknown |= functions_of(tree) - {*OPERATORS, *FUNCTIONS, "where"}
    for name in sorted(unknown):
        raise ValueError(f"{rule.name}: {name} is not known in {to_text(tree)!r}")
