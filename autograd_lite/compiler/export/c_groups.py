"""The groups of a plan as C99 that a person can read: arrays have names, and products are calls."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import replace
from math import prod

import numpy as np

from autograd_lite.compiler.export.c_formulas import is_in_parentheses, number_in_c, to_readable_c
from autograd_lite.compiler.export.c_functions import IN_C, with_formulas
from autograd_lite.compiler.export.c_memory import Copy, Finite, Zeros
from autograd_lite.compiler.lift.instructions import (
    Contraction,
    Elementwise,
    Gather,
    IndexTable,
    Ref,
    Scatter,
    ScatterAdd,
    Take,
)
from autograd_lite.compiler.plan.groups import Loop, Repeat
from autograd_lite.compiler.run.c_loops import SIGNS, LoopWriter, Nested, maximum_of
from autograd_lite.compiler.run.c_moves import Tables
from autograd_lite.compiler.run.c_products import products
from autograd_lite.operations.formulas import NotInCError, functions_of, with_terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from autograd_lite.compiler.export.c_memory import Laid, Step, Unit
    from autograd_lite.compiler.lift.names import Names
    from autograd_lite.compiler.plan.groups import Statement
    from autograd_lite.compiler.run.c_products import Product
    from autograd_lite.compiler.tape.ranges import Ints
    from autograd_lite.operations.formulas import Tree

__all__ = ["GroupWriter", "c_name"]

_INDICES = "ijklmnop"
# Words of C, macros of its compilers and headers, and names that functions have for themselves.
_WORDS = {
    "asm", "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else",
    "enum", "extern", "float", "for", "goto", "if", "inline", "int", "long", "register", "restrict",
    "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "typeof",
    "union", "unsigned", "void", "volatile", "while", "INFINITY", "NAN", "NULL", "linux", "unix",
    "turn", "row", "sum", "end", "chosen", "finite", "commit",
}  # fmt: skip
_OTHERS = re.compile(r"[i-p]|[xsi]\d+|_[A-Z_].*|\w+_t|(M|FP|MATH|HUGE|U?INT\w*)_\w+")


def c_name(name: str) -> str:
    """A name as an identifier of C that is none of its words, nor of ours."""
    made = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "part"
    if made[0].isdigit():
        return f"_{made}"
    return f"{made}_" if made in _WORDS or _OTHERS.fullmatch(made) else made


class _Stretch:
    """Neighbours in memory that have one name."""

    def __init__(self, name: str, pointer: str, start: int) -> None:
        self.name, self.pointer, self.start = name, pointer, start


class GroupWriter(LoopWriter):
    """Writes what there is to do.

    prefix     what the names of functions begin with
    functions  the functions of formulas that are used
    products, checks, puts  True if there are some
    replaced   the arrays whose numbers are replaced
    used       {name in a function: the part of an array that it has}
    regions    the arrays that a function needs
    """

    index, is_brief = "int32_t", True

    def __init__(
        self,
        laid: Laid,
        prefix: str,
        pointers: Mapping[str, Sequence[tuple[int, str]]],
        names: Names,
        integers: set[str],
    ) -> None:
        """A writer.

        pointers  {region: (first place, name) of each tensor in it}; of an argument that is itself
        names     of addresses in the lifted program
        integers  the arguments that are ints in C
        """
        self.laid, self.prefix = laid, prefix
        self.real = f"{prefix.upper()}_REAL"
        self.functions: set[str] = set()
        self.products = self.checks = self.puts = False
        self.replaced: set[str] = set()
        self.integers = integers
        self.used: dict[str, str] = {}
        self.regions: dict[str, None] = {}
        self.tables = _Tables(self)
        self._names = names
        self._taken = {name for found in pointers.values() for _, name in found}
        self._taken |= {region.name for region in laid.regions}
        self._stretches: dict[str, list[_Stretch]] = {}
        constants = f"{prefix}_constants"
        self._stretches["constants"] = [_Stretch(constants, constants, 0)]
        for region in laid.regions[:-1]:
            if region.name in self._stretches:
                continue
            found = pointers.get(region.name, [(0, region.name)])
            self._stretches[region.name] = [
                _Stretch(name, f"{region.name} + {start}" if start else region.name, start)
                for start, name in found
            ]
        self._of_unit: dict[int, list[_Stretch]] = {}
        self._units: Sequence[int] = ()

    # ------------------------------------------------------------------------------ places

    def place(self, ref: Ref, names: Sequence[str]) -> str:
        if ref.base in self.laid.literals:
            return number_in_c(self.laid.literals[ref.base], self.real)
        moves = [_times(stride, name) for stride, name in zip(ref.strides, names, strict=True)]
        return self.at(ref.base, " + ".join(filter(None, moves)))

    def target(self, ref: Ref, names: Sequence[str]) -> str:
        units, self._units = self._units, self._units[::-1]
        try:
            return self.place(ref, names)
        finally:
            self._units = units

    def at(self, address: int, further: str = "") -> str:
        """The number at an address, or so much further: z1[50 * i + j]."""
        pointer, start = self._pointer(address)
        text = " + ".join(filter(None, [str(start) if start else "", further])) or "0"
        text = re.sub(r"(?<!\w)(0 \+|1 \*) ", "", text).replace("+ -", "- ")
        cast = f"({self.real})" if pointer in self.integers else ""
        return f"{cast}{pointer}[{text}]"

    def _pointer(self, address: int) -> tuple[str, int]:
        """The pointer to a stretch in which an address lies, and how far behind its start."""
        laid = self.laid
        region = next(r for r in reversed(laid.regions) if r.base <= address and r.size)
        if region is laid.regions[-1]:
            unit = next(
                laid.units[u]
                for u in self._units
                if laid.units[u].base <= address < laid.units[u].base + len(laid.units[u].origins)
            )
            stretches, place = self._stretches_of(unit), address - unit.base
        else:
            stretches, place = self._stretches[region.name], address - region.base
        self.regions[region.name] = None
        k = bisect_right([x.start for x in stretches], place) - 1
        found = stretches[k]
        if found.pointer != found.name:
            self.used[found.name] = found.pointer
        return found.name, place - found.start

    def _stretches_of(self, unit: Unit) -> list[_Stretch]:
        """The stretches of a unit in the work memory, each with a name of its own."""
        if id(unit) not in self._of_unit:
            arrays = [self._names.at(int(x)) if x >= 0 else None for x in unit.origins]
            made: list[_Stretch] = []
            for k, array in enumerate(arrays):
                if k and array is arrays[k - 1]:
                    continue
                name = self._new_name(array.name if array and array.name else "part")
                start = unit.base - self.laid.regions[-1].base + k
                made.append(_Stretch(name, f"work + {start}" if start else "work", k))
            self._of_unit[id(unit)] = made
        return self._of_unit[id(unit)]

    def _new_name(self, name: str) -> str:
        made = found = c_name(name)
        k = 1
        while found in self._taken:
            k += 1
            found = f"{made}_{k}"
        self._taken.add(found)
        return found

    # ---------------------------------------------------------------------------- formulas

    def name(self, loop: int) -> str:
        return _INDICES[loop] if loop < len(_INDICES) else f"i{loop}"

    def nested(self, sizes: Sequence[int], names: Sequence[str]) -> Nested:
        return _Nested(self, sizes, names)

    def value(self, tree: Tree, variables: Mapping[str, str]) -> str:
        tree = maximum_of(with_formulas(tree))
        functions = functions_of(tree) & IN_C
        names = {name: f"{self.prefix}_{name}" for name in functions}
        self.functions |= functions
        return to_readable_c(with_terms(tree, variables), names, self.real)

    def stored(self, place: str, value: str) -> str:
        """In the update, a new number over an old one."""
        if not self.replaces(place):
            return super().stored(place, value)
        self.puts = True
        return f"finite &= {self.prefix}_put(&{place}, {value}, commit);"

    def replaces(self, place: str) -> bool:
        """True if it is in an array whose numbers are replaced."""
        return self.used.get(place.split("[")[0], "").split(" ")[0] in self.replaced

    def bare(self, value: str) -> str:
        return value[1:-1] if is_in_parentheses(value) else value

    # ------------------------------------------------------------------------------ groups

    def step(self, step: Step) -> list[str]:
        """The lines of one thing to do."""
        self._units = step.units
        match step.what:
            case Zeros(base, size):
                return self._filled(base, size)
            case Copy(to, source, final):
                lines = self._copied(to, source)
                return ["if (commit) {", *lines, "}"] if final else lines
            case Finite(at):
                return self._finite(at)
            case Elementwise(formula=formula):
                raise NotInCError(str(formula))
            case Gather(base, table):
                return self._copied(base + np.arange(table.size), table)
            case Scatter(base, table, add):
                source = base + np.arange(table.size)
                return self._copied(table, source, "+=" if add else "=")
        return self.group(step.what)

    def group(self, it: object, turn: Sequence[str] = ()) -> list[str]:
        match it:
            case Repeat(count, groups):
                inner = [line for group in groups for line in self.group(group, ("turn",))]
                return [self.tables.counting("turn", count), *inner, "}"]
            case Loop():
                return _braced(self.loop(it, turn))
            case Contraction():
                return self._product(it, turn)
            case Take(base, table):
                return self.tables.taken(base, table)
            case ScatterAdd(source, table):
                return self.tables.added(source, table)
        return _braced(self.tables.moved(it))  # type: ignore[arg-type]

    def _filled(self, base: int, size: int) -> list[str]:
        if size == 1:
            return [f"{self.at(base)} = 0;"]
        return [self.tables.counting("i", size), f"{self.at(base, 'i')} = 0;", "}"]

    def _copied(self, to: Ints, source: Ints, sign: str = "=") -> list[str]:
        """Copies, for each two arrays of their own."""
        regions = np.array([region.base for region in self.laid.regions])
        pairs = np.stack([np.searchsorted(regions, x, "right") for x in (to, source)], 1)
        lines = []
        for pair in np.unique(pairs, axis=0):
            here = (pairs == pair).all(1)
            lines += _braced(self.tables.move(to[here], source[here], sign))
        return lines

    def _finite(self, at: Ints) -> list[str]:
        """Checks of stretches of neighbours."""
        self.checks = True
        ordered = np.unique(at)
        cuts = np.flatnonzero(np.diff(ordered) != 1) + 1
        lines = []
        for part in np.split(ordered, cuts):
            place = self.at(int(part[0]))
            lines.append(f"finite &= {self.prefix}_finite(&{place}, {len(part)});")
        return lines

    def _product(self, it: Contraction, turn: Sequence[str]) -> list[str]:
        """A product as a call, in loops over what is left."""
        self.products = True
        p = min(products(it, len(turn)), key=_cost)
        outer = [*p.others, *p.more]
        names = {i: self.name(k) for k, i in enumerate(outer)}
        factors = (it.b, it.a) if p.exchanged else (it.a, it.b)
        lines: list[str] = []
        add = int(it.add)
        if p.more and not it.add:
            kept = [i for i in range(len(it.loops)) if it.loops[i] > 1]
            index = [self.name(k) for k in range(len(kept))]
            moves = [_times(p.out[i], x) for i, x in zip(kept, index, strict=True)]
            lines += [
                self.tables.counting(x, it.loops[i]) for i, x in zip(kept, index, strict=True)
            ]
            lines.append(f"{self._moved(it.out, turn, moves)} = 0;")
            lines += ["}"] * len(kept)
            add = 1
        lines += [self.tables.counting(names[i], p.sizes[i]) for i in outer]
        places = []
        for ref, strides in zip((*factors, it.out), (p.a, p.b, p.out), strict=True):
            assert ref is not None
            places.append(
                f"&{self._moved(ref, turn, [_times(strides[i], names[i]) for i in outer])}"
            )
        a, b, out = places
        n = p.sizes[p.k]
        sizes = f"{p.size(p.row)}, {p.size(p.column)}, {n}"
        rows, columns = p.size(p.row), p.size(p.column)
        shapes = (out, (rows, columns)), (a, (rows, n)), (b, (n, columns))
        named = [f"{x[1:].split('[')[0]}[{i}, {j}]" for x, (i, j) in shapes]
        lines.append(f"/* {named[0]} {'+=' if add else '='} {named[1]} @ {named[2]} */")
        of_a = f"{p.of(p.a, p.row)}, {p.a[p.k]}"
        of_b = f"{p.b[p.k]}, {p.of(p.b, p.column)}"
        of_out = f"{p.of(p.out, p.row)}, {p.of(p.out, p.column)}"
        lines.append(
            f"{self.prefix}_product({sizes}, {a}, {of_a}, {b}, {of_b}, {out}, {of_out}, {add});"
        )
        return [*lines, *["}"] * len(outer)]

    def _moved(self, ref: Ref, turn: Sequence[str], moves: Iterable[str]) -> str:
        every = [*(_times(ref.strides[k], x) for k, x in enumerate(turn)), *moves]
        return self.at(ref.base, " + ".join(filter(None, every)))


class _Nested(Nested):
    """Loops whose sums, where they are many, grow where they are written."""

    def marked(self) -> list[str]:
        return []

    def summed_in_row(self, depth: int, s: Statement, place: str, value: str) -> None:
        loop = self.counting(self.names[-1], self.sizes[-1])
        if s.kind == "max" or not s.add:
            first = f"-({self.writer.real})INFINITY" if s.kind == "max" else "0"
            self.before[depth].append(f"{loop} {place} = {first}; }}")
        if s.kind == "max":
            self.grown(s, place, value)
        else:
            self.before[-1].append(f"{place} {SIGNS[s.add or 1]} {value};")


class _Tables(Tables):
    """Instructions with tables, in the arrays of an export."""

    def __init__(self, writer: GroupWriter) -> None:
        super().__init__()
        self.real, self.index = writer.real, writer.index
        self._writer = writer
        self._indices = ""
        self.places: list[tuple[str, int]] = []  # of each index, the argument and its place there

    def at(self, address: int, further: str = "") -> str:
        return self._writer.at(address, further)

    def table_name(self, number: int) -> str:
        return f"{self._writer.prefix}_table_{number}"

    def taken(self, base: int, it: IndexTable) -> list[str]:
        """Take, for each stretch of indices that one argument has."""
        lines = []
        for start, _, table in self._by_argument(it):
            lines += _braced(self.moved(Take(base + start, table)))
        return lines

    def added(self, source: Ints, it: IndexTable) -> list[str]:
        lines = []
        for start, stop, table in self._by_argument(it):
            lines += _braced(self.moved(ScatterAdd(source[start:stop], table)))
        return lines

    def _by_argument(self, it: IndexTable) -> Iterator[tuple[int, int, IndexTable]]:
        """The table in parts, each with the indices of one argument: (start, stop, part)."""
        owners = [self.places[slot][0] for slot in it.slots.tolist()]
        places = np.array([self.places[slot][1] for slot in it.slots.tolist()])
        start = 0
        for stop in range(1, len(owners) + 1):
            if stop == len(owners) or owners[stop] != owners[start]:
                self._indices = owners[start]
                self._writer.regions[owners[start]] = None
                here = slice(start, stop)
                table = None if it.table is None else it.table[here]
                yield (
                    start,
                    stop,
                    replace(it, slots=places[here], first=it.first[here], table=table),
                )
                start = stop

    def chosen(self, slot: str, among: int) -> str:
        x = f"{self._indices}[{slot}]"
        return f"const {self.index} chosen = {x} + ({x} < 0 ? {among} : 0);"

    def number(self, numbers: Ints, index: str) -> str:
        """Number `index` of these."""
        text = self._number(numbers, index)
        return f"(int32_t){text}" if "[" in text else text

    def move(self, to: Ints, source: Ints, sign: str) -> list[str]:
        return self._move(to, source, sign)


def _times(stride: int, name: str) -> str:
    if not stride:
        return ""
    return {1: name, -1: f"-{name}"}.get(stride, f"{stride} * {name}")


def _braced(lines: list[str]) -> list[str]:
    """Lines in braces if they have variables outside of loops."""
    depth, declares = 0, False
    for line in lines:
        declares = declares or (depth == 0 and re.match(r"(const )?\w+ \w+ = ", line) is not None)
        depth += line.count("{") - line.count("}")
    return ["{", *lines, "}"] if declares else lines


def _cost(p: Product) -> tuple[int, int]:
    """The number of calls, and the work of one: eight columns are computed together."""
    columns = -(-p.size(p.column) // 8) * 8
    calls = prod(p.sizes[i] for i in [*p.others, *p.more])
    return calls, p.sizes[p.k] * columns * (p.size(p.row) + 1)
