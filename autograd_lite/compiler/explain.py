"""A lifted program as text in which the formulas of a chapter on backpropagation are recognised."""

from __future__ import annotations

import ast
from bisect import bisect_right, insort
from collections import Counter
from math import prod

import numpy as np

from autograd_lite.compiler.bulk import (
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
from autograd_lite.compiler.canonical import LARGEST, MAP, PICK, SUM
from autograd_lite.expressions import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from autograd_lite.compiler.bulk import Instruction, Ref
    from autograd_lite.compiler.canonical import Ints
    from autograd_lite.compiler.lower import Lowering
    from autograd_lite.compiler.reverse import Reverse

__all__ = ["Region", "Regions", "Step", "in_words", "leaf_regions", "line_of", "regions_of"]

LETTERS = {SUM: "z", MAP: "a", LARGEST: "m", PICK: "t"}


class Region:
    """A stretch of the memory that has a name; "" for one that is named by its formula.

    node     the first node of the group that lies there, or whose cotangents; or -1
    numbers  how many there are in all stretches of this name
    reads    of one that is named by its formula: what that reads
    """

    def __init__(self, base: int, size: int, name: str, node: int = -1) -> None:
        self.base, self.size, self.name, self.node = base, size, name, node
        self.numbers = size
        self.reads: list[Region] = []


class Step:
    """An instruction as text, the region that it writes, and those that it reads.

    text  "" for a partial, which others have in their formulas
    left  why it is no operation on views of the memory, or ""
    """

    def __init__(self, text: str, out: Region, reads: list[Region], left: str) -> None:
        self.text, self.out, self.reads, self.left = text, out, reads, left


class Regions:
    """The names of addresses."""

    def __init__(self, regions: Iterable[Region]) -> None:
        self._regions = sorted(regions, key=lambda region: region.base)

    def at(self, address: int) -> Region | None:
        place = bisect_right(self._regions, address, key=lambda region: region.base) - 1
        region = self._regions[place] if place >= 0 else None
        return region if region and address < region.base + region.size else None

    def add(self, region: Region) -> None:
        insort(self._regions, region, key=lambda region: region.base)

    def among(self, addresses: Ints) -> list[Region]:
        """The regions that these addresses lie in."""
        found, rest = [], np.unique(addresses)
        while len(rest):
            region = self.at(int(rest[0])) or Region(int(rest[0]), 1, f"memory[{rest[0]}]")
            found.append(region)
            rest = rest[np.searchsorted(rest, region.base + region.size) :]
        return found

    def name(self, address: int) -> str:
        region = self.at(address)
        if region is None:
            return f"memory[{address}]"
        offset = address - region.base
        return f"{region.name}[{offset}:]" if offset else region.name


def regions_of(lowered: Lowering, reverse: Reverse) -> list[Region]:
    """The groups by name: z for sums, a for what is elementwise; dz and da for cotangents."""
    layout, regions = lowered.layout, []
    first, numbers = layout.numbers
    regions += [Region(first + i, 1, f"{number:.6g}") for i, number in enumerate(numbers)]
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
    return [*regions, Region(reverse.seeds, len(lowered.outputs), "dout")]


def leaf_regions(
    leaves: Sequence[int], blocks: Sequence[int], names: Mapping[range, str]
) -> list[Region]:
    """The leaves by name: those given, else p0, p1, ... for parameters and x for other leaves.

    leaves  the slot of each of the first addresses
    blocks  of each, which of the parameters it belongs to, or -1
    names   of ranges of slots
    """
    regions: list[Region] = []
    for address, (slot, block) in enumerate(zip(leaves, blocks, strict=True)):
        given = next((name for slots, name in names.items() if slot in slots), "")
        name = given or (f"p{block}" if block >= 0 else "x")
        if regions and regions[-1].name == name:
            regions[-1].size += 1
        else:
            regions.append(Region(address, 1, name))
    total: Counter[str] = Counter()
    for region in regions:
        total[region.name] += region.size
    for region in regions:
        region.numbers = total[region.name]
    return regions


def in_words(instructions: Iterable[Instruction], regions: Regions) -> list[Step]:
    """A step for each instruction."""
    steps = []
    for it in instructions:
        reads = [region for addresses in operands_of(it) for region in regions.among(addresses)]
        reads = [other for region in reads for other in region.reads or [region]]
        text = ""
        if isinstance(it, Map) and (region := regions.at(it.out.base)) and not region.name:
            region.name, region.reads = _map(it, regions), reads
            if " " in region.name and "(" not in region.name:
                region.name = f"({region.name})"
        else:
            text = _line(it, regions)
        (out, *_) = regions.among(target_of(it))
        steps.append(Step(text, out, list(dict.fromkeys(reads)), _irregular(it)))
    return steps


def line_of(step: Step, steps: Iterable[Step], lines: Mapping[int, str]) -> str:
    """Where a node that the step computes was made, or one that it prepares, or else reads.

    lines  of nodes
    """
    users = [other.out for other in steps if step.out in other.reads]
    near = (step.out, *users, *step.reads)
    return next((lines[region.node] for region in near if region.node in lines), "")


def _irregular(it: Instruction) -> str:
    """Why it is no operation on views of the memory, or ""."""
    if isinstance(it, Gather):
        why = "operands whose addresses are no loops: they are copied together"
        return f"{len(it.table)} numbers: {why}"
    if isinstance(it, SegmentSum):
        why = "rows of different lengths that no padding makes equal"
        return f"{len(it.starts)} sums of {len(it.a)} terms: {why}"
    if isinstance(it, Map) and it.formula.part >= 0:
        why = "one by one, as it is in Python"
        return f"{prod(it.loops)} times {it.formula}: {why}"
    return ""


def _line(it: Instruction, regions: Regions) -> str:
    name = regions.name
    match it:
        case Contract():
            return f"{_target(it, regions)} {_contraction(it, regions)}"
        case Map():
            return f"{_shaped(it.out, it.loops, regions)} = {_map(it, regions)}"
        case Largest():
            return f"{_shaped(it.out, it.loops, regions)} = max over rows of {name(it.a.base)}"
        case Gather():
            text = f"copy of {it.table.size} numbers that lie scattered"
            regions.add(Region(it.base, it.table.size, f"{name(int(it.table[0]))}'"))
            return f"{name(it.base)} = {text}"
        case Scatter():
            sign = "+=" if it.add else "="
            return f"{name(int(it.table[0]))} {sign} {it.table.size} numbers, scattered"
        case SegmentSum():
            b = "" if it.b is None else f" * {name(int(it.b[0]))}"
            regions.add(Region(it.base, len(it.starts), f"sums of {name(int(it.a[0]))}"))
            rows = f"{len(it.starts)} rows of different lengths, {len(it.a)} in all"
            return f"{name(it.base)} = sum {name(int(it.a[0]))}{b}  # {rows}"
        case Fill():
            return f"{name(it.base)}[...] = 0"
        case Mask():
            return f"{name(it.base)}[padding] = 0"
        case Pick(base, lookup):
            return f"{name(base)}[{len(lookup.slots)}] = {name(int(lookup.first[0]))}[indices]"
        case Drop(source, lookup):
            return f"{name(int(lookup.first[0]))}[indices] += {name(int(source[0]))}"


def _shaped(ref: Ref, loops: tuple[int, ...], regions: Regions) -> str:
    shape = ", ".join(map(str, loops))
    return f"{regions.name(ref.base)}[{shape}]" if shape else regions.name(ref.base)


def _target(it: Contract, regions: Regions) -> str:
    minus = it.negate and it.add
    return f"{_shaped(it.out, it.loops, regions)} {'-=' if minus else '+=' if it.add else '='}"


def _contraction(it: Contract, regions: Regions) -> str:
    """The right side: a product, a matrix product, a sum."""
    minus = "-" if it.negate and not it.add else ""
    n = len(it.loops)
    a = regions.name(it.a.base)
    if it.b is None:
        if not it.sums:
            return minus + a
        rows = any(it.a.strides[:n])
        first = rows and max(it.a.strides[n:]) > max(it.a.strides[:n])
        return f"{minus}{a}.sum({'axis=0' if first else 'axis=1' if rows else ''})"
    b = regions.name(it.b.base)
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


def _map(it: Map, regions: Regions) -> str:
    """The formula with its operands' names: as it is if it is short, else by its rule's name."""
    arguments = {operand: regions.name(ref.base) for operand, ref in it.operands.items()}
    tree = parse(it.formula.text) if it.formula.part < 0 else None
    calls = tree and any(isinstance(node, (ast.Call, ast.Compare)) for node in ast.walk(tree))
    if tree is None or (calls and it.formula.label):
        return f"{it.formula.label}({', '.join(arguments.values())})"
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in arguments:
            node.id = arguments[node.id]
    return ast.unparse(tree)
