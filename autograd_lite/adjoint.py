"""The adjoint of an eager graph: the cotangents of its inputs, as further nodes.

Decisions are taken by the numbers that nodes have, as eager code takes them. In a recording they
may not be: there `pullback.Graph` does this, for programs that run with other numbers.
`adjoint.pxd` gives the functions here their C types.
"""

from __future__ import annotations

import autograd_lite.kinds as kinds
import autograd_lite.memory as memory
import autograd_lite.nary as nary
import autograd_lite.operations.kernels as kernels
import autograd_lite.value as engine
from autograd_lite.fields import static_of
from autograd_lite.forward import active_nodes
from autograd_lite.functions import partials_of_user
from autograd_lite.operations.rules import COMPARISONS, RULES
from autograd_lite.partials import partials_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from autograd_lite.extra import Extra
    from autograd_lite.value import Node, Operand

__all__ = ["adjoint", "user_partials"]

_inf = float("inf")
_comparisons = frozenset(COMPARISONS)


def adjoint(
    outputs: Sequence[Operand], cotangents: Sequence[Operand], inputs: Sequence[Node]
) -> list[Any] | None:
    """The sum of cotangent times d output / d input, for each input: Values, and floats.

    None if a node on the way was made by hand, or within a pass of `backward`.
    """
    roots = tuple([y for y in outputs if isinstance(y, engine.Node)])
    nodes = active_nodes(roots, tuple(inputs))
    if nodes is None:
        return None
    # {address of a node: its (cotangent, partial) ...}; no lists yet, at which a collector looks.
    sent: dict[int, Any] = {memory.address(x): () for x in inputs}
    for node in nodes:
        if node._kind == kinds.BY_HAND and node._block is None:
            return None
        sent[memory.address(node)] = ()
    for y, g in zip(outputs, cotangents, strict=True):
        if isinstance(y, engine.Node):
            give(y, g, 1.0, sent)
    for i in range(len(nodes) - 1, -1, -1):
        node = memory.listed(nodes, i)
        pairs = sent.pop(memory.address(node))
        if not pairs:
            continue
        if node._kind == kinds.BLOCK:
            send_through(node, pairs, sent)
            continue
        g = combine(pairs)
        if isinstance(g, float) and g == 0.0:
            continue
        send(node, g, sent)
    return [combine(sent[memory.address(x)]) for x in inputs]


def send(node: Node, g: Any, sent: dict[int, Any]) -> None:
    """Give the parents of a node its cotangent, with their partials."""
    code, kind = node._code, node._kind
    more: Extra
    if kind == kinds.BY_HAND:  # a result of a block, which sends when it has all
        more = node._y
        give(more.xs[0], g, int(node._dy), sent)
    elif kind == kinds.REPLAYED:
        send_through(node.parents[0], [(g, 0)], sent)
    elif is_square(node):
        x = operands(node)[0]
        give(x, g, engine.binary(kernels.MUL, x, nary.constant(2.0)), sent)
    elif kind == kinds.DOT:
        more = node._y
        for i in range(len(more.xs)):
            x, y = memory.value_at(more.xs, i), memory.value_at(more.ys, i)
            give(x, g, y, sent)
            give(y, g, x, sent)
    elif code == kernels.WHERE:  # not g times 0 or 1: g may be a nan
        more = node._y
        holds, yes, no = more.xs
        give(yes if engine.number_of(holds) != 0.0 else no, g, 1.0, sent)
    else:
        for parent, partial in partials(node):
            give(parent, g, partial, sent)


def is_square(node: Node) -> bool:
    """True for x**2 and x * x, of which x is one parent with the partial 2 x."""
    if node._code == kernels.SQUARE:
        return True
    if node._code != kernels.MUL:
        return False
    x, y = operands(node)
    return x is y


def give(node: Node, g: Any, partial: Any, sent: dict[int, Any]) -> None:
    """Note a cotangent, times a partial, for a node that depends on inputs."""
    place = memory.address(node)
    pairs = sent.get(place)
    if pairs is None:
        return
    if pairs:
        pairs.append((g, partial))
    else:
        sent[place] = [(g, partial)]


def send_through(hub: Node, pairs: list[Any], sent: dict[int, Any]) -> None:
    """Give the operands of a block their cotangents, from those of its results."""
    of_results: dict[int, Any] = {}
    for g, k in pairs:
        of_results[k] = of_results[k] + g if k in of_results else g
    more: Extra = hub._y
    call = more.block
    found = call.pullback(hub, [of_results.get(k, 0.0) for k in range(len(call.numbers))])
    for parent, g in zip(more.xs, found, strict=True):
        give(parent, g, 1.0, sent)


def combine(pairs: Sequence[Any]) -> Any:
    """The sum of g * d over pairs of a cotangent and a partial: a g of 0 stays 0."""
    plain: list[Any] = []
    rest: list[Any] = []
    constant = 0.0
    for g, d in pairs:
        if isinstance(g, float):
            if g == 0.0:
                continue
            if isinstance(d, float):
                constant += g * d
            elif g == 1.0:
                plain.append(d)
            else:
                rest.append((g, d))
        elif not isinstance(d, float):
            rest.append((g, d))
        elif d == 1.0:
            plain.append(g)
        elif d != 0.0 or not is_finite(g):
            rest.append((g, d))
    if len(rest) > 2 or not all_finite(rest):
        total: Any = nary.in_pairs(kernels.CHAIN, [g for g, _ in rest], [d for _, d in rest])
    else:
        total = None
        for g, d in rest:
            product = nary.binary_of(kernels.MUL, g, d)
            total = product if total is None else total + product
    if len(plain) > 2:
        plain = [nary.nary(kernels.SUM, plain)]
    for g in plain:
        total = g if total is None else total + g
    if total is None:
        return constant
    return total if constant == 0.0 else total + constant


def all_finite(pairs: list[Any]) -> bool:
    return not [d for _, d in pairs if not is_finite(d)]


def is_finite(x: Any) -> bool:
    number = engine.number_of(x) if isinstance(x, engine.Node) else x
    return -_inf < number < _inf


# ---------------------------------------------------------------------------------- partials


def partials(node: Node) -> Sequence[tuple[Node, Any]]:
    """(parent, d node / d parent) of a node: Values, and floats of what is known."""
    code = node._code
    parents = operands(node)
    if code == kernels.LOGSUMEXP:
        return softmax(parents)
    if code == kernels.DOT:  # with plain numbers
        return [(x, nary.constant(c)) for x, c in zip(parents, node.partials, strict=True)]
    if RULES[code].user_module is not None:
        return [*zip(parents, user_partials(code, parents + (node,)), strict=True)]  # noqa: RUF005
    of_rule: Any = partials_of(code)  # handles of `_eager` are Values
    found: Any = of_rule(_eager, node, parents)
    return found  # type: ignore[no-any-return]


def operands(node: Node) -> tuple[Any, ...]:
    """The parents of a node of a rule, but for those of a `dot` of Values."""
    if node._kind == kinds.UNARY:
        return (node._x,)
    if node._kind == kinds.BINARY:
        return (node._x, node._y)
    more: Extra = node._y
    return more.xs


def softmax(xs: tuple[Node, ...]) -> list[tuple[Node, Any]]:
    """exp(x - m) over their sum, m being the largest, on which the quotient does not depend."""
    m = nary.constant(max([engine.number_of(x) for x in xs]))
    terms = [nary.unary_of(kernels.EXP, engine.binary(kernels.SUB, x, m), 0.0) for x in xs]
    total = nary.nary(kernels.SUM, terms)
    return [(x, nary.binary_of(kernels.DIV, t, total)) for x, t in zip(xs, terms, strict=True)]


def user_partials(code: int, operands: Sequence[Operand]) -> tuple[Any, ...]:
    """The partials of a user's operation, by the function that the user wrote.

    operands  those of the operation, and its value
    """
    rule = RULES[code]
    n = len(rule.operands)
    try:
        found = partials_of_user[code](*operands)
    except (TypeError, AttributeError) as problem:
        raise TypeError(
            f"{rule.name}: its partials have no derivative, as they cannot be computed "
            f"of Values ({problem}). Write them with autograd_lite's functions, exp for "
            "math.exp"
        ) from problem
    found = found if isinstance(found, tuple) else (found,)
    if len(found) != n:
        raise TypeError(f"{rule.name}: {n} operands, but {len(found)} partials")
    return found


class _Unknown:
    """No partial is known to be 0: one that is so by a decision sends a cotangent of nan on."""

    __slots__ = ()

    def __getitem__(self, x: Any) -> None:
        return None


class _Static:
    """The static parameter of a node."""

    __slots__ = ()

    def __getitem__(self, node: Any) -> float:
        return static_of(node)


class _Eager:
    """What `partials_of` makes nodes with: Values of Values, and floats of floats."""

    __slots__ = ()
    numbers, static = _Unknown(), _Static()

    def number(self, number: float) -> float:
        return number

    def op(self, code: int, x: Any, y: Any = None) -> Any:
        if y is None:
            return nary.unary_of(code, x, 0.0)
        if code in _comparisons:
            numbers = [engine.number_of(z) if isinstance(z, engine.Node) else z for z in (x, y)]
            return kernels.FUNCTIONS[code](*numbers)[0]
        return nary.binary_of(code, x, y)

    def where(self, holds: Any, yes: Callable[[], Any], no: Callable[[], Any]) -> Any:
        number = engine.number_of(holds) if isinstance(holds, engine.Node) else holds
        return yes() if number else no()

    def power(self, x: Any, y: Any) -> Any:
        if isinstance(y, float):
            return x if y == 1.0 else nary.unary_of(kernels.POW_C, x, y)
        return nary.binary_of(kernels.POW, x, y)

    def of_order(self, code: int, x: Any, static: float) -> Any:
        return nary.unary_of(code, x, static)


_eager = _Eager()
