"""`to_jax`: exported functions in JAX, under its transforms, and parameters that come back."""

import subprocess
import sys
from typing import NamedTuple

import pytest

import autograd_lite
from autograd_lite import Value, dot, exp, mean, nn, to_jax
from autograd_lite.compiler.export import ExportError

np = pytest.importorskip("numpy")
jax = pytest.importorskip("jax")
jnp = jax.numpy

RNG = np.random.default_rng(0)
XS, YS = RNG.normal(size=(6, 2)), RNG.normal(size=6)


@pytest.fixture(autouse=True)
def double():
    """JAX in float64."""
    with jax.enable_x64(True):
        yield


@pytest.fixture
def network():
    return nn.Sequential(nn.Linear(2, 3, rng=0), nn.Tanh(), nn.Linear(3, 1, rng=1))


def squared(network):
    def error(x, y):
        return (network(x)[0] - y) ** 2

    return error


def test_value_and_gradients_are_ours_and_names_are_the_users(network):
    one = squared(network)

    def loss(xs, ys):
        return mean([one(x, y) for x, y in zip(xs, ys, strict=True)])

    function, parameters = to_jax(autograd_lite.compile(loss), XS, YS)
    ours = loss(XS, YS)
    network.zero_grad()
    ours.backward()
    value, gradients = jax.jit(jax.value_and_grad(function))(parameters, XS, YS)
    assert value.dtype == np.float64
    assert float(value) == pytest.approx(ours.data, rel=1e-12)
    expected = {
        f"{name}.{kind}": np.vectorize(lambda p: p.grad)(np.array(getattr(layer, kind), object))
        for name, layer in (("0", network[0]), ("2", network[2]))
        for kind in ("weight", "bias")
    }
    assert gradients.keys() == parameters.keys() == expected.keys()
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, expected[name], rtol=1e-12)


def test_vmap_makes_batches_and_ensembles(network):
    one = squared(network)
    function, parameters = to_jax(one, XS[0], YS[0])
    batch = jax.vmap(function, (None, 0, 0))(parameters, XS, YS)
    np.testing.assert_allclose(
        batch, [one(x, y).data for x, y in zip(XS, YS, strict=True)], rtol=1e-12
    )

    scaled = {name: jnp.stack([p, 2 * p]) for name, p in parameters.items()}
    both = jax.vmap(function, (0, None, None))(scaled, XS[0], YS[0])
    for factor, found in zip((1.0, 2.0), both, strict=True):
        function.from_jax({name: factor * p for name, p in parameters.items()})
        assert float(found) == pytest.approx(one(XS[0], YS[0]).data, rel=1e-12)


def test_second_derivatives_are_jaxs():
    w = Value(0.5, label="w")
    function, parameters = to_jax(lambda x: exp(w * x), 2.0)
    assert float(jax.grad(jax.grad(lambda w: function({"w": w}, 3.0)))(0.5)) == pytest.approx(
        9 * np.exp(1.5)
    )
    assert [*parameters] == ["w"]


DEVICES = """
import jax, numpy as np
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_num_cpu_devices", 4)
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
from autograd_lite import nn, to_jax

layer = nn.Linear(3, 8, rng=0)
function, parameters = to_jax(lambda x: sum(y.tanh() for y in layer(x)), np.ones(3))
xs = np.random.default_rng(0).normal(size=(12, 3))
mesh = Mesh(np.array(jax.devices()), ("d",))
put = lambda x, *axes: jax.device_put(x, NamedSharding(mesh, P(*axes)))

def total(parameters, xs):
    return jax.vmap(function, (None, 0))(parameters, xs).sum()

expected = jax.value_and_grad(total)(parameters, xs)
of_rows = {name: put(p, "d") for name, p in parameters.items()}
sharded = [
    jax.jit(jax.value_and_grad(total))(put(parameters), put(xs, "d")),  # a batch on many devices
    jax.jit(jax.value_and_grad(total))(of_rows, put(xs)),  # a layer on many devices
]
by_hand = jax.shard_map(
    lambda p, xs: jax.lax.psum(total(p, xs), "d"), mesh=mesh, in_specs=(P(), P("d")), out_specs=P()
)
sharded.append(jax.value_and_grad(by_hand)(parameters, xs))
for found in sharded:
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-12), found, expected)
print(len(sharded), jax.device_count())
"""


def test_batches_and_parameters_may_lie_on_many_devices():
    ran = subprocess.run([sys.executable, "-c", DEVICES], capture_output=True, text=True)
    assert ran.stdout == "3 4\n", ran.stderr


class Pair(NamedTuple):
    x: object
    y: object


def test_arguments_are_built_as_they_were_recorded():
    w = Value(2.0, label="w")

    def loss(batch, pair, scale, name, spot):
        assert name == "pair"
        return w * dot(batch["xs"], pair.x) * scale["of"][0] + pair.y * spot

    args = ({"xs": [1.0, 2.0]}, Pair([3.0, 4.0], 5.0), {"of": (0.5, "")}, "pair", Value(7.0))
    function, parameters = to_jax(loss, *args)
    assert parameters == {"w": 2.0, "spot": 7.0}
    # What is no number, and what is a parameter, is not passed.
    given = ({"xs": np.array([1, 2])}, Pair(jnp.array([3.0, 5.0]), 6), {"of": (0.25, "")})
    assert repr(function) == "<JAX function loss(parameters, batch, pair, scale)>"
    expected = 2 * (3 + 10) * 0.25 + 6 * 7
    assert float(function(parameters, *given)) == expected
    assert (
        float(
            jax.jit(lambda *given: function(parameters, *given[:2], given[2]))(
                given[0], given[1], {"of": (0.25,)}
            )
        )
        == expected
    )


def test_what_is_fixed_must_be_as_it_was_recorded():
    w = Value(2.0, label="w")
    function, parameters = to_jax(
        lambda batch: sum(w * x for x in batch["xs"][: batch["n"]]), {"xs": [1.0, 2.0, 3.0], "n": 2}
    )
    assert float(function(parameters, {"xs": XS[:3, 0], "n": 2})) == 2 * XS[:2, 0].sum()
    with pytest.raises(ValueError, match=r"^function: batch_n is 3, and 2 in the recorded call"):
        function(parameters, {"xs": [1.0, 2.0, 3.0], "n": 3})
    with pytest.raises(ValueError, match=r"^function: batch_n is .*, and 2 in the recorded call"):
        jax.jit(function)(parameters, {"xs": [1.0, 2.0, 3.0], "n": 2})


def test_without_arguments_it_is_the_last_call_of_a_compiled_function(network):
    error = autograd_lite.compile(squared(network))
    error(XS[0], YS[0])
    function, parameters = to_jax(error)
    assert float(function(parameters, XS[1], YS[1])) == pytest.approx(error(XS[1], YS[1]).data)


def test_values_of_a_call_that_is_over_cannot_be_written():
    scaled = autograd_lite.compile(lambda w, x: w * x)
    scaled(Value(2.0), 3.0)
    function, parameters = to_jax(scaled)
    assert float(function(parameters, 4.0)) == 8.0
    with pytest.raises(ValueError, match=r"^from_jax: the Values of 'w' are not known"):
        function.from_jax(parameters)


def test_single_precision_without_x64(network):
    with jax.enable_x64(False):
        function, parameters = to_jax(squared(network), XS[0], YS[0])
        assert {p.dtype.name for p in parameters.values()} == {"float32"}
        found = function(parameters, XS[0], YS[0])
    assert float(found) == pytest.approx(squared(network)(XS[0], YS[0]).data, rel=1e-5)


def test_parameters_come_back(network):
    function, parameters = to_jax(squared(network), XS[0], YS[0])
    function.from_jax({name: p + 1 for name, p in parameters.items()})
    np.testing.assert_array_equal(network.state_dict()["0.weight"], parameters["0.weight"] + 1)
    again = function.source.parameters()
    for name, p in parameters.items():
        np.testing.assert_array_equal(again[name], p + 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.pop("2.bias"), "the parameter '2.bias' is missing"),
        (lambda p: p.update(more=1.0), "there is no parameter 'more'; there are ['0.weight'"),
        (lambda p: p.update({"2.bias": jnp.ones(2)}), "'2.bias' has the shape (2,), not (1,)"),
    ],
)
def test_what_does_not_fit_is_named_and_changes_nothing(network, change, message):
    function, parameters = to_jax(squared(network), XS[0], YS[0])
    before = network.state_dict()
    parameters = {name: p + 1 for name, p in parameters.items()}
    change(parameters)
    with pytest.raises(ValueError, match=r"^from_jax: ") as caught:
        function.from_jax(parameters)
    assert message in str(caught.value)
    assert network.state_dict() == before
    with pytest.raises(ValueError, match=r"^error: ") as caught:
        function(parameters, XS[0], YS[0])
    assert message in str(caught.value)


def test_parameters_that_are_no_dict_are_told_so(network):
    function, parameters = to_jax(squared(network), XS[0], YS[0])
    with pytest.raises(TypeError, match=r"^error: the parameters must be a dict of arrays"):
        function(XS[0], parameters, YS[0])


def test_arguments_that_do_not_fit_are_named(network):
    function, parameters = to_jax(squared(network), XS[0], YS[0])
    with pytest.raises(
        ValueError, match=r"^error: x has the shape \(6, 2\), and was recorded with "
    ):
        function(parameters, XS, YS[0])
    with pytest.raises(TypeError, match=r"^error: expected parameters, x, y, that is 3 arguments"):
        function(parameters, XS[0])
    function, parameters = to_jax(lambda batch: sum(network(batch["x"])), {"x": XS[0]})
    with pytest.raises(ValueError, match=r"^function: the argument batch_x is missing$"):
        function(parameters, {"y": XS[0]})


def test_an_index_out_of_range_is_no_number():
    table = nn.Embedding(5, 1, rng=0)
    function, parameters = to_jax(lambda i: table(i)[0], 3)
    assert float(function(parameters, 4)) == table(4)[0].data
    assert np.isnan(function(parameters, 5))


def test_a_step_is_refused():
    w = Value(1.0)
    optimizer = nn.optim.SGD([w], lr=0.1)

    def step(x):
        loss = (w * x) ** 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    with pytest.raises(ExportError, match="step changes what it reads"):
        to_jax(step, 2.0)
    assert w.data == 1.0
    assert optimizer.steps == 0


def test_without_jax_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(
        ImportError, match=r'^to_jax needs JAX: pip install "autograd-lite\[jax\]"$'
    ):
        to_jax(lambda x: x, 1.0)
