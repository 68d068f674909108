"""Derivatives of a graph of Values, as Values: its pullback and its pushforward.

The part of the graph that depends on the inputs is read into `Nodes`; what `reverse` and `forward`
append there becomes Values again, which can be differentiated further.
"""

from __future__ import annotations

import autograd_lite.derive as derive
from autograd_lite import functions, nary, observers, value
from autograd_lite.derive import Nodes
from autograd_lite.functions import of_user, operands_of_user, partials_of_user
from autograd_lite.operations import kernels
from autograd_lite.operations.opcodes import CONSTANT, DETACH, LARGEST, LEAF, TAKE
from autograd_lite.operations.rules import RULES
from autograd_lite.value import Value, number_kind, number_of, required, static_of, weights_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from autograd_lite.value import Operand

__all__ = ["Graph", "depends_on_others"]

_parents_of: Any = Value.parents.__get__
_rule_of: Any = Value.rule.__get__
_is_leaf: Any = Value.is_leaf.__get__
_is_constant: Any = Value.is_constant.__get__
_symbol_of: Any = Value._op.__get__
# As tracers of numbers have not the attributes of Values. Nodes are known by their ids, as tracers
# are equal to numbers.


def ancestors(outputs: Iterable[Value], inputs: Iterable[Value]) -> list[Value]:
    """The outputs and what they depend on, parents first, without the inputs and behind them."""
    met = {id(x) for x in inputs}
    order: list[Value] = []
    stack: list[tuple[Value, bool]] = [(x, False) for x in outputs]
    while stack:
        node, is_done = stack.pop()
        if is_done:
            order.append(node)
        elif id(node) not in met:
            met.add(id(node))
            stack.append((node, True))
            stack += [(p, False) for p in _parents_of(node) if id(p) not in met]
    return order


def depends_on_others(outputs: Iterable[Value], inputs: Iterable[Value]) -> bool:
    """True if outputs depend on leaves that are neither inputs nor plain numbers."""
    return any(
        _is_leaf(node) and not _is_constant(node) and not number_kind(node)
        for node in ancestors(outputs, inputs)
    )


class Graph(Nodes):
    """The part of a graph that depends on some inputs, as a program, and Values of its nodes.

    outputs  Values and plain numbers
    inputs   Values, behind which the graph is not read
    numbers  True to make floats of nodes, rather than Values
    """

    def __init__(
        self, outputs: Sequence[Operand], inputs: Sequence[Value], numbers: bool = False
    ) -> None:
        super().__init__()
        self._as_numbers = numbers
        self._made: dict[int, Any] = {}  # {node: its Value or number}
        self._node_of: dict[int, int] = {}  # {id of a Value: its node}
        self._kept: list[Value] = []  # so that ids stay those of these Values
        self.inputs = [self.leaf(x) for x in inputs]
        active = {id(x) for x in inputs}
        roots = [y for y in outputs if isinstance(y, Value)]
        # Nothing is made here, and a recording need not know that its nodes are read.
        observers.unobserved(self._read, ancestors(roots, inputs), active)
        self.outputs = [self.leaf(y) for y in outputs]

    def leaf(self, x: Operand) -> int:
        """The node of a Value, a leaf if there was none, or of a plain number."""
        if not isinstance(x, Value):
            return self.number(x)
        node = self._node_of.get(id(x))
        if node is None:
            node = self._note(x, self.add(LEAF))
        return node

    def _note(self, x: Value, node: int) -> int:
        self._node_of[id(x)] = node
        self._made[node] = number_of(x) if self._as_numbers else x
        self._kept.append(x)
        return node

    def _read(self, nodes: list[Value], active: set[int]) -> None:
        for x in nodes:
            parents = _parents_of(x)
            if not any(id(p) in active for p in parents):
                continue
            active.add(id(x))
            rule = _rule_of(x)
            operands = [self.leaf(p) for p in parents]
            if rule is None:
                self._note(x, self.add(self._code_by_hand(x), tuple(operands)))
                continue
            for number in weights_of(x):
                operands.append(self.add(CONSTANT, (), number))
                self._made[operands[-1]] = number
            self._note(x, self.add(rule.code, tuple(operands), static_of(x)))

    def _code_by_hand(self, x: Value) -> int:
        choice = value.choice_of(x)
        if choice:
            return LARGEST if choice == "largest" else TAKE
        raise TypeError(
            f"{_symbol_of(x) or 'a node'} was made by hand, and its _backward gives numbers only: "
            "it has no derivative here. Write it with @autograd_lite.operation, and its partials "
            "with autograd_lite's functions"
        )

    def pullback(self, cotangents: Sequence[Operand]) -> list[Any]:
        """The sum of cotangent times d output / d input, for each input."""
        seeds = zip(self.outputs, map(self.leaf, cotangents), strict=True)
        return self.values(self.reverse(seeds, self.inputs))

    def pushforward(self, tangents: Sequence[Operand]) -> list[Any]:
        """The sum of d output / d input times tangent, for each output."""
        pairs = zip(self.inputs, map(self.leaf, tangents), strict=True)
        return self.values(self.forward(dict(pairs), self.outputs))

    def values(self, targets: Sequence[int]) -> list[Any]:
        """Values, or floats where nothing depends on a Value, of these nodes."""
        made, needed = self._made, set()
        stack = [i for i in targets if i not in made]
        while stack:
            i = stack.pop()
            if i not in needed:
                needed.add(i)
                stack += [p for p in self.parents[i] if p not in made]
        for i in sorted(needed):
            made[i] = self._value(self.codes[i], [made[p] for p in self.parents[i]], self.static[i])
        return [made[i] for i in targets]

    def _value(self, code: int, xs: list[Any], static: float) -> Any:
        if code == CONSTANT:
            return static
        if code == DETACH:
            (x,) = xs
            return detached(x) if isinstance(x, Value) else x
        if code == LARGEST:
            return functions.taken_or_largest(xs, None)
        if code == TAKE:
            return functions.taken_or_largest(xs[1:], xs[0])
        rule = RULES[code]
        if rule.pairs:
            half = len(xs) // 2
            return nary.in_pairs(code, xs[:half], xs[half:])
        if rule.nary:
            return nary.nary(code, xs)
        if len(xs) == 1:
            return nary.unary_of(code, xs[0], static)
        if len(xs) == 2:
            return nary.binary_of(code, *xs)
        if len(xs) == 3:
            return nary.ternary_of(code, *xs)
        if not any(isinstance(x, Value) for x in xs):
            return kernels.FUNCTIONS[code](*xs)[0]
        return nary.fixed(code, tuple([required(x, rule.name) for x in xs]))


def detached(x: Value) -> Value:
    """A leaf with the number of x, which is a constant but in a recording."""
    return Value.detach(x) if observers.tracing() else nary.constant(number_of(x))


# ------------------------------------------------------- partials of operations that users made

_partial_rules: dict[tuple[int, int], int] = {}  # {(code, k): the code of its partial k}


def partial_of_user(code: int, k: int) -> int:
    """The code of the rule that is partial k of a user's operation.

    Its operands are those of the operation, and its value. It calls the user's partials on Values
    each time it is computed, so that a decision in them is taken anew.
    """
    if (code, k) not in _partial_rules:
        rule, partials = RULES[code], partials_of_user[code]
        n = len(rule.operands)

        def partial(operands: Sequence[Value]) -> Any:
            try:
                found = partials(*operands)
            except (TypeError, AttributeError) as problem:
                raise TypeError(
                    f"{rule.name}: its partials have no derivative, as they cannot be computed "
                    f"of Values ({problem}). Write them with autograd_lite's functions, exp for "
                    "math.exp"
                ) from problem
            found = found if isinstance(found, tuple) else (found,)
            if len(found) != n:
                raise TypeError(f"{rule.name}: {n} operands, but {len(found)} partials")
            return found[k]

        def computed(*numbers: float) -> tuple[float, ...]:
            operands = tuple(map(nary.constant, numbers))
            found = partial(operands)
            if not isinstance(found, Value):
                return (float(found), *[0.0] * len(numbers))
            return (number_of(found), *value.gradient(found, operands, ())[0])

        def again(*operands: Value) -> tuple[Any, ...]:
            inputs = operands[:-1]  # the last is its own value
            return tuple(Graph([partial(inputs)], inputs).pullback([1.0]))

        made = of_user(
            f"{rule.name}'",
            operands_of_user(n + 1),
            str(rule.user_module),
            lambda *numbers: observers.unobserved(computed, *numbers),
            again,
        )
        _partial_rules[code, k] = made.code
    return _partial_rules[code, k]


derive.partial_of_user = partial_of_user
