"""Nested arguments and results of transforms: structures, and errors that name the place."""

import dataclasses
import subprocess
import sys
from collections import namedtuple
from itertools import pairwise

import numpy as np
import pytest

import autograd_lite as al
import nn
from autograd_lite import (
    Value,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    pullback,
    value_and_grad,
    vjp,
)


def test_grad_is_built_as_the_arguments_are():
    def f(p, x):
        return p["w"][0] * x + p["w"][1] ** 2 + p["b"]

    p = {"w": (2.0, 3.0), "b": 1.0}
    assert grad(f)(p, 5.0) == {"w": (5.0, 6.0), "b": 1.0}
    assert grad(f, 1)(p, 5.0) == 2.0
    assert grad(f, (1, 0))(p, 5.0) == (2.0, {"w": (5.0, 6.0), "b": 1.0})
    assert grad(f, -1)(p, 5.0) == 2.0
    assert value_and_grad(f, argnums=1)(p, 5.0) == (20.0, 2.0)


Point = namedtuple("Point", "x y")


@dataclasses.dataclass
class Line:
    slope: float
    points: list


def test_named_tuples_dataclasses_and_none():
    assert grad(lambda p: p.x * p.y)(Point(2.0, 3.0)) == Point(3.0, 2.0)
    line = Line(2.0, [1.0, None, 4.0])
    found = grad(lambda line: line.slope * line.points[0] * line.points[2])(line)
    assert found == Line(4.0, [8.0, None, 2.0])


def test_an_array_gives_an_array_and_no_value():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    found = grad(lambda x: (x**2).sum())(x)
    assert (type(found), found.dtype) == (np.ndarray, float)
    assert found.tolist() == (2 * x).tolist()
    y, found = value_and_grad(lambda x: np.sin(x).sum())(x.astype(np.float32))
    assert type(y) is float
    assert found == pytest.approx(np.cos(x), rel=1e-12)
    assert grad(lambda x: x * x)(np.float64(3.0)) == 6.0


def test_jacobians_of_lists_and_arrays():
    def pair(x):
        return {"a": x[0] * x[1], "b": (x[0] ** 2, 1.0)}

    expected = {"a": [3.0, 2.0], "b": ([4.0, 0.0], [0.0, 0.0])}
    for jac in (jacfwd, jacrev, jacobian):
        assert jac(pair)([2.0, 3.0]) == expected
    x = np.arange(1.0, 4.0)
    for jac in (jacfwd, jacrev):
        assert jac(lambda x: x**2)(x).tolist() == np.diag(2 * x).tolist()
        rows = jac(lambda x: np.outer(x, x))(x)
        eye = np.eye(3)
        outer = np.einsum("ik,j->ijk", eye, x) + np.einsum("jk,i->ijk", eye, x)
        assert rows == pytest.approx(outer)
        assert jac(lambda x: [x[0], x])(x)[0].tolist() == [1.0, 0.0, 0.0]
        by_both = jac(lambda x, s: x * s, (0, 1))(x, 2.0)
        assert (by_both[0].tolist(), by_both[1].tolist()) == ((2 * eye).tolist(), x.tolist())


def test_hessians_of_arrays_and_trees():
    x = np.array([0.3, 0.7, -0.2])
    found = hessian(lambda x: al.sum([a**2 * b for a, b in pairwise(x)]))(x)
    a, b, c = x
    expected = [[2 * b, 2 * a, 0], [2 * a, 2 * c, 2 * b], [0, 2 * b, 0]]
    assert found == pytest.approx(np.array(expected))
    tree = hessian(lambda p: p["a"] ** 2 * p["b"])({"a": 2.0, "b": 3.0})
    assert tree == {"a": {"a": 6.0, "b": 4.0}, "b": {"a": 4.0, "b": 0.0}}
    assert hessian(lambda x, y: x * y**2, (0, 1))(2.0, 3.0) == ((0.0, 6.0), (6.0, 4.0))


def square(x):
    return x * x


FAILURES = {
    "an int": (
        lambda: grad(square)(3),
        "grad: argument 0 is an int, 3, .* write a float, as 2.0 for 2",
    ),
    "a bool": (lambda: grad(square)(True), "grad: argument 0 is a bool"),
    "a str": (lambda: jacfwd(square)("abc"), "jacfwd: argument 0 is a str, 'abc'"),
    "within": (lambda: grad(square)({"a": [1.0, 2]}), r"argument 0\['a'\]\[1\] is an int"),
    "an array of ints": (lambda: grad(square)(np.arange(3)), r"array of int64.*astype\(float\)"),
    "an object": (lambda: hvp(square, (object(),), (1.0,)), "argument 0 is an object"),
    "of a list": (lambda: grad(lambda x: [x, x])(1.0), "gave a list of 2.*write jacobian"),
    "of an array": (lambda: grad(square)(np.ones(2)), r"square gave an array of shape \(2,\)"),
    "of text": (lambda: jacrev(lambda x: "no")(1.0), "the result is a str, 'no'"),
    "of a bool": (lambda: grad(lambda x: x > 0)(1.0), "gave a bool"),
    "aux": (lambda: grad(square, has_aux=True)(1.0), r"must give \(number, anything\)"),
    "keys": (
        lambda: jvp(lambda x: x["a"]["b"], ({"a": {"b": 1.0}},), ({"a": {"c": 1.0}},)),
        r"tangent 0\['a'\] is a dict with the keys \['c'\], but primal 0\['a'\]",
    ),
    "lengths": (lambda: vjp(lambda x: [x, x], 1.0)[1]([1.0]), "a list of 1, but the result is"),
    "shapes": (lambda: jvp(square, (np.ones(2),), (np.ones(3),)), r"shape \(3,\), but primal 0"),
    "text in an array": (
        lambda: jvp(sum, (np.ones(2),), (np.array([1.0, "a"], object),)),
        r"tangent 0\[1\] is a str, 'a', but primal 0\[1\] is a number",
    ),
    "an array of text": (lambda: vjp(np.exp, np.ones(1))[1](np.array(["a"])), "is a str, 'a'"),
    "a complex array": (
        lambda: jvp(sum, (np.ones(1),), (np.ones(1, complex),)),
        r"tangent 0\[0\] is a complex",
    ),
    "a module of another shape": (
        lambda: jvp(lambda m: m([1.0]), (nn.Linear(1, 4),), (nn.Linear(3, 2),)),
        "tangent 0 is a Linear, but primal 0 is a module, a Linear with other parameters",
    ),
    "None": (
        lambda: jvp(lambda x: x[0], ([1.0, None],), ([1.0, 2.0],)),
        r"tangent 0\[1\] is a float, but primal 0\[1\] is None",
    ),
    "a number": (lambda: jvp(square, (1.0,), ([1.0],)), "a list of 1, but primal 0 is a number"),
    "how many": (lambda: jvp(square, (1.0,), (1.0, 2.0)), "1 primals, but 2 tangents"),
    "no tuple": (lambda: jvp(square, 1.0, 1.0), "primals must be a tuple or list"),
    "no function": (lambda: grad(3.0), "grad: expected a function, not float"),
    "no Value": (lambda: pullback(Value(1.0), 1.0, [2.0]), "the inputs must be Values"),
}


@pytest.mark.parametrize(("call", "message"), FAILURES.values(), ids=FAILURES)
def test_an_error_names_the_culprit(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_dicts_are_told_by_their_keys_in_any_order():
    def f(x):
        return {"p": x["a"] * x["b"] ** 2, "q": x["a"]}

    x = {"a": 2.0, "b": 3.0}
    assert jvp(f, (x,), ({"b": 1.0, "a": 0.0},))[1] == {"p": 12.0, "q": 0.0}
    assert vjp(f, x)[1]({"q": 10.0, "p": 1.0}) == ({"a": 19.0, "b": 12.0},)


def test_without_numpy():
    code = (
        "import sys; sys.modules['numpy'] = None\n"
        "from autograd_lite import *\n"
        "f = lambda p: p['a'] ** 3 * sin(p['b'])\n"
        "print(grad(grad(lambda x: x**3))(2.0), hessian(f)({'a': 1.0, 'b': 0.0})['a']['b'],\n"
        "      jvp(lambda x: x**2, (3.0,), (1.0,)), hvp(lambda x: x**3, (2.0,), (1.0,)))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "12.0 3.0 (9.0, 6.0) 12.0\n"
