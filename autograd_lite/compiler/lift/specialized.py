"""The formulas of the rule table with their static parameter put in, simplified and named."""

from __future__ import annotations

from functools import cache

from autograd_lite.operations.formulas import (
    CONSTANTS,
    FUNCTIONS,
    Formula,
    names_of,
    parse,
    split_sums,
    to_text,
    with_terms,
)
from autograd_lite.operations.rules import RULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd_lite.operations.formulas import Tree

__all__ = ["Specialized", "formula", "formulas_of_sum", "is_zero_where", "partials_of", "value_of"]


class Specialized:
    """An elementwise function of arrays: a formula, or a part of a user's rule in Python.

    tree    the formula, simplified
    text    the tree as text
    names   the operands that it reads, in order: of x, y, z, out
    label   the rule that it is the value of, or with a prime, a partial of; or ""
    static  the static parameter of that rule as text, if it has one
    code    of a user's rule: its code; else -1
    part    of a user's rule: 0 for its value, 1, 2, ... for its partials; else -1. The last of its
            names is the place where these are kept
    """

    __slots__ = ("code", "label", "names", "part", "static", "text", "tree")

    def __init__(
        self,
        tree: Tree,
        names: tuple[str, ...],
        label: str = "",
        static: tuple[str, ...] = (),
        code: int = -1,
        part: int = -1,
    ) -> None:
        self.tree, self.text, self.names = tree, to_text(tree), names
        self.label, self.static, self.code, self.part = label, static, code, part

    def __str__(self) -> str:
        return self.text


@cache
def formula(text: str) -> Specialized:
    """The formula of a text without static parameter."""
    return _specialized(parse(text))


def value_of(code: int, c: float) -> Specialized:
    """The value of a rule of a fixed number of operands, whose static parameter is c."""
    rule = RULES[code]
    if rule.user_module is not None:
        return _of_user(code, 0)
    return _specialized(rule.value.tree, c if rule.static else None, rule.name)


def partials_of(code: int, c: float) -> list[Specialized]:
    """The partials of that rule; they read the value as `out`."""
    rule = RULES[code]
    if rule.user_module is not None:
        return [_of_user(code, 1 + i) for i in range(len(rule.operands))]
    static = c if rule.static else None
    return [_specialized(partial.tree, static, f"{rule.name}'") for partial in rule.partials]


def formulas_of_sum(code: int) -> tuple[Specialized, Specialized, Specialized]:
    """Of an n-ary rule the term that is summed, its value of the sum x and y = n, and the partial
    by x, with y = n.
    """
    rule = RULES[code]
    (term,), value = split_sums(rule.value.tree)
    names: dict[str, Tree] = {"total": "x", "n": "y"}
    value, partial = (with_terms(tree, names) for tree in (value, rule.partials[0].tree))
    return _specialized(term), _specialized(value), _specialized(partial)


def _of_user(code: int, part: int) -> Specialized:
    """A part of a user's rule, which may have more operands than x, y and z."""
    rule = RULES[code]
    names = tuple(f"x{i}" for i in range(len(rule.operands)))
    label = f"{rule.name}'" if part else rule.name
    return Specialized((label, *names), (*names, "place"), label, code=code, part=part)


def _specialized(tree: Tree, c: float | None = None, label: str = "") -> Specialized:
    tree = _simplified(tree if c is None else with_terms(tree, {"c": c}))
    if isinstance(tree, str):
        tree = CONSTANTS.get(tree, tree)
    found = names_of(tree)
    names = tuple(name for name in ("x", "y", "z", "out") if name in found)
    return Specialized(tree, names, label, () if c is None else (f"{c:.6g}",))


_POWERS = {
    exponent: Formula(text)
    for exponent, text in {
        0: "1", 1: "x", 2: "x * x", 3: "x * x * x", -1: "1 / x", -2: "1 / (x * x)",
        0.5: "sqrt(x)", -0.5: "1 / sqrt(x)", 1.5: "x * sqrt(x)", -1.5: "1 / (x * sqrt(x))",
    }.items()
}  # fmt: skip
"""x to a small whole or half number, by multiplications, divisions and roots."""


def _simplified(tree: Tree) -> Tree:
    """The tree, what follows from its numbers being computed: x ** -0.5 needs no look at c == 0."""
    if not isinstance(tree, tuple):
        return tree
    function, operands = tree[0], [_simplified(x) for x in tree[1:]]
    match function, operands, [_number(x) for x in operands]:
        case "-", _, [float() as x]:
            return -x
        case "-", _, [float() as x, float() as y]:
            return x - y
        case "+", _, [float() as x, float() as y]:
            return x + y
        case "*", [_, y], [1.0, _]:
            return y
        case "where", [("==", x, y), yes, no], _ if None not in (_number(x), _number(y)):
            return yes if _number(x) == _number(y) else no
        case "power", [str() as x, _], [_, c] if c in _POWERS:
            return with_terms(_POWERS[c].tree, {"x": x})
        case _ if function in FUNCTIONS and (arrays := FUNCTIONS[function].arrays):
            return _simplified(with_terms(arrays.tree, dict(zip("xy", operands, strict=False))))
    return (function, *operands)


def _number(tree: Tree) -> float | None:
    if isinstance(tree, str):
        return CONSTANTS.get(tree)
    return None if isinstance(tree, tuple) else float(tree)


def is_zero_where(what: Specialized, zero: set[str]) -> bool:
    """True if the formula is 0 (or nan) where these operands are 0, whatever the others are."""
    return what.part < 0 and _is_zero(what.tree, zero)


def _is_zero(tree: Tree, zero: set[str]) -> bool:
    match tree:
        case str():
            return tree in zero
        case ("*", x, y):
            return _is_zero(x, zero) or _is_zero(y, zero)
        case ("/", x, y):
            return _is_zero(x, zero) and not _is_zero(y, zero)
        case ("where", _, x, y):
            return _is_zero(x, zero) and _is_zero(y, zero)
        case (function, *operands):
            known = function in ("+", "-") or (function in FUNCTIONS and FUNCTIONS[function].zero)
            return known and all(_is_zero(x, zero) for x in operands)
    return tree == 0
