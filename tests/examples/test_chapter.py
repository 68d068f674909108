"""The chapter's program: it learns, it stops, and its comparison of the gradients can fail."""

import random
import re

import pytest

np = pytest.importorskip("numpy")


@pytest.fixture
def chapter(load):
    return load("chapter.py")


def test_it_learns_and_agrees_with_the_recursion(run, size):
    printed = run("chapter.py", *size)
    losses = [float(loss) for loss in re.findall(r"^Epoch .* Loss: ([\d.]+)$", printed, re.M)]
    assert len(losses) == (2 if "--quick" in size else 10)
    assert losses == sorted(losses, reverse=True)
    # The mean of the targets' squares is 1.0: one that answers 0 has this loss.
    assert losses[-1] < (0.9 if "--quick" in size else 0.3)
    found = re.findall(r"differ by (\S+) in J, and by at most (\S+) in its 5,560", printed)
    assert len(found) == 2
    assert all(float(x) <= 1e-12 for differences in found for x in differences)


def test_it_stops_when_it_has_converged(chapter, capsys):
    model, x, y = chapter["Net"](random.Random(0)), np.ones((2, 100)), np.ones((2, 10))

    def loss(x, y):
        return chapter["nn"].mse_loss(model(x), y)

    losses = chapter["train"](model, loss, x, y, 50, 0.02)
    steps = -np.diff(losses)
    assert 2 < len(losses) < 50
    assert min(steps[:-1]) >= 0.02 > steps[-1]
    assert re.match(rf"Converged at epoch {len(losses)}, Loss: ", capsys.readouterr().out)


@pytest.mark.parametrize("off", [1e-9, -1.0])
def test_a_wrong_recursion_is_seen(chapter, capsys, off):
    recursion, compare = chapter["by_recursion"], chapter["compare"]

    def wrong(*arguments):
        J, gradients = recursion(*arguments)  # noqa: N806
        gradients[307] += off
        return J + 2 * off, gradients

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, 100)), rng.normal(size=(3, 10))
    compare.__globals__["by_recursion"] = wrong
    compare("before", chapter["Net"](random.Random(0)), x, y)
    found = re.search(r"differ by (\S+) in J, and by at most (\S+)", capsys.readouterr().out)
    assert [float(x) for x in found.groups()] == pytest.approx([abs(2 * off), abs(off)], rel=0.1)
