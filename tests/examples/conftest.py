"""How the examples are run: as a user runs them, in a folder of their own."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import autograd_lite

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="session")
def run():
    """A function of a program, a folder and options. A warning is an error there."""

    def run(name, folder, *options):
        return subprocess.run(
            [sys.executable, "-W", "error", EXAMPLES / name, *options],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def load():
    """A function of a program that gives what it defines."""
    return lambda name: runpy.run_path(str(EXAMPLES / name))


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(("--quick",), id="quick"),
        pytest.param((), id="full", marks=pytest.mark.full),
    ],
)
def size(request):
    """The options for a small run and, with `-m full`, for the whole one."""
    return request.param


@pytest.fixture(scope="session")
def compiled_only():
    """Skips in the interpreted build what takes a minute there."""
    if not autograd_lite.compiled:
        pytest.skip("takes a minute interpreted, for the same numbers")


@pytest.fixture(scope="session")
def is_picture():
    """A function of a file: whether it is an image that is large and not blank."""

    def is_picture(path):
        image = pytest.importorskip("matplotlib.image").imread(path)
        return min(image.shape[:2]) > 900 and image.std() > 0.05

    return is_picture
