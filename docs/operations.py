"""Prints operations.md, the tables of every operation, from the rules of the engine.

Run as `python docs/operations.py > docs/operations.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autograd_lite.operations.formulas import Formula
from autograd_lite.operations.rules import OPERATIONS, Rule
from autograd_lite.testing.spelling import written
from visualize.page.mathematics import mathematics

HEADER = """\
# Operations

Every operation of a `Value`, with its value, its derivatives, and what it does at the edges of its
domain. Most operations are methods too: `tanh(x)` is `x.tanh()`. [Operations as
functions](api/operations.md) has an entry for each.

- x, y and z are the operands, c is a plain number, and *out* is the value of the operation. Where
  an operation takes a list, x is any of its n operands.
- Derivatives with respect to several operands have a line each.
- Below a formula stands the text that the engine computes, as `autograd_lite/operations/rules.py`
  has it, with the cases of kinks and ties. Division is IEEE division: 1 / 0 is inf.
- In a picture, an operation has its name, or the sign in parentheses below it.

`python docs/operations.py` writes this page from the rules of the engine.
"""

SECTIONS = {  # the first operation of each
    "add": "Arithmetic",
    "pow": "Powers and roots",
    "exp": "Exponentials and logarithms",
    "sin": "Trigonometric and hyperbolic functions",
    "erf": "Special functions",
    "sigmoid": "Activations",
    "sign": "Steps",
    "maximum": "Of two and three numbers",
    "sum": "Of many numbers",
}

HEAD = """
## {}

| operation | value | derivative | at the edges |
|---|---|---|---|
"""


def called(rule: Rule) -> str:
    """How it is written, with the operands by their names in the formulas."""
    if rule.nary:
        return f"{rule.name}(xs, ys)" if rule.name == "dot" else f"{rule.name}(xs)"
    return "pow(x, y)" if rule.name == "pow" else written(rule, [*rule.operands])


def row(rule: Rule) -> str:
    symbol = rule.symbol.replace("{c:g}", "c")
    name = f"`{called(rule)}`"
    if symbol.replace(" ", "") not in called(rule):
        name += f"<br>(`{symbol}`)"
    value = both(formula(rule, rule.value), rule.value.text)
    partials = "<br>".join(derivative(rule, k) for k in range(len(rule.partials)))
    return f"| {name} | {value} | {partials} | {rule.note} |\n"


def derivative(rule: Rule, k: int) -> str:
    shown = both(formula(rule, rule.partials[k]), rule.partials[k].text)
    return f"{rule.operands[k]}: {shown}" if len(rule.partials) > 1 else shown


def both(mathematical: str, text: str) -> str:
    """A formula in mathematics, and below it as the engine has it."""
    return f"${mathematical}$" + ("" if mathematical == text else f"<br>`{text}`")


# ------------------------------------------------------------------------- LaTeX of MathML

NAMED = {
    **{name: rf"\{name}" for name in ("ln", "sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "Φ": r"\Phi",
    "σ": r"\sigma",
    "ψ": r"\psi",
    "π": r"\pi",
    "λ": r"\lambda",
    "α": r"\alpha",
    "log": r"\log",
    "ln Γ": r"\ln\Gamma",
    "sinc′": r"\operatorname{sinc}'",
    **{name: name for name in ("sum", "norm", "logsumexp")},
}
WRITTEN = {  # functions of n numbers
    "sum": r"\sum {}".format,
    "norm": r"\lVert {} \rVert".format,
    "logsumexp": r"\ln \sum e^{{{}}}".format,
}
LETTERS = "xyzcne"  # of operands, their number, and Euler's number
CR = r" \cr "  # of two backslashes, Markdown takes one away
SIGNS = {"−": "-", "·": r" \cdot ", "≤": r" \le ", "≥": r" \ge ", "≠": r" \ne ", "\u2061": ""}
SIGNS |= {"<": " < ", ">": " > ", "=": " = ", "+": " + ", ",": ", ", "mod": r" \bmod "}
SIGNS |= {"⌊": r"\lfloor ", "⌋": r" \rfloor", "⌈": r"\lceil ", "⌉": r" \rceil"}


def formula(rule: Rule, found: Formula) -> str:
    """The formula in LaTeX."""
    names = {x: x for x in (*LETTERS, "out")}
    return latex(mathematics(found.tree, names, {}, rule.value.tree, "{:g}".format))


def latex(element: Any) -> str:
    """LaTeX of an element that `mathematics` gives."""
    tag, *children = element
    if tag in ("mi", "mn", "mo", "mtext"):
        return token(tag, children[0])
    if tag == "mtable.cases":
        rows = [" & ".join(latex(cell) for cell in cells) for _, *cells in children]
        return rf"\begin{{cases}} {CR.join(rows)} \end{{cases}}"
    if tag == "mrow" and children[0] == ["mo", "|"]:
        return rf"\lvert {latex(children[1])} \rvert"
    inner = [latex(child) for child in children]
    if tag == "mrow" and inner[0] in WRITTEN:
        return WRITTEN[inner[0]](inner[2].removeprefix("(").removesuffix(")"))
    match tag:
        case "mfrac":
            return rf"\frac{{{inner[0]}}}{{{inner[1]}}}"
        case "msup":
            return f"{braced(children[0], inner[0])}^{{{inner[1]}}}"
        case "msub":
            return f"{inner[0]}_{{{inner[1]}}}"
        case "msqrt":
            return rf"\sqrt{{{inner[0]}}}"
        case "mroot":
            return rf"\sqrt[{inner[1]}]{{{inner[0]}}}"
        case "mrow" | "mtd":
            return "".join(inner)
    raise AssertionError(element)


def token(tag: str, text: str) -> str:
    if tag == "mtext":
        return rf"\text{{{text}}}"
    if tag == "mo":
        return SIGNS.get(text, text)
    if tag == "mn" or text in LETTERS:
        return text.replace("−", "-")
    return NAMED.get(text) or rf"\text{{{text}}}"


def braced(element: Any, text: str) -> str:
    return text if element[0] in ("mi", "mn") else f"{{{text}}}"


def table() -> str:
    return "".join(lines())


def lines() -> Iterator[str]:
    yield HEADER
    for rule in OPERATIONS:
        if rule.name in SECTIONS:
            yield HEAD.format(SECTIONS[rule.name])
        yield row(rule)


if __name__ == "__main__":
    print(table(), end="")
