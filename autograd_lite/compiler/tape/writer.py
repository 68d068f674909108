"""Reading a tape off a graph.

Plain Python, compiled with `_trace.pxd` beside it as `autograd_lite/value.py` is.
"""

from __future__ import annotations

from array import array

import autograd_lite.memory as arrays
import autograd_lite.value as engine
from autograd_lite.compiler.tape.opcodes import CONSTANT, DETACH, INDEX, LARGEST, LEAF, TAKE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd_lite import Value


class Trace:
    """A tape while it is written: what `Tape` has, as arrays that grow.

    place     where each node stands
    captured  Values that the nodes depend on and that are not among them: leaves too
    """

    def __init__(self, leaves: dict[Value, int]) -> None:
        self.codes = array("i")
        self.offsets = array("i", [0])
        self.parents = array("i")
        self.static = array("d")
        self.slots = array("i")
        self.place: dict[Value, int] = {}
        self.leaves = leaves
        self.captured: list[Value] = []


def trace(
    nodes: list[Value],
    outputs: list[Value],
    leaves: dict[Value, int],
    indices: dict[Value, int],
    takes: set[Value],
    largest: set[Value],
    detached_from: dict[Value, Value],
) -> Trace:
    """The tape of nodes, each of which comes after its parents; see `tape.tape_of`."""
    tape = Trace(leaves)
    living = alive(nodes, outputs, detached_from)
    place_of_index: dict[Value, int] = {}
    for node in nodes:
        if node not in living or node in tape.place:
            continue
        if detached_from and node in detached_from:
            end(tape, node, DETACH, [place_of(tape, detached_from[node])])
        elif takes and node in takes:
            index, *elements = node.parents
            if index not in indices:
                raise ValueError(
                    "take reads an index that is no integer among the arguments. Compute it "
                    "outside, and pass it as NumPy's integer"
                )
            if index not in place_of_index:
                place_of_index[index] = add(tape, INDEX, 0.0, indices[index])
            operands = [place_of(tape, element) for element in elements]
            end(tape, node, TAKE, [place_of_index[index], *operands])
        elif largest and node in largest:
            end(tape, node, LARGEST, [place_of(tape, parent) for parent in node.parents])
        elif node in leaves:
            place_of(tape, node)
        elif node.is_leaf:
            tape.place[node] = add(tape, CONSTANT, engine.number_of(node), -1)
        else:
            rule = node.rule
            if rule is None:
                raise ValueError(
                    f"{node._op or 'a node'} was made by hand. "
                    "Write it with @operation to compile it"
                )
            for parent in node.parents:
                place_of(tape, parent)  # before this node, if it is new
            weights = [add(tape, CONSTANT, w, -1) for w in engine.weights_of(node)]
            for parent in node.parents:
                arrays.append_int(tape.parents, tape.place[parent])
            for i in weights:
                arrays.append_int(tape.parents, i)
            tape.place[node] = add(tape, rule.code, engine.static_of(node), -1)
    for node in outputs:
        place_of(tape, node)
    return tape


def alive(
    nodes: list[Value], outputs: list[Value], detached_from: dict[Value, Value]
) -> set[Value]:
    """The nodes that the outputs depend on."""
    living = set(outputs)
    for i in range(len(nodes) - 1, -1, -1):
        node = nodes[i]
        if node in living:
            living.update(node.parents)
            if detached_from and node in detached_from:
                living.add(detached_from[node])
    return living


def place_of(tape: Trace, node: Value) -> int:
    """Where node stands; a node that is met for the first time is a leaf."""
    if node in tape.place:
        return tape.place[node]
    if node not in tape.leaves:
        tape.leaves[node] = len(tape.leaves)
        tape.captured.append(node)
    i = add(tape, LEAF, 0.0, tape.leaves[node])
    tape.place[node] = i
    return i


def end(tape: Trace, node: Value, code: int, operands: list[int]) -> None:
    for i in operands:
        arrays.append_int(tape.parents, i)
    tape.place[node] = add(tape, code, 0.0, -1)


def add(tape: Trace, code: int, c: float, slot: int) -> int:
    """Write a node whose parents have been written."""
    arrays.append_int(tape.codes, code)
    arrays.append_int(tape.offsets, len(tape.parents))
    arrays.append(tape.static, c)
    arrays.append_int(tape.slots, slot)
    return len(tape.codes) - 1
