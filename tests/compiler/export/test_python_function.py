"""Functions of a module in Python: what they are given and refuse, and what they return."""

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Value


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


@pytest.mark.slow
def test_arrays_of_numpy_may_be_given_to_jax_where_parts_are_changed():
    pytest.importorskip("jax")
    w = [Value(0.5 * k) for k in range(4)]

    def f(x):
        return al.sum(al.exp(p * x) for p in [w[0], w[1] + x, *w[2:]])

    source = al.export(f, "jax", 2.0)
    exec(source.text, space := {})
    assert float(space["f"](source.parameters(), 2.0)) == pytest.approx(f(2.0).data, rel=1e-5)
