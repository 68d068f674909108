"""How the examples are run: as a user runs them, but in this process, which has imported NumPy,
matplotlib and scikit-learn once for all of them.
"""

import runpy
import sys
from pathlib import Path

import pytest

import autograd_lite

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def examples(monkeypatch):
    """The folder, on the path as it is for a program in it; skips without what they import.

    What they set for all of matplotlib's figures is put back.
    """
    for package in ("matplotlib", "numpy", "sklearn", "tqdm"):
        pytest.importorskip(package)
    monkeypatch.syspath_prepend(EXAMPLES)
    import matplotlib

    with matplotlib.rc_context():
        yield EXAMPLES


@pytest.fixture
def run(examples, tmp_path, monkeypatch, capsys):
    """A function of a program and options that gives what it prints, in a folder of its own.

    A warning is an error there. All that it leaves behind are its pictures.
    """

    def run(name, *options):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [name, *options])
        runpy.run_path(str(examples / name), run_name="__main__")
        assert all(is_picture(path) for path in tmp_path.iterdir())
        printed = capsys.readouterr().out
        assert ("times as long" in printed) == ("--eager" not in options)
        return printed

    return run


@pytest.fixture
def load(examples):
    """A function of a program that gives what it defines."""
    return lambda name: runpy.run_path(str(examples / name))


@pytest.fixture(
    params=[
        pytest.param(("--quick",), id="quick"),
        pytest.param((), id="full", marks=pytest.mark.full),
        pytest.param(("--eager",), id="full-eager", marks=pytest.mark.full),
    ],
)
def size(request):
    """The options for a small run and, with `-m full`, for whole ones."""
    return request.param


@pytest.fixture
def compiled_only():
    """Skips in the interpreted build what takes a minute there."""
    if not autograd_lite.compiled:
        pytest.skip("takes a minute interpreted, for the same numbers")


def is_picture(path):
    """Whether it is a drawing, or an image of two page widths that is not blank."""
    if path.suffix == ".svg":
        return "<svg" in path.read_text(encoding="utf-8")
    image = pytest.importorskip("matplotlib.image").imread(path)
    height, width = image.shape[:2]
    return width == 1440 and height > 600 and image.std() > 0.05
