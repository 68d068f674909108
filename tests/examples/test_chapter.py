"""The chapter's program: what it prints, that it stops, and that its check can fail."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

CHAPTER = Path(__file__).parents[2] / "examples" / "chapter.py"


def run(*options):
    return subprocess.run(
        [sys.executable, CHAPTER, *options],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        encoding="utf-8",
    )


def test_it_trains_and_agrees_with_the_recursion():
    done = run("--epochs=200", "--samples=2", "--tolerance=0")
    assert done.returncode == 0, done.stderr
    losses = re.findall(r"^Epoch \[(?:100|200)/200\], Loss: (\d+\.\d{4})$", done.stdout, re.M)
    assert len(losses) == 2
    assert float(losses[1]) < float(losses[0])
    differences = re.search(r"recursion: (\S+) before, (\S+) after", done.stdout)
    assert all(float(difference) <= 1e-12 for difference in differences.groups())


def test_it_stops_when_it_has_converged():
    done = run("--samples=2", "--tolerance=0.01")
    assert done.returncode == 0, done.stderr
    epoch = re.search(r"^Converged at epoch (\d+), Loss: ", done.stdout, re.M)
    assert 2 <= int(epoch[1]) < 1000


def test_help():
    done = run("--help")
    assert done.returncode == 0
    assert "--epochs" in done.stdout


@pytest.mark.parametrize("off", [1e-9, -1.0])
def test_a_wrong_recursion_is_seen(off):
    chapter = runpy.run_path(str(CHAPTER))
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
