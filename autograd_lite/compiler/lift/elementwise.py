"""Groups that are no sums: elementwise formulas, the largest of rows, and picks by an index."""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.lift.affine import is_within, nest, runs
from autograd_lite.compiler.lift.contractions import refs_of
from autograd_lite.compiler.lift.instructions import Elementwise, IndexTable, Ref, RowMax, Scatter
from autograd_lite.compiler.lift.specialized import is_zero_where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd_lite.compiler.lift.addresses import Layout, Piece
    from autograd_lite.compiler.lift.affine import Loop
    from autograd_lite.compiler.lift.contractions import Gathers
    from autograd_lite.compiler.lift.instructions import Instruction
    from autograd_lite.compiler.lift.specialized import Specialized
    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["index_table", "largest", "mapped"]


def mapped(
    layout: Layout, gathers: Gathers, piece: Piece, what: Specialized, operands: dict[str, Ints]
) -> list[Instruction]:
    """An elementwise formula of operands, whose addresses [n] are given by name."""
    if piece.box and what.part < 0:  # a user's function is called for no padding
        wide = {name: piece.box.filled(table) for name, table in operands.items()}
        loops = nest(np.stack([np.arange(piece.size), *wide.values()]))
        if loops is not None and all(is_within(wide[name], operands[name]) for name in wide):
            holes = {name: table[piece.box.holes] for name, table in wide.items()}
            zero = {name for name, x in holes.items() if layout.vanish(x, x, claim=False)}
            piece.clean = is_zero_where(what, zero)
            piece.claimed = True  # 1 / 0 or log 0 may stand there, which 0 does not take away
            return [_map(piece.base, loops, what, wide), *layout.mask(piece)]
    lanes = np.arange(len(piece.lane))
    tables = {"": lanes}
    for name, table in operands.items():
        if nest(np.stack([*tables.values(), table])) is None:
            table = gathers(table) + lanes
        tables[name] = table
    loops = nest(np.stack(list(tables.values())))
    assert loops is not None
    del tables[""]
    if not piece.box:
        return [_map(piece.base, loops, what, tables)]
    base = layout.reserve(len(lanes))
    scatter = Scatter(base, piece.base + piece.lane)
    return [_map(base, loops, what, tables), scatter]


def _map(base: int, rows: list[Loop], what: Specialized, tables: dict[str, Ints]) -> Elementwise:
    """The instruction, in loops that go through 0, 1, 2, ... and the tables."""
    loops, _, (out, *refs) = refs_of([base, *(table[0] for table in tables.values())], rows, [])
    return Elementwise(loops, out, what, dict(zip(tables, refs, strict=True)))


def largest(
    layout: Layout, gathers: Gathers, piece: Piece, counts: Ints, x: Ints
) -> list[Instruction]:
    """The largest of rows, of counts [n] addresses each; short ones end with their last again."""
    n, k = len(counts), int(counts.max())
    starts = np.cumsum(counts) - counts
    table = x[starts[:, None] + np.minimum(np.arange(k), counts[:, None] - 1)]
    base = layout.reserve(n) if piece.box else piece.base
    rows, columns = nest(np.stack([np.arange(n), table[:, 0]])), nest(table[:1])
    if rows is None or columns is None or len(runs(table[None])) > 1:
        it = RowMax((n,), (k,), Ref(base, (1, 0)), Ref(gathers(table), (k, 1)))
    else:
        loops, inner, (out, a) = refs_of([base, table[0, 0]], rows, columns)
        it = RowMax(loops, inner, out, a)
    scatter = [Scatter(base, piece.base + piece.lane)] if piece.box else []
    return [it, *scatter]


def index_table(slots: Ints, table: Ints) -> IndexTable:
    """Row i of a table of addresses, read at the index in slots[i]."""
    among = table.shape[1]
    first = table[:, 0]
    step = int(table[0, 1] - table[0, 0]) if among > 1 else 0
    regular = (table == first[:, None] + step * np.arange(among)).all()
    return IndexTable(slots, among, first, step, None if regular else table)
