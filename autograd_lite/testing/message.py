"""The message of a failed check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_lite import Value
from autograd_lite.testing.locate import Place
from autograd_lite.testing.source import place_of

SHOWN = 8  # inputs and lines of code beyond which a message leaves out


def described(
    f: Callable[..., Any],
    *,
    output: str,
    by: str,
    reverse: float,
    differences: float,
    error: float,
    root: Value | None,
    inputs: dict[Value, str],
    place: Place | None,
    multiple: float,
    names: Sequence[str],
    numbers: Sequence[float],
    tolerance: float,
    checked: str,
    code: str,
) -> str:
    apart = abs(reverse - differences)
    average = (abs(reverse) + abs(differences)) / 2
    given = [f"{n} = {x!r}" for n, x in zip(names, numbers, strict=True)]
    if len(given) > SHOWN:
        at = [text for n, text in zip(names, given, strict=True) if n == by]
        more = f"and {len(given) - len(at or given[:SHOWN])} more"
        given = [*(at or given[:SHOWN]), more]
    rows = [
        ("function", place_of(f)),
        ("input", ", ".join(given)),
        (checked, f"{reverse!r}"),
        (
            "differences" if multiple == 1.0 else f"{multiple:g} times f's own",
            f"{differences!r}" + _bound(error),
        ),
        ("relative error", f"{apart / average if average else apart:.3g}"),
        ("tolerance", f"{tolerance:.3g}, and they are {apart:.3g} apart"),
    ]
    if place is not None:
        rows.append(("first apart at", _node(place.node, inputs)))
        rows.append(("", place.reason))
    elif root is None and checked == "reverse mode":
        rows.append(("first apart at", "the result, a number that carries no gradient"))
    width = max(len(label) for label, _ in rows)
    table = "\n".join(f"  {label:<{width}}  {text}" for label, text in rows)
    why = ""
    if multiple == 2.0:
        why = " when the inputs have other users: f(x) + f(x) was differentiated"
    elif multiple != 1.0:
        why = f" when the result's own gradient is {multiple:g}"
    return f"wrong derivative d {output} / d {by}{why}\n\n{table}\n\nTo reproduce:\n\n{code}"


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
