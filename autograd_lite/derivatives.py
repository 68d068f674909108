"""Derivatives of functions, of every order, with JAX's names and argument orders.

A transform calls the function on inputs of its own, one Value for each number of the arguments, and
differentiates the graph that this makes. What does not depend on other Values comes back as plain
numbers, as it went in; what does comes back as Values, which can be differentiated further.
"""

from __future__ import annotations

from autograd_lite import nary, observers
from autograd_lite.callables import CompiledFunction, Transformed, name_of
from autograd_lite.evaluation import Evaluation, are_values, check_function, single_of
from autograd_lite.nested import Tree, aligned, described, is_array
from autograd_lite.observers import Enabled, in_transform
from autograd_lite.operations import kernels
from autograd_lite.pullback import pulled_back
from autograd_lite.size import check_fits
from autograd_lite.value import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


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


_PLAIN = (float, int, bool, str, type(None))

# ------------------------------------------------------------------------------------- gradients


def grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives the gradient of f, whose result is a single number.

    f        function of numbers, Values, arrays, modules, and lists, tuples, dicts and dataclasses
             of them
    argnums  the positions of the arguments with respect to which the derivatives are taken; for a
             tuple of positions the gradient is a tuple
    has_aux  True if f gives (number, anything): then the result is (gradient, anything)

    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda p, x: p["w"] * x + p["b"])({"w": 2.0, "b": 1.0}, 3.0)
    {'w': 3.0, 'b': 1.0}

    The gradient has the structure of the arguments, with an array for an array. No `.grad` is
    touched. Raises TypeError for a result that is no single number, and for a derivative with
    respect to an int, bool or str.
    """
    both = _value_and_grad("grad", f, argnums, has_aux)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        result, found = both(*args, **kwargs)
        return (found, result[1]) if has_aux else found

    return Transformed(gradient, grad, f, argnums, has_aux)


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives (f, gradient of f), or with has_aux ((f, aux), gradient).

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

    of_compiled = f if isinstance(f, CompiledFunction) and not has_aux else None
    key = what, repr(argnums)

    def transformed(own: Callable[..., Any]) -> Transformed:
        run = _value_and_grad(what, own, argnums, False)
        return Transformed(run, value_and_grad, own, argnums)  # which has the name of f

    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        if of_compiled is not None and not kwargs and _of_arrays(args):
            program = of_compiled.transformed(key, transformed)
            if program is not None:
                return program(*args)
        call = Evaluation(what, f, args, kwargs, argnums)
        result, aux = call.result_and_aux(f, has_aux)
        y = single_of(what, result, f)
        found, others = call.gradient(y)
        y = call.finished(y, others)
        return ((y, call.finished_aux(aux)) if has_aux else y), call.like_arguments(found, others)

    return value_and_gradient


def _of_arrays(args: Sequence[Any]) -> bool:
    """True for arrays and other arguments without a Value, outside transforms and recordings.

    A program computes their gradient at once, where otherwise each of their numbers is a Value.
    """
    are_arrays = [is_array(x) and x.dtype.char == "d" for x in args]
    pairs = zip(args, are_arrays, strict=True)
    return (
        any(are_arrays)
        and all(is_one or type(x) in _PLAIN for x, is_one in pairs)
        and not (in_transform.get() or observers.active())
    )


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
    call = Evaluation(what, f, primals, {}, range(len(primals)))
    results = Tree(what, call.result, "the result", True)
    others = call.depends_on_others(results.leaves)

    def push(*tangents: Any) -> Any:
        if len(tangents) != len(primals):
            raise TypeError(f"{what}: {len(primals)} primals, but {len(tangents)} tangents")
        leaves = [
            leaf
            for k, (primal, tangent) in enumerate(zip(primals, tangents, strict=True))
            for leaf in aligned(what, primal, tangent, f"tangent {k}", f"primal {k}")
        ]
        also = others or are_values(leaves)
        (found,) = call.pushforwards(results.leaves, [leaves], also)
        return results.filled([call.derivative(t, also) for t in found])

    return results.filled([call.finished(y, others) for y in results.leaves]), push


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """(f(*primals), its pullback, from cotangents of the result to those of the primals).

    The pullback takes cotangents in the structure of f's result, and gives a tuple with a part for
    each primal: reverse mode. With has_aux, f gives (result, anything), and vjp gives (result,
    pullback, anything).

    >>> y, pull = vjp(lambda x, y: x * y, 2.0, 3.0)
    >>> y, pull(1.0)
    (6.0, (3.0, 2.0))

    Raises TypeError that names the path at which result and cotangents part.
    """
    check_function("vjp", f)
    call = Evaluation("vjp", f, primals, {}, range(len(primals)))
    result, aux = call.result_and_aux(f, has_aux)
    results = Tree("vjp", result, "the result", True)
    others = call.depends_on_others(results.leaves)

    def pull(cotangents: Any) -> Any:
        leaves = aligned("vjp", result, cotangents, "the cotangent", "the result")
        also = others or are_values(leaves)
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

    For several primals it is a tuple with a part for each. No Hessian is built, so it costs a few
    evaluations of f, however many arguments there are (Pearlmutter, 1994).

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

    For each number of the result, the derivatives have the structure of the arguments. The
    derivative of an array with respect to an array is an array of both shapes, the result's first.

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
        call = Evaluation(what, f, args, kwargs, argnums)
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
                call.like_arguments_of_pieces(matrix[start:stop], shape)
                for start, stop, shape in results.pieces()
            ]
        )
        return (made, call.finished_aux(aux)) if has_aux else made

    jacobian.__name__ = name_of(f)  # for messages, where it is differentiated again
    return jacobian


_SPARSE = {"hessian": "hessian"} | dict.fromkeys(("jacobian", "jacfwd", "jacrev"), "jacobian")
"""Which transform gives the sparse matrix."""


# --------------------------------------------------------------------- derivatives within a graph


def pullback(outputs: Any, cotangents: Any, inputs: Any) -> Any:
    """The sum of cotangent times d output / d input, for each input: Values, no `.grad`.

    outputs     Values of a graph, or nested lists, tuples, dicts of them
    cotangents  numbers or Values, in the structure of the outputs
    inputs      Values, leaves or not, in any structure, each of which counts as independent

    >>> x = Value(2.0)
    >>> y = x**3
    >>> (dy,) = pullback([y], [1.0], [x])
    >>> (d2y,) = pullback([dy], [1.0], [x])
    >>> dy.data, d2y.data
    (12.0, 12.0)

    It is what `torch.autograd.grad(..., create_graph=True)` is in PyTorch, with one difference: if
    an input is computed from another one, the derivative with respect to that one does not go
    through it. It reads the numbers that leaves have now. An output that does not depend on an
    input has the derivative 0.0.

    Raises TypeError for an input that is no Value,
    and where outputs and cotangents part.
    """
    given = Tree("pullback", inputs, "an input", False)
    for x in given.leaves:
        if not isinstance(x, Node):
            raise TypeError(f"pullback: the inputs must be Values, not {type(x).__name__}")
    results = Tree("pullback", outputs, "an output", True)
    leaves = aligned("pullback", outputs, cotangents, "the cotangent", "the output")
    return given.filled(pulled_back(results.leaves, given.leaves, leaves))


def _sequence(what: str, name: str, things: Any) -> Sequence[Any]:
    if not isinstance(things, (list, tuple)):
        raise TypeError(
            f"{what}: {name} must be a tuple or list of one for each argument, not "
            f"{described(things)}; write ({name[:-1]},)"
        )
    return things
