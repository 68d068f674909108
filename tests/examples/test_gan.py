"""The generator learns a ring and a digit, by measures that are right where the answer is known."""

import random
import re

import pytest

np = pytest.importorskip("numpy")


@pytest.fixture
def gan(load):
    return load("gan.py")


def test_it_learns_the_ring_and_the_digit(compiled_only, run, size):
    printed = run("gan.py", *size)
    ((radius, covered),) = re.findall(
        r"^ring: mean radius ([\d.]+), (\d+)% of the circle covered$", printed, re.M
    )
    quick = "--quick" in size
    assert float(radius) == pytest.approx(1, abs=0.4 if quick else 0.05)
    assert int(covered) >= (20 if quick else 95)

    real, made = (
        tuple(map(float, row))
        for row in re.findall(
            r"3s: ([\d.]+) from the nearest real one, ([\d.]+) apart$", printed, re.M
        )
    )
    assert made[0] < 1.5 * real[0]  # 3 times as far at first
    if not quick:
        assert made[1] > 0.7 * real[1]  # not always the same image


def test_radius_and_coverage(gan):
    angles = 2 * np.pi * (np.arange(480) + 0.5) / 480
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    measure = gan["radius_and_coverage"]
    assert measure(circle) == pytest.approx((1, 1))
    assert measure(1.5 * circle) == pytest.approx((1.5, 0))
    assert measure(circle[:240]) == pytest.approx((1, 0.5))
    assert measure(gan["ring"](random.Random(0))) == pytest.approx((1, 1), abs=0.01)


def test_distances(gan):
    points = np.array([[0.0, 0.0], [3.0, 4.0]])
    far = gan["distances"](points, points)
    assert far[0, 1] == far[1, 0] == 5
    assert np.isnan(np.diag(far)).all()


@pytest.mark.parametrize("eager", [False, True])
def test_each_player_learns_by_its_own_loss(gan, eager):
    """A step of each changes all of its parameters."""
    rng = random.Random(0)
    nn = gan["nn"]
    players = [nn.Sequential(*gan["layers"](2, 4, n, rng=rng)) for n in (2, 1)]
    before = [[p.data for p in player.parameters()] for player in players]
    shown = list(gan["Game"](*players, eager).play(gan["ring"](rng), 2, rng))
    assert [step for step, _ in shown] == [0, 1, 2]
    assert {samples.shape for _, samples in shown} == {(500, 2)}
    for player, numbers in zip(players, before, strict=True):
        moved = [p.data != x for p, x in zip(player.parameters(), numbers, strict=True)]
        assert sum(moved) > len(moved) / 2
