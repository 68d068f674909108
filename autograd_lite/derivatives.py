"""Derivatives of functions, of every order, with JAX's names and argument orders.

A transform calls the function on inputs of its own, one Value for each number of the arguments, and
differentiates the graph that this makes. What does not depend on other Values comes back as plain
numbers, as it went in; what does comes back as Values, which can be differentiated further.
"""

# tree.py is imported where it is needed: its dataclasses would double the time that importing
# autograd_lite takes.
from __future__ import annotations

import sys

from autograd_lite import fields, kinds, nary, observers, value
from autograd_lite.callables import Transformed, name_of
from autograd_lite.forward import pushforward
from autograd_lite.observers import Enabled, in_transform
from autograd_lite.operations import kernels
from autograd_lite.plain import forget_parents, number_kind
from autograd_lite.pullback import Graph, Later, depends_on_others, pulled_back
from autograd_lite.rows import Rows
from autograd_lite.size import check_fits
from autograd_lite.value import Node, Value, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from autograd_lite.value import Operand

__all__ = [
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linearize",
    "pullback",
    "value_and_grad",
    "vjp",
]


# ------------------------------------------------------------------------------------- gradients


def grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives the gradient of f, whose result is a single number.

    f        function of numbers, Values, arrays, modules, and lists, tuples, dicts and dataclasses
             of them
    argnums  the arguments, by position, by whose numbers the derivatives are taken; of a tuple of
             them the gradient is a tuple
    has_aux  True if f gives (number, anything): then the result is (gradient, anything)

    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda p, x: p["w"] * x + p["b"])({"w": 2.0, "b": 1.0}, 3.0)
    {'w': 3.0, 'b': 1.0}

    The gradient is built as the arguments are, an array for an array. No `.grad` is touched.
    Raises TypeError for a result that is no single number, and for an int, bool or str by which a
    derivative is asked for.
    """
    both = _value_and_grad("grad", f, argnums, has_aux)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        result, found = both(*args, **kwargs)
        return (found, result[1]) if has_aux else found

    return Transformed(gradient, grad, f, argnums, has_aux)


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives (f, gradient of f), or of one with aux ((f, aux), gradient).

    >>> value_and_grad(lambda x: x**3)(2.0)
    (8.0, 12.0)

    Arguments and errors are those of `grad`.
    """
    run = _value_and_grad("value_and_grad", f, argnums, has_aux)
    return Transformed(run, value_and_grad, f, argnums, has_aux)


def _value_and_grad(
    what: str, f: Callable[..., Any], argnums: int | Sequence[int], has_aux: bool
) -> Callable[..., Any]:
    check_function(what, f)

    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        call = _Call(what, f, args, kwargs, argnums)
        result, aux = call.result_and_aux(f, has_aux)
        y = single_of(what, result, f)
        found, others = call.gradient(y)
        y = call.finished(y, others)
        return ((y, call.finished_aux(aux)) if has_aux else y), call.like_arguments(found, others)

    return value_and_gradient


# ----------------------------------------------------------- products with a Jacobian or Hessian


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """(f(*primals), the derivative of f at the primals along the tangents): forward mode.

    primals   the arguments of f
    tangents  a direction: for each primal something of the same structure

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)

    Raises TypeError that names the path at which primals and tangents part.
    """
    out, push = _linearized("jvp", f, primals)
    return out, push(*_sequence("jvp", "tangents", tangents))


def linearize(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """(f(*primals), the function of tangents that gives the derivative along them).

    f is called once, however many tangents follow.

    >>> y, along = linearize(lambda x: x**2, 3.0)
    >>> y, along(1.0), along(0.5)
    (9.0, 6.0, 3.0)
    """
    return _linearized("linearize", f, primals)


def _linearized(
    what: str, f: Callable[..., Any], primals: Sequence[Any]
) -> tuple[Any, Callable[..., Any]]:
    check_function(what, f)
    primals = _sequence(what, "primals", primals)
    call = _Call(what, f, primals, {}, range(len(primals)))
    results = Tree(what, call.result, "the result", True)
    others = call.depends_on_others(results.leaves)

    def push(*tangents: Any) -> Any:
        if len(tangents) != len(primals):
            raise TypeError(f"{what}: {len(primals)} primals, but {len(tangents)} tangents")
        leaves = [
            leaf
            for k, (primal, tangent) in enumerate(zip(primals, tangents, strict=True))
            for leaf in _aligned(what, primal, tangent, f"tangent {k}", f"primal {k}")
        ]
        also = others or _are_values(leaves)
        (found,) = call.pushforwards(results.leaves, [leaves], also)
        return results.filled([call.derivative(t, also) for t in found])

    return results.filled([call.finished(y, others) for y in results.leaves]), push


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """(f(*primals), the function of cotangents that gives those of the primals): reverse mode.

    That function takes something of the structure of f's result, and gives a tuple of one for each
    primal. With has_aux, f gives (result, anything), and so (result, function, anything) is given.

    >>> y, pull = vjp(lambda x, y: x * y, 2.0, 3.0)
    >>> y, pull(1.0)
    (6.0, (3.0, 2.0))

    Raises TypeError that names the path at which result and cotangents part.
    """
    check_function("vjp", f)
    call = _Call("vjp", f, primals, {}, range(len(primals)))
    result, aux = call.result_and_aux(f, has_aux)
    results = Tree("vjp", result, "the result", True)
    others = call.depends_on_others(results.leaves)

    def pull(cotangents: Any) -> Any:
        leaves = _aligned("vjp", result, cotangents, "the cotangent", "the result")
        also = others or _are_values(leaves)
        if also or observers.tracing():
            found = pulled_back(results.leaves, call.inputs, leaves)
        else:
            with observers.observe(Enabled()):  # perhaps within no_grad
                root = nary.in_pairs(kernels.CHAIN, leaves, results.leaves) if leaves else 0.0
            found, _ = call.gradient(root)
        return call.like_arguments(found, also)

    out = results.filled([call.finished(y, others) for y in results.leaves])
    return (out, pull, call.finished_aux(aux)) if has_aux else (out, pull)


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Hessian of f at the primals times the tangents: forward over reverse.

    Of several primals, a tuple of one for each; so it costs a few evaluations of f, whatever the
    number of arguments is, and no Hessian is built (Pearlmutter, 1994).

    >>> hvp(lambda x: x[0] ** 2 * x[1], ([2.0, 3.0],), ([1.0, 0.0],))
    [6.0, 4.0]
    """
    primals = _sequence("hvp", "primals", primals)
    by = 0 if len(primals) == 1 else tuple(range(len(primals)))
    both = _value_and_grad("hvp", f, by, False)
    _, push = _linearized("hvp", lambda *args: both(*args)[1], primals)
    return push(*_sequence("hvp", "tangents", tangents))


# ------------------------------------------------------------------------ Jacobians and Hessians


def jacfwd(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives the Jacobian of f, by forward mode: for few inputs.

    For each number of the result, the derivatives are built as the arguments are; of an array by an
    array, it is an array of both shapes, the result's first.

    >>> jacfwd(lambda x: [x[0] * x[1], x[0] + x[1]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 1.0]]

    Arguments and errors are those of `grad`; the result of f may be anything but None or text.
    """
    run = _jacobian("jacfwd", f, argnums, has_aux, forward=True)
    return Transformed(run, jacfwd, f, argnums, has_aux)


def jacrev(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives the Jacobian of f, by reverse mode: for few results.

    See `jacfwd` for what it gives.
    """
    run = _jacobian("jacrev", f, argnums, has_aux, forward=False)
    return Transformed(run, jacrev, f, argnums, has_aux)


def jacobian(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives the Jacobian of f: `jacrev`."""
    run = _jacobian("jacobian", f, argnums, has_aux, forward=False)
    return Transformed(run, jacobian, f, argnums, has_aux)


def hessian(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives the Hessian of f: forward over reverse.

    >>> hessian(lambda x: x[0] ** 2 * x[1])([2.0, 3.0])
    [[6.0, 4.0], [4.0, 0.0]]

    Arguments and errors are those of `grad`.
    """
    first = _jacobian("hessian", f, argnums, has_aux, forward=False)
    run = _jacobian("hessian", first, argnums, has_aux, forward=True)
    return Transformed(run, hessian, f, argnums, has_aux)


def _jacobian(
    what: str,
    f: Callable[..., Any],
    argnums: int | Sequence[int],
    has_aux: bool,
    forward: bool,
) -> Callable[..., Any]:
    check_function(what, f)

    def jacobian(*args: Any, **kwargs: Any) -> Any:
        call = _Call(what, f, args, kwargs, argnums)
        result, aux = call.result_and_aux(f, has_aux)
        results = Tree(what, result, "the result", True)
        if results.parameters:
            raise TypeError(
                f"{what}: a module has a number for each parameter, and no place for derivatives "
                "of these; write hvp(f, (module,), (direction,)) for the Hessian times a "
                "direction, or give f the parameters in a list"
            )
        n = len(call.inputs)
        matrix_of = f"{what}: the matrix of {name_of(f)}"
        check_fits(matrix_of, n * len(results.leaves), 8, f"{_SPARSE[what]}(f, sparse=True)")
        others = call.depends_on_others(results.leaves)
        rows = call.jacobian(results.leaves, others, forward)
        matrix = [[call.derivative(x, others) for x in row] for row in rows]
        made = results.built(
            [
                call.like_arguments_of_blocks(matrix[start:stop], shape)
                for start, stop, shape in results.blocks()
            ]
        )
        return (made, call.finished_aux(aux)) if has_aux else made

    return jacobian


_SPARSE = {"hessian": "hessian"} | dict.fromkeys(("jacobian", "jacfwd", "jacrev"), "jacobian")
"""Which transform gives the sparse matrix."""


# --------------------------------------------------------------------- derivatives within a graph


def pullback(outputs: Any, cotangents: Any, inputs: Any) -> Any:
    """The sum of cotangent times d output / d input, for each input: Values, no `.grad`.

    outputs     Values, or nested lists, tuples, dicts of them, of a graph that there is
    cotangents  numbers or Values, in the structure of the outputs
    inputs      Values, leaves or not, in any structure, each of which counts as independent

    >>> x = Value(2.0)
    >>> y = x**3
    >>> (dy,) = pullback([y], [1.0], [x])
    >>> (d2y,) = pullback([dy], [1.0], [x])
    >>> dy.data, d2y.data
    (12.0, 12.0)

    It stands where PyTorch has `torch.autograd.grad(..., create_graph=True)`, but of an input that
    another input is computed from, the derivative does not go through that one. It reads the
    numbers that leaves have now. An output that does not depend on an input has the derivative 0.0.

    Raises TypeError for an input that is no Value,
    and where outputs and cotangents part.
    """
    given = Tree("pullback", inputs, "an input", False)
    for x in given.leaves:
        if not isinstance(x, Node):
            raise TypeError(f"pullback: the inputs must be Values, not {type(x).__name__}")
    results = Tree("pullback", outputs, "an output", True)
    leaves = _aligned("pullback", outputs, cotangents, "the cotangent", "the output")
    return given.filled(pulled_back(results.leaves, given.leaves, leaves))


# ------------------------------------------------------------------------------- one call of f


_is_leaf: Any = Node.is_leaf.__get__


class _Call:
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
        self._of_values = _are_values(self._sources)
        self._connected = value.grad_enabled()
        token = in_transform.set(True)
        try:
            if self._connected:
                self._run(f, list(args), kwargs, places)
            else:
                with observers.observe(Enabled()):
                    self._run(f, list(args), kwargs, places)
        finally:
            in_transform.reset(token)

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
                f"{_described(result)}"
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
        """For each output, its derivatives by the inputs."""
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
        if not observers.tracing() and not in_transform.get():
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
            if _is_array(thing) and thing.dtype.kind == "O":
                return _array_of([walk(x) for x in thing.ravel().tolist()], thing.shape)
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

    def like_arguments_of_blocks(self, rows: list[list[Any]], shape: tuple[int, ...] | None) -> Any:
        """Rows of numbers, one for each number of a result, built as the arguments are.

        shape  that of the result if it is an array, else None
        """
        built, start = [], 0
        for tree in self._trees:
            blocks = []
            for first, last, of_input in tree.blocks():
                part = [row[start + first : start + last] for row in rows]
                if shape is None and of_input is None:
                    blocks.append(part[0][0])
                else:
                    flat = [x for row in part for x in row]
                    blocks.append(_array_of(flat, (shape or ()) + (of_input or ())))
            built.append(tree.built(blocks))
            start += len(tree.leaves)
        return built[0] if self._single else tuple(built)


def _fresh(x: Operand, connected: bool) -> Value:
    """A Value of its own with the number x, or the number of x: what stands for it in a call."""
    if not isinstance(x, Node):
        return Value(x)
    if number_kind(x):
        return _times_1(x)
    node: Value = nary.unary_of(kernels.POW_C, x, 1.0) if connected else x.detach()
    return node


def _as_value(x: Any) -> Any:
    """x, as a Value also if it is or stands for a number."""
    if not isinstance(x, Node):
        return nary.constant(x)  # on which other transforms do not depend
    return _times_1(x) if number_kind(x) else x


def _times_1(x: Any) -> Value:
    """What stands for a number in a recording, as a Value on which others do not depend."""
    one = Value(1.0)
    node: Value = nary.binary_of(kernels.MUL, x, one)
    forget_parents(one)  # from now on it is a constant
    return node


def _like(source: Operand, x: Any) -> Any:
    """x, as a Value if source is one: as a constant, on which other transforms do not depend."""
    if not isinstance(source, Value) or isinstance(x, Value):
        return x
    made: Value = Value(x) if isinstance(x, Node) else nary.constant(x)  # type: ignore[arg-type]
    return made


def as_parameter(parameter: Value, x: Operand) -> Value:
    """The node x as one like this parameter of a module."""
    if isinstance(x, Node) and type(x) is type(parameter):
        return x
    node = x if isinstance(x, Node) else Value(x)
    if not _is_leaf(node):  # its slots alone would not do: a block's result has a pullback, too
        node = nary.unary_of(kernels.POW_C, node, 1.0)
    made = parameter.__copy__()
    made._set_slots(node._get_slots())
    for observer in observers.active():
        observer.made(made)
    return made


def _number_node(x: Node) -> Node:
    """The number of a Value, as what stands for a float in a recording."""
    args = kinds.UNARY, kernels.POW_C, x, None, number_of(x), 1.0, 1.0, None
    return fields.number_node(kinds.FLOAT, *args)  # type: ignore[no-any-return]


# ---------------------------------------------------------------------------------------- trees


class Tree:
    """A nested structure, as its numbers and Values in order, and the way back.

    leaves      the numbers and Values
    parameters  {k: leaf k} of those that are parameters of modules

    Raises TypeError for what a derivative cannot be taken by, or of.
    """

    def __init__(self, what: str, thing: Any, path: str, is_result: bool) -> None:
        self.leaves: list[Any] = []
        self.parameters: dict[int, Value] = {}
        self._what, self._is_result = what, is_result
        self._blocks: list[tuple[int, int, Any, str]] = []  # start, stop, array or None, its path
        self._rebuild = self._take(thing, path)

    def blocks(self) -> Iterator[tuple[int, int, tuple[int, ...] | None]]:
        """(start, stop, shape) among the leaves of each array, and of each number without shape."""
        for start, stop, array, _ in self._blocks:
            yield start, stop, None if array is None else array.shape

    def path(self, k: int) -> str:
        """The text that leads to leaf k in Python."""
        from autograd_lite.tree import array_paths

        for start, stop, array, path in self._blocks:
            if start <= k < stop:
                return path if array is None else path + array_paths(array.shape)[k - start]
        raise IndexError(f"there is no leaf {k} of {len(self.leaves)}")

    def built(self, blocks: Sequence[Any]) -> Any:
        """The structure with these in place of its arrays and numbers."""
        return self._rebuild(iter(blocks))

    def filled(self, leaves: Sequence[Any]) -> Any:
        """The structure with these in place of its leaves."""
        return self.built(
            [
                leaves[start] if array is None else _array_of(leaves[start:stop], array.shape)
                for start, stop, array, _ in self._blocks
            ]
        )

    def _take(self, thing: Any, path: str) -> Callable[[Iterator[Any]], Any]:
        if type(thing) is float or isinstance(thing, Node):  # first: others are slow to ask for
            return self._block([thing], None, path)
        from autograd_lite.tree import items, rebuild, rebuildable

        if thing is None and not self._is_result:
            return lambda blocks: None
        if _is_array(thing):
            if thing.dtype.kind not in "fO" and not (self._is_result and thing.dtype.kind in "iu"):
                raise self._refuse(path, f"an array of {thing.dtype}")
            return self._block(thing.ravel().tolist(), thing, path)
        if hasattr(type(thing), "_with_parameters"):
            parameters = thing.parameters()
            for p in parameters:
                self.parameters[len(self.leaves)] = p
                self._block([p], None, path)
            return lambda blocks: thing._with_parameters(
                [as_parameter(p, next(blocks)) for p in parameters]
            )
        if rebuildable(thing):
            parts = [self._take(x, path + step) for step, x in items(thing)]
            return lambda blocks: rebuild(thing, [part(blocks) for part in parts])
        return self._block([thing], None, path)

    def _block(self, leaves: list[Any], array: Any, path: str) -> Callable[[Iterator[Any]], Any]:
        for i, x in enumerate(leaves):
            problem = self._problem(x)
            if problem and array is not None:
                from autograd_lite.tree import array_paths

                path += array_paths(array.shape)[i]
            if problem:
                raise self._refuse(path, problem)
        start = len(self.leaves)
        self.leaves += leaves
        self._blocks.append((start, len(self.leaves), array, path))
        return next

    def _problem(self, x: Any) -> str:
        """What x is, if it has no derivative; else ""."""
        if type(x) is float:
            return ""
        if isinstance(x, Node):
            kind = number_kind(x) & kinds.FLOAT
            if not number_kind(x) or kind == kinds.FLOAT or self._is_result:
                return ""
            return "a bool" if kind == kinds.BOOL else "an int"
        if not value.is_number(x) or type(x).__name__ in ("bool", "bool_"):
            return _described(x)
        return "" if self._is_result or not _is_int(x) else f"an int, {x!r}"

    def _refuse(self, path: str, problem: str) -> TypeError:
        if self._is_result:
            return TypeError(f"{self._what}: {path} is {problem}, which has no derivative")
        hint = ""
        if problem.startswith("an int"):
            hint = "; write 2.0 for 2"
        elif problem.startswith(("an array of int", "an array of uint", "an array of bool")):
            hint = "; write array.astype(float)"
        if path.startswith("argument"):
            hint += "; for other arguments give argnums"
        return TypeError(
            f"{self._what}: {path} is {problem}, by which there is no derivative{hint}"
        )


def _aligned(what: str, like: Any, thing: Any, path: str, other: str) -> list[Any]:
    """The leaves of a thing that must have the structure of another one.

    path, other  what the thing and the other one are called
    """
    from autograd_lite.tree import array_paths, items, rebuildable

    if _is_array(like):
        shape = getattr(thing, "shape", None)
        if shape != like.shape:
            raise TypeError(
                f"{what}: {path} is {_described(thing)}, but {other} is {_described(like)}"
            )
        leaves: list[Any] = thing.ravel().tolist()
        if thing.dtype.kind not in "fiub":
            for step, x in zip(array_paths(shape), leaves, strict=True):
                _check_number(what, x, path + step, other + step)
        return leaves
    if hasattr(type(like), "_with_parameters"):
        if type(thing) is not type(like) or _names(thing) != _names(like):
            raise TypeError(
                f"{what}: {path} is {_described(thing)}, but {other} is a module, "
                f"{_described(like)} with other parameters"
            )
        return list(thing.parameters())
    if like is None:
        if thing is not None:
            raise TypeError(f"{what}: {path} is {_described(thing)}, but {other} is None")
        return []
    if not isinstance(like, Node) and rebuildable(like):
        mine, others = items(like), dict(items(thing))  # of a dict, in any order
        if type(thing) is not type(like) or others.keys() != {step for step, _ in mine}:
            raise TypeError(
                f"{what}: {path} is {_described(thing)}, but {other} is {_described(like)}"
            )
        return [
            leaf
            for step, x in mine
            for leaf in _aligned(what, x, others[step], path + step, other + step)
        ]
    _check_number(what, thing, path, other)
    return [thing if isinstance(thing, Node) else float(thing)]


def _check_number(what: str, x: Any, path: str, other: str) -> None:
    if not isinstance(x, Node) and not value.is_number(x):
        raise TypeError(f"{what}: {path} is {_described(x)}, but {other} is a number")


def _names(module: Any) -> list[str]:
    return [name for name, _ in module.named_parameters()]


def _is_array(thing: Any) -> bool:
    return type(thing).__module__ != "builtins" and isinstance(thing, _array_types())


def _array_types() -> tuple[type, ...]:
    numpy = sys.modules.get("numpy")
    return () if numpy is None else (numpy.ndarray,)


def _array_of(leaves: Sequence[Any], shape: tuple[int, ...]) -> Any:
    from autograd_lite.leaves import array_of

    return array_of(leaves, shape)


def _is_int(x: Any) -> bool:
    dtype = getattr(x, "dtype", None)
    return isinstance(x, int) if dtype is None else dtype.kind in "iu"


def _described(x: Any) -> str:
    """What a thing is, for an error."""
    if _is_array(x):
        return f"an array of shape {x.shape}"
    if isinstance(x, dict):
        return f"a {type(x).__name__} with the keys {list(x)}"
    if isinstance(x, (list, tuple)):
        return f"a {type(x).__name__} of {len(x)}"
    if isinstance(x, str):
        return f"a str, {x!r}"
    if x is None:
        return "None"
    name = type(x).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _as_nodes(leaves: Sequence[Operand]) -> tuple[Node, ...]:
    """The leaves, with a constant for each plain number among them."""
    return tuple([x if isinstance(x, Node) else nary.constant(x) for x in leaves])


def _values_among(leaves: Sequence[Any]) -> list[Any]:
    return [x for x in leaves if isinstance(x, Node)]


def _are_values(leaves: Sequence[Any]) -> bool:
    return any(isinstance(x, Value) for x in leaves)


def single_of(what: str, result: Any, f: Callable[..., Any]) -> Any:
    """The result of f, which must be a single number."""
    if not isinstance(result, Node) and _is_array(result) and result.shape == ():
        result = result.item()
    if isinstance(result, Node) or (value.is_number(result) and type(result) is not bool):
        return result
    raise TypeError(
        f"{what}: {name_of(f)} gave {_described(result)}, and only a single number has a gradient; "
        "for the derivatives of each number of the result, write jacobian"
    )


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


def check_function(what: str, f: Any) -> None:
    if not callable(f):
        raise TypeError(f"{what}: expected a function, not {type(f).__name__}")


def _sequence(what: str, name: str, things: Any) -> Sequence[Any]:
    if not isinstance(things, (list, tuple)):
        raise TypeError(
            f"{what}: {name} must be a tuple or list of one for each argument, not "
            f"{_described(things)}; write ({name[:-1]},)"
        )
    return things
