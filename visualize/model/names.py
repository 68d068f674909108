"""Names of Values: labels after the variables that hold them, parameters as their models say."""

from __future__ import annotations

import gc
import sys

from autograd_lite import Value, tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from typing import Any

__all__ = ["label", "names_in", "names_of_parameters"]


def label(**values: Any) -> None:
    """Name Values after their variables: `label(w=w, b=b)`, or `label(**locals())`.

    Elements of lists, tuples, dicts and arrays get an index, "w[0]"; fields of dataclasses and
    parameters of a model m are called as Python finds them, "m.fc1.weight[0][1]". A Value that has
    a label keeps it.

    `label(**locals())` passes over variables that hold no Values, and names with an underscore in
    front. Raises TypeError for anything else that holds no Values.
    """
    variables = sys._getframe(1).f_locals
    every = set(values) == set(variables)
    for name, thing in values.items():
        if every and name.startswith("_"):
            continue
        named = list(_named(name, thing, frozenset()))
        for path, value in named:
            value.label = value.label or path
        if not named and not every:
            raise TypeError(
                f"label: {name} holds no Values; it must be a Value, a list, tuple, dict or array "
                f"of them, or a model with parameters, not {type(thing).__name__}"
            )


def names_in(variables: Mapping[str, Any]) -> dict[Value, str]:
    """What these variables call the Values that they hold: the first name of each."""
    names: dict[Value, str] = {}
    for name, thing in variables.items():
        for path, value in _named(name, thing, frozenset()):
            names.setdefault(value, path)
    return names


def _named(name: str, thing: Any, within: frozenset[int]) -> Iterator[tuple[str, Value]]:
    """(path, Value) of each Value in nested containers, and of each parameter of a model.

    within  the ids of the things around this one, so that a list in itself is walked once
    """
    if isinstance(thing, Value):
        yield name, thing
        return
    if isinstance(thing, type) or id(thing) in within:
        return
    within |= {id(thing)}
    if callable(getattr(thing, "named_parameters", None)):
        held = [(f".{path}", parameter) for path, parameter in thing.named_parameters()]
    elif callable(getattr(thing, "parameters", None)) and hasattr(thing, "__dict__"):
        held = [(f".{attribute}", one) for attribute, one in vars(thing).items()]
    elif getattr(getattr(thing, "dtype", None), "hasobject", False):
        held = tree.items(thing.tolist())  # whose paths are [0][1], not [0, 1]
    else:
        held = tree.items(thing)
    for path, one in held:
        yield from _named(f"{name}{path}", one, within)


def names_of_parameters(parameters: Collection[Value], taken: Collection[str]) -> dict[Value, str]:
    """The name of each parameter by the `named_parameters` of the model that holds it.

    Where the parameters are of several models, the name of the model's class stands in front.

    taken  the labels of other nodes, which are given to no parameter
    """
    wanted = {parameter: i for i, parameter in enumerate(parameters)}
    found = []
    for model in _models(wanted):
        try:
            named = {p: path for path, p in model.named_parameters()}
        except Exception:  # such as that of a model half made: no reason to draw nothing
            continue
        held = [p for p in named if p in wanted]
        if held:
            # The model with most of the parameters first; before its only layer, the model.
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
    for k, (name, paths) in enumerate(parts):
        number = str(classes[: k + 1].count(name)) if classes.count(name) > 1 else ""
        prefix = f"{name}{number}." if len(parts) > 1 else ""
        names.update({p: prefix + path for p, path in paths.items()})
    return {p: name for p, name in names.items() if name not in taken}


def _models(parameters: Collection[Value]) -> Iterator[Any]:
    """The living models whose class, or a base of it, comes from the module of a parameter's class.

    A parameter does not know its model, and pictures must cost nothing where models are made and
    called. So models are looked for among all objects that the garbage collector tracks.
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
