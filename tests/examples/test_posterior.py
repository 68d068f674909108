"""The samples have the exact means; sampler and diagnostics are right where more is known."""

import math
import re

import pytest

np = pytest.importorskip("numpy")


@pytest.fixture
def posterior(load):
    return load("posterior.py")


class Bar:
    def update(self):
        pass


def normal(x):
    """-log density of independent normal numbers with the deviations 1 and 2, and its gradient."""
    scales = np.array([1.0, 4.0])
    return (x * x / scales).sum() / 2, x / scales


def table(printed, model):
    """The rows below a model's line, as numbers, and how many paths diverged."""
    lines = printed[printed.index(f"{model}: ") :].splitlines()
    rows = [
        [float(x.replace(",", "")) for x in re.findall(r"-?[\d,.]+", row[5:])]
        for row in lines[2:12]
    ]
    return np.array(rows), int(re.search(r"(\d+) paths diverged", lines[0])[1])


def test_without_the_funnel_the_means_are_the_exact_ones(run, size, compiled_only):
    printed = run("posterior.py", *size)
    free, few = table(printed, "free")
    _, many = table(printed, "centred")
    mean, exact, off, deviation, r_hat, effective = free.T
    assert np.abs(off).max() < 4
    assert mean == pytest.approx(exact, abs=0.2 * deviation.max())
    assert r_hat.max() < (1.05 if "--quick" in size else 1.02)
    assert effective.min() > (50 if "--quick" in size else 400)
    assert few <= 10
    if "--quick" not in size:
        assert many > few


def test_both_ways_are_one_model(posterior):
    rng = np.random.default_rng(0)
    for _ in range(3):
        mu, log_tau, *z = rng.normal(size=10)
        theta = [mu + math.exp(log_tau) * x for x in z]
        # dθ = τ⁸ dz
        centred = posterior["centred"]([mu, log_tau, *theta]) - 8 * log_tau
        assert posterior["free"]([mu, log_tau, *z]) == pytest.approx(centred)


def test_the_exact_means_are_those_of_the_density(posterior):
    """Averages over samples of the prior, weighted by the probability of what the schools found."""
    rng = np.random.default_rng(0)
    n = 400_000
    mu, tau = rng.normal(0, 5, n), np.abs(5 * rng.standard_cauchy(n))
    theta = mu[:, None] + tau[:, None] * rng.normal(size=(n, 8))
    off = (np.array(posterior["EFFECTS"]) - theta) / posterior["ERRORS"]
    weights = np.exp(-(off**2).sum(axis=1) / 2)
    means = weights @ np.column_stack([mu, tau, theta]) / weights.sum()
    assert means == pytest.approx(posterior["exact_means"](), abs=0.15)


def test_the_sampler_finds_a_normal_distribution(posterior):
    rng = np.random.default_rng(0)
    samples, diverged = posterior["sample"](normal, np.array([3.0, -3.0]), 200, 3000, rng, Bar())
    assert not diverged.any()
    assert samples.mean(axis=0) == pytest.approx([0.0, 0.0], abs=0.15)
    assert samples.std(axis=0) == pytest.approx([1.0, 2.0], rel=0.08)
    assert np.abs(np.corrcoef(samples.T)[0, 1]) < 0.1


def test_a_step_can_be_taken_back(posterior):
    x, p = np.array([0.3, -1.0]), np.array([1.0, 0.5])
    start = posterior["Point"](x, p, *normal(x))
    there = posterior["leap"](normal, start, 0.3)
    assert abs(there.energy() - start.energy()) < 0.02
    back = posterior["leap"](normal, there, -0.3)
    assert back.x == pytest.approx(x)
    assert back.p == pytest.approx(p)


def test_r_hat_tells_chains_that_differ(posterior):
    chains = np.random.default_rng(0).normal(size=(4, 1000))
    assert posterior["r_hat"](chains) == pytest.approx(1.0, abs=0.01)
    assert posterior["r_hat"](chains + np.array([[0], [0], [0], [1]])) > 1.1
    assert posterior["r_hat"](chains + np.linspace(0, 2, 1000)) > 1.1


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_the_effective_size_of_a_process_that_is_known(posterior, rho):
    rng = np.random.default_rng(0)
    chains = rng.normal(size=(4, 5000))
    for k in range(1, 5000):
        chains[:, k] = rho * chains[:, k - 1] + math.sqrt(1 - rho**2) * chains[:, k]
    expected = 20_000 * (1 - rho) / (1 + rho)
    assert posterior["effective_size"](chains) == pytest.approx(expected, rel=0.15)
