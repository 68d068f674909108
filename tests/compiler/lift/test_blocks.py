"""The memory of a lifted program: padded rows, constants, copies that are made once."""

import numpy as np

from autograd_lite.compiler.lift.blocks import Memory, PaddedRows
from autograd_lite.compiler.lift.instructions import Gather, Zero
from autograd_lite.compiler.lift.names import Array


def memory_with(constants, leaves=4):
    memory = Memory(leaves)
    values = np.array(constants)
    memory.constants = Array(memory.reserve(len(values)), len(values), "constants", values=values)
    return memory


def triangle():
    """Rows of 1, 2 and 3 members."""
    return PaddedRows(np.array([0, 1, 3]), np.array([1, 2, 3]))


def test_rows_are_padded_to_the_longest():
    rows = triangle()
    assert (rows.width, rows.longest) == (3, 2)
    assert rows.offset.tolist() == [0, 3, 4, 6, 7, 8]
    assert np.flatnonzero(rows.padding).tolist() == [1, 2, 5]


def test_each_row_goes_on_as_the_longest_does():
    filled = triangle().filled(np.array([10, 20, 22, 30, 32, 34]))
    assert filled.tolist() == [10, 12, 14, 20, 22, 24, 30, 32, 34]


def test_blocks_follow_one_another():
    memory = memory_with([1.0, 2.0])
    first, padded = memory.block(5), memory.block(6, triangle())
    assert first.addresses.tolist() == [6, 7, 8, 9, 10]
    assert padded.addresses.tolist() == [11, 14, 15, 17, 18, 19]
    assert memory.size == 20


def test_a_constant_is_one_that_lies_at_all_addresses():
    memory = memory_with([1.0, 2.0, 2.0])
    assert memory.constant_at(np.array([5, 6])) == 2.0
    assert memory.constant_at(np.array([4, 5])) is None
    assert memory.constant_at(np.array([3, 4])) is None
    assert memory.constant_at(np.array([7])) is None


def test_a_copy_is_made_once_and_in_front():
    memory = memory_with([1.0])
    table = np.array([3, 1, 2])
    assert memory.copy(table) == memory.copy(table.copy()) == 5
    (copy, zero) = memory.with_copies([Zero(9, 1)])
    assert isinstance(copy, Gather)
    assert (copy.base, copy.table.tolist(), zero) == (5, [3, 1, 2], Zero(9, 1))
    assert memory.with_copies([]) == []


def test_padding_is_set_to_zero_only_if_somebody_relies_on_it():
    memory = memory_with([1.0])
    block = memory.block(6, triangle())
    assert memory.zero_padding(block) == []  # it is 0 anyway
    block.padding_is_zero = False
    instructions = memory.zero_padding(block)
    padding = block.base + np.flatnonzero(block.rows.padding)
    assert not memory.products_are_zero(padding, np.zeros_like(padding), need=False)
    assert memory.needed(instructions) == []
    assert memory.products_are_zero(padding, np.zeros_like(padding), need=True)
    assert memory.needed(instructions) == instructions
