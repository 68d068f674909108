"""The force that was found swings the pole up, and the equations of motion are right."""

import math
import re

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("scipy")


@pytest.fixture
def control(load):
    return load("control.py")


@pytest.mark.once
def test_the_force_swings_the_pole_up(run, size):
    """And without compile it is the same."""
    printed = run("control.py", *size)
    assert "Optimization terminated successfully" in printed
    assert float(re.search(r"missed by (\S+)", printed)[1]) < 1e-6
    effort, force = map(
        float, re.search(r"effort (\S+) N² s, largest force (\S+) N", printed).groups()
    )
    assert effort == pytest.approx(58.8, abs=0.2)
    assert force < 20
    off = re.search(r"ends (\S+) degrees from upright, the cart (\S+) cm from", printed).groups()
    assert max(map(float, off)) < (3 if "--quick" in size else 0.5)
    if "--quick" in size:
        printed = run("control.py", *size, "--eager")
        eager = float(re.search(r"effort (\S+)", printed)[1])
        assert effort == pytest.approx(eager, rel=1e-3)


def energy(control, state):
    """Kinetic and potential energy, from the velocities of cart and tip."""
    _, angle, velocity, turning = state
    length = control["LENGTH"]
    tip = velocity + length * turning * math.cos(angle), length * turning * math.sin(angle)
    kinetic = control["CART"] * velocity**2 + control["POLE"] * (tip[0] ** 2 + tip[1] ** 2)
    return kinetic / 2 - control["POLE"] * control["G"] * length * math.cos(angle)


def test_without_a_force_energy_and_momentum_are_kept(control):
    def momentum(state):
        tip = state[2] + control["LENGTH"] * state[3] * math.cos(state[1])
        return control["CART"] * state[2] + control["POLE"] * tip

    state, h = np.array([0.3, 2.0, -0.5, 1.5]), 1e-6
    change = h * np.array(control["slopes"](state, 0.0))
    for kept in lambda s: energy(control, s), momentum:
        assert (kept(state + change) - kept(state - change)) / h == pytest.approx(0.0, abs=1e-7)


def test_the_force_does_work_on_the_cart(control):
    state, h = np.array([0.3, 2.0, -0.5, 1.5]), 1e-6
    change = h * np.array(control["slopes"](state, 4.0))
    power = (energy(control, state + change) - energy(control, state - change)) / (2 * h)
    assert power == pytest.approx(4.0 * -0.5)


def test_a_motion_that_obeys_the_equations_has_small_defects(control):
    assert np.abs(control["defects"](control["guess"](11))).max() > 0.1
    resting = np.zeros((5, 5))
    assert control["defects"](resting) == [0.0] * 16
    falling = np.zeros((2, 5))  # for a moment, from 2 radians
    h = control["SECONDS"]
    control["defects"].__globals__["SECONDS"] = 1e-2
    try:
        falling[:, 1] = 2.0
        acceleration = np.array(control["slopes"](falling[0, :4], 0.0))[2:]
        falling[1, 2:4] = 1e-2 * acceleration
        falling[1, :2] += 0.5e-4 * acceleration
        assert np.abs(control["defects"](falling)).max() < 1e-4 * np.abs(acceleration).max()
    finally:
        control["defects"].__globals__["SECONDS"] = h
