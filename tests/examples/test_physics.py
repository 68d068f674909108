"""The network whose derivatives are the motion keeps its energy, and the plain one does not."""

import math
import random
import re

import pytest

np = pytest.importorskip("numpy")


@pytest.fixture
def physics(load):
    return load("physics.py")


@pytest.mark.once
def test_the_hamiltonian_network_keeps_its_energy(run, size):
    printed = run("physics.py", *size)
    rows = [
        [float(x) for x in row.split()]
        for row in re.findall(r"^(?:error|energy|largest) .*?((?: +\d\.\d{3}){3})$", printed, re.M)
    ]
    errors, last, drift, _ = np.array(rows)
    quick = "--quick" in size
    assert max(errors) < (0.1 if quick else 0.04)
    assert drift[0] < (0.15 if quick else 0.05)
    assert drift[1] > 2 * drift[0]
    assert drift[2] == 0
    assert last[2] == pytest.approx(1 - math.cos(1.5), abs=1e-3)
    assert abs(last[0] - last[2]) < drift[0] + 1e-3


def test_the_motion_of_the_pendulums_energy_is_the_pendulums(physics):
    motion = physics["hamiltonian"](
        lambda state: state[1] ** 2 / 2 + 1 - physics["autograd_lite"].cos(state[0])
    )
    for state in ([0.3, -1.2], [2.0, 0.5]):
        assert motion(state) == pytest.approx(physics["pendulum"](state), rel=1e-15)


def test_swings_keep_their_energy_and_small_ones_are_a_cosine(physics):
    swing, energy = physics["swing"], physics["energy"]
    energies = energy(swing(physics["pendulum"], (2.0, 0.0), 2000))
    assert energies == pytest.approx(1 - math.cos(2.0), abs=1e-5)
    times = physics["DT"] * np.arange(200)
    angles, momenta = swing(physics["pendulum"], (1e-5, 0.0), 200).T / 1e-5
    assert angles == pytest.approx(np.cos(times), abs=1e-6)
    assert momenta == pytest.approx(-np.sin(times), abs=1e-6)


def test_backward_goes_through_the_derivative_in_the_loss(physics):
    nn = physics["nn"]
    model = nn.MLP(2, [4, 1], activation="tanh", rng=1)
    loss = physics["error"](physics["hamiltonian"](model))
    states, slopes = physics["measured"](random.Random(0))
    loss(states[:7], slopes[:7]).backward()
    for p in model.parameters()[:12]:
        x, found = p.data, []
        for h in (-1e-5, 1e-5):
            p.data = x + h
            found.append(loss(states[:7], slopes[:7]).data)
        p.data = x
        assert p.grad == pytest.approx((found[1] - found[0]) / 2e-5, rel=1e-6, abs=1e-9)
        assert p.grad != 0
