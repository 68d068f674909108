"""The message of a failed check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_lite import Value
from autograd_lite.testing.report import Finding
from autograd_lite.testing.source import location_of

SHOWN = 8  # inputs and lines of code beyond which a message leaves out


def error_message(
    f: Callable[..., Any],
    found: Finding,
    *,
    names: Sequence[str],
    numbers: Sequence[float],
    tolerance: float,
    checked: str,
    code: str,
) -> str:
    reverse, differences = found.reverse, found.differences
    apart = abs(reverse - differences)
    average = (abs(reverse) + abs(differences)) / 2
    given = [f"{n} = {x!r}" for n, x in zip(names, numbers, strict=True)]
    if len(given) > SHOWN:
        at = [text for n, text in zip(names, given, strict=True) if n == found.by]
        more = f"and {len(given) - len(at or given[:SHOWN])} more"
        given = [*(at or given[:SHOWN]), more]
    rows = [
        ("function", location_of(f)),
        ("input", ", ".join(given)),
        (checked, f"{reverse!r}"),
        (found.against, f"{differences!r}" + _bound(found.error)),
        ("relative error", f"{apart / average if average else apart:.3g}"),
        ("tolerance", f"{tolerance:.3g}, and they are {apart:.3g} apart"),
    ]
    if found.fault is not None:
        rows.append(("first apart at", _node(found.fault.node, found.inputs)))
        rows.append(("", found.fault.reason))
    elif found.root is None and checked == "reverse mode":
        rows.append(("first apart at", "the result, a number that carries no gradient"))
    elif found.root is None and checked != "grad=":
        rows.append(("first apart at", "the gradient, a number to which no input leads"))
    width = max(len(label) for label, _ in rows)
    table = "\n".join(f"  {label:<{width}}  {text}" for label, text in rows)
    when = f" when {found.when}" if found.when else ""
    return (
        f"wrong derivative d {found.output} / d {found.by}{when}\n\n{table}\n\n"
        f"To reproduce:\n\n{code}"
    )


def _bound(error: float) -> str:
    return f" ± {error:.1g}" if 0.0 < error < float("inf") else ""


def _node(node: Value, inputs: dict[Value, str]) -> str:
    def named(x: Value) -> str:
        name = inputs.get(x) or x.label
        return f"{name} = {x.data!r}" if name else repr(x.data)

    if node.is_leaf:
        return f"the leaf {named(node)}"
    operands = ", ".join(map(named, node.parents[:SHOWN]))
    more = ", ..." if len(node.parents) > SHOWN else ""
    label = f"{node.label} = " if node.label else ""
    return f"{label}{node._op}({operands}{more}) = {node.data!r}"
