"""Whole steps in C: several optimisers against the engine, and a step that fails."""

import random

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Value, nn
from autograd_lite.compiler.export.c import file_of
from autograd_lite.compiler.export.c_memory import Copy
from autograd_lite.compiler.export.c_update import with_update
from autograd_lite.compiler.lift.instructions import Ref
from autograd_lite.compiler.plan.groups import Loop, Statement
from autograd_lite.nn import optim
from autograd_lite.value import number_of
from tests.support.c99 import COMPILERS, SANITIZED, expected, printed, stepping
from tests.support.in_c import needs_compiler, plan_of

draw = random.Random(3)
X = [[draw.gauss(0, 1) for _ in range(3)] for _ in range(9)]
Y = [draw.choice([-1.0, 1.0]) for _ in range(9)]

OPTIMIZERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.1, weight_decay=0.01),
    "Adam": lambda p: optim.Adam(p, lr=0.1),
    "AdamW": lambda p: optim.AdamW(p, lr=0.1),
    "RMSprop": lambda p: optim.RMSprop(p, lr=0.1),
    "Adagrad": lambda p: optim.Adagrad(p, lr=0.1),
}


def step_of(name, clipped=False, gathered=False):
    """A step, the parameters, and their optimiser."""
    network = nn.MLP(3, [5, 1], rng=random.Random(1))
    optimizer = OPTIMIZERS[name](network.parameters())

    def step(xs, ys):
        if not gathered:
            optimizer.zero_grad()
        loss = al.mean([(1 - y * network(x)).relu() for x, y in zip(xs, ys, strict=True)])
        loss.backward()
        if clipped:
            optim.clip_grad_norm_(network.parameters(), 0.1)
        optimizer.step()
        return loss

    return step, optimizer


def numbers_of(tensors):
    return np.concatenate([np.zeros(0), *(x.numbers.ravel() for x in tensors)])


@needs_compiler
@pytest.mark.parametrize(
    ("name", "clipped", "gathered"),
    [
        *((name, False, False) for name in OPTIMIZERS),
        *((name, True, False) for name in ("SGD", "AdamW")),
        *((name, False, True) for name in ("SGD", "AdamW")),
    ],
)
def test_five_steps_as_the_engine_makes_them(name, clipped, gathered):
    step, _ = step_of(name, clipped, gathered)
    source = al.export(step, "c", X, Y)
    in_c, exported = stepping(source), source.exported
    parameters, state = numbers_of(exported.parameters), numbers_of(exported.state)
    for _ in range(5):
        status, results = in_c(parameters, state, np.array(X), np.array(Y))
        assert status == 0
        np.testing.assert_allclose(results, [number_of(step(X, Y))], rtol=1e-12)
    new = [number_of(x) for p in exported.parameters for x in p.values.ravel()]
    np.testing.assert_allclose(parameters, new, rtol=1e-10, atol=1e-12)


@needs_compiler
@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_a_step_that_is_not_finite_leaves_all_as_it_was(name):
    step, _ = step_of(name)
    source = al.export(step, "c", X, Y)
    in_c, exported = stepping(source), source.exported
    parameters, state = numbers_of(exported.parameters), numbers_of(exported.state)
    for wrong in (np.nan, np.inf, 1e200):  # whose square is too large, in Adam's update alone
        before = parameters.copy(), state.copy()
        status, _ = in_c(parameters, state, np.full((9, 3), wrong), np.array(Y))
        if name != "SGD" or not np.isfinite(wrong):
            assert status == 1
            np.testing.assert_array_equal(parameters, before[0])
            np.testing.assert_array_equal(state, before[1])


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_no_warning_and_nothing_outside_of_arrays(name, compiler, tmp_path):
    source = al.export(step_of(name)[0], "c", X, Y)
    status, numbers = printed(source, tmp_path, compiler, flags=SANITIZED)
    assert status == 0
    np.testing.assert_allclose(numbers, expected(source), rtol=1e-11, atol=1e-14)
    status, numbers = printed(source, tmp_path, compiler, "float")
    largest = np.abs(expected(source)).max()
    np.testing.assert_allclose(numbers, expected(source), atol=2e-4 * largest)


def test_adam_needs_no_room_for_new_numbers():
    small, large = (
        file_of(al.export(step_of(name)[0], "c", X, Y).exported).laid for name in ("SGD", "Adam")
    )
    n = 26
    assert large.regions[-1].size - small.regions[-1].size < 4 * n
    assert sum(len(s.what.to) for s in large.update if isinstance(s.what, Copy)) <= 1  # the count


@needs_compiler
def test_state_by_hand_is_exchanged_and_passed_on():
    """Two numbers change places, one is given to another, and one is read after it was set."""
    a, b, c, d = Value(1.0), Value(2.0), Value(3.0), Value(4.0)

    def turned(x):
        a.data, b.data = b.data, a.data
        c.data = d.data * x
        d.data = a.data
        return c.data + d.data

    source = al.export(turned, "c", 10.0)  # which is checked, or raises
    assert "Checked when" in source.text
    assert [a.data, b.data, c.data, d.data] == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.slow
@pytest.mark.parametrize("compiler", COMPILERS[:1])
def test_a_step_without_a_result(compiler, tmp_path):
    """Nor an argument."""
    a = Value(1.0)

    def doubled():
        a.data = 2.0 * a.data

    status, numbers = printed(al.export(doubled, "c"), tmp_path, compiler)
    assert (status, numbers.tolist()) == (0, [2.0])


def test_what_may_not_be_written_over_is_told():
    """An old number that is read later than it is replaced, or by another group."""
    old, new = np.arange(4), np.arange(4, 8)
    twice = Statement(Ref(4, (1,)), ("*", 2.0, "x"), {"x": Ref(0, (1,))})
    later = Statement(Ref(8, (1,)), "x", {"x": Ref(0, (1,))})
    backward = Statement(Ref(4, (1,)), ("*", 2.0, "x"), {"x": Ref(3, (-1,))})
    for groups, over in (
        ([Loop((4,), [twice])], True),
        ([Loop((4,), [later, twice])], True),
        ([Loop((4,), [twice, later])], False),
        ([Loop((4,), [backward])], False),
        ([Loop((4,), [twice]), Loop((4,), [replaced(later, 4)])], False),
    ):
        plan = plan_of(groups, 12)
        _, at, may_be_over, count = with_update(plan, old, new)
        assert at.tolist() == new.tolist()
        assert may_be_over.all() == may_be_over.any() == over
        assert count == over


def replaced(statement, base):
    return Statement(statement.out, statement.tree, {"x": Ref(base, (1,))})
