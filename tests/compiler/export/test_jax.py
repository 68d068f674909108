"""JAX sources: values, and the gradients that JAX finds, are those of the engine."""

import numpy as np
import pytest

import autograd_lite as al
import nn
from autograd_lite import Value
from tests.support.array_exports import MADE, at_kinks, detaching

pytest.importorskip("jax")
SOME = ["softmax", "recurrent"]


def compare(name):
    """Export a program, which compares value and gradients to 1e-9, and read how far they are."""
    function, args = MADE[name]()
    source = al.export(function, "jax", *args, name="f")
    lines = [line for line in source.text.splitlines() if line.startswith(("import", "from"))]
    assert lines == ["import jax", "import jax.numpy as jnp"]
    found = source.exported.reference[0]
    assert np.isfinite(found.results[0])
    assert "Checked when it was made: run by JAX" in source.text.replace("\n", " ")
    return source.text


@pytest.mark.slow
@pytest.mark.parametrize("name", SOME)
def test_values_and_gradients(name):
    text = compare(name)
    assert ("jax.lax.fori_loop(" in text) == (name == "recurrent")


@pytest.mark.full
@pytest.mark.parametrize("name", [name for name in MADE if name not in SOME])
def test_values_and_gradients_of_all(name):
    compare(name)


@pytest.mark.slow
def test_derivatives_at_kinks_and_ties_are_those_of_the_engine():
    """JAX has 1 for abs at 0, and other numbers where branches meet."""
    import jax

    source, x = at_kinks("jax")
    space = {}
    exec(source.text, space)
    with jax.enable_x64(True):
        found = jax.grad(space["f"])({"x": jax.numpy.asarray([v.data for v in x])})["x"]
    np.testing.assert_allclose(found, [v.grad for v in x], rtol=1e-12)


@pytest.mark.slow
def test_what_is_detached_is_not_differentiated_through():
    import jax

    source, loss, x = detaching("jax")
    exec(source.text, space := {})
    loss(1.5).backward()
    with jax.enable_x64(True):
        found = jax.grad(space["f"])(source.parameters(), 1.5)
    np.testing.assert_allclose(found["x"], [v.grad for v in x], rtol=1e-12)
    assert al.export(lambda scale: x[0].detach() * scale, "jax", 1.0)


def test_the_logarithm_of_padding_leaves_gradients_finite():
    """Rows of several lengths are padded with 0, whose logarithm has an infinite derivative."""
    w = [Value(float(k)) for k in (1, 2, 3)]

    def entropies():
        powers = [[al.exp(x) for x in w[: k + 1]] for k in range(3)]
        rows = [[p / al.sum(row) for p in row] for row in powers]
        return al.sum([p * al.log(p) for row in rows for p in row])

    source = al.export(entropies, "jax")  # which compares the gradients
    assert "value and gradients" in source.text


@pytest.mark.slow
def test_arrays_of_small_ints_are_numbers():
    import jax

    w = Value(2.0, label="w")
    source = al.export(
        lambda xs, ys: w * sum(a - b for a, b in zip(xs, ys, strict=True)),
        "jax",
        np.ones(3),
        np.ones(3),
        name="f",
    )
    space = {}
    exec(source.text, space)
    xs, ys = np.array([1, 2, 3], np.uint8), np.array([2, 4, 3], np.uint8)
    assert jax.jit(space["f"])({"w": 2.0}, xs, ys) == -6
    assert space["f"]({"w": 2.0}, [1, 2, 3], [2, 4, 3]) == -6


@pytest.mark.slow
def test_the_derivative_of_a_sigmoid_is_0_where_its_exponential_is_infinite():
    w = [Value(-800.0)]
    source = al.export(lambda x: al.sigmoid(w[0] * x), "jax", 1.0, name="f")  # which compares it
    assert "run by JAX" in source.text.replace("\n", " ")


@pytest.mark.slow
def test_parameters_that_are_missing_or_of_another_shape_are_named():
    """JAX would broadcast a bias of one number."""
    import jax

    layer = nn.Linear(2, 3, rng=0)
    source = al.export(lambda xs: al.sum(al.sum(layer(x)) for x in xs), "jax", [[1.0, 2.0]] * 3)
    exec(source.text, space := {})
    f, given, xs = jax.jit(space["function"]), source.parameters(), np.ones((4, 2))
    assert np.isfinite(f(given, xs))
    for wrong in ({"weight": given["weight"]}, {**given, "bias": np.ones(1)}):
        with pytest.raises(ValueError, match=r"the parameters must have bias, of the shape \(3,\)"):
            f(wrong, xs)
