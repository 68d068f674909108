"""The tape of a batch: what is copied for each sample, what is shared, and where numbers stand."""

from array import array

import numpy as np

from autograd_lite import Value
from autograd_lite.compiler.tape.batched import BatchSlots, batched_tape
from autograd_lite.compiler.tape.interpreter import Interpreter
from autograd_lite.compiler.tape.opcodes import INDEX, LEAF, TAKE
from autograd_lite.compiler.tape.writer import write_tape
from autograd_lite.operations.rules import CODES


def test_slots_of_samples_stand_side_by_side():
    slots = BatchSlots([(2, True), (1, False), (0, True), (1, True)], 3)
    assert slots.size == 3 * 2 + 1 + 3
    assert slots.own.tolist() == [True, True, False, True]
    assert slots.of(1).tolist() == [2, 3, 6, 8]
    assert slots.of(np.arange(3)[:, None])[2].tolist() == [4, 5, 6, 9]


def batch_of(outputs, nodes, leaves, own, n, results, indices=()):
    """The batched tape of a graph whose leaves are samples' own or not, and its origins."""
    written = write_tape(nodes, outputs, dict(leaves), dict(indices), {})
    tape = written.tape(outputs, results, len(indices))
    return batched_tape(
        tape, BatchSlots([(1, mine) for mine in own], n), BatchSlots([(0, True)], n), n, results
    )


def test_what_depends_on_no_sample_is_there_once():
    x, w = Value(0.0), Value(0.0)
    shared = w.exp()
    own = x * shared
    tape, origin = batch_of([own, shared], [shared, own], {x: 0, w: 1}, [True, False], 3, 1)
    codes = [LEAF, CODES["exp"], *[LEAF, CODES["mul"]] * 3]
    assert sorted(tape.codes.tolist()) == sorted(codes)
    assert sorted(origin.tolist()) == [0, 1, *[2] * 3, *[3] * 3]
    run = Interpreter(tape, []).forward(array("d", [1.0, 2.0, 3.0, 0.0]), array("q"), ())
    assert run.outputs.tolist() == [1.0, 2.0, 3.0, 1.0, 1.0, 1.0]  # the others after the results


def test_an_index_of_each_sample():
    xs, i = [Value(0.0), Value(0.0)], Value(0.0)
    node, leaves = Value(0.0), {x: k for k, x in enumerate(xs)}
    written = write_tape([node], [node], leaves, {i: 0}, {node: (TAKE, (i, *xs))})
    one = written.tape([node], 1, 1)
    tape, _ = batched_tape(one, BatchSlots([(2, False)], 3), BatchSlots([(1, True)], 3), 3, 1)
    assert tape.codes.tolist().count(TAKE) == tape.codes.tolist().count(INDEX) == 3
    run = Interpreter(tape, []).forward(array("d", [5.0, 7.0]), array("q", [1, 0, 1]), ())
    assert run.outputs.tolist() == [7.0, 5.0, 7.0]


def test_derivatives_are_those_of_their_samples():
    x, w = Value(0.0), Value(0.0)
    node = x * w
    derivative = node * w
    written = write_tape([node, derivative], [derivative], {x: 0, w: 1}, {}, {})
    one = written.tape([derivative], 1, 0, [(derivative, "R", node)])
    slots = BatchSlots([(1, True), (1, False)], 3)
    tape, origin = batched_tape(one, slots, BatchSlots([(0, True)], 3), 3, 1)
    assert len(tape.marks) == 3
    for i, (made_in, of) in tape.marks.items():
        assert made_in == "R"
        assert (origin[i], origin[of]) == (one.outputs[0], one.marks[one.outputs[0]][1])
        assert of in tape.parents_of(i)
