"""Writing a tape: what is alive, what is detached, taken or largest, and what the numbers are."""

import math

import pytest

from autograd_lite import Value, dot
from autograd_lite.compiler.tape.opcodes import CONSTANT, DETACH, INDEX, LARGEST, LEAF, TAKE
from autograd_lite.compiler.tape.writer import write_tape
from autograd_lite.operations.rules import CODES


def written(nodes, outputs, leaves, indices=(), computed_from=()):
    return write_tape(nodes, outputs, leaves, dict(indices), dict(computed_from))


def test_what_no_output_depends_on_is_left_out():
    x = Value(2.0)
    kept, dropped = x.exp(), x.sin()
    tape = written([dropped, kept, dropped * kept], [kept], {x: 0})
    assert tape.codes.tolist() == [LEAF, CODES["exp"]]
    assert dropped not in tape.position


def test_a_copy_is_what_it_copies():
    x = Value(2.0)
    copy, square = x**1, x**2
    result = copy.exp() ** 1
    tape = written([copy, square, result.parents[0], result], [result, copy, square], {x: 0})
    names = [LEAF, CODES["pow_c"], CODES["exp"]]
    assert tape.codes.tolist() == names
    assert [tape.position[node] for node in (result, copy, square)] == [2, 0, 1]


def test_a_detached_leaf_keeps_what_it_is_detached_from_alive():
    x = Value(2.0)
    source = x.exp()
    leaf = source.detach()
    result = leaf * x
    tape = written(
        [source, leaf, result], [result], {x: 0}, computed_from={leaf: (DETACH, (source,))}
    )
    assert tape.codes.tolist() == [LEAF, CODES["exp"], DETACH, CODES["mul"]]


def test_a_comparison_is_a_leaf_of_the_graph_and_a_node_of_the_tape():
    x = Value(2.0)
    source, holds = x.exp(), Value(1.0)
    result = holds * x
    less = CODES["less"]
    tape = written(
        [source, holds, result], [result], {x: 0}, computed_from={holds: (less, (source, 9.0))}
    )
    assert tape.codes.tolist() == [LEAF, CODES["exp"], CONSTANT, less, CODES["mul"]]
    assert tape.static.tolist() == [0.0, 0.0, 9.0, 0.0, 0.0]


def test_take_reads_its_index_once_for_all():
    i, xs = Value(1.0), [Value(2.0), Value(3.0)]
    one, other = Value(3.0), Value(3.0)
    taken = dict.fromkeys([one, other], (TAKE, (i, *xs)))
    tape = written([one, other], [one, other], {}, {i: 4}, taken)
    assert tape.codes.tolist() == [INDEX, LEAF, LEAF, TAKE, TAKE]
    assert tape.slots.tolist() == [4, 0, 1, -1, -1]
    assert tape.parents.tolist() == [0, 1, 2, 0, 1, 2]
    with pytest.raises(ValueError, match="take reads an index that is no integer among the arg"):
        written([one], [one], {}, {}, taken)


def test_the_largest_is_a_node_of_its_own():
    xs = [Value(2.0), Value(3.0)]
    node = Value(3.0)
    tape = written([node], [node], {xs[0]: 1, xs[1]: 0}, {}, {node: (LARGEST, tuple(xs))})
    assert tape.codes.tolist() == [LEAF, LEAF, LARGEST]
    assert tape.slots.tolist() == [1, 0, -1]


def test_numbers_and_parameters():
    """The weights of a dot are constants, and so are leaves that were made in the call."""
    x, made = Value(2.0), Value(math.pi)
    node = dot([x, made], [0.5, -3.0])
    power = node**1.5
    tape = written([made, node, power], [power], {x: 0})
    assert tape.codes.tolist() == [CONSTANT, LEAF, CONSTANT, CONSTANT, CODES["dot"], CODES["pow_c"]]
    assert tape.static.tolist() == [math.pi, 0.0, 0.5, -3.0, 0.0, 1.5]
    assert tape.offsets.tolist() == [0, 0, 0, 0, 0, 4, 5]
    assert tape.captured == []
