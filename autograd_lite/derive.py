"""The derivatives of a scalar program, as further nodes of it.

The partials of a rule are formulas, and each function of a formula is a rule itself. So what
`reverse` and `forward` append is made of rules again, and can be differentiated again. `derive.pxd`
gives what is called for each node and each term its C types.
"""

from __future__ import annotations

from math import isfinite

from autograd_lite.operations import kernels
from autograd_lite.operations.opcodes import (
    BLOCK,
    CONSTANT,
    DETACH,
    INDEX,
    LARGEST,
    LEAF,
    RESULT,
    TAKE,
)
from autograd_lite.operations.rules import CODES, RULES
from autograd_lite.partials import is_flat, partials_of, wins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any


__all__ = ["COTANGENT", "TANGENT", "Nodes"]

COTANGENT, TANGENT = "d", "R"  # as in dz, and in Pearlmutter's R{z}

ADD, SUB, MUL, DIV, NEG = (CODES[name] for name in ("add", "sub", "mul", "div", "neg"))
SQUARE, POW_C, WHERE = CODES["square"], CODES["pow_c"], CODES["where"]
LESS, LESS_EQUAL, EQUAL = CODES["less"], CODES["less_equal"], CODES["equal"]
SUM, CHAIN, EXP, LARGER = CODES["sum"], CODES["chain"], CODES["exp"], CODES["larger"]
DOT = CODES["dot"]

partial_of_user: Any = None
"""Function (code, k) -> the code of the rule that is partial k of a user's operation, and has the
operands of that and its value: set by pullback.py."""


class Nodes:
    """A scalar program while it is written; of nodes that are alike, one is made.

    codes    what each node does, as in `opcodes.py`, or the code of a rule
    parents  tuples of nodes, which come before it
    static   the static parameter of an operation; the number of a constant
    slots    where a leaf's number, or an index's int, stands among what a call gives; which of its
             block's a result is
    numbers  of a node that formulas know as a plain number, that; else None
    marks    {node: (pass, of which node)} of what derivatives have appended: the pass has a
             letter for each derivative, COTANGENT or TANGENT, the first one first

    The constants of the program are data: they have no number here, so that programs which differ
    in them only have derivatives which differ in them only.
    """

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.parents: list[tuple[int, ...]] = []
        self.static: list[float] = []
        self.slots: list[int] = []
        self.numbers: list[float | None] = []
        self.marks: dict[int, tuple[str, int]] = {}
        self._known: dict[Any, int] = {}  # the first node that is like this one
        self._tangents: dict[int, list[int]] = {}  # {node: those of the results of a block}

    def __len__(self) -> int:
        return len(self.codes)

    # ------------------------------------------------------------------------ making nodes

    def add(
        self, code: int, parents: tuple[int, ...] = (), static: float = 0.0, slot: int = -1
    ) -> int:
        """A new node."""
        i = self._append(code, parents, static, slot)
        if code in (ADD, MUL) and parents[0] > parents[1]:  # as `op` asks for it
            parents = parents[::-1]
        self._known.setdefault((code, parents, static), i)
        return i

    def _append(self, code: int, parents: tuple[int, ...], static: float, slot: int) -> int:
        i = len(self.codes)
        self.codes.append(code)
        self.parents.append(parents)
        self.static.append(static)
        self.slots.append(slot)
        self.numbers.append(None)
        return i

    def number(self, number: float) -> int:
        """The node of a plain number."""
        key = number if number and number == number else repr(number)
        i = self._known.get(key)
        if i is None:
            i = self._known[key] = self.add(CONSTANT, (), float(number))
            self.numbers[i] = float(number)
        return i

    def made(self, code: int, parents: tuple[int, ...], static: float = 0.0) -> int:
        """A node of this operation, if need be a new one."""
        key = code, parents, static
        i = self._known.get(key)
        if i is None:
            i = self._known[key] = self._append(code, parents, static, -1)
        return i

    def mark(self, node: int, what: str, of: int) -> None:
        """Note that a node is the cotangent or tangent of another, of the last if of several."""
        before, root = self.marks.get(of, ("", of))
        self.marks[node] = before + what, root

    def op(self, code: int, *parents: int, static: float = 0.0) -> int:
        """A node of a rule of a fixed number of operands, simplified."""
        numbers = [self.numbers[p] for p in parents]
        if None not in numbers and RULES[code].user_module is None:
            last = (static,) if len(parents) == 1 else ()
            return self.number(kernels.FUNCTIONS[code](*numbers, *last)[0])
        simplify = _SIMPLER.get(code)
        if simplify is not None:
            found: int | None = simplify(self, *parents)
            if found is not None:
                return found
            if code in (ADD, MUL) and parents[0] > parents[1]:
                parents = parents[::-1]
        elif code == POW_C and static == 0.0:
            return self.number(1.0)
        elif code == POW_C and static in (1.0, 2.0):
            return parents[0] if static == 1.0 else self.op(SQUARE, *parents)
        return self.made(code, parents, static)

    def where(self, holds: int, yes: Callable[[], int], no: Callable[[], int]) -> int:
        """The node of a choice; only the arm that is known to be taken is made."""
        known = self.numbers[holds]
        if known is not None:
            return yes() if known else no()
        return self.op(WHERE, holds, yes(), no())

    def power(self, x: int, y: int) -> int:
        """The node of a power."""
        c = self.numbers[y]
        return self.op(CODES["pow"], x, y) if c is None else self.op(POW_C, x, static=c)

    def of_order(self, code: int, x: int, static: int) -> int:
        """The node of a rule whose static parameter is this node's number."""
        c = self.numbers[static]
        assert c is not None
        return self.op(code, x, static=c)

    def combine(self, pairs: Sequence[tuple[int, int]]) -> int:
        """The sum of g * d over pairs of a cotangent and a partial: a g of 0 stays 0."""
        numbers = self.numbers
        plain: list[tuple[int, int]] = []
        rest: list[tuple[int, int]] = []
        constant = sort_terms(numbers, pairs, plain, rest)
        if constant != 0:
            plain.append((self.number(constant), 1))
        if not rest:
            return self._signed_sum(plain) if plain else self.number(0.0)
        if len(rest) == 1 and not plain:
            ((g, d),) = rest
            y = numbers[d]
            if numbers[g] is not None or (y is not None and isfinite(y)):
                return self.op(MUL, g, d)
            return self.made(CHAIN, (g, d))
        if plain:
            rest += [(p, self.number(float(sign))) for p, sign in plain]
        return self.made(CHAIN, (*[g for g, _ in rest], *[d for _, d in rest]))

    def _signed_sum(self, terms: Sequence[tuple[int, int]]) -> int:
        (p, sign), *others = terms
        if not others:
            return p if sign > 0 else self.op(NEG, p)
        if len(others) == 1:
            ((q, other),) = others
            if sign < 0 and other < 0:
                return self.op(NEG, self.op(ADD, p, q))
            if sign != other:
                return self.op(SUB, *((p, q) if sign > 0 else (q, p)))
            return self.op(ADD, p, q)
        if all(sign > 0 for _, sign in terms):
            return self.made(SUM, tuple([p for p, _ in terms]))
        signs = [self.number(float(sign)) for _, sign in terms]
        return self.made(CHAIN, (*[p for p, _ in terms], *signs))

    # ---------------------------------------------------------------------------- partials

    def partials(self, i: int) -> list[tuple[int, int]]:
        """(parent, node of d node / d parent) of a node; none that is always 0.

        For x * x, and for x**2, x is one parent with the partial 2 x.
        """
        code, parents = self.codes[i], self.parents[i]
        rule = RULES[code]
        if rule.user_module is not None:
            of_user = [partial_of_user(code, k) for k in range(len(parents))]
            return [(p, self.made(of_user[k], (*parents, i))) for k, p in enumerate(parents)]
        if code == SQUARE or (code == MUL and parents[0] == parents[1]):
            return [(parents[0], self.op(MUL, parents[0], self.number(2.0)))]
        if rule.pairs:
            half = len(parents) // 2
            return list(zip(parents, parents[half:] + parents[:half], strict=True))
        if rule.name == "logsumexp":
            return self._softmax(parents)
        return partials_of(code)(self, i, parents)

    def products(self, i: int) -> list[tuple[int, int, bool]]:
        """(parent, node of d node / d parent, which one stays 0) of the terms of a tangent.

        In tangent times partial it is the tangent that stays 0 though the other is infinite. In a
        chain it is the cotangent, also where it is the partial: then that is True.
        """
        n = len(self.parents[i]) // 2 if self.codes[i] == CHAIN else len(self.parents[i])
        return [(p, d, k >= n) for k, (p, d) in enumerate(self.partials(i))]

    def _softmax(self, xs: tuple[int, ...]) -> list[tuple[int, int]]:
        """exp(x - m) over their sum, m being the largest, on which the quotient does not depend.

        Where x is finite and m is not, exp(x - m) is 0 and stays 0, though the sum is NaN.
        """
        m = self.made(DETACH, (self.made(LARGEST, xs),))
        terms = [self.op(EXP, self.op(SUB, x, m)) for x in xs]
        share = self.op(DIV, self.number(1.0), self.made(SUM, tuple(terms)))
        return [(x, self.made(CHAIN, (term, share))) for x, term in zip(xs, terms, strict=True)]

    def pulled(self, block: int, cotangents: Mapping[int, int]) -> list[int]:
        """The nodes of the cotangents of a block's parents.

        cotangents  {k: node of the cotangent of result k}
        """
        raise NotImplementedError

    @property
    def pushes_blocks(self) -> bool:
        """False if the results of a block have no tangents here."""
        return True

    def pushed(self, block: int, tangents: Mapping[int, int]) -> list[int]:
        """The nodes of the tangents of a block's results.

        tangents  {parent: node of its tangent}
        """
        raise NotImplementedError

    def _sent(self, i: int, g: int) -> list[tuple[int, int, int]]:
        """(parent, cotangent, partial) for the parents of a node with cotangent g."""
        one, zero = self.number(1.0), self.number(0.0)
        if self.codes[i] == WHERE:  # not g times 0 or 1: the arm not taken may send NaNs to g
            holds, yes, no = self.parents[i]
            taken, not_taken = self.op(WHERE, holds, g, zero), self.op(WHERE, holds, zero, g)
            return [(yes, taken, one), (no, not_taken, one)]
        if self.codes[i] == RESULT:  # all come to the block together
            return [(self.parents[i][0], g, self.slots[i])]
        if self.codes[i] == TAKE:
            index, *xs = self.parents[i]
            place = self._place(index, len(xs))
            here = [self.op(EQUAL, place, self.number(float(k))) for k in range(len(xs))]
            return [
                (x, self.op(WHERE, holds, g, zero), one) for x, holds in zip(xs, here, strict=True)
            ]
        if self.codes[i] == LARGEST:
            xs, found = list(self.parents[i]), []
            for x, wins in zip(xs[:0:-1], self._wins(xs)[::-1], strict=True):
                found.append((x, self.op(WHERE, wins, g, zero), one))
                g = self.op(WHERE, wins, zero, g)
            return [*found, (xs[0], g, one)]
        raise AssertionError(self.codes[i])

    def _place(self, index: int, n: int) -> int:
        """The place among n elements that an index names, which may be negative."""
        return self.made(TAKE, (index, *[self.number(float(k)) for k in range(n)]))

    def _wins(self, xs: list[int]) -> list[int]:
        """For each of xs but the first, a node that is 1 if it is the largest so far, else 0."""
        found, largest = [], xs[0]
        for x in xs[1:]:
            largest, before = self.made(LARGER, (largest, x)), largest
            found.append(wins(LARGER)(self, largest, (before, x))[0][1])
        return found

    # -------------------------------------------------------------------------- both modes

    def active(self, inputs: Iterable[int], n: int) -> list[bool]:
        """For each of the first n nodes, True if it depends on inputs and has a derivative."""
        active = [False] * n
        for i in inputs:
            if i < n:
                active[i] = True
        for i in range(n):
            parents = self.parents[i]
            if parents and not active[i]:
                code = self.codes[i]
                if code not in _SILENT and (code <= 0 or not is_flat(code)):
                    for p in parents:
                        if active[p]:
                            active[i] = True
                            break
        return active

    def reverse(
        self,
        seeds: Iterable[tuple[int, int]],
        inputs: Sequence[int],
        tell: Callable[[float], None] | None = None,
    ) -> list[int]:
        """The nodes of the cotangents of inputs, appended.

        seeds  (result, node of its cotangent)
        tell   is told, now and then, which share of the work is done
        """
        seeds = list(seeds)
        n = 1 + max((node for node, _ in seeds), default=-1)  # no later node is on the way
        active = self.active(inputs, n)
        first = len(self)
        one, zero = self.number(1.0), self.number(0.0)
        sent: list[Any] = [None] * n
        for node, g in seeds:
            if active[node]:
                sent[node] = [*(sent[node] or ()), (g, one)]
        wanted: dict[int, int] = dict.fromkeys(inputs, zero)
        for i in range(n - 1, -1, -1):
            if tell is not None and not i & 4095:
                tell(1 - i / n)
            pairs = sent[i]
            if pairs is None:
                continue
            sent[i] = None
            if self.codes[i] == BLOCK:
                of_results: dict[int, int] = {}
                for g, k in pairs:  # a pullback makes further nodes of a result that it reads
                    of_results[k] = self.op(ADD, of_results[k], g) if k in of_results else g
                found = self.pulled(i, of_results)
                further = [(p, g, one) for p, g in zip(self.parents[i], found, strict=True)]
            else:
                g = self.combine(pairs)
                if g >= first and g not in self.marks:
                    self.mark(g, COTANGENT, i)
                if i in wanted:
                    wanted[i] = g
                if self.numbers[g] == 0 or not self.parents[i]:
                    continue
                code = self.codes[i]
                if code == DETACH:  # an input through which nothing flows
                    continue
                if code in (DOT, CHAIN):
                    send_products(self.parents[i], g, active, sent)
                    continue
                if code not in _BY_CHOICE:
                    further = [(p, g, d) for p, d in self.partials(i)]
                else:
                    further = self._sent(i, g)
            for p, c, d in further:
                if active[p]:
                    send_term(p, c, d, sent)
        return [wanted[i] for i in inputs]

    def forward(self, tangents: Mapping[int, int], targets: Sequence[int]) -> list[int]:
        """The nodes of the tangents of targets, appended.

        tangents  {node: node of its tangent} of some inputs
        """
        n = len(self)
        active = self.active(tangents, n)
        needed = [False] * n
        for i in targets:
            needed[i] = True
        for i in range(n - 1, -1, -1):
            if needed[i] and active[i] and i not in tangents:
                for p in self.parents[i]:
                    needed[p] = True
        zero = self.number(0.0)
        found: dict[int, int] = dict(tangents)
        for i in range(n):
            if active[i] and needed[i] and i not in found:
                found[i] = t = self.tangent(i, found, zero)
                if t >= n:
                    self.mark(t, TANGENT, i)
        return [found.get(i, zero) for i in targets]

    def tangent(self, i: int, of: Mapping[int, int], zero: int) -> int:
        """The node of the tangent of a node, given {parent: node of its tangent}."""
        code, parents = self.codes[i], self.parents[i]
        if code == BLOCK:
            t = self.add(BLOCK)
            self._tangents[t] = self.pushed(i, of)
            return t
        if code == RESULT:
            return self._tangents[of[parents[0]]][self.slots[i]]
        if code == WHERE:
            yes, no = (of.get(p, zero) for p in parents[1:])
            return self.op(WHERE, parents[0], yes, no)
        if code == TAKE:
            return self.made(TAKE, (parents[0], *[of.get(p, zero) for p in parents[1:]]))
        if code == LARGEST:
            t = of.get(parents[0], zero)
            for p, wins in zip(parents[1:], self._wins(list(parents)), strict=True):
                t = self.op(WHERE, wins, of.get(p, zero), t)
            return t
        terms = [(of[p], d, first) for p, d, first in self.products(i) if p in of]
        return self.combine([(d, t) if first else (t, d) for t, d, first in terms])


# ------------------------------------------------------------- terms of cotangents, in C types


def send_products(parents: tuple[int, ...], g: int, active: list[bool], sent: list[Any]) -> None:
    """Send the cotangent g of a sum of products to each factor, times the other one."""
    half = len(parents) // 2
    for k in range(half):
        p = parents[k]
        if active[p]:
            send_term(p, g, parents[k + half], sent)
    for k in range(half):
        p = parents[k + half]
        if active[p]:
            send_term(p, g, parents[k], sent)


def send_term(p: int, g: int, d: int, sent: list[Any]) -> None:
    """Note a cotangent g and a partial d for node p."""
    terms = sent[p]
    if terms is None:
        sent[p] = [(g, d)]
    else:
        terms.append((g, d))


def sort_terms(
    numbers: list[float | None],
    pairs: Sequence[tuple[int, int]],
    plain: list[tuple[int, int]],
    rest: list[tuple[int, int]],
) -> float:
    """The sum of the products of known numbers among pairs.

    plain  is given (node, 1 or -1) of what is multiplied by that
    rest   is given the other pairs
    """
    constant = 0.0
    for pair in pairs:
        g, d = pair
        x, y = numbers[g], numbers[d]
        if x is None:
            if y is None:
                rest.append(pair)
            elif y in _SIGNS:
                plain.append((g, _SIGNS[y]))
            elif y != 0:
                rest.append(pair)
        elif y is None:
            if x in _SIGNS:
                plain.append((d, _SIGNS[x]))
            elif x != 0:
                rest.append(pair)
        elif x != 0:
            constant += x * y
    return constant


# ---------------------------------------------------------------------------------- simplifying


def _simpler_add(self: Nodes, x: int, y: int) -> int | None:
    a, b = self.numbers[x], self.numbers[y]
    if a == 0:
        return y
    if b == 0:
        return x
    if x == y:
        return self.op(MUL, x, self.number(2.0))
    if self.codes[y] == NEG:
        return self.op(SUB, x, self.parents[y][0])
    if self.codes[x] == NEG:
        return self.op(SUB, y, self.parents[x][0])
    return None


def _simpler_sub(self: Nodes, x: int, y: int) -> int | None:
    if self.numbers[y] == 0:
        return x
    if self.numbers[x] == 0:
        return self.op(NEG, y)
    if self.codes[y] == NEG:
        return self.op(ADD, x, self.parents[y][0])
    return None


def _simpler_mul(self: Nodes, x: int, y: int) -> int | None:
    if self.numbers[x] is not None:
        x, y = y, x
    number = self.numbers[y]
    if number == 1:
        return x
    if number == 0:
        return y
    if number == -1:
        return self.op(NEG, x)
    if number is not None and self.codes[x] == NEG:
        return self.op(MUL, self.parents[x][0], self.number(-number))
    return None


def _simpler_div(self: Nodes, x: int, y: int) -> int | None:
    return x if self.numbers[y] == 1 or self.numbers[x] == 0 else None


def _simpler_neg(self: Nodes, x: int) -> int | None:
    if self.codes[x] == NEG:
        return self.parents[x][0]
    if self.codes[x] == SUB:
        return self.op(SUB, *self.parents[x][::-1])
    if self.codes[x] == MUL:
        p, q = self.parents[x]
        for factor, other in ((p, q), (q, p)):
            number = self.numbers[factor]
            if number is not None:
                return self.op(MUL, other, self.number(-number))
    return None


def _simpler_where(self: Nodes, condition: int, yes: int, no: int) -> int | None:
    known = self.numbers[condition]
    if known is not None:
        return yes if known else no
    if yes == no:
        return yes
    if self.codes[condition] in (LESS, LESS_EQUAL, EQUAL):
        if (self.numbers[yes], self.numbers[no]) == (1, 0):
            return condition
        if (self.numbers[yes], self.numbers[no]) == (0, 1):
            return self.op(SUB, self.number(1.0), condition)
    return None


_SIMPLER: dict[int, Any] = {
    ADD: _simpler_add,
    SUB: _simpler_sub,
    MUL: _simpler_mul,
    DIV: _simpler_div,
    NEG: _simpler_neg,
    WHERE: _simpler_where,
}
_SIGNS = {1.0: 1, -1.0: -1}
_BY_CHOICE = {WHERE, RESULT, TAKE, LARGEST}  # that send no product of a partial
_SILENT = {LEAF, CONSTANT, INDEX, DETACH}
