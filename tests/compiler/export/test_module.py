"""Modules in Python: the names of parameters, bounds, and what a source is given and gives."""

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Value
from autograd_lite.compiler.export.module import head, local_names


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["w", "b"], ["w", "b"]),
        (["layers.0.weight", "layers.0.bias", "layers.1.weight"], ["w0", "b0", "w1"]),
        (["hidden.weight", "output.weight"], ["hidden", "output"]),
        (["fc1.weight", "fc1.bias"], ["fc1_w", "fc1_b"]),
        (["attention.in_proj_weight"], ["in_proj"]),
        (["a.weight", "c.a.weight"], ["a_weight", "c_a_weight"]),
        (["np", "t"], ["np_", "t_"]),
        (["class"], ["class_"]),
    ],
)
def test_names_are_short_and_differ(names, short):
    assert local_names(names, []) == short


def test_a_name_that_an_argument_has_is_another_one():
    assert local_names(["x"], ["x"]) == ["x_"]


def test_a_head_is_a_docstring_whatever_is_in_it():
    lines = ['a """ b', "c \\ d"]
    space = {}
    exec(head(lines), space)
    assert space["__doc__"] == "a ''' b\nc \\ d\n"


def test_several_results_come_in_order():
    w = [Value(2.0), Value(3.0)]
    source = al.export(lambda x: (w[0] * x, [w[1] + x, w[1] - x]), "numpy", 5.0, name="f")
    space = {}
    exec(source.text, space)
    found = space["f"](source.parameters(), 5.0)
    names = [result.name for result in source.exported.results]
    assert len(found) == len(names)
    flat = np.concatenate([np.ravel(x) for x in found])
    assert flat.tolist() == [10.0, 8.0, -2.0]


@pytest.mark.parametrize("language", ["numpy", "jax"])
def test_arguments_of_another_shape_are_refused(language):
    if language == "jax":
        pytest.importorskip("jax")
    w = [Value(2.0), Value(1.0), Value(3.0)]
    mean = lambda xs: al.mean([p * x for p, x in zip(w, xs, strict=True)])  # noqa: E731
    source = al.export(mean, language, [1.0, 2.0, 3.0], name="f")
    space = {}
    exec(source.text, space)
    f = space["f"]
    assert f(source.parameters(), np.ones(3)) == pytest.approx(2.0)
    with pytest.raises(ValueError, match=r"the shapes must be xs \(3,\)"):
        f(source.parameters(), np.ones(4))


def test_a_parameter_that_is_read_for_some_lengths_alone_fixes_the_length():
    w, late = Value(2.0), Value(3.0)

    def f(xs):
        return al.sum([w * x for x in xs]) + (late if len(xs) > 6 else 0.0)

    source = al.export(f, "numpy", [1.0, 2.0, 3.0])
    assert [*source.parameters()] == ["w"]
    assert "(3,)" in source.text
