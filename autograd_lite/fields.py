"""Fields of nodes: filled while observers look on, or for plain numbers; read by other modules.

What is made most often, and read at each step of a pass, `value.py` and `backward.py` make and read
themselves. `fields.pxd` gives the functions here their C types; a node is typed by its fields
alone, as the class lies above.
"""

from __future__ import annotations

import autograd_lite.extra as extra
import autograd_lite.kinds as kinds
import autograd_lite.memory as memory
import autograd_lite.operations.kernels as kernels
import autograd_lite.plain as plain
from autograd_lite import observers
from autograd_lite.plain import classes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from autograd_lite.memory import Node

# ---------------------------------------------------------------------------- making nodes


def filled_node(kind: int, code: int, x: Any, y: Any, data: float, dx: float, dy: float) -> Node:
    """A Value of which no observer is told.

    y  here and below, what `_y` holds: a parent, the label or an Extra
    """
    node = memory.new_value()
    fill(node, kind, code, x, y, data, dx, dy)
    return node


def fill(
    node: Node, kind: int, code: int, x: Any, y: Any, data: float, dx: float, dy: float
) -> None:
    node._data = data
    node._kind = kind
    node._code = code
    node._dx = dx
    node._dy = dy
    node._x = x
    node._y = y


def observed_node(kind: int, code: int, x: Any, y: Any, data: float, dx: float, dy: float) -> Node:
    """`new_node` and `node_of_many` while a block is open somewhere."""
    watching, detaching = found_here()
    if detaching and kind > kinds.LEAF and not watching:
        return filled_node(kinds.LEAF, 0, None, None, data, 0.0, 0.0)
    number = kinds.NO_NUMBER if kind <= kinds.LEAF else plain.kind_made(kind, code, x, y)
    if number != kinds.NO_NUMBER and not is_traced(watching):
        number = kinds.NO_NUMBER  # of constants that were made while some block was open
    if number == kinds.NO_NUMBER:
        node = filled_node(kind, code, x, y, data, dx, dy)
    else:
        node = filled_number(number, kind, code, x, y, data, dx, dy)
        detaching = False
    for observer in watching:
        observer.made(node)
    return detached(node, watching) if detaching and kind > kinds.LEAF else node


def found_here() -> tuple[tuple[observers.Observer, ...], bool]:
    """`observers.here`, of which nearly every node is told what the node before was told."""
    blocks, change, found = observers._found
    if blocks is memory.current(observers.opened) and change is observers._change:
        return found
    return observers.here()


def is_traced(watching: tuple[observers.Observer, ...]) -> bool:
    """`observers.tracing`, of observers that are known."""
    for observer in watching:  # noqa: SIM110, as any() takes longer
        if observer.traces:
            return True
    return False


def observed_by_hand(node: Node, parents: tuple[Node, ...], op: str, tracer: Any) -> None:
    """`Value(...)` while a block is open somewhere; tracer is one of its number, or None."""
    watching, detaching = observers.here()
    if tracer is not None and not (parents or op):
        for observer in watching:
            observer.detached(node, tracer)
        return
    if not detaching or not (parents or op):
        for observer in watching:
            observer.made(node)
        return
    more = extra.make(parents)
    more.op = op
    source = filled_node(kinds.BY_HAND, 0, None, more, memory.number(node), 0.0, 0.0)
    for observer in watching:
        observer.made(source)
        observer.detached(node, source)


def detached(source: Node, watching: Iterable[observers.Observer]) -> Node:
    """A leaf with the number of source."""
    node = filled_node(kinds.LEAF, 0, None, None, memory.number(source), 0.0, 0.0)
    for observer in watching:
        observer.detached(node, source)
    return node


# ------------------------------- nodes that stand for plain numbers in a recording: see plain.py


def number_leaf(number: int, data: float) -> Node:
    """A leaf that stands for a plain number of this kind."""
    return number_node(number, kinds.LEAF, 0, None, None, data, 0.0, 0.0)


def number_leaves(number: int, data: Iterable[float]) -> list[Node]:
    """Leaves that stand for plain numbers of one kind."""
    watching = observers.active()
    leaves = []
    for x in data:
        node = filled_number(number, kinds.LEAF, 0, None, None, x, 0.0, 0.0)
        for observer in watching:
            observer.made(node)
        leaves.append(node)
    return leaves


def number_node(
    number: int, kind: int, code: int, x: Any, y: Any, data: float, dx: float, dy: float
) -> Node:
    """A node that stands for a plain number of this kind, of which observers are told."""
    node = filled_number(number, kind, code, x, y, data, dx, dy)
    for observer in observers.active():
        observer.made(node)
    return node


def copied(x: Node) -> Node:
    """A Value with the number of x, which stands for a plain number."""
    watching, detaching = observers.here()
    node = filled_node(kinds.UNARY, kernels.POW_C, x, None, memory.number(x), 1.0, 1.0)
    for observer in watching:
        observer.made(node)
    return detached(node, watching) if detaching else node


def filled_number(
    number: int, kind: int, code: int, x: Any, y: Any, data: float, dx: float, dy: float
) -> Node:
    cls: Any = classes[number]
    node: Node = cls.__new__(cls)
    fill(node, kind, code, x, y, data, dx, dy)
    node._number = number
    return node


# --------------------------------------------------------------------- what is read of nodes


def static_of(node: Node) -> float:
    """The static parameter c of a node of one parent: the 3 of x ** 3; 0 where there is none."""
    static: float = node._dy
    return static if node._kind == kinds.UNARY else 0.0


def weights_of(node: Node) -> tuple[float, ...]:
    """The plain numbers of a `dot` that has Values on one side only; () for any other node."""
    if node._kind != kinds.NARY or node._code != kernels.DOT:
        return ()
    partials: tuple[float, ...] = node.partials
    return partials


def block_of(node: Node) -> tuple[Node, Any]:
    """(hub, its Call) of a REPLAYED node. They are made when they are first asked for."""
    more = node._y
    if node._kind != kinds.REPLAYED:  # any more, as a pass is watched in another thread
        return more.xs[0], more.backward
    if not isinstance(more.block, memory.NODE):
        more.block = more.block.hub(node._data, more.xs, memory.numbers(more.dxs))
    hub: Node = more.block
    return hub, hub._y.block


def through_hub(node: Node) -> None:
    """Give a REPLAYED node its hub as parent, as other results of blocks have, in a watched pass.

    The caller holds the engine's lock.
    """
    hub, call = block_of(node)
    more = node._y
    more.xs, more.only_leaves_x, more.dxs = (hub,), False, None
    more.backward, more.block = call, None
    node._kind = kinds.BY_HAND


def label_of(node: Node) -> str:
    """Its name on graphs, or ""."""
    if node._kind == kinds.BINARY:
        return ""
    more = node._y
    return more.label if isinstance(more, extra.Extra) else more or ""


def set_label(node: Node, name: str) -> None:
    if node._kind == kinds.BINARY:
        if name == "":
            return
        made = extra.make((node._x, node._y), (), memory.filled((node._dx, node._dy)))
        node._y, node._kind = made, kinds.NARY  # which has room for a label
        node._x = None
    if isinstance(node._y, extra.Extra):
        node._y.label = name
    else:
        node._y = name or None


def choose(node: Node, k: int) -> None:
    """Have passes send the cotangent of a node that was chosen among its parents to parent k."""
    more = node._y
    if node._kind == kinds.BY_HAND:
        more.dxs = memory.filled(tuple([float(i == k) for i in range(len(more.xs))]))


def choice_of(node: Node) -> str:
    """How a node was chosen among its parents, "take" or "largest"; "" for any other node."""
    if node._kind != kinds.BY_HAND or node._y.backward is not None:
        return ""
    more = node._y
    return more.op if more.op in ("take", "largest") else ""
