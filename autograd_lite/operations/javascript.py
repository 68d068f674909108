"""Writes the rule table as JavaScript: what a page computes with, and no more than it uses."""

from __future__ import annotations

import re
from functools import cache

from autograd_lite.operations.formulas import split_sums, to_javascript
from autograd_lite.operations.rules import TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from autograd_lite.operations.rules import Rule

__all__ = ["in_javascript", "key", "rules_in_javascript"]


def in_javascript(rule: Rule) -> bool:
    """True if JavaScript can compute the rule; one that a user wrote in Python it cannot."""
    return rule.value.text != "" and rule.user_module is None


def rules_in_javascript(rules: Iterable[Rule]) -> str:
    """The constant RULES: {name: kernel} of these rules, and the functions that they call.

    A kernel is (D, Q, e, n, c, P) => value of a node whose n operands are D[Q[e]], D[Q[e + 1]], ...
    It writes the partial with respect to operand k to P[e + k]; c is the static parameter.
    """
    kernels = "".join(f"  {key(rule)}: {_kernel(rule)},\n" for rule in rules)
    return f"const RULES = (() => {{\n{_functions_for(kernels)}\nreturn {{\n{kernels}}};\n}})();\n"


def key(rule: Rule) -> str:
    """The name of a rule of the table; of a user's its place, as several may have one name."""
    return rule.name if rule.code < TABLE else f"rule{rule.code}"


def _kernel(rule: Rule) -> str:
    if rule.nary:
        return _nary(rule)
    operands = rule.operands.removesuffix("c")
    reads = ", ".join(f"{x} = D[Q[e{_plus(k)}]]" for k, x in enumerate(operands))
    writes = "".join(
        f" P[e{_plus(k)}] = {to_javascript(partial.tree)};"
        for k, partial in enumerate(rule.partials)
    )
    out = to_javascript(rule.value.tree)
    return f"(D, Q, e, n, c, P) => {{ const {reads}, out = {out};{writes} return out; }}"


def _plus(k: int) -> str:
    return f" + {k}" if k else ""


def _nary(rule: Rule) -> str:
    """The kernel of a rule of n operands: a loop for its sum, and one for its partials."""
    if rule.name in ("norm", "logsumexp"):  # which reduce in a way of their own
        return f"{rule.name}_kernel"
    (term,), value = split_sums(rule.value.tree)
    x, partial = "const x = D[Q[e + k]];", to_javascript(rule.partials[0].tree)
    pairs, end = "", "n"
    if rule.pairs:
        pairs, end = " const y = D[Q[e + (k + n / 2) % n]];", "n / 2"
    return (
        "(D, Q, e, n, c, P) => { let total = 0; "
        f"for (let k = 0; k < {end}; k++) {{ {x}{pairs} total += {to_javascript(term)}; }} "
        f"const out = {to_javascript(value)}; "
        f"for (let k = 0; k < n; k++) {{ {x}{pairs} P[e + k] = {partial}; }} return out; }}"
    )


def _functions_for(kernels: str) -> str:
    """The parts of ieee.js that the kernels call, and those that these call."""
    parts = _parts()
    owner = {name: part for part in parts for name in _declared(part)}
    needed: set[str] = set()
    fresh = {kernels}
    while fresh:
        words = {word for text in fresh for word in re.findall(r"\b[A-Za-z_]\w*", text)}
        fresh = {owner[word] for word in words & owner.keys()} - needed
        needed |= fresh
    return "\n".join(part for part in parts if part in needed)


@cache
def _parts() -> list[str]:
    """The declarations of ieee.js, which empty lines separate."""
    from importlib.resources import files

    text = files("autograd_lite.operations").joinpath("ieee.js").read_text(encoding="utf-8")
    return [part for part in text.split("\n\n") if _declared(part)]


def _declared(part: str) -> list[str]:
    """The names that a part declares."""
    return re.findall(r"^(?:function|const) (\w+)", part, re.MULTILINE)
