"""The fields of a node besides its slots."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from autograd_lite.memory import Node


class Extra:
    """The fields of a node besides its slots, if it has any number of parents or was made by hand.

    xs, ys         tuples of parents; ys of a `dot` only, () where that side is plain numbers
    dxs, dys       buffers of their partials, which nodes may share; of a REPLAYED node the numbers
                   of the call's leaves stand behind them; of a node made by hand None, unless it
                   was chosen among its parents
    only_leaves_x  True if every x is a leaf: a pass may then add to them without ordering them
    only_leaves_y  True if every y is a leaf
    op, label      name of the operation, if made by hand or by a block, and name of the node
    backward       function of a node made by hand that a pass calls, or None
    block          the Call of a block in its hub, which sends for a pass; of a REPLAYED node what
                   makes its hub, then the hub; else None
    """

    __slots__ = (
        "backward",
        "block",
        "dxs",
        "dys",
        "label",
        "only_leaves_x",
        "only_leaves_y",
        "op",
        "xs",
        "ys",
    )

    xs: tuple[Node, ...]
    ys: tuple[Node, ...]
    dxs: Any
    dys: Any
    only_leaves_x: bool
    only_leaves_y: bool
    op: str
    label: str
    backward: Callable[[Node], None] | None
    block: Any


def make(
    xs: tuple[Node, ...],
    ys: tuple[Node, ...] = (),
    dxs: Any = None,
    dys: Any = None,
    only_leaves_x: bool = False,
    only_leaves_y: bool = False,
) -> Extra:
    more = Extra.__new__(Extra)  # in C, this is faster than a call of __init__
    more.xs = xs
    more.ys = ys
    more.dxs = dxs
    more.dys = dys
    more.only_leaves_x = only_leaves_x
    more.only_leaves_y = only_leaves_y
    more.op = more.label = ""
    more.backward = more.block = None
    return more
