"""Copies of a graph, and its pickles.

Nothing here recurses, so graphs a million nodes deep are as good as any.
"""

from __future__ import annotations

from _thread import _local as local
from _weakref import ref

from autograd_lite import graph, kinds, memory
from autograd_lite.handmade import watch_for_cycles
from autograd_lite.operations.rules import CODES, RULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.memory import Node

__all__ = ["check_slots", "deep_copy", "reduce", "shallow_copy"]


def shallow_copy(node: Node) -> Node:
    """A new node made of the same parents."""
    copy = _restored(type(node), _slots(node, "copy"))
    _set_extras(copy, _extras(node))
    return copy


def deep_copy(root: Node, memo: dict[int, Any]) -> Node:
    """A copy of the whole graph below root; the copies share what the originals share."""
    from copy import deepcopy

    order = graph.order_without(root, lambda node: id(node) in memo)[::-1]
    slots = [_slots(node, "deepcopy") for node in order]
    for node, (made, grad, more) in zip(order, slots, strict=True):
        kind, code, x, y, *numbers = made
        made = (kind, code, memo.get(id(x)), memo.get(id(y)), *numbers)
        if isinstance(more, tuple):
            xs, ys, *others = more
            more = (_copies(xs, memo), _copies(ys, memo), *others)
        memo[id(node)] = _restored(type(node), (made, grad, more))
    memo.setdefault(id(memo), []).extend(order)  # alive, so that their ids stay theirs
    for node in order:  # last, as what a subclass holds may refer to any of the nodes
        _set_extras(memo[id(node)], deepcopy(_extras(node), memo))
    copied: Node = memo[id(root)]
    return copied


def _copies(parents: tuple[Node, ...] | None, memo: dict[int, Any]) -> Any:
    return None if parents is None else tuple(memo[id(parent)] for parent in parents)


def _slots(node: Node, verb: str) -> Any:
    slots = node._get_slots()
    more = slots[-1]
    if node._block is not None:
        raise TypeError(
            f"cannot {verb} the result of {node._op}: its gradient belongs to the call that gave "
            f"it; {verb} its detach(), or what the function itself gives"
        )
    if isinstance(more, tuple) and more[-1] is not None:
        raise TypeError(
            f"cannot {verb} the node {node._op!r}: its _backward, written by hand, refers to the "
            "nodes it was written for; make the operation with autograd_lite.operation instead"
        )
    return slots


def _restored(cls: type[Node], slots: Any) -> Node:
    node = memory.VALUE.__new__(cls)
    node._set_slots(slots)
    return node


def check_slots(made: Any, grad: Any, more: Any) -> None:
    """Raise ValueError for slots, of a file that was tampered with, that would crash a pass."""
    value = memory.NODE
    kind, code, x, y, *numbers = made
    right = all(isinstance(number, float) for number in (grad, *numbers))
    right = right and kind in range(kinds.CONSTANT, kinds.BY_HAND + 1) and code in range(len(RULES))
    right = right and isinstance(x, value) == (kind in (kinds.UNARY, kinds.BINARY))
    right = right and isinstance(y, value) == (kind == kinds.BINARY)
    if kind < kinds.UNIFORM:
        right = right and (more is None or isinstance(more, str))
    else:
        xs, ys, partials, op, label, _ = more if isinstance(more, tuple) else ((),) * 6
        right = right and isinstance(xs, tuple) and isinstance(ys, tuple)
        right = right and all(isinstance(parent, value) for parent in (*xs, *ys))
        right = right and isinstance(op, str) and isinstance(label, str)
        right = right and len(ys) == (len(xs) if kind == kinds.DOT else 0)
        if kind in (kinds.NARY, kinds.DOT):
            right = right and len(partials) == len(xs) + len(ys)
            right = right and all(isinstance(partial, float) for partial in partials)
        else:
            right = right and partials is None
    if not right:
        raise ValueError("these are not the slots of a node")


def _extras(node: Node) -> dict[str, Any]:
    """The attributes of a subclass, in its __dict__ and in slots of its own."""
    if type(node) is memory.VALUE:
        return {}
    extras = dict(getattr(node, "__dict__", {}))
    for cls in type(node).__mro__:
        if cls is memory.VALUE:
            break
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name.startswith("__") and not name.endswith("__"):
                name = f"_{cls.__name__.lstrip('_')}{name}"
            if name not in ("__dict__", "__weakref__") and hasattr(node, name):
                extras[name] = getattr(node, name)
    return extras


def _set_extras(node: Node, extras: dict[str, Any]) -> None:
    if extras:
        watch_for_cycles()
    for name, thing in extras.items():
        object.__setattr__(node, name, thing)


# --------------------------------------------------------------------------------- pickling


class _Stored:
    """The nodes that a pickler has stored or is about to; pickles as nothing.

    A pickler keeps alive what it has stored, this too, so this lives as long as the pickler does.
    """

    nodes: set[Node]

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, ()


_pickling = local()  # .stored: a weak reference to the _Stored of this thread's pickler


def reduce(node: Node) -> tuple[Any, ...]:
    """The arguments from which pickle makes a node again.

    A pickler that followed the parents would recurse once a node. So the node that it meets first
    stores a list of all that it depends on before itself, oldest first; when the turn of one of
    those comes, its parents are stored already. Where another pickler that is still alive has
    stored them, this one follows the parents, which is right too, but recurses.
    """
    stored = getattr(_pickling, "stored", lambda: None)()
    if stored is None:
        stored = _Stored()
        stored.nodes = set()
        _pickling.stored = ref(stored)
    older: list[Node] = []
    if node not in stored.nodes:
        older = graph.order_without(node, stored.nodes.__contains__)[:0:-1]
        stored.nodes.update(older, (node,))
    (kind, code, *made), grad, more = _slots(node, "pickle")
    args = (type(node), stored, older, RULES[code].name, ((kind, *made), grad, more))
    return _unpickled, args, _extras(node) or None, None, None, _set_extras


def _unpickled(cls: type[Node], stored: object, older: object, rule: str, slots: Any) -> Node:
    (kind, *made), grad, more = slots
    if rule not in CODES:
        raise ValueError(
            f"this graph uses the operation {rule!r}, which is not defined here; "
            "import the module that defines it first"
        )
    return _restored(cls, ((kind, CODES[rule], *made), grad, more))


for _function in (_unpickled, _set_extras):  # where pickles of earlier versions look for them
    setattr(graph, _function.__name__, _function)
