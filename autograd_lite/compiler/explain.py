"""A lifted program as text in which the formulas of a chapter on backpropagation are recognised."""

from __future__ import annotations

import ast
from bisect import bisect_right, insort
from collections import Counter
from math import prod
from operator import itemgetter

import numpy as np

from autograd_lite.compiler.lift.canonical import LARGEST, MAP, PICK, SUM
from autograd_lite.compiler.lift.instructions import (
    Contract,
    Drop,
    Fill,
    Gather,
    Largest,
    Map,
    Mask,
    Pick,
    Scatter,
    SegmentSum,
    operands_of,
    target_of,
)
from autograd_lite.operations.formulas import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from autograd_lite.compiler.lift.instructions import Instruction, Ref
    from autograd_lite.compiler.lift.lower import Lowering
    from autograd_lite.compiler.lift.reverse import Reverse
    from autograd_lite.compiler.lift.specialized import Formula
    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["Region", "Regions", "Step", "in_words", "leaf_regions", "lines_of_steps", "regions_of"]

LETTERS = {SUM: "z", MAP: "a", LARGEST: "m", PICK: "t"}


class Region:
    """A stretch of the memory that has a name.

    node      the first node of the group that lies there, or whose cotangents; or -1
    start     how many numbers of this name lie in stretches before it
    numbers   how many there are in all stretches of this name
    values    of constants: what they are
    formula   of a partial, which is named by its formula: what computes it
    operands  of a partial: [size] the addresses of each operand
    """

    def __init__(self, base: int, size: int, name: str, node: int = -1) -> None:
        self.base, self.size, self.name, self.node = base, size, name, node
        self.start, self.numbers = 0, size
        self.values: NDArray[np.float64] | None = None
        self.formula: Formula | None = None
        self.operands: dict[str, Ints] = {}

    def gradient(self, base: int) -> Region:
        """Of a leaf: the region of its gradient, which begins there."""
        region = Region(base, self.size, f"d{self.name}")
        region.start, region.numbers = self.start, self.numbers
        return region


class Step:
    """An instruction as text, the regions that it writes, and those that it reads.

    text  "" for a partial, which others have in their formulas
    left  why it is no operation on views of the memory, or ""
    """

    def __init__(self, text: str, outs: list[Region], reads: list[Region], left: str) -> None:
        self.text, self.outs, self.reads, self.left = text, outs, reads, left


class Regions:
    """The names of addresses."""

    def __init__(self, regions: Iterable[Region]) -> None:
        self._regions = sorted(regions, key=_base)

    def add(self, region: Region) -> None:
        insort(self._regions, region, key=_base)

    def at(self, address: int) -> Region | None:
        place = bisect_right(self._regions, address, key=_base) - 1
        region = self._regions[place] if place >= 0 else None
        return region if region and address < region.base + region.size else None

    def among(self, addresses: Ints) -> list[tuple[Region, Ints]]:
        """The regions that these addresses lie in, in the order of the first ones, and which."""
        order = np.argsort(addresses, kind="stable")
        ordered = addresses[order]
        found: list[tuple[int, Region, Ints]] = []
        start = 0
        while start < len(order):
            address = int(ordered[start])
            region = self.at(address)
            end = region.base + region.size if region else address + 1
            stop = int(np.searchsorted(ordered, end))
            if region:
                here = np.sort(order[start:stop])
                found.append((int(here[0]), region, addresses[here]))
            start = stop
        found.sort(key=itemgetter(0))
        return [(region, here) for _, region, here in found]

    def named(self, addresses: Ints) -> list[Region]:
        """One region of each name that stands in that of the addresses."""
        found: dict[str, Region] = {}
        for region, here in self.among(addresses):
            if region.formula is None:
                found.setdefault(region.name, region)
            for operand in region.operands.values():
                for other in self.named(operand[here - region.base]):
                    found.setdefault(other.name, other)
        return list(found.values())

    def name(self, addresses: Ints) -> str:
        """Of several regions, all their names."""
        starts: dict[str, int] = {}
        for region, here in self.among(addresses):
            start = region.start + int(here.min()) - region.base
            name = region.name
            if region.values is not None:
                values, start = np.unique(region.values[here - region.base]), 0
                name = f"{values[0]:.6g}" if len(values) == 1 else "constants"
            elif region.formula is not None:
                operands = {x: at[here - region.base] for x, at in region.operands.items()}
                name, start = formula_of(region.formula, operands, self), 0
                name = f"({name})" if " " in name and "(" not in name else name
            starts[name] = min(start, starts.get(name, start))
        return _together([f"{name}[{start}:]" if start else name for name, start in starts.items()])


def _base(region: Region) -> int:
    return region.base


def _together(names: list[str]) -> str:
    """Several names as one: z3..z5 for z3, z4, z5."""
    runs: list[list[str]] = []
    for name in names:
        run = runs[-1] if runs else []
        step = _step(run[-1], name) if run else 0
        if step and (len(run) == 1 or step == _step(*run[:2])):
            run.append(name)
        else:
            runs.append([name])
    texts = [", ".join(run) if len(run) < 3 else f"{run[0]}..{run[-1]}" for run in runs]
    if len(texts) > 4:
        texts = [*texts[:2], "...", texts[-1]]
    return f"({', '.join(texts)})" if len(names) > 1 else names[0]


def _step(first: str, second: str) -> int:
    """1 from z3 to z4, -1 from z4 to z3; 0 if they do not follow one another."""
    stem = first.rstrip("0123456789")
    number, following = first[len(stem) :], second.removeprefix(stem)
    if not (number and following.isdecimal()):
        return 0
    step = int(following) - int(number)
    return step if abs(step) == 1 else 0


def regions_of(lowered: Lowering, reverse: Reverse) -> list[Region]:
    """The groups by name: z for sums, a for what is elementwise; dz and da for cotangents."""
    layout, regions = lowered.layout, []
    first, numbers = layout.numbers
    constants = Region(first, len(numbers), "constants")
    constants.values = numbers
    regions.append(constants)
    seen: Counter[str] = Counter()
    names = {}
    for i, (group, piece) in enumerate(zip(lowered.groups, layout.pieces, strict=True)):
        if group.kind not in LETTERS:
            continue
        letter = "" if group.partial else LETTERS[group.kind]
        seen[letter] += 1
        names[i] = f"{letter}{seen[letter]}" if letter else ""
        regions.append(Region(piece.base, piece.size, names[i], int(group.members[0])))
    regions += [
        Region(piece.base, piece.size, f"d{names[i]}", int(lowered.groups[i].members[0]))
        for i, piece in reverse.pieces.items()
        if i in names
    ]
    return [*regions, Region(reverse.seeds, len(lowered.form.results), "dout")]


def leaf_regions(
    leaves: Sequence[int], blocks: Sequence[int], names: Mapping[range, str]
) -> list[Region]:
    """The leaves by name: those given, else p0, p1, ... for parameters and x for other leaves.

    leaves  the slot of each of the first addresses
    blocks  of each, which of the parameters it belongs to, or -1
    names   of ranges of slots
    """
    total: Counter[str] = Counter()
    before = {}
    for slots, name in names.items():
        before[slots] = total[name] - slots.start
        total[name] += len(slots)
    range_of = {slot: slots for slots in names for slot in slots}
    regions: list[Region] = []
    for address, (slot, block) in enumerate(zip(leaves, blocks, strict=True)):
        given = range_of.get(slot)
        if given is None:
            name = f"p{block}" if block >= 0 else "x"
            start = total[name]
            total[name] += 1
        else:
            name, start = names[given], before[given] + slot
        last = regions[-1] if regions else None
        if last and last.name == name and last.start + last.size == start:
            last.size += 1
        else:
            regions.append(Region(address, 1, name))
            regions[-1].start = start
    for region in regions:
        region.numbers = total[region.name]
    return regions


def in_words(instructions: Iterable[Instruction], regions: Regions) -> list[Step]:
    """A step for each instruction."""
    steps = []
    for it in instructions:
        operands, target = operands_of(it), target_of(it)
        reads = [region for addresses in operands for region in regions.named(addresses)]
        text = ""
        region = regions.at(int(target[0]))
        if isinstance(it, Map) and region and not region.name:
            region.formula = it.formula
            every = {name: ref.spread(*it.loops) for name, ref in it.operands.items()}
            order = np.argsort(it.out.spread(*it.loops))
            region.operands = {name: addresses[order] for name, addresses in every.items()}
            outs = [region]
        else:
            if not isinstance(it, Drop) and (region is None or not region.name):
                name = _name_of_copy(it, regions) or f"memory[{target.min()}]"
                if region:  # a partial that is not computed in its place
                    region.name = name
                else:
                    regions.add(Region(int(target.min()), len(target), name))
            text = _line(it, regions)
            outs = regions.named(target)
        unique = {region.name: region for region in reads}
        steps.append(Step(text, outs, list(unique.values()), _irregular(it)))
    return steps


def _name_of_copy(it: Instruction, regions: Regions) -> str:
    """What to call memory that one group's instructions, or several groups, share; or ""."""
    match it:
        case Gather(_, table):
            return f"{regions.name(table)}'"
        case SegmentSum(_, a):
            return f"sums of {regions.name(a)}"
    return ""


def lines_of_steps(steps: Iterable[Step], lines: Mapping[int, str]) -> list[str]:
    """Where a node that each step computes was made, or one that it prepares, or else reads; or "".

    lines  of nodes
    """

    def first(regions: Iterable[Region]) -> str:
        return next((lines[region.node] for region in regions if region.node in lines), "")

    prepared: dict[Region, str] = {}  # of what others read: a line of the first of these
    for step in steps:
        line = first(step.outs)
        for region in step.reads if line else ():
            prepared.setdefault(region, line)
    return [
        first(step.outs)
        or next((prepared[region] for region in step.outs if region in prepared), "")
        or first(step.reads)
        for step in steps
    ]


def _irregular(it: Instruction) -> str:
    """Why it is no operation on views of the memory, or ""."""
    if isinstance(it, Gather):
        why = "operands whose addresses are no loops: they are copied together"
        return f"{len(it.table)} numbers: {why}"
    if isinstance(it, SegmentSum):
        why = "rows of different lengths that no padding makes equal"
        return f"{len(it.starts)} sums of {len(it.a)} terms: {why}"
    if isinstance(it, Map) and it.formula.part == 0:
        why = "one by one, as it is in Python"
        return f"{prod(it.loops)} times {it.formula}: {why}"
    return ""


def _line(it: Instruction, regions: Regions) -> str:
    name = regions.name
    match it:
        case Contract():
            return f"{_target(it, regions)} {_contraction(it, regions)}"
        case Map(loops, out):
            operands = {x: ref.addresses(*loops) for x, ref in it.operands.items()}
            return f"{_shaped(out, loops, regions)} = {formula_of(it.formula, operands, regions)}"
        case Largest(loops, sums, out, a):
            rows = name(a.addresses(*loops, *sums))
            return f"{_shaped(out, loops, regions)} = max over rows of {rows}"
        case Gather():
            text = f"copy of {it.table.size} numbers that lie scattered"
            return f"{name(target_of(it))} = {text}"
        case Scatter():
            sign = "+=" if it.add else "="
            return f"{name(it.table)} {sign} {it.table.size} numbers, scattered"
        case SegmentSum():
            b = "" if it.b is None else f" * {name(it.b)}"
            rows = f"{len(it.starts)} rows of different lengths, {len(it.a)} in all"
            return f"{name(target_of(it))} = sum {name(it.a)}{b}  # {rows}"
        case Fill():
            return f"{name(target_of(it))}[...] = 0"
        case Mask(base, holes):
            return f"{name(base + np.arange(len(holes)))}[padding] = 0"
        case Pick(_, lookup):
            picked = f"{name(target_of(it))}[{len(lookup.slots)}]"
            return f"{picked} = {name(lookup.addresses())}[indices]"
        case Drop(source, lookup):
            return f"{name(lookup.addresses())}[indices] += {name(source)}"


def _shaped(ref: Ref, loops: tuple[int, ...], regions: Regions) -> str:
    name, shape = regions.name(ref.addresses(*loops)), ", ".join(map(str, loops))
    return f"{name}[{shape}]" if shape else name


def _target(it: Contract, regions: Regions) -> str:
    minus = it.negate and it.add
    return f"{_shaped(it.out, it.loops, regions)} {'-=' if minus else '+=' if it.add else '='}"


def _contraction(it: Contract, regions: Regions) -> str:
    """The right side: a product, a matrix product, a sum."""
    minus = "-" if it.negate and not it.add else ""
    n = len(it.loops)
    a = regions.name(it.a.addresses(*it.loops, *it.sums))
    if it.b is None:
        if not it.sums:
            return minus + a
        rows = any(it.a.strides[:n])
        first = rows and max(it.a.strides[n:]) > max(it.a.strides[:n])
        return f"{minus}{a}.sum({'axis=0' if first else 'axis=1' if rows else ''})"
    b = regions.name(it.b.addresses(*it.loops, *it.sums))
    if not it.sums:
        moving = [[bool(stride) for stride in ref.strides] for ref in (it.a, it.b)]
        if moving == [[True, False], [False, True]]:
            return f"outer({a}, {b})"
        return f"outer({b}, {a})" if moving == [[False, True], [True, False]] else f"{a} * {b}"
    if not any(it.b.strides[n:]):
        return f"{a}.sum({'axis=1' if it.loops else ''}) * {b}"
    only_a = [i for i in range(n) if it.a.strides[i] and not it.b.strides[i]]
    only_b = [i for i in range(n) if it.b.strides[i] and not it.a.strides[i]]
    if len(only_a) + len(only_b) < n or len(only_a) > 1 or len(only_b) > 1:
        return _einsum(it, a, b)
    left = a + _transposed(it.a, only_a, n, inner_last=True)
    right = b + _transposed(it.b, only_b, n, inner_last=False)
    if only_a and only_b and only_b[0] < only_a[0]:  # out is its transpose
        left = b + _transposed(it.b, only_b, n, inner_last=True)
        right = a + _transposed(it.a, only_a, n, inner_last=False)
    elif only_b and not only_a and not left.endswith(".T"):
        left, right = right.removesuffix(".T") if right.endswith(".T") else right + ".T", left
    return f"{left} @ {right}"


def _transposed(ref: Ref, rows: list[int], n: int, inner_last: bool) -> str:
    """Whether a matrix with these rows is to be transposed for the inner loops to be last."""
    if not rows:
        return ""
    is_last = abs(ref.strides[n]) < abs(ref.strides[rows[0]])
    return "" if is_last == inner_last else ".T"


def _einsum(it: Contract, a: str, b: str) -> str:
    letters = "ijklmnopqrstuvwxyz"[: len(it.loops) + len(it.sums)]
    assert it.b is not None
    parts = [
        "".join(letter for letter, s in zip(letters, ref.strides, strict=True) if s)
        for ref in (it.a, it.b)
    ]
    return f"einsum('{parts[0]},{parts[1]}->{letters[: len(it.loops)]}', {a}, {b})"


def formula_of(what: Formula, operands: Mapping[str, Ints], regions: Regions) -> str:
    """The formula with its operands' names: as it is if it is short, else by its rule's name."""
    arguments = {x: regions.name(at) for x, at in operands.items() if x != "place"}
    tree = parse(what.text) if what.part < 0 else None
    calls = tree and any(isinstance(node, (ast.Call, ast.Compare)) for node in ast.walk(tree))
    if tree is None or (calls and what.label):
        bare = [x[1:-1] if x[0] == "(" and "," not in x else x for x in arguments.values()]
        return f"{what.label}({', '.join([*bare, *what.static])})"
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in arguments:
            node.id = arguments[node.id]
    return ast.unparse(tree)
