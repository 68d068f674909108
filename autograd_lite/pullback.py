"""Derivatives of a graph of Values, as Values: its pullback and its pushforward.

The part of the graph that depends on the inputs is read into `Nodes`; what `reverse` and `forward`
append there becomes Values again, which can be differentiated further.
"""

from __future__ import annotations

from array import array

import autograd_lite.derive as derive
from autograd_lite import forward, functions, nary, observers, value
from autograd_lite.adjoint import adjoint, user_partials
from autograd_lite.block import nodes_of_call
from autograd_lite.derive import Nodes
from autograd_lite.fields import choice_of, static_of, weights_of
from autograd_lite.functions import of_user, operands_of_user
from autograd_lite.operations import kernels
from autograd_lite.operations.opcodes import BLOCK, CONSTANT, DETACH, LARGEST, LEAF, RESULT, TAKE
from autograd_lite.operations.rules import RULES
from autograd_lite.plain import forget_parents, number_kind
from autograd_lite.value import Node, Value, number_of, required

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from autograd_lite.value import Operand

__all__ = [
    "Graph",
    "ancestors",
    "by_operand",
    "depends_on_others",
    "parents_of",
    "passes_are_framed",
    "pulled_back",
]

parents_of: Any = Node.parents.__get__  # which a tracer of a plain number has not
_rule_of: Any = Value.rule.__get__
_is_leaf: Any = Node.is_leaf.__get__
_is_constant: Any = Value.is_constant.__get__
_symbol_of: Any = Value._op.__get__
_block_of: Any = Value._block.__get__
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
            stack += [(p, False) for p in parents_of(node) if id(p) not in met]
    return order


def by_operand(cotangents: Iterable[Operand], operands: Iterable[Operand]) -> list[Operand]:
    """The cotangents of a call's operands, from those of the Values among them.

    A plain number has 0, and so has a Value that came before, as its first place has all of it.
    """
    each, met = iter(cotangents), set[int]()
    found: list[Operand] = []
    for x in operands:
        g = next(each) if isinstance(x, Node) else 0.0
        found.append(0.0 if id(x) in met else g)
        met.add(id(x))
    return found


def depends_on_others(outputs: Iterable[Value], inputs: Iterable[Value]) -> bool:
    """True if outputs depend on leaves that are neither inputs nor plain numbers."""
    outputs, inputs = tuple(outputs), tuple(inputs)
    found = forward.depends_on_others(outputs, inputs)
    if found is not None:
        return found
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
        self._calls: dict[int, tuple[Value, Any]] = {}  # {node of a block: (hub, call)}
        self._as_numbers = numbers
        self._made: dict[int, Any] = {}  # {node: its Value or number}
        self._node_of: dict[int, int] = {}  # {id of a Value: its node}
        self._kept: list[Value] = []  # so that ids stay those of these Values
        self.inputs = [self.leaf(x) for x in inputs]
        active = {id(x) for x in inputs}
        roots = [y for y in outputs if isinstance(y, Node)]
        # Nothing is made here, and a recording need not know that its nodes are read.
        observers.unobserved(self._read, ancestors(roots, inputs), active)
        self.outputs = [self.leaf(y) for y in outputs]

    def leaf(self, x: Operand) -> int:
        """The node of a Value, a leaf if there was none, or of a plain number."""
        if not isinstance(x, Node):
            return self.number(x)
        node = self._node_of.get(id(x))
        return self.note(x, self.add(LEAF)) if node is None else node

    def new_leaf(self, x: Operand) -> int:
        """A leaf of its own for a Value, or a plain number that is data."""
        node = self.add(LEAF)
        self._made[node] = number_of(x) if self._as_numbers and isinstance(x, Node) else x
        return node

    def note(self, x: Value, node: int) -> int:
        """The node, of which x is the Value."""
        self._node_of[id(x)] = node
        self._made[node] = number_of(x) if self._as_numbers else x
        self._kept.append(x)
        return node

    def _read(self, nodes: list[Value], active: set[int]) -> None:
        node_of = self._node_of
        for x in nodes:
            parents = parents_of(x)
            ids = [*map(id, parents)]
            if active.isdisjoint(ids):
                continue
            active.add(id(x))
            rule = _rule_of(x)
            operands: list[Any] = [*map(node_of.get, ids)]
            if None in operands:
                operands = [self.leaf(p) for p in parents]
            if rule is None:
                self.note(x, self._by_hand(x, tuple(operands)))
                continue
            operands += [self.new_leaf(number) for number in weights_of(x)]
            self.note(x, self.add(rule.code, tuple(operands), static_of(x)))

    def _by_hand(self, x: Value, operands: tuple[int, ...]) -> int:
        """A node that no rule made: of a block, or chosen among others."""
        choice, of_block = choice_of(x), _block_of(x)
        if choice:
            return self.add(LARGEST if choice == "largest" else TAKE, operands)
        if of_block is not None:
            hub, call = of_block
            return (
                self.add_block(hub, call, operands)
                if x is hub
                else self.add(RESULT, operands, slot=call.index_of(x))
            )
        raise TypeError(
            f"{_symbol_of(x) or 'a node'} was made by hand, and its _backward gives numbers only: "
            "it has no derivative here. Write it with @autograd_lite.operation, and its partials "
            "with autograd_lite's functions"
        )

    @property
    def has_blocks(self) -> bool:
        """True if a pullback here is one of numbers, or Values, that have derivatives elsewhere."""
        return bool(self._calls)

    def add_block(self, hub: Value, call: Any, operands: tuple[int, ...]) -> int:
        """The node of the hub in which the results of a block's call meet."""
        node = self.add(BLOCK, operands)
        self._calls[node] = hub, call
        return node

    def pulled(self, block: int, cotangents: Mapping[int, int]) -> list[int]:
        hub, call = self._calls[block]
        given = dict(zip(cotangents, self.values([*cotangents.values()]), strict=True))
        found = call.pullback(hub, [given.get(k, 0.0) for k in range(len(call.numbers))])
        return [self.new_leaf(g) for g in found]

    def pushed(self, block: int, tangents: Mapping[int, int]) -> list[int]:
        along = {p: self.values([t])[0] for p, t in tangents.items() if p in self.parents[block]}
        if self._as_numbers:  # perhaps within no_grad
            found = observers.unobserved(self._pushed, block, along)
        else:
            with observers.observe(observers.Enabled()):  # perhaps within no_grad
                found = self._pushed(block, along)
        return [self.new_leaf(t) for t in found]

    def _pushed(self, block: int, along: Mapping[int, Operand]) -> list[Any]:
        """Tangents: the pullback is linear in its cotangents c, and is differentiated with them.

        A block that has a way to push them is quicker.
        """
        hub, call = self._calls[block]
        if getattr(call.block, "pushes", False):
            nodes = iter(self.parents[block])
            tangents = [
                along.get(next(nodes)) if isinstance(x, Node) else None for x in call.operands
            ]
            operands = [
                number_of(x) if self._as_numbers and isinstance(x, Node) else x
                for x in call.operands
            ]
            tangent, given, places = call.block.pushing(operands, tangents, 0.0)
            results = tangent(given)
            return [results[k] for k in places]
        c = [nary.constant(1.0) for _ in call.numbers]
        pairs = zip(self.parents[block], call.pullback(hub, c), strict=True)
        found = [(g, along[p]) for p, g in pairs if p in along]
        graph = Graph([g for g, _ in found], c, self._as_numbers)
        return graph.pullback([t for _, t in found])

    def pullback(self, cotangents: Sequence[Operand]) -> list[Any]:
        """The sum of cotangent times d output / d input, for each input."""
        seeds = zip(self.outputs, map(self.leaf, cotangents), strict=True)
        return self.of_pass("backward", self.reverse(seeds, self.inputs))

    def pushforward(self, tangents: Sequence[Operand]) -> list[Any]:
        """The sum of d output / d input times tangent, for each output."""
        pairs = zip(self.inputs, map(self.leaf, tangents), strict=True)
        return self.of_pass("tangent", self.forward(dict(pairs), self.outputs))

    def of_pass(self, name: str, nodes: Sequence[int]) -> list[Any]:
        """`values` of nodes that the pass of this name has appended, "backward" or "tangent"."""
        if _scope_of is None:
            found = self.values(nodes)
        else:
            with _scope_of(name, [self._made[y] for y in self.outputs if y in self._made]):
                found = self.values(nodes)
        if observers.tracing():
            self._tell()
        return found

    def _tell(self) -> None:
        """Tell observers which of the Values are cotangents and tangents, and of which others."""
        for derivative, (in_pass, of) in self.marks.items():
            node, source = self._made.get(derivative), self._made.get(of)
            if isinstance(node, Node) and isinstance(source, Node):
                for observer in observers.active():
                    observer.derived(node, in_pass, source)
        self.marks.clear()

    def values(self, targets: Sequence[int]) -> list[Any]:
        """Values, or floats where nothing depends on a Value, of these nodes."""
        made, needed = self._made, set()
        stack = [i for i in targets if i not in made]
        while stack:
            i = stack.pop()
            if i not in needed:
                needed.add(i)
                stack += [p for p in self.parents[i] if p not in made]
        number = made.__getitem__
        for i in sorted(needed):
            xs = [*map(number, self.parents[i])]
            made[i] = self._value(self.codes[i], xs, self.static[i])
        return [made[i] for i in targets]

    def _value(self, code: int, xs: list[Any], static: float) -> Any:
        if code == CONSTANT:
            return static
        if code == DETACH:
            (x,) = xs
            return detached(x) if isinstance(x, Node) else x
        if code == LARGEST:
            return functions.taken_or_largest(xs, None)
        if code == TAKE:
            return functions.taken_or_largest(xs[1:], xs[0])
        if code < 0:
            raise AssertionError(code)  # what has no rule has its Value
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
        if not any(isinstance(x, Node) for x in xs):
            return kernels.FUNCTIONS[code](*xs)[0]
        return nary.fixed(code, tuple([required(x, rule.name) for x in xs]))


_scope_of: Any = None


def frame_passes(scope_of: Callable[[str, Sequence[Operand]], Any] | None) -> None:
    """Passes make their nodes in the blocks that scope_of(name of a pass, its outputs) gives."""
    global _scope_of
    _scope_of = scope_of


def passes_are_framed() -> bool:
    """True if a gradient is asked for as nodes, and not as one block."""
    return _scope_of is not None


def pulled_back(
    outputs: Sequence[Operand], inputs: Sequence[Value], cotangents: Sequence[Operand]
) -> list[Any]:
    """The sum of cotangent times d output / d input, for each input: Values, and floats."""
    found = None
    if _scope_of is not None and not observers.tracing():
        with _scope_of("backward", outputs):
            found = adjoint(outputs, cotangents, inputs)
    elif not observers.tracing():
        found = adjoint(outputs, cotangents, inputs)
    return Graph(outputs, inputs).pullback(cotangents) if found is None else found


def detached(x: Node) -> Value:
    """A constant with the number of x, which a recording knows to be that of x."""
    leaf: Value = Node.detach(x)
    if not number_kind(leaf):
        forget_parents(leaf)
    return leaf


# ------------------------------------------------------- partials of operations that users made

_partial_rules: dict[tuple[int, int], int] = {}  # {(code, k): the code of its partial k}


def partial_of_user(code: int, k: int) -> int:
    """The code of the rule that is partial k of a user's operation.

    Its operands are those of the operation, and its value. It calls the user's partials on Values
    each time it is computed, so that a decision in them is taken anew.
    """
    if (code, k) not in _partial_rules:
        rule = RULES[code]
        n = len(rule.operands)

        def partial(operands: Sequence[Value]) -> Any:
            return user_partials(code, operands)[k]

        def computed(*numbers: float) -> tuple[float, ...]:
            operands = tuple(map(nary.constant, numbers))
            found = partial(operands)
            if not isinstance(found, Node):
                return (float(found), *[0.0] * len(numbers))
            root: Any = found
            return (number_of(root), *value.gradient(root, operands, ())[0])

        def again(*operands: Value) -> tuple[Any, ...]:
            inputs = operands[:-1]  # the last is its own value
            return tuple(pulled_back([partial(inputs)], inputs, [1.0]))

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


# ------------------------------------------------------------------------ gradients as one block


class Later:
    """The gradient of y with respect to some inputs, as a block with numbers alone.

    It is written in Values when somebody differentiates it.

    inputs   Values, none of which depends on another
    sources  the Values, or numbers, of which these are copies
    outside  the other Values with which y was computed of the inputs
    """

    def __init__(
        self,
        y: Value,
        inputs: Sequence[Value],
        sources: Sequence[Operand],
        outside: Sequence[Value],
    ) -> None:
        self._y, self._inputs, self._sources, self._outside = y, inputs, sources, outside
        self._then = [number_of(x) for x in outside]
        parents = [x for x in sources if isinstance(x, Value)] + [*outside]
        self._parents = tuple({id(x): x for x in parents}.values())
        self._values: list[Any] | None = None

    def nodes(self, numbers: list[float]) -> list[Value]:
        """The results, with these numbers."""
        parents = self._parents
        leaves_all = all(x.is_leaf for x in parents)
        return nodes_of_call("grad", parents, leaves_all, numbers, self._gradient, self, parents)

    def pullback(
        self,
        operands: Sequence[Operand],
        results: Sequence[Operand],
        cotangents: Sequence[Operand],
    ) -> list[Any]:
        """The cotangents of the parents."""
        self._check()
        return pulled_back(self._written(), self._parents, cotangents)

    def _gradient(self, cotangents: list[float]) -> array[float]:
        self._check()
        return observers.unobserved(self._numbers, cotangents)  # type: ignore[no-any-return]

    def _check(self) -> None:
        """Raise RuntimeError if a Value has another number than it had in the call."""
        for x, then in zip(self._outside, self._then, strict=True):
            if number_of(x) != then == then:
                raise RuntimeError(
                    f"grad: the function read a Value of {then:g} that is {number_of(x):g} now, so "
                    "there is no derivative of what it gave; set .data after backward()"
                )

    def _numbers(self, cotangents: list[float]) -> array[float]:
        """Those of the parents, without a Value being made where no block is met."""
        graph = Graph([self._y], [*self._inputs, *self._outside], numbers=True)
        if graph.has_blocks:
            found = Graph(self._written(), self._parents, numbers=True).pullback(cotangents)
            return array("d", found)
        first = graph.reverse(
            [(graph.outputs[0], graph.number(1.0))], graph.inputs[: len(self._inputs)]
        )
        seeds = zip(first, map(graph.leaf, cotangents), strict=True)
        sent = graph.values(graph.reverse(seeds, graph.inputs))
        total = {id(x): 0.0 for x in self._parents}
        for x, g in zip([*self._sources, *self._outside], sent, strict=True):
            if isinstance(x, Value):
                total[id(x)] += g
        return array("d", [total[id(x)] for x in self._parents])

    def _written(self) -> list[Any]:
        """The gradient in Values."""
        if self._values is None:
            # Perhaps within no_grad.
            self._values = observers.unobserved(pulled_back, [self._y], self._inputs, [1.0])
        return self._values
