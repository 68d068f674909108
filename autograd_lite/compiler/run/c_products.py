"""Products of matrices in C: tiles of four or eight rows, and of two vectors of columns.

The sums of a tile stay in registers, a vector in each. A compiler keeps them there only if each has
a name, and fits; so tiles are written out, one function for each size, and once for each length of
vectors.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from autograd_lite.compiler.run.c_lines import counting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from autograd_lite.compiler.lift.instructions import Contraction

__all__ = ["Products", "products"]

LANES = 8  # the longest vectors; rows of panels are whole ones of these
_WIDE = 512  # numbers between two rows from which on a panel is copied for many rows


def _tile(rows: int, vectors: int) -> str:
    """A function that computes so many rows, and columns: those in so many vectors."""
    sums = [[f"s{r}{v}" for v in range(vectors)] for r in range(rows)]
    lines = [f"lanes {', '.join(f'{s} = {{0}}' for row in sums for s in row)};"]
    lines.append("for (long k = 0; k < n; k++) {")
    for v in range(vectors):
        lines.append(f"const lanes b{v} = *(const lanes *)(b + k * b_step + {v} * LANES);")
    for r in range(rows):
        lines.append(f"const double a{r} = a[{r} * a_row + k * a_step];")
        lines += [f"{sums[r][v]} += a{r} * b{v};" for v in range(vectors)]
    lines.append("}")
    for r in range(rows):
        for v in range(vectors):
            at = f"out + {r} * down + {v} * LANES * along"
            lines.append(f"put({sums[r][v]}, {at}, along, width - {v} * LANES, add);")
    body = "\n    ".join(lines)
    return f"INLINE void tile_{rows}_{vectors}(TILE)\n{{\n    FUSED\n    {body}\n}}\n"


_HEAD = """\
/* Products are added up without being rounded first. */
#ifdef __clang__
#define FUSED _Pragma("clang fp contract(fast)")
#else
#define FUSED
#pragma GCC push_options
#pragma GCC optimize("fp-contract=fast")
#endif

/* As many doubles as a register holds: gcc keeps wider vectors in memory. */
#ifdef __AVX512F__
#define LANES 8
#define PUT_ALL PUT(0) PUT(1) PUT(2) PUT(3) PUT(4) PUT(5) PUT(6) PUT(7)
#elif defined(__AVX__)
#define LANES 4
#define PUT_ALL PUT(0) PUT(1) PUT(2) PUT(3)
#else
#define LANES 2
#define PUT_ALL PUT(0) PUT(1)
#endif
typedef double lanes __attribute__((vector_size(8 * LANES), aligned(8)));

INLINE void put(lanes sum, double *out, const long along, const long width, const int add)
{
    if (width >= LANES && along == 1) {
        *(lanes *)out = add ? *(lanes *)out + sum : sum;
        return;
    }
#define PUT(t) if (width > t) out[t * along] = add ? out[t * along] + sum[t] : sum[t];
    PUT_ALL
}

/* out (+)= a b for a few rows of a. The columns of b lie side by side; it is read beyond the last
   one, up to a whole vector. */
#define TILE \\
    const long n, const double *a, const long a_row, const long a_step, const double *b, \\
    const long b_step, double *out, const long down, const long along, const long width, \\
    const int add
"""

_TAIL = """\
/* The panel is b with its columns side by side, and rows of whole vectors. */
INLINE const double *packed(const long columns, const long n, const double *b, const long b_step,
                            const long b_column, double *panel)
{
    const long wide = (columns + 7) / 8 * 8;
    for (long k = 0; k < n; k++)
        for (long j = 0; j < columns; j++)
            panel[k * wide + j] = b[k * b_step + j * b_column];
    return panel;
}

/* out[i] (+)= the sum of a[i, k] b[k] */
INLINE void dots(const long rows, const long n, const double *a, const long a_row,
                 const long a_step, const double *b, const long b_step, double *out,
                 const long down, const int add)
{
    FUSED
    for (long i = 0; i < rows; i++) {
        double sum = 0;
        SUMS(sum)
        for (long k = 0; k < n; k++)
            sum += a[i * a_row + k * a_step] * b[k * b_step];
        out[i * down] = add ? out[i * down] + sum : sum;
    }
}
"""


class Products:
    """Writes products, and the functions that they need."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}  # by their bodies
        self._tiles: set[tuple[int, int]] = set()

    def definitions(self) -> list[str]:
        """The functions, in C."""
        if not self._names:
            return []
        of = "(const double *a, const double *b, double *out, double *panel)"
        functions = [
            f"static __attribute__((noinline)) void {name}{of}\n{{\n{body}\n}}\n"
            for body, name in self._names.items()
        ]
        tiles = [_tile(*tile) for tile in sorted(self._tiles)]
        end = "#ifndef __clang__\n#pragma GCC pop_options\n#endif\n"
        return [_HEAD, *tiles, _TAIL, *functions, end]

    def function(self, it: Contraction, turns: int) -> tuple[str, bool, int]:
        """The function of a contraction, given pointers to a, b, out, and to room for a panel.

        turns  the number of strides before those of its loops
        Returns its name, whether a and b are exchanged, and the size of the panel.
        """
        p = min(products(it, turns), key=Product.cost)
        panel = p.sizes[p.k] * -(-p.size(p.column) // LANES) * LANES if p.is_packed() else 0
        outer = sorted(p.others, key=lambda i: not p.b[i])  # those in which the panel changes first
        fixed = [i for i in outer if not p.b[i]] if not p.more else []
        lines = [counting(f"i{i}", p.sizes[i]) for i in outer if i not in fixed]
        add = int(it.add)
        if p.more and not it.add:
            cell = [i for i in (p.row, p.column) if i >= 0]
            lines += [counting(f"i{i}", p.sizes[i]) for i in cell]
            lines += [f"{_at('out', p.out, [*outer, *cell])} = 0;", *["}"] * len(cell)]
            add = 1
        lines += [counting(f"i{i}", p.sizes[i]) for i in p.more]
        column, n = p.size(p.column), p.sizes[p.k]
        inside = [*outer, *p.more]
        b, b_step = f"&{_at('b', p.b, inside)}", p.b[p.k]
        if panel:
            b_column = p.of(p.b, p.column)
            lines.append(
                f"const double *p = packed({column}, {n}, {b}, {b_step}, {b_column}, panel);"
            )
            b, b_step = "p", -(-column // LANES) * LANES
        lines += [counting(f"i{i}", p.sizes[i]) for i in fixed]
        a, out = f"&{_at('a', p.a, inside)}", f"&{_at('out', p.out, outer)}"
        a_row, a_step, down = p.of(p.a, p.row), p.a[p.k], p.of(p.out, p.row)
        if p.column < 0:
            lines.append(
                f"dots({p.size(p.row)}, {n}, {a}, {a_row}, {a_step}, {b}, {b_step}, "
                f"{out}, {down}, {add});"
            )
        else:
            lines.append(f"const double *x = {a}, *y = {b}; double *to = {out};")
            for lanes, rows in ((8, 8), (4, 4), (2, 4)):  # 32 registers, else 16
                lines.append(f"#if LANES == {lanes}")
                lines += [*self._in_tiles(p, rows, 2 * lanes, lanes, b_step, add), "#endif"]
        body = "\n".join([*lines, *["}"] * (len(outer) + len(p.more))])
        return self._names.setdefault(body, f"product_{len(self._names)}"), p.exchanged, panel

    def _in_tiles(
        self, p: Product, rows: int, columns: int, lanes: int, b_step: int, add: int
    ) -> Iterator[str]:
        """The calls of tiles for a product of x and y, which is written to `to`."""
        n, a_row, a_step = p.sizes[p.k], p.of(p.a, p.row), p.a[p.k]
        down, along = p.of(p.out, p.row), p.of(p.out, p.column)
        for j, wide, j_count in _cut(p.size(p.column), columns):
            for i, tall, i_count in _cut(p.size(p.row), rows, 4):
                vectors = -(-wide // lanes)
                self._tiles.add((tall, vectors))
                yield (
                    f"{counting('j', j_count)} {counting('i', i_count)} "
                    f"const long row = {i} + {tall} * i, column = {j} + {wide} * j; "
                    f"tile_{tall}_{vectors}({n}, x + row * {a_row}, {a_row}, {a_step}, "
                    f"y + column, {b_step}, to + row * {down} + column * {along}, "
                    f"{down}, {along}, {wide}, {add}); }} }}"
                )


def _cut(size: int, *pieces: int) -> Iterator[tuple[int, int, int]]:
    """A size as pieces of these sizes, and one of what is left: (start, size, count)."""
    start = 0
    for piece in pieces:
        count = (size - start) // piece
        if count:
            yield start, piece, count
        start += count * piece
    if start < size:
        yield start, size - start, 1


class Product(NamedTuple):
    """A way to compute a contraction: out[row, column] (+)= the sum of a[row, k] b[k, column].

    a, b, out      the strides of the factors, which may be exchanged, and of the result
    row, column    a loop in which only a moves, and one in which only b does; -1 for none
    k              the loop that is summed within a tile
    others, more   the other loops, and the other sums
    """

    sizes: tuple[int, ...]
    a: tuple[int, ...]
    b: tuple[int, ...]
    out: tuple[int, ...]
    row: int
    column: int
    k: int
    others: list[int]
    more: list[int]
    exchanged: bool

    def of(self, strides: Sequence[int], loop: int) -> int:
        return strides[loop] if loop >= 0 else 0

    def size(self, loop: int) -> int:
        return self.sizes[loop] if loop >= 0 else 1

    def is_packed(self) -> bool:
        """True if b is read from a copy, in which its columns lie side by side."""
        if self.column < 0:
            return False
        far = self.b[self.k] >= _WIDE and self.size(self.row) >= 16
        return self.b[self.column] != 1 or far

    def cost(self) -> float:
        """About how many operations it takes."""
        rows, columns, n = self.size(self.row), self.size(self.column), self.sizes[self.k]
        if self.column < 0:
            beside = self.a[self.k] == self.b[self.k] == 1
            once = rows * (n / 4 + 4 if beside else 2 * n + 4)
        else:
            vectors = -(-columns // LANES)
            stored = vectors if self.out[self.column] == 1 else 2 * columns
            loads = vectors * -(-rows // 4) + rows
            packing = n * columns * self.is_packed()
            once = rows * vectors * n + n * loads + rows * stored + packing
        return once * prod(self.sizes[i] for i in [*self.others, *self.more])


def products(it: Contraction, turns: int) -> Iterator[Product]:
    """The ways to compute a contraction; `turns` is the number of strides before its own."""
    assert it.b is not None
    n = len(it.loops)
    sums = _merged(it.sums, it.a.strides[turns + n :], it.b.strides[turns + n :])
    sizes = (*it.loops, *(size for size, _, _ in sums))
    x = (*it.a.strides[turns : turns + n], *(stride for _, stride, _ in sums))
    y = (*it.b.strides[turns : turns + n], *(stride for _, _, stride in sums))
    out = (*it.out.strides[turns : turns + n], *[0] * len(sums))
    k = max(range(n, len(sizes)), key=sizes.__getitem__)
    more = [i for i in range(n, len(sizes)) if i != k]
    for a, b, exchanged in ((x, y, False), (y, x, True)):
        for row in [-1, *(i for i in range(n) if a[i] and not b[i])]:
            for column in [-1, *(i for i in range(n) if b[i] and not a[i])]:
                others = [i for i in range(n) if i not in (row, column)]
                yield Product(sizes, a, b, out, row, column, k, others, more, exchanged)


def _merged(sizes: Sequence[int], a: Sequence[int], b: Sequence[int]) -> list[tuple[int, int, int]]:
    """Loops as (size, stride of a, stride of b), two as one where they are one stretch."""
    loops: list[tuple[int, int, int]] = []
    for size, of_a, of_b in zip(sizes, a, b, strict=True):
        if loops and loops[-1][1:] == (size * of_a, size * of_b):
            loops[-1] = loops[-1][0] * size, of_a, of_b
        else:
            loops.append((size, of_a, of_b))
    return loops


def _at(array: str, strides: Sequence[int], loops: Sequence[int]) -> str:
    moves = [f"{strides[i]} * i{i}" for i in loops if strides[i]]
    return f"{array}[{' + '.join(moves) or '0'}]"
