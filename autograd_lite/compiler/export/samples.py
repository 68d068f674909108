"""A function recorded again with other numbers of samples, so that a source takes any number.

What differs between the programs is the number of samples, or follows from it. `unified` makes one
program of several, in which such a size is a `Size`, and a number a formula of n.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from math import isclose
from typing import Any

import numpy as np

from autograd_lite.compiler.export.exported import Recordings
from autograd_lite.compiler.export.expressions import Expression, name, number, operation
from autograd_lite.compiler.tape.opcodes import LEAF
from autograd_lite.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd_lite.compiler.export.exported import Exported

__all__ = ["SIZES", "DifferentError", "Size", "recordings", "unified"]

SIZES = (5, 7, 12)  # at which a function is recorded
MANY, NODES = 40, 300_000  # as many samples are tried if that takes at most as many nodes


class DifferentError(ValueError):
    """Programs of other numbers of samples are other programs."""


class Size:
    """A size that depends on the number of samples: its values at `SIZES`. `str` is its formula."""

    __slots__ = ("values",)

    def __init__(self, values: Sequence[int]) -> None:
        self.values = tuple(values)

    def __str__(self) -> str:
        squares = {Fraction(x, k * k) for k, x in zip(SIZES, self.values, strict=True)}
        if len(squares) == 1 and (c := squares.pop()).denominator == 1:
            return "n * n" if c == 1 else f"{c} * n * n"
        (n, m, _), (x, y, _) = SIZES, self.values
        a = Fraction(y - x, m - n)
        b = x - a * n
        if any(a * k + b != value for k, value in zip(SIZES, self.values, strict=True)):
            raise DifferentError
        if a.denominator != 1:
            raise DifferentError
        if a < 0:
            return f"{b} - n" if a == -1 else f"{b} - {-a} * n"
        text = "n" if a == 1 else f"{a} * n"
        return text if not b else f"{text} {'+' if b > 0 else '-'} {abs(b)}"

    def _with(self, other: Any, result: Callable[[int, int], Any]) -> Any:
        others = other.values if isinstance(other, Size) else (other,) * len(self.values)
        return [result(x, y) for x, y in zip(self.values, others, strict=True)]

    def _all(self, other: Any, result: Callable[[int, int], bool]) -> bool:
        found = set(self._with(other, result))
        if len(found) > 1:
            raise DifferentError
        return bool(found.pop())

    def __add__(self, other: Any) -> Any:
        return _size(self._with(other, lambda x, y: x + y))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return _size(self._with(other, lambda x, y: x - y))

    def __rsub__(self, other: Any) -> Any:
        return _size(self._with(other, lambda x, y: y - x))

    def __mul__(self, other: Any) -> Any:
        return _size(self._with(other, lambda x, y: x * y))

    __rmul__ = __mul__

    def __neg__(self) -> Any:
        return self * -1

    def __lt__(self, other: Any) -> bool:
        return self._all(other, lambda x, y: x < y)

    def __gt__(self, other: Any) -> bool:
        return self._all(other, lambda x, y: x > y)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (int, Size)):
            return NotImplemented
        return bool(all(self._with(other, lambda x, y: x == y)))

    def __hash__(self) -> int:
        return hash(self.values)


def _size(values: Sequence[int]) -> int | Size:
    return values[0] if len(set(values)) == 1 else Size(values)


def unified(things: Sequence[Any]) -> Any:
    """One thing of the same at each of `SIZES`. Raises DifferentError if they are not alike."""
    first = things[0]
    if any(type(x) is not type(first) for x in things):
        raise DifferentError
    if isinstance(first, Expression):
        if first.op == "number":
            return _number([x.params[0] for x in things])
        found = Expression(*[unified([x[k] for x in things]) for k in range(4)])
        return _divided(found) if found.op == "*" else found
    if isinstance(first, np.ndarray):
        if any(x.shape != first.shape or x.tobytes() != first.tobytes() for x in things):
            raise DifferentError
        return first
    if isinstance(first, (tuple, list)):
        if len({len(x) for x in things}) > 1:
            raise DifferentError
        return type(first)(unified(parts) for parts in zip(*things, strict=True))
    if isinstance(first, dict):
        if any([*x] != [*first] for x in things):
            raise DifferentError
        return {key: unified([x[key] for x in things]) for key in first}
    if is_dataclass(first) and not isinstance(first, type):
        parts = {f.name: unified([getattr(x, f.name) for x in things]) for f in fields(first)}
        return replace(first, **parts)
    if type(first) is int:
        return _size(things)
    if any(x != first for x in things):
        raise DifferentError
    return first


def _number(values: Sequence[float]) -> Expression:
    """A number, or what it is of n: c / n, c / (n - 1) and c * n."""
    if len({repr(x) for x in values}) == 1:
        return number(values[0])
    n = name("n", ())
    one_less = operation("-", n, number(1.0))
    for of, term, sign in (
        ([*SIZES], n, "/"),
        ([k - 1 for k in SIZES], one_less, "/"),
        ([1 / k for k in SIZES], n, "*"),
    ):
        factors = [x * k for x, k in zip(values, of, strict=True)]
        if all(isclose(factor, factors[0], rel_tol=1e-14) for factor in factors):
            return operation(sign, number(_plain(factors)), term)
    raise DifferentError


def _divided(x: Expression) -> Expression:
    """(c / n) * y as c * y / n."""
    share, y = x.args
    if share.op != "/" or share.args[0].op != "number":
        return x
    c, term = share.args
    return operation("/", operation("*", c, y), term)


def _plain(factors: Sequence[float]) -> float:
    """The shortest of numbers that are the same but for rounding."""
    return min(factors, key=lambda x: len(repr(x)))


def recordings(
    read: Callable[[tuple[Any, ...]], Exported], args: tuple[Any, ...]
) -> Iterator[Recordings]:
    """Recordings with these arguments at each of `SIZES`, for each length that arguments have, and
    with more and with fewer samples: for the function may go through something else, too, or do
    something else with few of them.

    Samples come again, or there are fewer of them. What cannot be recorded so is left out, and what
    does not read all of its samples, as a function of vectors of a given length.
    """

    def at(n: int, length: int) -> Exported | None:
        try:
            return read(tuple([_cycled(x, length, n) for x in args]))
        except Exception:  # what the function raises for another number of samples
            return None

    for length in dict.fromkeys(len(arg) for arg in args if _is_sequence(arg)):
        found = {n: at(n, length) for n in (*SIZES, length + 3)}
        known = [x for n, x in found.items() if x is not None and _is_read(x, n)]
        if len(known) < len(found):
            continue
        sizes, larger = known[: len(SIZES)], known[len(SIZES) :]
        if len(sizes[-1].tape) * MANY <= NODES * SIZES[-1] and (many := at(MANY, length)):
            larger.append(many)
        yield Recordings(sizes, larger, [at(2, length), at(1, length)])


def _is_read(exported: Exported, n: int) -> bool:
    """True if something has n samples, and of all that is given each number is read."""
    given = [*exported.arguments, *exported.parameters]
    tape = exported.tape
    read = tape.slots[tape.codes == LEAF]
    whole = all(
        (np.isin(t.slots, read) | (getattr(t, "indices", np.int64(-1)) >= 0)).all()
        for t in given
        if t.shape[:1] == (n,)
    )
    return whole and any(t.shape[:1] == (n,) for t in given)


def _is_sequence(arg: Any) -> bool:
    if isinstance(arg, np.ndarray):
        return arg.ndim > 0 and len(arg) > 1
    return type(arg) in (list, tuple) and len(arg) > 1


def _cycled(arg: Any, length: int, n: int) -> Any:
    """n samples of an argument of this length, which come again; others as they are."""
    if not _is_sequence(arg) or len(arg) != length:
        return arg
    if isinstance(arg, np.ndarray):
        return arg[np.arange(n) % length]
    return type(arg)(_own(arg[i % length]) for i in range(n))


def _own(thing: Any) -> Any:
    """Values of their own, as samples that come again must be."""
    if isinstance(thing, Value):
        return Value(thing.data)
    return type(thing)(map(_own, thing)) if type(thing) in (list, tuple) else thing
