"""`label`: Values named after the variables that hold them."""

from __future__ import annotations

from autograd_lite import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["label"]


def label(**values: Any) -> None:
    """Name Values after their variables: `label(w=w, b=b)`, or `label(**locals())`.

    Elements of lists, tuples and dicts get an index: "w[0]". What is not a Value is passed over,
    as locals() holds more than Values, and a label that is there already stays.
    """
    for name, thing in values.items():
        if not name.startswith("_"):
            _name(name, thing, set())


def _name(name: str, thing: Any, within: set[int]) -> None:
    if isinstance(thing, Value):
        thing.label = thing.label or name
    elif isinstance(thing, (list, tuple, dict)) and id(thing) not in within:
        items = thing.items() if isinstance(thing, dict) else enumerate(thing)
        for key, element in items:
            _name(f"{name}[{key!r}]", element, within | {id(thing)})
