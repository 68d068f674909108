"""Groups that are no sums: elementwise formulas, the largest of rows, and takes by an index."""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.lift.affine import Loop, is_within, nest, runs
from autograd_lite.compiler.lift.blocks import Block, Memory
from autograd_lite.compiler.lift.contractions import refs_of
from autograd_lite.compiler.lift.instructions import (
    Elementwise,
    IndexTable,
    Instruction,
    Ref,
    RowMax,
    Scatter,
)
from autograd_lite.compiler.lift.specialized import Specialized, is_zero_where
from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["elementwise", "in_loops", "index_table", "row_max"]


def elementwise(
    memory: Memory, block: Block, what: Specialized, operands: dict[str, Ints]
) -> list[Instruction]:
    """An elementwise formula of operands, whose addresses [n] are given by name."""
    if block.rows and what.part < 0:  # a user's function is called for no padding
        wide = {name: block.rows.filled(table) for name, table in operands.items()}
        loops = nest(np.stack([np.arange(block.size), *wide.values()]))
        if loops is not None and all(is_within(wide[name], operands[name]) for name in wide):
            padding = {name: table[block.rows.padding] for name, table in wide.items()}
            zero = {x for x, at in padding.items() if memory.products_are_zero(at, at, need=False)}
            block.padding_is_zero = is_zero_where(what, zero)
            block.needs_zero_padding = True  # times 0, an infinite padding would be NaN
            return [in_loops(block.base, loops, what, wide), *memory.zero_padding(block)]
    members = np.arange(len(block.offset))
    tables = {"": members, **operands}
    loops = nest(np.stack(list(tables.values())))
    if loops is None:
        tables = {"": members}
        for name, table in operands.items():
            if nest(np.stack([*tables.values(), table])) is None:
                table = memory.copy(table) + members
            tables[name] = table
        loops = nest(np.stack(list(tables.values())))
        assert loops is not None
    del tables[""]
    base = memory.reserve(len(members)) if block.rows else block.base
    it = in_loops(base, loops, what, tables)
    return [it, Scatter(base, block.addresses)] if block.rows else [it]


def in_loops(
    base: int, rows: list[Loop], what: Specialized, tables: dict[str, Ints]
) -> Elementwise:
    """The instruction that writes base, base + 1, ..., given a nest of 0, 1, ... and the tables.

    tables  {name: [n] addresses} of the operands
    """
    loops, _, (out, *refs) = refs_of([base, *(table[0] for table in tables.values())], rows, [])
    return Elementwise(loops, out, what, dict(zip(tables, refs, strict=True)))


def row_max(memory: Memory, block: Block, counts: Ints, x: Ints) -> list[Instruction]:
    """The largest of rows, of counts [n] addresses each; short ones end with their last again."""
    n, k = len(counts), int(counts.max())
    starts = np.cumsum(counts) - counts
    table = x[starts[:, None] + np.minimum(np.arange(k), counts[:, None] - 1)]
    base = memory.reserve(n) if block.rows else block.base
    rows, columns = nest(np.stack([np.arange(n), table[:, 0]])), nest(table[:1])
    if rows is None or columns is None or len(runs(table[None])) > 1:
        it = RowMax((n,), (k,), Ref(base, (1, 0)), Ref(memory.copy(table), (k, 1)))
    else:
        loops, sums, (out, a) = refs_of([base, table[0, 0]], rows, columns)
        it = RowMax(loops, sums, out, a)
    return [it, Scatter(base, block.addresses)] if block.rows else [it]


def index_table(slots: Ints, table: Ints) -> IndexTable:
    """Row i of a table of addresses, read at the index in slots[i]."""
    among = table.shape[1]
    first = table[:, 0]
    step = int(table[0, 1] - table[0, 0]) if among > 1 else 0
    regular = (table == first[:, None] + step * np.arange(among)).all()
    return IndexTable(slots, among, first, step, None if regular else table)
