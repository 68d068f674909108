"""A graph as formulas on matrices, each with the nodes that it stands for: dW1 = dz1.T @ x."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import chain, count

from autograd_lite.fields import static_of
from visualize.model.tensors import tensors
from visualize.page.program import runs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from autograd_lite import Value
    from autograd_lite.compiler.tape.tape import Tape
    from visualize.model.nodes import Graph

__all__ = ["formulas"]

MOST = 150
"""The most formulas of a page; a graph that needs more has no regular structure to show."""

ALIKE = 8
"""So many operations, whose plain numbers differ, have them from data."""


def formulas(graph: Graph, places: Mapping[Value, int]) -> list[dict[str, Any]]:
    """The instructions of the program that `compile` would make of this graph, in words.

    places  the place of each node in the program of the page

    Each has its text, whether it belongs to the backward pass, and the places of the nodes whose
    numbers it computes, or whose gradients. Empty where there is no NumPy, where an operation was
    written by hand or computed by a compiled function, and for a graph of no regular structure.
    """
    inner = [node for node in graph.nodes if not node.is_leaf]
    if find_spec("numpy") is None or not all(_is_liftable(node) for node in inner):
        return []
    from autograd_lite.compiler.lift import lift_with_places
    from autograd_lite.compiler.lift.instructions import Zero, ZeroPadding, target_of

    order = _in_order(graph)
    arrays = _arrays(graph, order)
    every = [leaf for leaves in arrays.values() for leaf in leaves]
    # As in a recording, what is given comes first.
    order = {node: i for i, node in enumerate(dict.fromkeys([*every, *order]))}
    tape = _tape(graph, order, every)
    wrt = [slot for slot, leaf in enumerate(every) if not leaf.is_constant]
    lifted = lift_with_places(tape, wrt, MOST // 2)
    if lifted is None:
        return []
    program, numbers, cotangents = lifted
    names, start = {}, 0
    for name, leaves in arrays.items():
        if name:  # others have a name for each way in which they are used
            names[range(start, start + len(leaves))] = name
        start += len(leaves)
    made = []
    for back, instructions, steps, where in zip(
        (False, True), (program.forward, program.backward), program.steps(names),
        (numbers, cotangents), strict=True,
    ):  # fmt: skip
        held: dict[int, list[int]] = {}
        for node, address in zip(order, where.tolist(), strict=True):
            if address >= 0:
                held.setdefault(address, []).append(places[node])
        for it, step in zip(instructions, steps, strict=True):
            if step.text and not isinstance(it, (Zero, ZeroPadding)):
                nodes = [
                    node for address in target_of(it).tolist() for node in held.get(address, ())
                ]
                made.append({"text": step.text, "back": back, "nodes": runs(nodes)})
    return made if len(made) <= MOST else []


def _is_liftable(node: Value) -> bool:
    """Whether an operation of the rule table made the node."""
    return node._block is None and node.rule is not None and node.rule.user_module is None


def _in_order(graph: Graph) -> dict[Value, int]:
    """The nodes in the order of the expression, from left to right, as a program makes them."""
    order: dict[Value, int] = {}
    waiting = [(graph.nodes[-1], False)]
    while waiting:
        node, made = waiting.pop()
        if node in order:
            continue
        if made:
            order[node] = len(order)
            continue
        waiting.append((node, True))
        waiting += [(x, False) for x in reversed(graph.parents(node)) if x not in order]
    return order


def _arrays(graph: Graph, order: Mapping[Value, int]) -> dict[str, list[Value]]:
    """The leaves by the names of their arrays; constants that are no data are left out."""
    leaves = [node for node in order if node.is_leaf and not node.is_constant]
    found = {tensor.title.rpartition(" [")[0]: [*tensor.nodes] for tensor in tensors(leaves, graph)}
    within = {node for nodes in found.values() for node in nodes}
    for leaf in leaves:
        if leaf not in within:
            found.setdefault(graph.label(leaf), []).append(leaf)
    usual = chain(("x", "y"), map("data{}".format, count(3)))
    free = (name for name in usual if name not in found)
    for data in _data(graph, order):
        found[next(free)] = data
    return found


def _data(graph: Graph, order: Mapping[Value, int]) -> list[list[Value]]:
    """Plain numbers that are data: those that differ where the same operation takes them."""
    taken: dict[tuple[Any, ...], dict[Value, None]] = {}
    for node in order:
        parents = graph.parents(node)
        for k, x in enumerate(parents):
            if x.is_leaf and x.is_constant and node.rule is not None:
                taken.setdefault((node.rule.code, len(parents), k), {})[x] = None
    found: dict[tuple[Any, ...], dict[Value, None]] = {}
    for (code, n, k), numbers in taken.items():
        values = {x.data for x in numbers}
        if values != {1.0} and (n > 2 or (len(values) > 2 and len(numbers) >= ALIKE)):
            found.setdefault((code, n, n > 2 or k), {}).update(numbers)
    seen: set[Value] = set()
    made = []
    for numbers in found.values():
        made.append([x for x in sorted(numbers, key=order.__getitem__) if x not in seen])
        seen.update(numbers)
    return [data for data in made if data]


def _tape(graph: Graph, order: Mapping[Value, int], leaves: Sequence[Value]) -> Tape:
    """The graph as a tape: node i is the i-th of the order, and the leaves are its slots."""
    from autograd_lite.compiler.tape.opcodes import CONSTANT, LEAF
    from autograd_lite.compiler.tape.tape import Tape

    slot = {leaf: i for i, leaf in enumerate(leaves)}
    codes, static, slots, offsets = [], [], [], [0]
    parents: list[int] = []
    for node in order:
        if node.rule is not None and not node.is_leaf:
            codes.append(node.rule.code)
            static.append(static_of(node))
            parents += map(order.__getitem__, graph.parents(node))
        else:
            codes.append(LEAF if node in slot else CONSTANT)
            static.append(0.0 if node in slot else node.data)
        slots.append(slot.get(node, 0))
        offsets.append(len(parents))
    return Tape(codes, offsets, parents, static, slots, [len(order) - 1], len(leaves))
