"""Prints operations.md, the table of every operation, from the rules of the engine.

Run as `python docs/operations.py > docs/operations.md`.
"""

from autograd_lite.rules import RULES, TABLE, Rule

HEADER = """\
# Operations

Written by `python docs/operations.py` from the table in `autograd_lite/rules.py`, where an
operation is one entry. In the formulas x, y and z are the operands, c is a plain number, n is how
many operands there are, and `out` is the value. Division is IEEE division: 1 / 0 is inf.

| operation | drawn as | value | partial derivatives | at the edges |
|---|---|---|---|---|
"""


CALLS = {"pow_c": "x ** c", "polygamma": "polygamma(c, x)", "dot": "dot(xs, ys)"}
"""How users write the operations that they do not call by the rule's operands."""


def code(formula: str) -> str:
    return f"`{formula}`" if formula else ""


def call(rule: Rule) -> str:
    operands = "xs" if rule.nary else ", ".join(rule.operands)
    return CALLS.get(rule.name, f"{rule.name}({operands})")


def row(rule: Rule) -> str:
    partials = ", ".join(code(partial) for partial in rule.partials)
    symbol = rule.symbol.replace("{c:g}", "c")
    cells = (code(call(rule)), code(symbol), code(rule.value), partials, rule.note)
    return f"| {' | '.join(cells)} |\n"


def table() -> str:
    return HEADER + "".join(row(rule) for rule in RULES[1:TABLE])


if __name__ == "__main__":
    print(table(), end="")
