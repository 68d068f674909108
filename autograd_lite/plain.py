"""Plain numbers in a recording: the kinds of number that its nodes stand for.

A node is of a class of its own for each kind, which is chosen when it is made, and only while an
observer is open. So eager code pays nothing for it.
"""

from __future__ import annotations

import autograd_lite.kinds as kinds
import autograd_lite.memory as memory
import autograd_lite.operations.kernels as kernels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.memory import Node

classes: list[Any] = []
"""[kind] the class of the nodes of such numbers; record/numbers.py fills it."""
by_type: dict[type, int] = {bool: kinds.BOOL, int: kinds.INT, float: kinds.FLOAT}
"""{type of a plain number: its kind}; record/numbers.py adds NumPy's types."""


def number_kind(node: Node) -> int:
    """The kind of the plain number that a node stands for; 0 for another Value."""
    kind: int = node._number
    return kind


def as_number(node: Node, kind: int) -> Node:
    """A node that stands for a number, as one of a number of this kind."""
    node.__class__ = classes[kind]
    node._number = kind
    return node


set_class = vars(object)["__class__"].__set__
"""Sets the class of a node, also where `__class__` says what the node stands for."""


def change_classes(nodes: list[Node], others: dict[type, type]) -> list[Node]:
    """The nodes that stand for numbers, among those whose classes have become others.

    others  {class: the class instead}
    """
    numbers = []
    for node in nodes:
        cls = others.get(type(node))
        if cls is not None:
            set_class(node, cls)
            if node._number != kinds.NO_NUMBER:
                numbers.append(node)
    return numbers


def leave_numbers(numbers: list[Node], others: dict[type, type]) -> None:
    """Make numbers constants, of other classes, as something may hold them."""
    for node in numbers:
        forget_parents(node)
    change_classes(numbers, others)


def forget_parents(node: Node) -> None:
    """Make the node of a number a constant."""
    node._dy = 0.0  # first: a leaf has a place there
    node._kind = kinds.CONSTANT
    node._x = node._y = None


def kind_made(kind: int, code: int, x: Any, y: Any) -> int:
    """The kind of number that a rule makes of these parents; 0 if one of them is a Value.

    kind, code, x, y  what the node is made of
    """
    number: int
    if kind == kinds.UNARY:
        number = x._number
    elif kind == kinds.BINARY:
        other: Node = y
        number = joined(x._number, other._number)
    elif kind < kinds.BY_HAND:
        more = y
        number = kind_among(more.xs)
        if kind == kinds.DOT:
            number = joined(number, kind_among(more.ys))
    else:
        return kinds.NO_NUMBER
    if number == kinds.NO_NUMBER or (
        code == kernels.ADD
        or code == kernels.SUB
        or code == kernels.MUL
        or code == kernels.NEG
        or code == kernels.ABS
    ):
        return number
    if code == kernels.DIV:
        return number | kinds.FLOAT
    return kinds.FLOAT  # our functions give Python's floats, of NumPy's numbers too


def kind_among(xs: tuple[Node, ...]) -> int:
    """The kind of number that the sum of xs is; 0 if one of them is a Value."""
    number: int = memory.value_at(xs, 0)._number
    for i in range(1, len(xs)):
        if number == kinds.NO_NUMBER:
            break
        number = joined(number, memory.value_at(xs, i)._number)
    return number


def joined(number: int, other: int) -> int:
    """The kind of the sum of numbers of two kinds; 0 if one of them is none."""
    if number == kinds.NO_NUMBER or other == kinds.NO_NUMBER:
        return kinds.NO_NUMBER
    return number | other
