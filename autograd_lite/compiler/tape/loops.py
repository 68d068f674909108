"""The compiled loops: a tape forward and backward, and the numbers that go in and out of a run.

Plain Python, compiled with `loops.pxd` beside it as `autograd_lite/value.py` is. All arrays are
`array.array`s: of ints "i" or "q", of doubles "d".
"""

from __future__ import annotations

from array import array

import autograd_lite.memory as memory
import autograd_lite.nary as nary
import autograd_lite.operations.kernels as kernels
from autograd_lite.compiler.tape.opcodes import (
    BLOCK,
    CONSTANT,
    DETACH,
    GREATER,
    INDEX,
    LARGEST,
    LEAF,
    LESS,
    OPPOSITE,
    RESULT,
    SAME,
    TAKE,
    UNORDERED,
)
from autograd_lite.operations.rules import RULES, table_checksum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.block import Block
    from autograd_lite.value import Value

if table_checksum() != kernels.TABLE_CHECKSUM:
    raise ImportError("autograd_lite was compiled from another rules.py; install it again")

_DOUBLES = array("d")


def forward(
    codes: array[int],
    offsets: array[int],
    parents: array[int],
    slots: array[int],
    values: array[float],
    partials: array[float],
    static: array[float],
    leaves: array[float],
    user_results: array[float],
    blocks: tuple[Block, ...],
    calls: list[Any],
    indices: array[int],
    known: bool,
) -> None:
    """Compute the numbers of the nodes, and the partials that `backward` reads.

    The partials of add, sub, mul, dot and chain are written out here and in `backward`, though they
    stand in the rule table, too: to look them up costs more than they do (`test_loops.py` compares
    them).

    user_results  values and partials of users' operations: those of a node begin at its static
    calls         of each block its results, and what it kept
    known         True if both have them already, from an earlier run on the same numbers
    """
    code_of, first, parent = memory.ints(codes), memory.ints(offsets), memory.ints(parents)
    c, slot = memory.doubles(static), memory.ints(slots)
    leaf, index = memory.doubles(leaves), memory.longs(indices)
    v, d = memory.doubles(values), memory.doubles(partials)
    for i in range(len(codes)):
        code = code_of[i]
        p = first[i]
        if code == kernels.MUL:
            v[i] = v[parent[p]] * v[parent[p + 1]]
        elif code == kernels.ADD:
            v[i] = v[parent[p]] + v[parent[p + 1]]
        elif code == kernels.SUB:
            v[i] = v[parent[p]] - v[parent[p + 1]]
        elif code == LEAF:
            v[i] = leaf[slot[i]]
        elif code == CONSTANT:
            v[i] = c[i]
        elif code == kernels.DOT:
            half = (first[i + 1] - p) // 2
            out = 0.0
            for j in range(p, p + half):
                out += v[parent[j]] * v[parent[j + half]]
            v[i] = out
        elif code == kernels.CHAIN:
            half = (first[i + 1] - p) // 2
            out = 0.0
            for j in range(p, p + half):
                if v[parent[j]] != 0.0:  # and stays 0 through an infinite partial
                    out += v[parent[j]] * v[parent[j + half]]
            v[i] = out
        elif code == TAKE:
            j = p + 1 + normalized_index(index[slot[parent[p]]], first[i + 1] - p - 1)
            v[i] = v[parent[j]]
        elif code == DETACH:
            v[i] = v[parent[p]]
        elif code > 0:
            n = first[i + 1] - p
            if nary.has_loop(code):
                for j in range(p, p + n):
                    d[j] = v[parent[j]]
                v[i] = reduced(code, n, memory.part(d, p, n))
            elif n > 3 or not kernels.in_c(code):
                xs = [v[parent[j]] for j in range(p, p + n)]
                v[i] = in_python(code, xs, c[i], partials, p, user_results, known)
            elif n == 1:
                v[i], d[p] = kernels.unary(code, v[parent[p]], c[i])
            elif n == 2:
                v[i], d[p], d[p + 1] = kernels.binary(code, v[parent[p]], v[parent[p + 1]])
            else:
                x, y, z = v[parent[p]], v[parent[p + 1]], v[parent[p + 2]]
                v[i], d[p], d[p + 1], d[p + 2] = kernels.ternary(code, x, y, z)
        elif code == LARGEST:
            v[i] = v[largest_of(v, parent, p, first[i + 1])]
        elif code == BLOCK:
            if not known:
                n = first[i + 1] - p
                given = room(n)
                x_of = memory.doubles(given)
                for j in range(n):
                    x_of[j] = v[parent[p + j]]
                calls[slot[i]] = blocks[slot[i]].run(given)
        elif code == RESULT:
            found = calls[slot[parent[p]]][0]
            v[i] = memory.doubles(found)[slot[i]]
        elif code != INDEX:
            raise ValueError(f"{code} is the code of no node")


def normalized_index(index: int, n: int) -> int:
    """The position among n elements that an index names; a negative one counts from the end."""
    where = index + n if index < 0 else index
    if not 0 <= where < n:
        raise IndexError(f"take: the index {index} is out of range for {n} elements")
    return where


def largest_of(v: Any, parent: Any, start: int, end: int) -> int:
    """The parent whose number is the first of the largest ones, or the last NaN."""
    found: int = parent[start]
    for i in range(start + 1, end):
        x = v[parent[i]]
        if x > v[found] or x != x:
            found = parent[i]
    return found


def reduced(code: int, n: int, d: Any) -> float:
    """The number of an n-ary node; its operands, which d holds, are overwritten by its partials."""
    shift, out = nary.reduction(code, d, n)
    for j in range(n):
        d[j] = kernels.partial(code, d[j] - shift, n, out)
    return shift + out


def in_python(
    code: int,
    xs: list[float],
    c: float,
    partials: array[float],
    start: int,
    user_results: array[float],
    known: bool,
) -> float:
    """The number of an operation that has no kernel in C; its partials are written from start on.

    Such are lgamma, its derivatives, and the operations that users made.
    """
    rule, n = RULES[code], len(xs)
    if rule.nary:
        found = array("d", kernels.reduced(code, xs))
    elif rule.user_module is None:
        found = array("d", kernels.FUNCTIONS[code](*((*xs, c) if n == 1 else xs)))
    else:
        place = int(c)
        if not known:
            user_results[place : place + n + 1] = array("d", kernels.call_of_user(code, xs))
        found = user_results[place : place + n + 1]
    partials[start : start + n] = found[1:]
    return found[0]


def backward(
    codes: array[int],
    offsets: array[int],
    parents: array[int],
    slots: array[int],
    values: array[float],
    partials: array[float],
    cotangents: array[float],
    gradient: array[float],
    blocks: tuple[Block, ...],
    calls: list[Any],
    indices: array[int],
) -> None:
    """Send the cotangents from the last node to the first, and add those of leaves to gradient.

    blocks, calls  as in `forward`
    """
    left: list[Any] = [None] * len(blocks)  # of each block, the cotangents of its results
    code_of, first, parent = memory.ints(codes), memory.ints(offsets), memory.ints(parents)
    slot, index = memory.ints(slots), memory.longs(indices)
    v, d = memory.doubles(values), memory.doubles(partials)
    cotangent, out = memory.doubles(cotangents), memory.doubles(gradient)
    for i in range(len(codes) - 1, -1, -1):
        g = cotangent[i]
        if g == 0.0:  # and stays 0 through an infinite partial
            continue
        code = code_of[i]
        p = first[i]
        if code == kernels.MUL:
            cotangent[parent[p]] += g * v[parent[p + 1]]
            cotangent[parent[p + 1]] += g * v[parent[p]]
        elif code == kernels.ADD:
            cotangent[parent[p]] += g
            cotangent[parent[p + 1]] += g
        elif code == kernels.SUB:
            cotangent[parent[p]] += g
            cotangent[parent[p + 1]] -= g
        elif code == LEAF:
            out[slot[i]] += g
        elif code == kernels.DOT or code == kernels.CHAIN:
            half = (first[i + 1] - p) // 2
            for j in range(p, p + half):
                cotangent[parent[j]] += g * v[parent[j + half]]
                cotangent[parent[j + half]] += g * v[parent[j]]
        elif code == TAKE:
            j = p + 1 + normalized_index(index[slot[parent[p]]], first[i + 1] - p - 1)
            cotangent[parent[j]] += g
        elif kernels.LESS <= code <= kernels.EQUAL:
            continue  # nothing, even times infinity
        elif code > 0:
            for j in range(p, first[i + 1]):
                cotangent[parent[j]] += g * d[j]
        elif code == LARGEST:
            cotangent[largest_of(v, parent, p, first[i + 1])] += g
        elif code == RESULT:
            j = parent[p]
            cotangent[j] = 1.0  # so that it has its turn
            bars = left[slot[j]]
            if bars is None:
                bars = left[slot[j]] = zeros(len(calls[slot[j]][0]))
            memory.doubles(bars)[slot[i]] += g
        elif code == BLOCK:
            sent = blocks[slot[i]].send(calls[slot[i]][1], left[slot[i]], first[i + 1] - p)
            x_bar = memory.doubles(sent)
            for j in range(p, first[i + 1]):
                cotangent[parent[j]] += x_bar[j - p]


def levels(offsets: array[int], parents: array[int], found: array[int]) -> None:
    """Write to found[i] how many nodes come before node i on the longest way to it."""
    first, parent, level = memory.ints(offsets), memory.ints(parents), memory.ints(found)
    for i in range(len(found)):
        highest = 0
        for j in range(first[i], first[i + 1]):
            highest = max(highest, level[parent[j]] + 1)
        level[i] = highest


def room(n: int) -> array[float]:
    """An array of n doubles of any value."""
    return memory.room(_DOUBLES, n)


def zeros(n: int) -> array[float]:
    """An array of n doubles that are 0."""
    values = room(n)
    clear(values)
    return values


def clear(values: array[float]) -> None:
    """Set all numbers to 0."""
    out = memory.doubles(values)
    for i in range(len(values)):
        out[i] = 0.0


def spread(
    leaves: array[float],
    parameters: tuple[Value, ...],
    values: array[float],
    places: array[int],
    in_place: int,
) -> None:
    """Write the numbers of the leaves, then those of the parameters, to values[places[i]].

    in_place  the first in_place leaves are stored at their own index: places[i] == i
    """
    out, where, leaf = memory.doubles(values), memory.longs(places), memory.doubles(leaves)
    n = len(leaves)
    start = min(in_place, n)
    for i in range(start):
        out[i] = leaf[i]
    for i in range(start, n):
        out[where[i]] = leaf[i]
    for i in range(len(parameters)):
        out[where[n + i]] = memory.data_of(parameters, i)


def collect(values: array[float], places: array[int], out: array[float]) -> bool:
    """Write values[places[i]] to out[i]; True if all of these numbers are finite."""
    read, where, write = memory.doubles(values), memory.longs(places), memory.doubles(out)
    finite = True
    for i in range(len(places)):
        number = read[where[i]]
        write[i] = number
        if number - number != 0.0:
            finite = False
    return finite


def outside(indices: array[int], among: array[int]) -> int:
    """The first slot whose index is out of range; -1 if all are within.

    among  [slot] how many elements `take` chooses among; 0 of an int that is no index
    """
    index, most = memory.longs(indices), memory.longs(among)
    for i in range(len(among)):
        if most[i] and not -most[i] <= index[i] < most[i]:
            return i
    return -1


def broken(outputs: array[float], guards: array[int], constants: array[float]) -> int:
    """The first guard that does not hold; -1 if all do.

    guards     [n * 3] x, the ways in which x may compare with y, and y, guard by guard: x and y are
               positions among the outputs, or y is -1; the ways are the bits of `opcodes.py`
    constants  [n] the number y of the guards whose y is -1
    """
    v, guard, c = memory.doubles(outputs), memory.longs(guards), memory.doubles(constants)
    for i in range(len(constants)):
        x, place = v[guard[3 * i]], guard[3 * i + 2]
        y = c[i] if place < 0 else v[place]
        if x < y:
            way = LESS
        elif x > y:
            way = GREATER
        elif x != y:
            way = UNORDERED
        else:
            way = SAME if kernels.copysign(1.0, x) == kernels.copysign(1.0, y) else OPPOSITE
        if not guard[3 * i + 1] & way:
            return i
    return -1
