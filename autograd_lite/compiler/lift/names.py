"""Named stretches of the memory, and the names of sets of addresses."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter, itemgetter

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler.lift.specialized import Specialized
from autograd_lite.compiler.tape.ranges import Ints
from autograd_lite.operations.formulas import functions_of, to_text, with_terms
from autograd_lite.operations.rules import COMPARISONS, RULES

__all__ = ["Array", "Names", "cotangent"]


@dataclass(frozen=True, eq=False)
class Array:
    """A stretch of the memory that has a name; several stretches may share one.

    base    first address
    size    number of doubles
    name    name, as in z1; "" of a partial, which is named by its formula
    node    first node of the tape whose numbers, or whose cotangents, lie here; -1 if none does
    start   number of doubles in the stretches of this name that come before
    total   number of doubles in all stretches of this name; size by default
    values  [size] numbers of constants; None of other arrays
    leaf    first address of the leaves for whose name ? stands in the name; -1 without a ?
    made_in  the pass of derivatives, as in `derive.Nodes.marks`; "" of what is none
    shape   the shape of all stretches of this name; () of a single number, (total,) by default
    """

    base: int
    size: int
    name: str
    node: int = -1
    start: int = 0
    total: int = -1
    values: NDArray[np.float64] | None = None
    leaf: int = -1
    made_in: str = ""
    shape: tuple[int, ...] = (-1,)

    def __post_init__(self) -> None:
        if self.total < 0:
            object.__setattr__(self, "total", self.size)
        if self.shape == (-1,):
            object.__setattr__(self, "shape", (self.total,) if self.total != 1 else ())


def cotangent(name: str, taken: Container[str]) -> str:
    """The name of the cotangents of an array: dz1, unless the program itself computes dz1."""
    return f"dout/d{name}" if f"d{name}" in taken else f"d{name}"


class Names:
    """The names of addresses, and the formulas of partials, which stand for their names."""

    def __init__(self, arrays: Iterable[Array]) -> None:
        self._arrays = sorted(arrays, key=_base)
        self._formulas: dict[int, tuple[Specialized, dict[str, Ints]]] = {}

    def add(self, array: Array) -> None:
        """A new array."""
        self._arrays.insert(bisect_right(self._arrays, array.base, key=_base), array)

    def rename(self, array: Array, name: str) -> None:
        self._arrays[self._arrays.index(array)] = replace(array, name=name)

    def define(self, partial: Array, formula: Specialized, operands: dict[str, Ints]) -> None:
        """The formula of a partial, and the addresses [size] of each of its operands."""
        self._formulas[partial.base] = formula, operands

    def at(self, address: int) -> Array | None:
        """The array in which an address lies."""
        position = bisect_right(self._arrays, address, key=_base) - 1
        array = self._arrays[position] if position >= 0 else None
        return array if array and address < array.base + array.size else None

    def among(self, addresses: Ints) -> list[tuple[Array, Ints]]:
        """The arrays in which these addresses lie, each with its own, in the order of the first."""
        order = np.argsort(addresses, kind="stable")
        ordered = addresses[order]
        found: list[tuple[int, Array, Ints]] = []
        start = 0
        while start < len(order):
            address = int(ordered[start])
            array = self.at(address)
            end = array.base + array.size if array else address + 1
            stop = int(np.searchsorted(ordered, end))
            if array:
                here = np.sort(order[start:stop])
                found.append((int(here[0]), array, addresses[here]))
            start = stop
        found.sort(key=itemgetter(0))
        return [(array, here) for _, array, here in found]

    def named(self, addresses: Ints) -> list[Array]:
        """One array of each name that stands in the name of these addresses."""
        found: dict[str, Array] = {}
        for array, here in self.among(addresses):
            formula, operands = self._formulas.get(array.base, (None, {}))
            if formula is None:
                found.setdefault(array.name, array)
            for operand in operands.values():
                for other in self.named(operand[here - array.base]):
                    found.setdefault(other.name, other)
        return list(found.values())

    def name(self, addresses: Ints, ranges: bool = False) -> str:
        """The name of the array or the part of it in which these addresses lie, as in z1[:, 2:4];
        or all names if there are several.

        ranges  True for z1[2:3] instead of z1[2], which is also a z1 of two numbers
        """
        places: dict[tuple[str, tuple[int, ...]], list[Ints]] = {}
        for array, here in self.among(addresses):
            name, shape = array.name, array.shape
            if array.values is not None:
                values, shape = np.unique(array.values[here - array.base]), ()
                name = f"{values[0]:.6g}" if len(values) == 1 else "constants"
            elif array.base in self._formulas:
                formula, operands = self._formulas[array.base]
                at = {x: addresses[here - array.base] for x, addresses in operands.items()}
                name, shape = self.formula(formula, at), ()
                name = f"({name})" if " " in name and "(" not in name else name
            places.setdefault((name, shape), []).append(array.start + here - array.base)
        return _together(
            [
                name + _part(np.concatenate(at), shape, ranges)
                for (name, shape), at in places.items()
            ]
        )

    def formula(
        self, formula: Specialized, operands: Mapping[str, Ints], turned: Collection[str] = ()
    ) -> str:
        """A formula with its operands' names: as it is if it is short, else by its rule's name.

        turned  operands that are transposed
        """
        arguments = {
            x: self.name(at) + ".T" * (x in turned) for x, at in operands.items() if x != "place"
        }
        match formula.tree:
            case ("where", comparison, 1, 0) if formula.label in _COMPARISONS:
                return to_text(with_terms(comparison, arguments))
        if formula.label and not functions_of(formula.tree) <= {"+", "-", "*", "/"}:
            bare = [x[1:-1] if x[0] == "(" and "," not in x else x for x in arguments.values()]
            return f"{formula.label}({', '.join([*bare, *formula.static])})"
        return to_text(with_terms(formula.tree, arguments))


_base = attrgetter("base")

_COMPARISONS = {RULES[code].name for code in COMPARISONS}


def _part(places: Ints, shape: tuple[int, ...], ranges: bool) -> str:
    """The index of these places of an array, "" if they are all; of others than a box, of the
    smallest box around them.
    """
    if not shape:
        return ""
    indices = np.unravel_index(places, shape)
    items = [_item(np.unique(x), size, ranges) for x, size in zip(indices, shape, strict=True)]
    while items and items[-1] == ":":
        items.pop()
    return f"[{', '.join(items)}]" if items else ""


def _item(at: NDArray[np.intp], size: int, ranges: bool) -> str:
    """The index of these places, in order, along an axis."""
    start, last = int(at[0]), int(at[-1])
    if len(at) == 1 and size > 1 and not ranges:
        return str(start)
    steps = np.diff(at)
    step = int(steps[0]) if len(steps) and (steps == steps[0]).all() else 1
    stop = "" if last + step >= size else str(last + 1 if start or last + 2 < size else -1)
    return f"{start or ''}:{stop}" + (f":{step}" if step > 1 else "")


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
