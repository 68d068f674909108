"""A call of a function on inputs of its own, whose graph is differentiated: what transforms do."""

from __future__ import annotations

from autograd_lite import fields, kinds, nary, observers, value
from autograd_lite.callables import name_of
from autograd_lite.forward import pushforward
from autograd_lite.nested import Tree, array_of, as_parameter, described, is_array
from autograd_lite.observers import Enabled, in_transform
from autograd_lite.operations import kernels
from autograd_lite.plain import forget_parents, number_kind
from autograd_lite.pullback import (
    Graph,
    Later,
    depends_on_others,
    passes_are_framed,
    pulled_back,
)
from autograd_lite.rows import Rows
from autograd_lite.value import Node, Value, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from autograd_lite.value import Operand

__all__ = ["Evaluation", "are_values", "check_function", "places_of", "single_of"]


_is_leaf: Any = Node.is_leaf.__get__


class Evaluation:
    """A call of a function on inputs of its own.

    inputs   a Value for each number in the arguments by which derivatives are taken
    result   what the function gave
    """

    def __init__(
        self,
        what: str,
        f: Callable[..., Any],
        args: Sequence[Any],
        kwargs: dict[str, Any],
        argnums: int | Sequence[int],
    ) -> None:
        self._what, self._single = what, isinstance(argnums, int)
        places = places_of(what, argnums, len(args), f)
        self._trees = [Tree(what, args[k], f"argument {k}", False) for k in places]
        self._sources = [x for tree in self._trees for x in tree.leaves]
        self._of_values = are_values(self._sources)
        self._connected = value.grad_enabled()
        around = in_transform.get()
        try:  # before the change: an interrupt may come behind it
            in_transform.set(True)
            if self._connected:
                self._run(f, list(args), kwargs, places)
            else:
                with observers.observe(Enabled()):
                    self._run(f, list(args), kwargs, places)
        finally:
            in_transform.set(around)

    def _run(
        self, f: Callable[..., Any], args: list[Any], kwargs: dict[str, Any], places: Sequence[int]
    ) -> None:
        self.inputs: list[Value] = []
        for part in self._trees:
            fresh = [_fresh(x, self._connected) for x in part.leaves]
            for k, parameter in part.parameters.items():
                fresh[k] = as_parameter(parameter, fresh[k])
            self.inputs += fresh
        start = 0
        for k, part in zip(places, self._trees, strict=True):
            args[k] = part.filled(self.inputs[start : start + len(part.leaves)])
            start += len(part.leaves)
        try:
            self.result = f(*args, **kwargs)
        finally:
            for x in self.inputs:
                if x.is_leaf:
                    forget_parents(x)  # from now on it is a constant for other transforms

    def result_and_aux(self, f: Callable[..., Any], has_aux: bool) -> tuple[Any, Any]:
        """What f gave, in two if it has auxiliary data."""
        result = self.result
        if not has_aux:
            return result, None
        if not isinstance(result, tuple) or len(result) != 2:
            given = "number" if "grad" in self._what else "result"
            raise TypeError(
                f"{self._what}: with has_aux, {name_of(f)} must give ({given}, anything), not "
                f"{described(result)}"
            )
        return result

    def graph(self, outputs: Sequence[Operand], others: bool) -> Graph:
        """The graph between the inputs and these outputs."""
        return Graph(outputs, self.inputs, self.in_numbers(others))

    def pushforwards(
        self, outputs: Sequence[Operand], directions: Sequence[Sequence[Operand]], others: bool
    ) -> list[list[Any]]:
        """For each direction, the derivative of each output along it."""
        if self.in_numbers(others):
            numbers = [
                [number_of(x) if isinstance(x, Node) else x for x in direction]
                for direction in directions
            ]
            found = pushforward(_as_nodes(outputs), tuple(self.inputs), numbers)
            if found is not None:
                return found
        graph = self.graph(outputs, others)
        return [graph.pushforward(direction) for direction in directions]

    def jacobian(
        self, outputs: Sequence[Operand], others: bool, forward: bool
    ) -> Sequence[Sequence[Any]]:
        """For each output, its derivatives with respect to the inputs."""
        n = len(self.inputs)
        if self.in_numbers(others):
            nodes, inputs = _as_nodes(outputs), tuple(self.inputs)
            if not forward:
                watching = observers.active()
                return [value.gradient(y, inputs, watching)[0] for y in nodes]  # type: ignore[arg-type]
            units = [[float(i == k) for i in range(n)] for k in range(n)]
            columns = pushforward(nodes, inputs, units)
            if columns is not None:
                return [[column[row] for column in columns] for row in range(len(nodes))]
        if not forward and not observers.tracing():
            return [pulled_back([y], self.inputs, [1.0]) for y in outputs]
        graph = self.graph(outputs, others)
        if forward:
            zero = graph.number(0.0)
            found = [
                [row.get(k, zero) for k in range(n)]
                for row in Rows(graph, graph.outputs, graph.inputs).made()
            ]
        else:
            one = graph.number(1.0)
            found = [graph.reverse([(y, one)], graph.inputs) for y in graph.outputs]
        name = "tangent" if forward else "backward"
        made = graph.of_pass(name, [node for row in found for node in row])
        return [made[i * n : (i + 1) * n] for i in range(len(found))]

    def in_numbers(self, others: bool) -> bool:
        """True if derivatives are numbers, of which nothing further is asked."""
        return not observers.tracing() and not (others and self._connected)

    def gradient(self, y: Operand) -> tuple[list[Any], bool]:
        """d y / d input, for each input, and True if it depends on other Values."""
        if not isinstance(y, Node):
            return [0.0] * len(self.inputs), False
        if not (observers.tracing() or in_transform.get() or passes_are_framed()):
            found: list[Any]
            found, outside = value.gradient(y, tuple(self.inputs), observers.active())
            others = bool(outside) or self._of_values
            if others and self._connected:
                found = Later(y, self.inputs, self._sources, outside).nodes(found)
            elif not any(found):  # y may be computed of others alone
                others = self.depends_on_others([y])
            return found, others
        others = self.depends_on_others([y])
        if not observers.tracing():
            if self.in_numbers(others):
                return value.gradient(y, tuple(self.inputs), observers.active())[0], others
            return pulled_back([y], self.inputs, [1.0]), others
        found = self.graph([y], others).pullback([1.0])
        depends = self._of_values or any(isinstance(x, Node) or x for x in found)
        if depends and others and self._connected and not in_transform.get():
            found = [_as_value(x) for x in found]  # as without a recording
        return found, others

    def depends_on_others(self, outputs: Sequence[Operand]) -> bool:
        """True if outputs depend on Values that are neither inputs nor constants."""
        return self._of_values or depends_on_others(_values_among(outputs), self.inputs)

    def finished(self, x: Any, others: bool) -> Any:
        """What is given of a result: a number, or a Value if it depends on other Values."""
        if not isinstance(x, Node):
            return x
        if others and self._connected:
            own: Any = x if _is_leaf(x) and not number_kind(x) else None
            # A leaf is the user's, who may set its .data.
            return x if own is None else nary.unary_of(kernels.POW_C, own, 1.0)
        if not observers.tracing():
            return number_of(x)
        # A Value may stand for a number, too: what an expression made of one.
        return x if number_kind(x) and not isinstance(x, Value) else _number_node(x)

    def derivative(self, x: Any, others: bool) -> Any:
        """What is given of a derivative: a float also where it is an int of f, as in 2 * x.

        With others all are Values, also those that happen not to depend on them at these inputs.
        """
        if others and self._connected:
            return _as_value(self.finished(x, True))
        if type(x) is float:
            return x
        found = self.finished(x, others)
        kind = number_kind(found) if isinstance(found, Node) else kinds.NO_NUMBER
        return _number_node(found) if kind and kind & kinds.FLOAT != kinds.FLOAT else found

    def finished_aux(self, aux: Any) -> Any:
        """Auxiliary data, in which numbers stand for Values that depend on no others."""
        from autograd_lite.tree import children, rebuild, rebuildable

        met: list[Any] = []

        def walk(thing: Any) -> Any:
            if isinstance(thing, Node):
                met.append(thing)
                return self.finished(thing, others)
            if is_array(thing) and thing.dtype.kind == "O":
                return array_of([walk(x) for x in thing.ravel().tolist()], thing.shape)
            if not rebuildable(thing):
                return thing
            return rebuild(thing, [walk(x) for x in children(thing)])

        others = True
        walk(aux)
        others = self.depends_on_others(met)
        return aux if others and self._connected else walk(aux)

    def like_arguments(self, found: Sequence[Any], others: bool) -> Any:
        """Numbers or Values, one for each input, built as the arguments are."""
        leaves = [
            _like(source, self.derivative(x, others))
            for source, x in zip(self._sources, found, strict=True)
        ]
        built, start = [], 0
        for tree in self._trees:
            built.append(tree.filled(leaves[start : start + len(tree.leaves)]))
            start += len(tree.leaves)
        return built[0] if self._single else tuple(built)

    def like_arguments_of_pieces(self, rows: list[list[Any]], shape: tuple[int, ...] | None) -> Any:
        """Rows of numbers, one for each number of a result, built as the arguments are.

        shape  that of the result if it is an array, else None
        """
        built, start = [], 0
        for tree in self._trees:
            pieces = []
            for first, last, of_input in tree.pieces():
                part = [row[start + first : start + last] for row in rows]
                if shape is None and of_input is None:
                    pieces.append(part[0][0])
                else:
                    flat = [x for row in part for x in row]
                    pieces.append(array_of(flat, (shape or ()) + (of_input or ())))
            built.append(tree.built(pieces))
            start += len(tree.leaves)
        return built[0] if self._single else tuple(built)


def _fresh(x: Operand, connected: bool) -> Value:
    """A Value of its own with the number x, or the number of x: what stands for it in a call."""
    if not isinstance(x, Node):
        return Value(x)
    node: Value
    if number_kind(x):
        node = fields.copied(x)
    else:
        node = nary.unary_of(kernels.POW_C, x, 1.0) if connected else x.detach()
    return node


def _as_value(x: Any) -> Any:
    """x, as a Value also if it is or stands for a number."""
    if not isinstance(x, Node):
        return nary.constant(x)  # on which other transforms do not depend
    return fields.copied(x) if number_kind(x) else x


def _like(source: Operand, x: Any) -> Any:
    """x, as a Value if source is one: as a constant, on which other transforms do not depend."""
    if not isinstance(source, Value) or isinstance(x, Value):
        return x
    made: Value = Value(x) if isinstance(x, Node) else nary.constant(x)  # type: ignore[arg-type]
    return made


def _number_node(x: Node) -> Node:
    """The number of a Value, as what stands for a float in a recording."""
    args = kinds.UNARY, kernels.POW_C, x, None, number_of(x), 1.0, 1.0
    return fields.number_node(kinds.FLOAT, *args)  # type: ignore[no-any-return]


def _as_nodes(leaves: Sequence[Operand]) -> tuple[Node, ...]:
    """The leaves, with a constant for each plain number among them."""
    return tuple([x if isinstance(x, Node) else nary.constant(x) for x in leaves])


def _values_among(leaves: Sequence[Any]) -> list[Any]:
    return [x for x in leaves if isinstance(x, Node)]


def are_values(leaves: Sequence[Any]) -> bool:
    return any(isinstance(x, Value) for x in leaves)


# ------------------------------------------------------------------------------ what is asked for


def check_function(what: str, f: Any) -> None:
    if not callable(f):
        raise TypeError(f"{what}: expected a function, not {type(f).__name__}")


def places_of(
    what: str, argnums: int | Sequence[int], n: int, f: Callable[..., Any]
) -> Sequence[int]:
    """The positions of the arguments by which derivatives are taken, from 0 on."""
    if type(argnums) is int and 0 <= argnums < n:
        return (argnums,)
    given: list[Any] = [argnums]
    if isinstance(argnums, (list, tuple, range)):
        given = [*argnums]
    for k in given:
        if not isinstance(k, int):
            raise TypeError(
                f"{what}: argnums must be positions of arguments, such as 0 or (0, 2), not {k!r}"
            )
    places = [k + n if k < 0 else k for k in given]
    for k, place in zip(given, places, strict=True):
        if not 0 <= place < n:
            raise ValueError(
                f"{what}: argnums is {argnums}, but {name_of(f)} was called with {n} arguments by "
                "position"
            )
        if places.count(place) > 1:
            raise ValueError(f"{what}: argnums names argument {k} twice")
    return places


def single_of(what: str, result: Any, f: Callable[..., Any]) -> Any:
    """The result of f, which must be a single number."""
    if not isinstance(result, Node) and is_array(result) and result.shape == ():
        result = result.item()
    if isinstance(result, Node) or (value.is_number(result) and type(result) is not bool):
        return result
    raise TypeError(
        f"{what}: {name_of(f)} gave {described(result)}, and only a single number has a gradient; "
        "for the derivatives of each number of the result, write jacobian"
    )
