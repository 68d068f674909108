"""The names in a module in Python: of its functions, of what they are given, of its tables."""

from __future__ import annotations

import re
from keyword import iskeyword

from autograd_lite.compiler.export.arrays import GLOBAL, RESERVED
from autograd_lite.compiler.export.python import COMPUTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from autograd_lite.compiler.export.exported import Exported

__all__ = ["free_name", "function_name", "local_names", "step_names"]

TABLES = re.compile(r"(TABLE|INDEX|MASK|STARTS)(_\d+)?$")
"""The names of its constant arrays."""

STEP = {"state", "value", "value_of", "gradients"}
"""Names that a whole step uses itself, besides those that are reserved."""


def free_name(name: str, taken: Container[str] = ()) -> str:
    """A name with a line behind it, if the module needs that name, or it is taken."""
    needed = (
        name in RESERVED
        or name in taken
        or iskeyword(name)
        or COMPUTED.match(name)
        or TABLES.match(name)
    )
    return f"{name}_" if needed else name


def function_name(exported: Exported) -> str:
    """The name of the function in the module."""
    name = exported.name
    taken = name in GLOBAL or iskeyword(name) or TABLES.match(name)
    return f"{name}_" if taken else name


def step_names(exported: Exported) -> set[str]:
    """The names that a whole step uses itself, and those of the functions that it calls."""
    called = function_name(exported)
    return STEP | {called, f"{called}_and_grad"} if exported.is_step else set()


def local_names(parameters: Sequence[str], taken: Sequence[str]) -> list[str]:
    """A short name for each parameter: w0 for "layers.0.weight", hidden for "hidden.weight"."""
    short = [_short(known, parameters) for known in parameters]
    used = {*taken, *RESERVED}
    full = [re.sub(r"\W", "_", known) for known in parameters]
    once = [x for x in short if short.count(x) == 1 and x not in used and _is_name(x)]
    found: list[str] = []
    for x, y in zip(short, full, strict=True):
        wish = x if x in once else y if y.isidentifier() else f"p_{y}"
        while wish in used or not _is_name(wish) or free_name(wish) != wish:
            wish += "_"
        used.add(wish)
        found.append(wish)
    return found


def _is_name(x: str) -> bool:
    return x.isidentifier() and not iskeyword(x)


LETTER = {"weight": "w", "bias": "b", "w": "w", "b": "b"}
CONTAINERS = {"layers", "neurons", "model", "network", "net", "self"}


def _short(known: str, every: Sequence[str]) -> str:
    parts: list[str] = re.findall(r"\w+", known)
    if len(parts) < 2:
        return "".join(parts)
    last = parts[-1]
    places = [part for part in parts[:-1] if part.isdigit()]
    words = [part for part in parts[:-1] if not part.isdigit() and part not in CONTAINERS]
    if last in LETTER:
        if not words:
            return LETTER[last] + "_".join(places)
        stem = "_".join([*words[-1:], *places])
        alone = sum(_is_of(other, known) for other in every) == 1
        return stem if alone else f"{stem}_{LETTER[last]}"
    return "_".join([last.removesuffix("_weight"), *places])


def _is_of(other: str, known: str) -> bool:
    """True if two parameters belong to the same layer."""
    return other.rpartition(".")[0] == known.rpartition(".")[0]
