"""Prints operations.md, the table of every operation, from the rules of the engine.

Run as `python docs/operations.py > docs/operations.md`.
"""

from autograd_lite.operations.rules import OPERATIONS, Rule
from autograd_lite.testing.spelling import written

HEADER = """\
# Operations

Written by `python docs/operations.py` from the table in `autograd_lite/operations/rules.py`, where
an operation is one entry. The first column is how it is called; most are methods too, `x.tanh()`.
In the formulas x, y and z are the operands, c is a plain number, and `out` is the value. Where an
operation takes a list, x is each of its n operands. Division is IEEE division: 1 / 0 is inf.

| operation | drawn as | value | partial derivatives | at the edges |
|---|---|---|---|---|
"""


def code(formula: str) -> str:
    return f"`{formula}`" if formula else ""


def called(rule: Rule) -> str:
    """How it is written, with the operands by their names in the formulas."""
    if rule.nary:
        return f"{rule.name}(xs, ys)" if rule.name == "dot" else f"{rule.name}(xs)"
    return "pow(x, y)" if rule.name == "pow" else written(rule, [*rule.operands])


def row(rule: Rule) -> str:
    partials = ", ".join(code(partial.text) for partial in rule.partials)
    symbol = rule.symbol.replace("{c:g}", "c")
    cells = (code(called(rule)), code(symbol), code(rule.value.text), partials, rule.note)
    return f"| {' | '.join(cells)} |\n"


def table() -> str:
    return HEADER + "".join(row(rule) for rule in OPERATIONS)


if __name__ == "__main__":
    print(table(), end="")
