"""Reading a tape off a graph.

Plain Python, compiled with `writer.pxd` beside it as `autograd_lite/value.py` is.
"""

from __future__ import annotations

from array import array

import autograd_lite.fields as fields
import autograd_lite.kinds as kinds
import autograd_lite.memory as memory
import autograd_lite.value as value
from autograd_lite.compiler.tape.opcodes import BLOCK, CONSTANT, DETACH, INDEX, LEAF, RESULT, TAKE
from autograd_lite.compiler.tape.tape import Tape
from autograd_lite.operations.rules import CODES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from autograd_lite.value import Node


POW_C = CODES["pow_c"]


class TapeWriter:
    """The arrays of a `Tape`, which grow node by node.

    leaves    {leaf: slot}; Values that are met beside the nodes get the slots that follow
    captured  those Values, in order
    position  {node: its position on the tape}
    now       {Value whose number was written: the position of what it is from then on}
    versions  {Value: all of these positions}
    marks     {position: (pass, of which position)} of what `backward()` appended
    blocks    the block of each BLOCK, in order
    """

    def __init__(self, leaves: dict[Node, int]) -> None:
        self.codes = array("i")
        self.offsets = array("i", [0])
        self.parents = array("i")
        self.static = array("d")
        self.slots = array("i")
        self.leaves = leaves
        self.captured: list[Any] = []
        self.position: dict[Node, int] = {}
        self.now: dict[Node, int] = {}
        self.versions: dict[Node, list[int]] = {}
        self.marks: dict[int, tuple[str, int]] = {}
        self.blocks: list[Any] = []

    def tape(
        self,
        outputs: list[Node],
        results: int,
        indices: int,
        derived: Iterable[tuple[Node, str, Node]] = (),
    ) -> Tape:
        """The tape as it is executed.

        outputs  the nodes whose numbers a call gives back, the results first
        results  how many of the outputs have cotangents
        indices  how many ints a call gives
        derived  (node, pass, of which node) of derivatives
        """
        at = self.position
        marks = {at[x]: (made_in, at[of]) for x, made_in, of in derived if x in at and of in at}
        marks |= self.marks
        last = [self.position[node] for node in outputs]
        size = len(self.leaves)
        arrays = self.codes, self.offsets, self.parents, self.static, self.slots
        return Tape(*arrays, last, size, indices, results, self.blocks, marks)

    def position_of(self, node: Node) -> int:
        """The position of a node; one that is met for the first time is a leaf."""
        i = self.position.get(node, -1)
        if i < 0:
            if node not in self.leaves:
                self.leaves[node] = len(self.leaves)
                self.captured.append(node)
            i = self.position[node] = self.add(LEAF, 0.0, [], self.leaves[node])
        return i

    def positions_of(self, operands: Iterable[Node | float]) -> list[int]:
        """The positions of Values, and of constants for plain numbers."""
        found = []
        for x in operands:
            if isinstance(x, value.Node):
                found += self.operands_of((x,))
            else:
                found.append(self.add(CONSTANT, x, [], -1))
        return found

    def operands_of(self, nodes: Iterable[Node]) -> list[int]:
        """The positions of the numbers that Values have for the next node."""
        return [self.operand_of(node) for node in nodes]

    def operand_of(self, node: Node) -> int:
        """The position of the number that a Value has for the next node."""
        if self.now and node in self.now:
            return self.now[node]
        return self.position_of(node)

    def add(self, code: int, c: float, operands: list[int], slot: int) -> int:
        """Write a node and the positions of its parents; the node's own position."""
        for i in operands:
            memory.append_int(self.parents, i)
        return self.end(code, c, slot)

    def end(self, code: int, c: float, slot: int) -> int:
        """Write a node whose parents are written; its own position."""
        memory.append_int(self.codes, code)
        memory.append_int(self.offsets, len(self.parents))
        memory.append(self.static, c)
        memory.append_int(self.slots, slot)
        return len(self.codes) - 1

    def add_node(self, node: Node) -> int:
        """Write a node of one or two parents, as most are; the node's own position."""
        x = self.operand_of(node._x)
        c = fields.static_of(node)
        if node._code == POW_C and c == 1.0:  # a copy, such as derivatives make
            return x
        y = self.operand_of(node._y) if node._kind == kinds.BINARY else -1
        memory.append_int(self.parents, x)
        if y >= 0:
            memory.append_int(self.parents, y)
        return self.end(node._code, c, -1)

    def pass_back(self, call: Any, living: set[Node], more: bool, append_pass: Any) -> None:
        """Append a call of `backward()`.

        more  True if another one follows: no gradient flows through what this one gives
        """
        wants = [(leaf, x) for leaf, x in call.wants if leaf in living]
        if not wants:
            return
        wanted = [self.places_of(x) for _, x in wants]
        of_root = self.places_of(call.root)
        found = append_pass(self, of_root[len(of_root) - 1], wanted)  # in C, -1 is no index
        for (leaf, _), place in zip(wants, found, strict=True):
            self.position[leaf] = self.add(DETACH, 0.0, [place], -1) if more else place

    def places_of(self, node: Node) -> list[int]:
        """The positions of all numbers that a Value has had, as a leaf of a pass."""
        first = [self.position_of(node)] if node in self.position or node not in self.now else []
        return first + self.versions.get(node, [])

    def add_block(self, node: Node, hub: Node, call: Any) -> int:
        """Write the hub of a call of a block, or one of its results; the node's own position."""
        if node is not hub:
            return self.add(RESULT, 0.0, [self.position_of(hub)], call.index_of(node))
        self.blocks.append(call.block)
        return self.add(BLOCK, 0.0, self.positions_of(call.operands), len(self.blocks) - 1)


def write_tape(
    nodes: list[Node],
    outputs: list[Node],
    leaves: dict[Node, int],
    indices: dict[Node, int],
    computed_from: dict[Node, tuple[int, tuple[Any, ...]]],
    writes: Iterable[tuple[int, Node, Node]] = (),
    passes: Iterable[Any] = (),
    append_pass: Callable[[TapeWriter, int, list[list[int]]], list[int]] | None = None,
) -> TapeWriter:
    """The tape of a graph.

    nodes          the nodes that were made, parents before their users
    outputs        the nodes whose numbers a call gives back
    leaves         {leaf: slot} of leaves whose numbers change from call to call; other leaves among
                   the nodes are constants
    indices        {leaf: slot among the ints} of leaves that `take` reads an index from
    computed_from  {leaf: (code, operands)} of leaves whose numbers were computed: by a comparison,
                   detached from an operand, the largest of them, or taken by the first, an index
    writes         (after how many nodes, Value, node) of each Value that has the number of a node
                   for the nodes that follow
    passes         each call of `backward()`, as a `ledger.Pass`; with any, and with writes, nothing
                   is differentiated by the tape
    append_pass    function of the tape, a root and lists of positions that appends the cotangents
                   of each list together, and gives their positions

    Raises ValueError for a node made by hand, whose derivative is not in the rule table.
    """
    tape = TapeWriter(leaves)
    changes = [*writes]
    calls = [*passes]
    left = len(calls)
    ends = left > 0 or len(changes) > 0
    living = alive(nodes, outputs, computed_from, changes, calls)
    index_nodes: dict[Node, int] = {}
    written, next_write = 0, changes[0][0] if changes else -1
    for i, node in enumerate(nodes):
        while i == next_write:
            _, changed, new = changes[written]
            place = tape.position_of(new)
            if left:  # no gradient flows through a write
                place = tape.add(DETACH, 0.0, [place], -1)
                tape.versions.setdefault(changed, []).append(place)
            tape.now[changed] = place
            written += 1
            next_write = changes[written][0] if written < len(changes) else -1
        while left and calls[len(calls) - left].made == i:
            left -= 1
            tape.pass_back(calls[len(calls) - left - 1], living, left > 0, append_pass)
        if node not in living or node in tape.position:
            continue
        if node._kind == kinds.UNARY or node._kind == kinds.BINARY:
            tape.position[node] = tape.add_node(node)
            continue
        c = 0.0
        if computed_from and node in computed_from:
            code, sources = computed_from[node]
            if ends and not left and code == DETACH and isinstance(sources[0], value.Node):
                tape.position[node] = tape.position_of(sources[0])
                continue
            operands = []
            if code == TAKE:
                index, sources = sources[0], sources[1:]
                if index not in indices:
                    raise ValueError(
                        "take reads an index that is no integer among the arguments. Compute it "
                        "outside, and pass it as NumPy's integer"
                    )
                if index not in index_nodes:
                    index_nodes[index] = tape.add(INDEX, 0.0, [], indices[index])
                operands.append(index_nodes[index])
            operands += tape.positions_of(sources)
        elif node in leaves:
            tape.position_of(node)
            continue
        elif node.is_leaf:
            code, c, operands = CONSTANT, value.number_of(node), []
        else:
            rule = node.rule
            block = None if rule else node._block
            if block is not None:
                hub, call = block
                tape.position[node] = tape.add_block(node, hub, call)
                continue
            if rule is None:
                raise ValueError(
                    f"{node._op or 'a node'} was made by hand. "
                    "Write it with @operation to compile it"
                )
            code, operands = rule.code, tape.operands_of(node.parents)
            operands += [tape.add(CONSTANT, w, [], -1) for w in fields.weights_of(node)]
        tape.position[node] = tape.add(code, c, operands, -1)
    for node in outputs:
        tape.position_of(node)
    return tape


def alive(
    nodes: list[Node],
    outputs: list[Node],
    computed_from: dict[Node, tuple[int, tuple[Any, ...]]],
    writes: list[tuple[int, Node, Node]],
    passes: list[Any],
) -> set[Node]:
    """The nodes that the outputs depend on; of the writes, those whose number is read are left."""
    living = set(outputs)
    written, left = len(writes), len(passes)
    for i in range(len(nodes) - 1, -1, -1):
        while left and passes[left - 1].made > i:
            left -= 1
            wanted = [x for leaf, x in passes[left].wants if leaf in living]
            if wanted:
                living.update(wanted)
                living.add(passes[left].root)
        while written and writes[written - 1][0] > i:
            written -= 1
            if writes[written][1] in living:
                living.add(writes[written][2])
            else:
                del writes[written]
        node = nodes[i]
        if node not in living:
            continue
        if node._kind == kinds.UNARY:
            living.add(node._x)
        elif node._kind == kinds.BINARY:
            living.add(node._x)
            living.add(node._y)
        else:
            living.update(node.parents)
            if computed_from and node in computed_from:
                living.update([x for x in computed_from[node][1] if isinstance(x, value.Node)])
    return living
