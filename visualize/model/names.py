"""`label`: Values named after the variables that hold them, parameters after their modules."""

from __future__ import annotations

import gc
import sys

from autograd_lite import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import Any

__all__ = ["label", "names_of_parameters"]


def label(**values: Any) -> None:
    """Name Values after their variables: `label(w=w, b=b)`, or `label(**locals())`.

    Elements of lists, tuples, dicts and arrays get an index, "w[0]"; the parameters of a model m
    are called as Python finds them, "m.fc1.weight[0][1]". A label that is there already stays.

    `label(**locals())` passes over variables that hold no Values, and names with an underscore in
    front. Raises TypeError for anything else that holds no Values.
    """
    variables = sys._getframe(1).f_locals
    every = set(values) == set(variables)
    for name, thing in values.items():
        if every and name.startswith("_"):
            continue
        named = 0
        for place, value in _named(name, thing, frozenset()):
            value.label = value.label or place
            named += 1
        if not named and not every:
            raise TypeError(
                f"label: {name} holds no Values; it must be a Value, a list, tuple, dict or array "
                f"of them, or a model with parameters, not {type(thing).__name__}"
            )


def _named(name: str, thing: Any, within: frozenset[int]) -> Iterator[tuple[str, Value]]:
    """(name, Value) of each Value in nested containers, and of each parameter of a model."""
    if isinstance(thing, Value):
        yield name, thing
        return
    if isinstance(thing, type) or id(thing) in within:
        return
    within |= {id(thing)}
    if isinstance(thing, (list, tuple)):
        for i, element in enumerate(thing):
            yield from _named(f"{name}[{i}]", element, within)
    elif isinstance(thing, dict):
        for key, element in thing.items():
            yield from _named(f"{name}[{key!r}]", element, within)
    elif getattr(getattr(thing, "dtype", None), "kind", "") == "O":
        yield from _named(name, thing.tolist(), within)
    elif callable(getattr(thing, "named_parameters", None)):
        for place, parameter in thing.named_parameters():
            if isinstance(parameter, Value):
                yield f"{name}.{place}", parameter
    elif callable(getattr(thing, "parameters", None)) and hasattr(thing, "__dict__"):
        for attribute, element in vars(thing).items():
            yield from _named(f"{name}.{attribute}", element, within)


def names_of_parameters(parameters: Collection[Value], taken: Collection[str]) -> dict[Value, str]:
    """The name of each parameter in the model that holds it, as its `named_parameters` gives it.

    Where the parameters are of several models, the name of the model's class stands in front.

    taken  names that are labels already
    """
    wanted = {parameter: i for i, parameter in enumerate(parameters)}
    found = []
    for model in _models(wanted):
        try:
            named = {p: place for place, p in model.named_parameters()}
        except Exception:  # a model that is not made yet is no reason to draw nothing
            continue
        held = [p for p in named if p in wanted]
        if held:
            # First what holds most of them; of a model and its only layer, the model.
            found.append(((-len(held), -len(named), sorted(named.values())), model, named))
    parts: list[tuple[str, dict[Value, str]]] = []
    for _, model, named in sorted(found, key=lambda one: one[0]):
        held = [p for p in wanted if p in named]
        if held:
            parts.append((type(model).__name__, {p: named[p] for p in held}))
            wanted = {p: i for p, i in wanted.items() if p not in named}
    order = {parameter: i for i, parameter in enumerate(parameters)}
    parts.sort(key=lambda part: order[next(iter(part[1]))])
    classes = [name for name, _ in parts]
    names = {}
    for k, (name, places) in enumerate(parts):
        number = str(classes[: k + 1].count(name)) if classes.count(name) > 1 else ""
        prefix = f"{name}{number}." if len(parts) > 1 else ""
        names.update({p: prefix + place for p, place in places.items()})
    return {p: name for p, name in names.items() if name not in taken}


def _models(parameters: Collection[Value]) -> Iterator[Any]:
    """The models alive whose class is at home where that of a parameter is.

    A parameter does not know its model, and making or calling a model shall not cost anything for
    the sake of pictures. So models are looked for among all that the garbage collector tracks.
    """
    homes = {c.__module__ for p in parameters for c in type(p).__mro__}
    homes -= {Value.__module__, object.__module__}
    if not homes:
        return
    known: dict[type, bool] = {}
    for thing in gc.get_objects():
        cls = type(thing)
        if cls not in known:
            known[cls] = hasattr(cls, "named_parameters") and any(
                c.__module__ in homes for c in cls.__mro__
            )
        if known[cls]:
            yield thing
