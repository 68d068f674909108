"""Formulas as MathML: fractions, powers and cases, as a textbook has them.

Here an element is a list: its tag, with a class behind a dot if it has one, and its children, which
are elements or text. The page makes elements of them, so that text of users stays text.
"""

from __future__ import annotations

import re

from autograd_lite.operations.formulas import OPERATORS, with_terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypeAlias

    from autograd_lite.operations.formulas import Tree
    from autograd_lite.operations.rules import Rule
    from visualize.picture.text import Write

    Element: TypeAlias = list[Any]

__all__ = ["definition", "mathematics"]

_SUM, _PRODUCT, _POWER, _ATOM = range(1, 5)  # how tightly what is printed binds

_APPLY = ["mo", "\u2061"]  # between a function and its arguments: it is read, but not seen
_SIGNS = {"<": "<", "<=": "≤", ">": ">", ">=": "≥", "==": "=", "!=": "≠", "+": "+", "-": "−"}
_NAMES = {
    "erf": "erf", "erfc": "erfc", "log": "ln", "lgamma": "ln Γ", "normal_cdf": "Φ",
    "round_even": "round", "sinc_slope": "sinc′",
}  # fmt: skip
_BRACKETS = {"fabs": ("|", "|"), "floor": ("⌊", "⌋"), "ceil": ("⌈", "⌉")}


def mathematics(
    tree: Tree, names: Mapping[str, str], numbers: Mapping[str, float], value: Tree, write: Write
) -> Element:
    """The formula in MathML.

    names    what stands for each letter of the formula: the name of a node, or a number as text
    numbers  the numbers that stand for letters, by which the formula becomes simpler
    value    the formula of the value, which stands for `out` if it is one of `_SPELT`
    write    the function that writes a number
    """
    if isinstance(value, tuple) and value[0] in _SPELT:
        tree = with_terms(tree, {"out": value})
    return _Printer(names, write).within(_simpler(with_terms(tree, dict(numbers))), 0)


def definition(rule: Rule, names: Mapping[str, str], c: float, write: Write) -> Element:
    """What a function is, as in relu(x) = {0 if x ≤ 0, x otherwise}."""
    numbers = {"c": c} if rule.static else {}
    arguments = [["mi", names["x"]]] + [["mn", write(c)]] * rule.static
    right = mathematics(rule.value.tree, names, numbers, 0, write)
    return ["mrow", _called(["mi", rule.name], *arguments), ["mo", "="], right]


_SPELT = {"exp", "exp2", "sqrt", "cbrt", "tan", "tanh"}
"""The functions whose derivatives are formulas of their values, which are written out."""


# --------------------------------------------------------------------------- a simpler formula


def _simpler(tree: Tree) -> Tree:
    """The formula without what numbers decide: 2 * power(x, 2 - 1) is 2 * x."""
    if not isinstance(tree, tuple):
        return tree
    simple: tuple[Any, ...] = (tree[0], *map(_simpler, tree[1:]))
    found: Tree = simple
    match simple:
        case ("where", True, yes, _):
            found = yes
        case ("where", False, _, no):
            found = no
        case ("==", float() | int() as x, float() | int() as y):
            found = x == y
        case ("-", float() | int() as x, float() | int() as y):
            found = x - y
        case ("+", float() | int() as x, float() | int() as y):
            found = x + y
        case ("*", 1 | 1.0, x) | ("*", x, 1 | 1.0) | ("power", x, 1 | 1.0):
            found = x
        case ("power", _, 0 | 0.0):
            found = 1
        case ("/", ("/", x, y), z) if y == z:
            found = ("/", x, ("*", y, y))
    return found


def _cases(tree: Tree, conditions: tuple[Tree, ...] = ()) -> list[tuple[Tree, tuple[Tree, ...]]]:
    """(formula, conditions that all hold) of each case, the first that fits counting."""
    if not isinstance(tree, tuple) or tree[0] != "where":
        return [(tree, conditions)]
    _, condition, yes, no = tree
    cases = _cases(yes, (*conditions, condition)) + _cases(no, conditions)
    while len(cases) > 1 and cases[-2][0] == cases[-1][0]:
        del cases[-2]  # the last one says as much
    return cases


# ---------------------------------------------------------------------------------- the printer


class _Printer:
    """Prints formulas with these names for their letters."""

    def __init__(self, names: Mapping[str, str], write: Write) -> None:
        self._names, self._write = names, write

    def within(self, tree: Tree, least: int) -> Element:
        """The formula, in parentheses if it binds less tightly than that."""
        binds, element = self._printed(tree)
        return element if binds >= least else _parentheses(element)

    def _printed(self, tree: Tree) -> tuple[int, Element]:
        match tree:
            case str():
                return self._name(tree)
            case int() | float():
                return self._number(tree)
            case ("-", x):
                return _SUM, ["mrow", ["mo", "−"], self.within(x, _PRODUCT)]
            case ("*" | "/" as sign, ("-", x), y):  # one sign before the whole
                return self._printed(("-", (sign, x, y)))
            case ("*", int() | float() as x, y) if x < 0:
                return self._printed(("-", _simpler(("*", -x, y))))
            case ("/", x, y):
                return _ATOM, ["mfrac", self.within(x, 0), self.within(y, 0)]
            case ("*", x, y) if x == y:
                return self._power(x, 2)
            case ("*", ("*", x, y), z) if y == z:
                return self._printed(("*", x, ("power", y, 2)))
            case ("*", x, y):
                left, right = self.within(x, _PRODUCT), self.within(y, _PRODUCT)
                return _PRODUCT, ["mrow", left, ["mo", "·"], right]
            case ("+" | "-" as sign, x, y):
                right = self.within(y, _SUM if sign == "+" else _PRODUCT)
                return _SUM, ["mrow", self.within(x, _SUM), ["mo", _SIGNS[sign]], right]
            case ("power", x, y):
                return self._power(x, y)
            case ("where", *_):
                return _ATOM, self._table(_cases(tree))
            case (sign, x, y) if sign in OPERATORS:
                return 0, ["mrow", self.within(x, 0), ["mo", _SIGNS[sign]], self.within(y, 0)]
        return self._call(*tree)

    def _name(self, letter: str) -> tuple[int, Element]:
        if letter in _CONSTANTS:
            return _CONSTANTS[letter]
        name = self._names[letter]
        if _is_number(name):
            return (_SUM if name.startswith("-") else _ATOM), ["mn", name.replace("-", "−", 1)]
        # A label such as "a+b" is one name, but a reader would not know where it ends.
        return (_ATOM if re.fullmatch(r"[\w.\[\]\"]+", name) else _SUM), ["mi", name]

    def _number(self, x: float) -> tuple[int, Element]:
        if x == 0.5:
            return _ATOM, ["mfrac", ["mn", "1"], ["mn", "2"]]
        if x < 0:
            return _SUM, ["mrow", ["mo", "−"], ["mn", self._write(-x)]]
        return _ATOM, ["mn", self._write(x)]

    def _power(self, base: Tree, exponent: Tree) -> tuple[int, Element]:
        up = self.within(exponent, 0)
        match base:
            case ("hypot", x, y) if exponent == 2:  # without the root
                return self._printed(("+", ("power", x, 2), ("power", y, 2)))
            case (("tan" | "tanh") as function, x):  # tanh²(x)
                return _POWER, _called(["msup", ["mi", function], up], self.within(x, 0))
        return _POWER, ["msup", self.within(base, _ATOM), up]

    def _call(self, function: str, *operands: Tree) -> tuple[int, Element]:
        xs = [self.within(x, 0) for x in operands]
        match (function, *operands):
            case ("exp", _):
                return _POWER, ["msup", ["mi", "e"], *xs]
            case ("exp2", _):
                return _POWER, ["msup", ["mn", "2"], *xs]
            case ("expm1", x):
                return self._printed(("-", ("exp", x), 1))
            case ("gaussian", x, c):
                square: Tree = ("power", x, 2)
                return self._printed(("exp", ("-", square if c == 1 else ("*", c, square))))
            case ("sqrt", _):
                return _ATOM, ["msqrt", *xs]
            case ("cbrt", _):
                return _ATOM, ["mroot", *xs, ["mn", "3"]]
            case ("hypot", x, y):
                squares = ("+", *[1 if z == 1 else ("power", z, 2) for z in (x, y)])
                return _ATOM, ["msqrt", self.within(squares, 0)]
            case ("log1p", x):
                return self._printed(("log", ("+", 1, x)))
            case ("log2" | "log10", _):
                return _ATOM, _called(["msub", ["mi", "log"], ["mn", function[3:]]], *xs)
            case ("sinpi" | "cospi", x):
                return self._printed((function[:3], ("*", "PI", x)))
            case ("times_sigmoid", x, y):
                sigmoid = _called(["mi", "σ"], self.within(y, 0))
                return _PRODUCT, ["mrow", self.within(x, _PRODUCT), ["mo", "·"], sigmoid]
            case ("polygamma", _, _):
                return _ATOM, _called(["msup", ["mi", "ψ"], _parentheses(xs[0])], xs[1])
            case ("sinc_derivative", _, _):
                return _ATOM, _called(["msup", ["mi", "sinc"], _parentheses(xs[0])], xs[1])
            case ("floor_divide", x, y):
                return _ATOM, ["mrow", ["mo", "⌊"], self.within(("/", x, y), 0), ["mo", "⌋"]]
            case ("floor_mod", x, y):
                mod = ["mrow", self.within(x, _ATOM), ["mo", "mod"], self.within(y, _ATOM)]
                return _SUM, mod
        if function in _BRACKETS:
            left, right = _BRACKETS[function]
            return _ATOM, ["mrow", ["mo", left], *xs, ["mo", right]]
        return _ATOM, _called(["mi", _NAMES.get(function, function)], *xs)

    def _table(self, cases: list[tuple[Tree, tuple[Tree, ...]]]) -> Element:
        rows = []
        for tree, conditions in cases:
            when: Element = ["mtext", "otherwise"]
            if conditions:
                when = ["mrow", ["mtext", "if\u00a0"]]
                for k, condition in enumerate(conditions):
                    when += [["mtext", "\u00a0and\u00a0"]] * bool(k)
                    when.append(self.within(condition, 0))
            rows.append(["mtr", ["mtd", self.within(tree, 0)], ["mtd", when]])
        return ["mtable.cases", *rows]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _parentheses(element: Element) -> Element:
    return ["mrow", ["mo", "("], element, ["mo", ")"]]


def _called(function: Element, *operands: Element) -> Element:
    inner: list[Any] = []
    for k, x in enumerate(operands):
        inner += [["mo", ","]] * bool(k) + [x]
    return ["mrow", function, _APPLY, ["mrow", ["mo", "("], *inner, ["mo", ")"]]]


_PI = ["mi", "π"]
_CONSTANTS: dict[str, tuple[int, Element]] = {
    "LN2": (_PRODUCT, _called(["mi", "ln"], ["mn", "2"])),
    "LN10": (_PRODUCT, _called(["mi", "ln"], ["mn", "10"])),
    "PI": (_ATOM, _PI),
    "DEGREES_PER_RADIAN": (_ATOM, ["mfrac", ["mn", "180"], _PI]),
    "RADIANS_PER_DEGREE": (_ATOM, ["mfrac", _PI, ["mn", "180"]]),
    "SQRT_2PI": (_ATOM, ["msqrt", ["mrow", ["mn", "2"], _PI]]),
    "TWO_OVER_SQRT_PI": (_ATOM, ["mfrac", ["mn", "2"], ["msqrt", _PI]]),
    "SELU_SCALE": (_ATOM, ["mi", "λ"]),
    "SELU_ALPHA": (_ATOM, ["mi", "α"]),
}
