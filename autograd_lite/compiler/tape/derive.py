"""Derivatives of a tape, as a tape: its nodes, and what `autograd_lite.derive` appends to them.

The derivatives of a block in it are blocks again, whose pullbacks are written in Values.
"""

from __future__ import annotations

from array import array
from functools import partial, reduce
from itertools import chain

import numpy as np

from autograd_lite.block import Block
from autograd_lite.compiler.tape.interpreter import Interpreter
from autograd_lite.compiler.tape.opcodes import BLOCK, CONSTANT, INDEX, LEAF, RESULT, TAKE
from autograd_lite.compiler.tape.ranges import rows_of
from autograd_lite.compiler.tape.tape import Tape
from autograd_lite.derive import ADD, Nodes
from autograd_lite.operations.rules import RULES
from autograd_lite.pullback import Graph, by_operand
from autograd_lite.value import Node, Value, required

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from autograd_lite.compiler.results import Run
    from autograd_lite.compiler.tape.writer import TapeWriter
    from autograd_lite.value import Operand

__all__ = [
    "RunBlock",
    "append_pass",
    "folded",
    "taken_apart",
    "tape_of",
]


DEEPEST = 8
"""Of so many operations, one upon the other, `folded` computes what is constant."""


def taken_apart(tape: Tape, wrt: Sequence[int]) -> tuple[TapeNodes, list[int], list[int]]:
    """The nodes of a tape, where each stands, and the leaf of each of these slots."""
    nodes = TapeNodes()
    place = read_tape(nodes, tape)
    leaf_of = {nodes.slots[i]: i for i in place if nodes.codes[i] == LEAF}
    return nodes, place, [leaf_of[s] if s in leaf_of else nodes.add(LEAF, slot=s) for s in wrt]


def read_tape(nodes: TapeNodes, tape: Tape) -> list[int]:
    """Append a tape to nodes; the place of each of its nodes there.

    Its constants are data: each is a node of its own, which no formula takes for a number.
    """
    place: list[int] = []
    leaves: dict[int, int] = {}
    codes, static, slots = tape.codes.tolist(), tape.static.tolist(), tape.slots.tolist()
    offsets, parents = tape.offsets.tolist(), tape.parents.tolist()
    for i, code in enumerate(codes):
        mine = tuple([place[p] for p in parents[offsets[i] : offsets[i + 1]]])
        if code == LEAF and slots[i] in leaves:
            place.append(leaves[slots[i]])
            continue
        if code == BLOCK:
            place.append(nodes.add_block(tape.blocks[slots[i]], mine))
            continue
        place.append(nodes.add(code, mine, static[i], slots[i]))
        if code == LEAF:
            leaves[slots[i]] = place[i]
    nodes.marks |= {place[i]: (made_in, place[of]) for i, (made_in, of) in tape.marks.items()}
    return place


def tape_of(
    nodes: Nodes,
    outputs: Sequence[int],
    leaves: int,
    indices: int = 0,
    results: int | None = None,
) -> Tape:
    """The tape of these outputs and what they depend on.

    leaves, indices, results  see `Tape`
    """
    alive = [False] * len(nodes)
    for i in outputs:
        alive[i] = True
    for i in range(len(nodes) - 1, -1, -1):
        if alive[i]:
            for p in nodes.parents[i]:
                alive[p] = True
    kept = np.flatnonzero(alive)
    place = np.cumsum(alive) - 1
    counts = np.fromiter(map(len, nodes.parents), np.int64, len(nodes))
    every = np.fromiter(chain.from_iterable(nodes.parents), np.int64, int(counts.sum()))
    of_kept, counts = rows_of(np.append(0, np.cumsum(counts)), kept)
    codes, slots = np.array(nodes.codes, np.int64)[kept], np.array(nodes.slots, np.int64)[kept]
    blocks: list[Block] = []
    if isinstance(nodes, TapeNodes):
        calls = np.flatnonzero(codes == BLOCK)
        blocks = [nodes.blocks[slot] for slot in slots[calls].tolist()]
        slots[calls] = np.arange(len(calls))
    return Tape(
        codes,
        np.append(0, np.cumsum(counts)),
        place[every[of_kept]],
        np.array(nodes.static, float)[kept],
        slots,
        place[list(outputs)],
        leaves,
        indices,
        results,
        blocks,
        {
            int(place[i]): (made_in, int(place[of]))
            for i, (made_in, of) in nodes.marks.items()
            if alive[i] and alive[of]
        },
    )


def append_pass(tape: TapeWriter, root: int, wanted: Sequence[Sequence[int]]) -> list[int]:
    """Append to a tape that is written what `backward()` of a node of it gives.

    wanted  lists of nodes

    Gives the position of the cotangents of each list, added up.
    """
    nodes, n = TapeNodes(), len(tape.codes)
    nodes.codes, nodes.static = tape.codes.tolist(), tape.static.tolist()
    nodes.slots, nodes.numbers = tape.slots.tolist(), [None] * n
    offsets, parents = tape.offsets.tolist(), tape.parents.tolist()
    nodes.parents = [tuple(parents[offsets[i] : offsets[i + 1]]) for i in range(n)]
    nodes.blocks = tape.blocks  # to which it adds
    inputs = [*dict.fromkeys(chain.from_iterable(wanted))]
    found = dict(zip(inputs, nodes.reverse([(root, nodes.number(1.0))], inputs), strict=True))
    results = []
    for places in wanted:
        each = [found[i] for i in places]
        results.append(reduce(partial(nodes.op, ADD), each) if each else nodes.number(0.0))
    needed = [False] * len(nodes)
    for i in results:
        needed[i] = True
    for i in range(len(nodes) - 1, n - 1, -1):
        if needed[i]:
            for p in nodes.parents[i]:
                needed[p] = True
    place = [*range(n), *[-1] * (len(nodes) - n)]
    for i in range(n, len(nodes)):
        if needed[i]:
            mine = [place[p] for p in nodes.parents[i]]
            place[i] = tape.add(nodes.codes[i], nodes.static[i], mine, nodes.slots[i])
    tape.marks |= {
        place[i]: (made_in, of) for i, (made_in, of) in nodes.marks.items() if place[i] >= n
    }
    return [place[i] for i in results]


# ------------------------------------------------------------------------------------ blocks


class TapeNodes(Nodes):
    """The nodes of a tape.

    blocks  the block of each BLOCK, which its slot names
    """

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[Block] = []

    def add_block(self, block: Block, operands: Sequence[int]) -> int:
        self.blocks.append(block)
        return self.add(BLOCK, tuple(operands), slot=len(self.blocks) - 1)

    def _results(self, block: Block, operands: Sequence[int], n: int) -> list[int]:
        """The n results of a block."""
        hub = self.add_block(block, operands)
        return [self.add(RESULT, (hub,), slot=k) for k in range(n)]

    def pulled(self, block: int, cotangents: Mapping[int, int]) -> list[int]:
        of, operands = self.blocks[self.slots[block]], self.parents[block]
        own, captured = _split(operands, len(of.captured))
        given = [*own, *cotangents.values(), *captured]
        return self._results(_pullback_of(of, len(operands), [*cotangents]), given, len(operands))

    def pushed(self, block: int, tangents: Mapping[int, int]) -> list[int]:
        of, operands = self.blocks[self.slots[block]], self.parents[block]
        if not of.pushes:
            raise TypeError(f"the derivative of {of.name} is not taken forward on a tape")
        along = [tangents.get(p) for p in operands]
        tangent, given, places = of.pushing(operands, along, self.number(0.0))
        hub = self.add_block(tangent, given)
        return [self.add(RESULT, (hub,), slot=k) for k in places]

    @property
    def pushes_blocks(self) -> bool:
        return all(block.pushes for block in self.blocks)


def _split(things: Sequence[Any], n: int) -> tuple[Sequence[Any], Sequence[Any]]:
    """The things without the last n of them, and these."""
    return things[: len(things) - n], things[len(things) - n :]


def _pullback_of(block: Block, n: int, asked: list[int]) -> Block:
    """own, cotangents, captured -> the cotangents of the n operands of a block: own, captured.

    asked  the results of which there are cotangents
    """
    captured = block.captured

    def taken(given: Sequence[Any]) -> tuple[list[Any], dict[int, Any]]:
        rest, last = _split(given, len(captured))
        own, cotangents = _split(rest, len(asked))
        return [*own, *last], dict(zip(asked, cotangents, strict=True))

    def forward(numbers: list[float]) -> tuple[array[float], list[float]]:
        xs, cotangents = taken(numbers)
        results, kept = block.run(xs)
        return block.send(kept, [cotangents.get(k, 0.0) for k in range(len(results))], n), numbers

    def written(given: Sequence[Operand]) -> list[Operand]:
        """The same in Values."""
        xs, cotangents = taken(given)
        results = block(xs)
        inputs: list[Any] = [x for x in xs if isinstance(x, Node)]
        graph = Graph(results, inputs)
        return by_operand(graph.pullback([cotangents.get(k, 0.0) for k in range(len(results))]), xs)

    def pullback(
        operands: Sequence[Operand], results: Sequence[Operand], cotangents: Sequence[Operand]
    ) -> list[Operand]:
        inputs: list[Any] = [x for x in operands if isinstance(x, Node)]
        return by_operand(Graph(written(operands), inputs).pullback(cotangents), operands)

    def backward(numbers: list[float], cotangents: list[float]) -> list[float]:
        own, _ = _split(numbers, len(captured))
        inputs = [*map(Value, own), *captured]
        return Graph(written(inputs), inputs, True).pullback(cotangents)

    return Block(f"pullback of {block.name}", forward, pullback, backward, captured)


def folded(tape: Tape) -> Tape:
    """The tape in which what is computed of constants alone is a constant, with the same bits.

    Derivatives leave such products behind, as their constants are data, which no formula looks at.
    """
    counts = np.diff(tape.offsets)
    of_users = np.array([rule.user_module is not None for rule in RULES])
    may = (tape.codes > 0) & ~of_users[np.maximum(tape.codes, 0)]
    known = tape.codes == CONSTANT
    for _ in range(DEEPEST):
        unknown = np.append(0, np.cumsum(~known[tape.parents]))
        known |= may & (unknown[tape.offsets[1:]] == unknown[tape.offsets[:-1]])
    found = np.flatnonzero(known & (counts > 0))
    if not len(found):
        return tape
    kept = np.flatnonzero(known)
    place = np.cumsum(known) - 1
    places, of_kept = rows_of(tape.offsets, kept)
    alone = Tape(
        tape.codes[kept],
        np.append(0, np.cumsum(of_kept)),
        place[tape.parents[places]],
        tape.static[kept],
        tape.slots[kept],
        place[found],
        0,
    )
    codes, static = tape.codes.copy(), tape.static.copy()
    codes[found] = CONSTANT
    static[found] = Interpreter(alone, []).forward(array("d"), array("q")).outputs
    parents = tape.parents[~np.repeat(known, counts)]
    offsets = np.append(0, np.cumsum(np.where(known, 0, counts)))
    arrays = codes, offsets, parents, static, tape.slots, tape.outputs
    return Tape(*arrays, tape.leaves, tape.indices, tape.results, tape.blocks, tape.marks)


class RunBlock:
    """What a run of a program is as a block: its pullback in Values, through the tape.

    wrt  the slots of the leaves that are the operands
    """

    __slots__ = ("run", "tape", "wrt")

    def __init__(self, tape: Tape, wrt: Sequence[int], run: Run) -> None:
        self.tape, self.wrt, self.run = tape, wrt, run

    def pullback(
        self,
        operands: Sequence[Operand],
        results: Sequence[Operand],
        cotangents: Sequence[Operand],
    ) -> list[Any]:
        """The cotangents of the operands, of those of the results."""
        tape, graph = self.tape, Graph((), ())
        numbers = self.run.executor.inputs_of(self.run).leaves
        leaves = {slot: graph.new_leaf(x) for slot, x in zip(self.wrt, operands, strict=True)}
        place: list[int] = []
        results_of: dict[int, list[Value]] = {}  # those of each BLOCK
        codes, slots, static = tape.codes.tolist(), tape.slots.tolist(), tape.static.tolist()
        for i, code in enumerate(codes):
            parents = tuple([place[p] for p in tape.parents_of(i).tolist()])
            if code == LEAF:
                if slots[i] not in leaves:
                    leaves[slots[i]] = graph.new_leaf(numbers[slots[i]])
                place.append(leaves[slots[i]])
            elif code == INDEX:
                place.append(self.run.indices[slots[i]])  # the int itself
            elif code == TAKE:
                index, *xs = parents
                place.append(xs[index])
            elif code == BLOCK:
                hub, results_of[hub] = _called(graph, tape.blocks[slots[i]], parents)
                place.append(hub)
            elif code == RESULT:
                result = results_of[parents[0]][slots[i]]
                place.append(graph.note(result, graph.add(code, parents, slot=slots[i])))
            elif code == CONSTANT:
                place.append(graph.new_leaf(static[i]))
            else:
                place.append(graph.add(code, parents, static[i], slots[i]))
        outputs = [place[i] for i in tape.outputs[: tape.results].tolist()]
        seeds = zip(outputs, map(graph.leaf, cotangents), strict=True)
        return graph.values(graph.reverse(seeds, [leaves[slot] for slot in self.wrt]))


def _called(graph: Graph, block: Block, parents: Sequence[int]) -> tuple[int, list[Value]]:
    """The node of a block that is called again, and its results."""
    operands: list[Any] = [required(x, block.name) for x in graph.values(parents)]
    results: list[Any] = block(operands)
    hub, call = results[0]._block
    return graph.add_block(hub, call, tuple(parents)), results
