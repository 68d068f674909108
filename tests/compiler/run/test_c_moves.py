"""Instructions with tables in C against those of NumPy."""

import numpy as np
import pytest

from autograd_lite.compiler.lift.instructions import (
    Elementwise,
    Gather,
    IndexTable,
    Ref,
    Scatter,
    ScatterAdd,
    SegmentSum,
    Take,
    ZeroPadding,
)
from autograd_lite.compiler.lift.specialized import value_of
from autograd_lite.compiler.run.c_moves import Tables
from autograd_lite.operations.formulas import NotInCError
from tests.support.in_c import agree, needs_compiler

RNG = np.random.default_rng(0)
TABLES = [
    np.arange(40),  # one stretch
    np.arange(40)[::-1].copy(),
    3 * np.arange(13),
    RNG.permutation(40),  # no stretches
    np.concatenate([np.arange(10), np.arange(20, 40), np.arange(12, 15)]),  # three stretches
    (np.arange(5)[:, None] + 8 * np.arange(5)).ravel(),
    np.array([7]),
    np.array([3, 39]),
]


@needs_compiler
def test_gather_and_scatter():
    groups = []
    for table in TABLES:
        groups += [
            Gather(50, table),
            Scatter(50, table + 100),
            Scatter(50, table + 100, add=True),
            ZeroPadding(160, np.isin(np.arange(40), table[: len(table) // 2])),
            Gather(160, np.array(table) + 100),
        ]
    agree(
        [group for group in groups if not isinstance(group, ZeroPadding) or group.padding.any()],
        200,
    )


@needs_compiler
def test_tables_of_large_numbers():
    table = RNG.permutation(70_000)
    agree([Gather(70_000, table)], 140_000)
    definitions = Tables()
    definitions.moved(Gather(70_000, table))
    assert definitions.definitions[0].startswith("static const uint32_t")


@needs_compiler
@pytest.mark.parametrize("pairs", [False, True])
def test_sums_of_rows_of_their_own_lengths(pairs):
    groups = []
    for starts in ([0, 1, 5, 30], [0, 10, 20, 30], [0]):
        for table in (np.arange(40), RNG.permutation(40)):
            b = RNG.permutation(40) if pairs else None
            groups.append(SegmentSum(60 + 5 * len(groups), table, b, np.array(starts)))
    agree(groups, 100)


@needs_compiler
def test_takes_and_their_sums():
    """Negative indices count from the end."""
    indices = [2, -1, 0, -3, 1]
    rows = np.arange(5)
    tables = [
        IndexTable(rows, 3, 4 * rows, 1),
        IndexTable(rows, 3, 0 * rows, 7),
        IndexTable(np.repeat(rows, 4), 3, np.tile(np.arange(4), 5), 4),  # whole rows
        IndexTable(rows[::-1].copy(), 3, np.array([5, 1, 9, 2, 30]), 2),
        IndexTable(rows, 3, np.zeros(5, int), 0, RNG.permutation(40)[:15].reshape(5, 3)),
        IndexTable(np.array([1]), 3, np.array([2]), 5),
    ]
    groups = []
    for table in tables:
        n = len(table.slots)
        groups += [Take(60, table), ScatterAdd(60 + RNG.permutation(n), table)]
    agree(groups, 100, indices)


def test_a_table_is_written_once():
    tables = Tables()
    table = np.array([5, 3, 9])
    for base in (20, 30):
        tables.moved(Gather(base, table))
    assert tables.definitions == ["static const uint8_t table_0[] = {2,0,6};"]


def test_what_calls_python_is_not_in_c():
    it = Elementwise((2,), Ref(0, (1,)), value_of(1, 0.0), {})
    with pytest.raises(NotInCError, match="Elementwise calls Python"):
        Tables().moved(it)
