"""The pendulum that is found is the one that was filmed, and the solver is of order 4."""

import math
import random
import re

import pytest


@pytest.fixture
def ode(load):
    return load("ode.py")


def test_length_and_damping_are_found_within_1_percent(run, size):
    printed = run("ode.py", *size)
    for name in ("length", "damping"):
        (row,) = re.findall(rf"^{name} .*?((?: +-?[\d.]+){{3}}) +(-?[\d.]+)%$", printed, re.M)
        truth, guess, fit = map(float, row[0].split())
        assert abs(guess / truth - 1) > 0.2
        assert fit == pytest.approx(truth, rel=0.01)
        assert abs(float(row[1])) < 1


def test_without_compile_it_finds_the_same(compiled_only, run):
    found = [
        re.findall(r"(\S+)%$", run("ode.py", "--quick", *options), re.M)
        for options in ((), ("--eager",))
    ]
    assert found[0] == found[1]
    assert len(found[0]) == 4


def test_half_the_step_makes_a_sixteenth_of_the_error(ode):
    def angle(steps):
        return ode["swing"](ode["TRUTH"], steps, 4 / steps)[-1]

    exact = angle(3200)
    assert (angle(50) - exact) / (angle(100) - exact) == pytest.approx(16, rel=0.1)


def test_a_small_swing_is_a_damped_cosine(ode):
    length, damping, first = 0.7, 0.4, 1e-4
    angles = ode["swing"]([length, damping, first, 0.0], 100, 0.02)
    rate = math.sqrt(9.81 / length - damping**2 / 4)
    exact = [
        math.exp(-damping * t / 2) * (math.cos(rate * t) + damping / 2 / rate * math.sin(rate * t))
        for t in (0.02 * i for i in range(101))
    ]
    assert [angle / first for angle in angles] == pytest.approx(exact, abs=1e-4)


def test_gradients_go_through_the_solver(ode):
    guess, loss = ode["GUESS"], ode["loss"]
    measured = ode["film"](random.Random(1))[:41]
    unknowns = [ode["Value"](x) for x in guess]
    loss(unknowns, measured).backward()
    for i, x in enumerate(unknowns):
        low, high = (
            loss([*guess[:i], x.data + h, *guess[i + 1 :]], measured) for h in (-1e-5, 1e-5)
        )
        assert x.grad == pytest.approx((high - low) / 2e-5, rel=1e-6)
