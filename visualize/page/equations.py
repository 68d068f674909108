"""The equation behind a box's number, with names and with numbers: "w * x", "0.5 * 2"."""

from __future__ import annotations

import re
from math import copysign, isnan
from typing import NamedTuple

from autograd_lite.nary import in_pairs, nary
from autograd_lite.operations import kernels
from autograd_lite.operations.formulas import OPERATORS, functions_of, to_text
from autograd_lite.operations.rules import CODES, RULES
from visualize.page.mathematics import definition, mathematics
from visualize.picture.text import short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograd_lite.operations.formulas import Tree
    from autograd_lite.operations.rules import Rule
    from autograd_lite.value import Operand
    from visualize.model.diagram import Box
    from visualize.page.mathematics import Element
    from visualize.picture.text import Write

__all__ = ["Equation", "computed", "equal", "equation", "readable"]

_SIGNS = {"floordiv": "//", "mod": "%"}

TERMS = 6
"""The most operands that are written out."""


class Equation(NamedTuple):
    """How the number of a box came about.

    formula   the operation on the names of its operands
    numbers   the operation on their numbers; "" if the result is no longer the number of the box,
              as some number was set since
    template  the operation with a place for the number of each operand, {0} or, as a factor, {1!};
              "" if the operation cannot be computed again
    definition  what a function is that has a name of its own, in MathML; None where none is shown
    partials  [operands] the formula of the partial with respect to each, in MathML; None where none
              is shown
    """

    formula: str = ""
    numbers: str = ""
    template: str = ""
    definition: Element | None = None
    partials: Sequence[Element | None] = ()


def equation(
    box: Box,
    name: str,
    words: Sequence[str],
    numbers: Sequence[float],
    partials: Mapping[int, float | None],
    write: Write,
) -> Equation:
    """The equation of a box that an operation made.

    name      the name of the box
    words     [operands] their names
    numbers   [operands] their numbers
    partials  the partial on the edge of each operand that has one, by the index of the operand
    write     the function that writes a number
    """
    rule, c = box.rule, write(box.static)
    # 1 / 0 is not 1 / -0.
    written = ["-0" if x == 0 and copysign(1, x) < 0 else write(x) for x in numbers]
    formula, in_numbers = _value(box, words, c), _value(box, written, c)
    if rule is None or rule.user_module is not None:  # a user's operation is not run again
        return Equation(formula, in_numbers)
    about = definition(rule, {"x": words[0]}, box.static, write) if _is_named(rule) else None
    template = _value(box, [_Place(f"{{{k}}}") for k in range(len(words))], c)
    again, by = computed(rule, box.static, numbers)
    if not equal(again, box.data):
        return Equation(formula, "", template, about)
    return Equation(
        formula,
        in_numbers,
        template,
        about,
        [
            _partial(rule, k, words, name, box.static, write)
            if equal(by[k], partials.get(k))
            else None
            for k in range(len(words))
        ],
    )


def readable(name: str) -> str:
    """The name of an operand, in quotes if it reads as a number."""
    try:
        float(name)
    except ValueError:
        return name
    return f'"{name}"'


# ---------------------------------------------------------------------------------- as text


def _value(box: Box, operands: Sequence[str], c: str) -> str:
    """The operation of a box on operands that are given as text."""
    rule = box.rule
    if rule is not None and rule.pairs:
        half = len(operands) // 2
        pairs = zip(operands[:half], operands[half:], strict=True)
        return _listed([f"{_factor(x)}*{_factor(y)}" for x, y in pairs], " + ")
    if rule is not None and rule.static and rule.symbol.startswith("**"):
        return f"{_factor(operands[0])}**{c}"
    if rule is not None and rule.value.text and not rule.nary:
        letters = _letters(rule, operands, c)
        if rule.name in _SIGNS:
            return f"{_factor(operands[0])} {_SIGNS[rule.name]} {_factor(operands[1])}"
        return _put(rule.value.tree if _is_plain(rule) else (rule.name, *rule.operands), letters)
    arguments = [f"({x})" if "," in x else x for x in operands]
    return f"{short(box.operation)}({_listed(arguments, ', ')}){_which_result(box)}"


def _which_result(box: Box) -> str:
    """The index of a block's result among several: "[1]"; "" for an only result."""
    block = box.members[0]._block if box.members else None
    if block is None or len(block[1].numbers) == 1:
        return ""
    return f"[{block[1].index_of(box.members[0])}]"


def _is_plain(rule: Rule) -> bool:
    """Whether the formula of a rule has operators and functions with names of their own only."""
    functions = functions_of(rule.value.tree) - OPERATORS.keys() - {"polygamma"}
    return all(f != "where" and f in CODES and RULES[CODES[f]].public for f in functions)


def _is_named(rule: Rule) -> bool:
    """Whether a function of one operand is written by its name, so that it is to be defined."""
    return (
        rule.operands in ("x", "xc")
        and rule.value.text != ""
        and not _is_plain(rule)
        and (not rule.symbol.startswith("**"))
    )


def _partial(
    rule: Rule, k: int, words: Sequence[str], name: str, static: float, write: Write
) -> Element:
    """The partial with respect to operand k, of operands with these names."""
    names, numbers = {"out": name}, {"n": float(len(words))} if rule.nary else {}
    if rule.pairs:
        names["y"] = words[(k + len(words) // 2) % len(words)]
    elif rule.nary:
        names["x"] = words[k]
    else:
        names |= dict(zip(rule.operands, words, strict=False))
    if rule.static:
        numbers["c"] = static
    formula = rule.partials[0 if rule.nary else k]
    return mathematics(formula.tree, names, numbers, 0 if rule.nary else rule.value.tree, write)


def _letters(rule: Rule, operands: Sequence[str], c: str) -> dict[str, str]:
    """The text that each letter of the rule stands for: an operand or the static parameter."""
    return dict(zip(rule.operands, [*operands, c], strict=False))


def _listed(terms: Sequence[str], between: str) -> str:
    """The first of the terms, with "…" in place of the others if there are more than `TERMS`."""
    return between.join(terms if len(terms) <= TERMS else [*terms[: TERMS - 1], "…"])


_ATOM = re.compile(r"[^\W\d]\w*(?:\.\w+|\[[^][]*\])*|\d[\w.+-]*|\"[^\"]*\"")


def _put(tree: Tree, terms: Mapping[str, str]) -> str:
    """The formula with these terms in place of its letters."""

    def put(tree: Tree, alone: bool) -> Tree:
        if isinstance(tree, str):
            text = terms.get(tree, tree)
            return text if alone and "," not in text else _factor(text)
        if isinstance(tree, tuple):
            return tree[0], *[put(x, tree[0] not in OPERATORS) for x in tree[1:]]
        return tree

    return to_text(put(tree, alone=True))


class _Place(str):
    """The place of a number that the page writes."""

    __slots__ = ()


def _factor(text: str) -> str:
    """The text, in parentheses unless it is one name or number."""
    if isinstance(text, _Place):
        return f"{text[:-1]}!}}"
    return text if _ATOM.fullmatch(text) else f"({text})"


# ------------------------------------------------------------------------------- computed again


def computed(rule: Rule, c: float, numbers: Sequence[float]) -> tuple[float, Sequence[float]]:
    """The value and the partials of one of the engine's own rules."""
    if rule.pairs:
        xs: list[Operand] = [*numbers[: len(numbers) // 2]]
        ys: list[Operand] = [*numbers[len(numbers) // 2 :]]
        return in_pairs(rule.code, xs, ys), [*numbers[len(xs) :], *numbers[: len(xs)]]
    if rule.nary:
        out = nary(rule.code, numbers)
        partial = kernels.FUNCTIONS[rule.code]
        return out, [partial(x, float(len(numbers)), out)[0] for x in numbers]
    operands = (*numbers, c) if len(numbers) == 1 else numbers
    out, *by = kernels.FUNCTIONS[rule.code](*operands)
    return out, by


def equal(x: float, y: float | None) -> bool:
    """True if the two are the same number, up to rounding in the last digits."""
    if y is None or x == y or (isnan(x) and isnan(y)):
        return y is not None
    return abs(x - y) <= 1e-9 * max(abs(x), abs(y)) and abs(x - y) != float("inf")
