"""The chapter's program: what it prints, that it stops, and that its check can fail."""

import re

import pytest


@pytest.mark.parametrize("options", [(), ("--eager",)])
def test_it_trains_and_agrees_with_the_recursion(run, options):
    printed = run("chapter.py", "--epochs=200", "--samples=2", "--tolerance=0", *options)
    losses = re.findall(r"^Epoch \[(?:100|200)/200\], Loss: (\d+\.\d{4})$", printed, re.M)
    assert len(losses) == 2
    assert float(losses[1]) < float(losses[0])
    differences = re.search(r"recursion: (\S+) before, (\S+) after", printed)
    assert all(float(difference) <= 1e-12 for difference in differences.groups())


def test_it_stops_when_it_has_converged(run):
    printed = run("chapter.py", "--samples=2", "--tolerance=0.01")
    epoch = re.search(r"^Converged at epoch (\d+), Loss: ", printed, re.M)
    assert 2 <= int(epoch[1]) < 1000


@pytest.mark.parametrize("off", [1e-9, -1.0])
def test_a_wrong_recursion_is_seen(load, off):
    chapter = load("chapter.py")
    recursion = chapter["delta_recursion"]

    def wrong(*arguments):
        J, dW, db = recursion(*arguments)  # noqa: N806
        dW[0][3][7] += off
        return J, dW, db

    x, y = [[0.1] * 100] * 2, [[0.5] * 10] * 2
    model = chapter["Net"](chapter["random"].Random(0))
    difference = chapter["largest_difference"]
    assert difference(model, x, y) < 1e-12
    difference.__globals__["delta_recursion"] = wrong
    assert difference(model, x, y) == pytest.approx(abs(off), rel=1e-3)
