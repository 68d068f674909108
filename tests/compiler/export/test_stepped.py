"""A loss and its optimiser as one step, in C, beside the engine."""

import random

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Value, nn
from autograd_lite.compiler.export import ExportError
from autograd_lite.compiler.export.c import file_of
from autograd_lite.nn import optim
from autograd_lite.value import number_of
from tests.support.c99 import stepping
from tests.support.in_c import needs_compiler

draw = random.Random(3)
X = [[draw.gauss(0, 1) for _ in range(3)] for _ in range(9)]
Y = [draw.choice([-1.0, 1.0]) for _ in range(9)]

OPTIMIZERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "Adam": lambda p: optim.Adam(p, lr=0.1),
    "AdamW": lambda p: optim.AdamW(p, lr=0.1, amsgrad=True),
    "RMSprop": lambda p: optim.RMSprop(p, lr=0.1, centered=True, momentum=0.5),
    "Adagrad": lambda p: optim.Adagrad(p, lr=0.1),
}


def numbers_of(tensors):
    return np.concatenate([np.zeros(0), *(x.numbers.ravel() for x in tensors)])


@needs_compiler
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_four_steps_as_the_engine_makes_them(name):
    """Also of a Value that the loss does not read, and of one that the optimiser does not have."""
    network = nn.MLP(3, [5, 1], rng=random.Random(1))
    unread, fixed = Value(2.0, label="unread"), Value(0.7, label="fixed")
    optimizer = OPTIMIZERS[name]([*network.parameters(), unread])
    unread.grad = 5.0  # which zero_grad() forgets

    def loss(xs, ys):
        return al.mean([(fixed - y * network(x)).relu() for x, y in zip(xs, ys, strict=True)])

    before = [p.data for p in network.parameters()]
    source = al.export(loss, "c", X, Y, optimizer=optimizer)
    assert [p.data for p in network.parameters()] == before
    in_c, exported = stepping(source), source.exported
    parameters, state = numbers_of(exported.parameters), numbers_of(exported.state)
    for _ in range(4):
        optimizer.zero_grad()
        value = loss(X, Y)
        value.backward()
        optimizer.step()
        status, results = in_c(parameters, state, np.array(X), np.array(Y))
        assert status == 0
        np.testing.assert_allclose(results, [value.data], rtol=1e-12)
    new = [number_of(x) for p in exported.parameters for x in p.values.ravel()]
    np.testing.assert_allclose(parameters, new, rtol=1e-10, atol=1e-12)
    assert {unread, fixed} <= {x for p in exported.parameters for x in p.values.ravel()}


@needs_compiler
def test_rows_that_the_loss_does_not_read_are_updated_too():
    """As Adam moves them on by what it remembers."""
    table = nn.Embedding(6, 4, rng=random.Random(2))
    optimizer = optim.Adam(table.parameters(), lr=0.1)

    def loss(i, j):
        (x,) = table([i])
        (y,) = table([j])
        return al.dot(x, x) + al.dot(x, y)

    for i, j in ((1, 2), (3, 3)):
        value = loss(i, j)
        value.backward()
        optimizer.step()
        optimizer.zero_grad()
    source = al.export(loss, "c", 0, 4, optimizer=optimizer)
    assert "Checked when" in source.text
    assert file_of(source.exported).laid.regions[-1].size < 3 * 24


def test_what_is_no_loss_or_no_optimizer_is_refused():
    w = Value(1.0)

    def two(x):
        return w * x, w * 2

    with pytest.raises(ExportError, match=r"two gives no gradients, which an optimizer needs"):
        al.export(two, "c", 1.0, optimizer=optim.SGD([w], lr=0.1))
    with pytest.raises(TypeError, match=r"optimizer must have a step\(\), not be 3"):
        al.export(lambda x: w * x, "c", 1.0, optimizer=3)
    with pytest.raises(ExportError, match="trains none of the parameters of f, which are w"):
        al.export(lambda x: w * x, "c", 1.0, name="f", optimizer=optim.SGD([Value(1.0)], lr=0.1))
    with pytest.raises(TypeError, match="has no option 'optimizer'"):
        al.export(lambda x: w * x, "torch", 1.0, optimizer=optim.SGD([w], lr=0.1))


@needs_compiler
def test_an_optimizer_may_have_some_numbers_of_a_list():
    p = [Value(0.25), Value(0.5), Value(1.0)]
    optimizer = optim.Adam(p[:1], lr=0.125)
    source = al.export(
        lambda xs: sum((p[0] * x - p[1]) ** 2 for x in xs), "c", [1.0, 2.0], optimizer=optimizer
    )
    assert source.exported.reference[0].state["p"] == pytest.approx([0.375, 0.5, 1.0])
