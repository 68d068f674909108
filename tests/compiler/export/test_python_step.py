"""Whole steps in NumPy and JAX: of a loss and its optimiser, and as they were recorded."""

import random

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Value, nn
from autograd_lite.compiler.export import ExportError
from autograd_lite.nn import optim
from autograd_lite.value import number_of
from tests.compiler.export.test_stepped import OPTIMIZERS, X, Y


def functions(source):
    exec(source.text, space := {})
    return space


def assert_new(source, parameters):
    """Compare parameters with those of the engine."""
    for p in source.exported.parameters:
        expected = np.reshape([number_of(x) for x in p.values.flat], p.shape)
        np.testing.assert_allclose(parameters[p.name], expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_four_steps_as_the_engine_makes_them(name):
    """Also of a Value that the loss does not read, and of one that the optimiser does not have."""
    network = nn.MLP(3, [5, 1], rng=random.Random(1))
    unread, fixed = Value(2.0, label="unread"), Value(0.7, label="fixed")
    optimizer = OPTIMIZERS[name]([*network.parameters(), unread])
    unread.grad = 5.0  # which zero_grad() forgets

    def loss(xs, ys):
        return al.mean([(fixed - y * network(x)).relu() for x, y in zip(xs, ys, strict=True)])

    source = al.export(loss, "numpy", X, Y, optimizer=optimizer)
    step = functions(source)["loss_step"]
    parameters, state = source.parameters(), source.state()
    first = {known: x.copy() for known, x in parameters.items()}
    kept = parameters
    for _ in range(4):
        optimizer.zero_grad()
        expected = loss(X, Y)
        expected.backward()
        optimizer.step()
        value, parameters, state = step(parameters, state, X, Y)
        assert value == pytest.approx(expected.data, rel=1e-12)
    assert_new(source, parameters)
    assert all((kept[known] == x).all() for known, x in first.items())  # what it is given stays
    assert "# any number of samples" in source.text
    assert step(parameters, state, X[:4], Y[:4])[0] == pytest.approx(loss(X[:4], Y[:4]).data)


@pytest.mark.slow
def test_steps_in_jax_are_those_of_the_engine():
    jax = pytest.importorskip("jax")
    network = nn.MLP(3, [5, 1], rng=random.Random(1))
    optimizer = OPTIMIZERS["Adam"](network.parameters())

    def loss(xs, ys):
        return al.mean([(1 - y * network(x)).relu() for x, y in zip(xs, ys, strict=True)]), len(xs)

    source = al.export(loss, "jax", X, Y, optimizer=optimizer)
    with jax.enable_x64(True):
        step = jax.jit(functions(source)["loss_step"])
        parameters, state = source.parameters(), source.state()
        for _ in range(2):
            optimizer.zero_grad()
            expected, _ = loss(X, Y)
            expected.backward()
            optimizer.step()
            value, parameters, state = step(parameters, state, np.array(X), np.array(Y))
            assert float(value) == pytest.approx(expected.data, rel=1e-12)
    assert_new(source, parameters)


@pytest.mark.slow
def test_a_step_in_jax_changes_nothing_where_an_index_is_out_of_range():
    jax = pytest.importorskip("jax")
    table = [Value(0.5 * i) for i in range(4)]
    optimizer = optim.SGD(table, lr=0.5, momentum=0.9)

    def loss(i):
        return (al.take(table, i) - 3) ** 2

    def step(i):
        optimizer.zero_grad()
        value = loss(i)
        value.backward()
        optimizer.step()
        return value

    with jax.enable_x64(True):
        for function, options in ((loss, {"optimizer": optimizer}), (step, {})):
            source = al.export(function, "jax", 2, **options)
            (made,) = [x for name, x in functions(source).items() if name.endswith("step")]
            given = source.parameters(), source.state()
            value, parameters, state = made(*given, 2)
            assert np.isfinite(value)
            assert parameters["table"][2] != given[0]["table"][2]
            value, parameters, state = made(*given, 7)
            assert np.isnan(value)
            for old, new in zip(given, (parameters, state), strict=True):
                assert all((new[name] == x).all() for name, x in old.items())


def test_a_recorded_step_gives_new_parameters_and_new_state():
    w, speed = [Value(0.5), Value(-1.5)], Value(0.0)
    optimizer = optim.SGD(w[:1], lr=0.1, momentum=0.5)

    def step(xs):
        optimizer.zero_grad()
        loss = sum((w[0] * x - w[1]) ** 2 for x in xs)
        loss.backward()
        optimizer.step()
        speed.data = 0.9 * speed.data + w[0].grad
        return {"loss": loss.data, "slope": w[0].data}

    xs = [1.0, 2.0, -0.5]
    source = al.export(step, "numpy", xs)
    made = functions(source)["step"]
    parameters, state = source.parameters(), source.state()
    for _ in range(3):
        (loss, slope), parameters, state = made(parameters, state, xs)
        expected = step(xs)
        assert (loss, slope) == (pytest.approx(expected["loss"]), pytest.approx(expected["slope"]))
    assert_new(source, parameters)
    assert parameters["w"][1] == -1.5
    assert speed.data == pytest.approx(float(parameters["speed"]))


def test_a_step_that_returns_nothing_gives_parameters_and_state():
    w = Value(1.0, label="w")

    def step(x):
        w.grad = 0.0
        ((w * x) ** 2).backward()
        w.data -= 0.1 * w.grad

    source = al.export(step, "numpy", 2.0)
    parameters, state = functions(source)["step"](source.parameters(), {}, 2.0)
    assert parameters["w"] == pytest.approx(1.0 - 0.1 * 2 * 4)
    assert state == {}


def test_some_numbers_of_a_list_stay():
    p = [Value(0.25), Value(0.5), Value(1.0)]
    optimizer = optim.SGD(p[:1], lr=0.125)
    source = al.export(
        lambda xs: sum((p[0] * x - p[1]) ** 2 for x in xs),
        "numpy",
        [1.0, 2.0],
        name="f",
        optimizer=optimizer,
    )
    _, parameters, _ = functions(source)["f_step"](source.parameters(), source.state(), [1.0, 2.0])
    expected = source.exported.reference[0].state["p"]
    assert parameters["p"].tolist() == pytest.approx(expected.tolist())
    assert expected[1:].tolist() == [0.5, 1.0]


@pytest.mark.parametrize("name", ["loss_and_grad", "state", "value", "gradients", "dw"])
def test_names_that_a_step_uses_itself_may_be_those_of_parameters(name):
    tensors = {"w": [Value(0.4), Value(0.3)], name: [Value(0.1)]}
    flat = [x for xs in tensors.values() for x in xs]
    optimizer = optim.SGD(flat, lr=0.1)

    def loss(loss, state):
        return (tensors["w"][0] * loss + tensors["w"][1] + tensors[name][0] * state) ** 2

    source = al.export(loss, "numpy", 2.0, 1.0, optimizer=optimizer)
    _, parameters, _ = functions(source)["loss_step"](source.parameters(), source.state(), 2.0, 1.0)
    loss(2.0, 1.0).backward()
    optimizer.step()
    assert_new(source, parameters)


def test_a_loss_and_its_update_have_tables_of_their_own():
    table = [[Value(0.1 * i + 0.03 * j) for j in range(3)] for i in range(4)]
    optimizer = optim.Adam([x for row in table for x in row][::2], lr=0.1)

    def loss(i):
        return sum(
            (x * c - 1) ** 2 for x, c in zip(al.take(table, i), [0.3, 0.7, 0.2], strict=True)
        )

    source = al.export(loss, "numpy", 1, optimizer=optimizer)
    assert "_OF_STEP" in source.text
    _, parameters, _ = functions(source)["loss_step"](source.parameters(), source.state(), 2)
    loss(2).backward()
    optimizer.step()
    assert_new(source, parameters)


def test_pytorch_has_steps_of_its_own():
    w = Value(1.0)

    def step(x):
        loss = (w * x) ** 2
        loss.backward()
        w.data -= 0.1 * w.grad
        return loss

    with pytest.raises(ExportError, match="step changes what it reads"):
        al.export(step, "torch", 2.0)
