"""Makes `calls`, `differences` and `programs` importable; pytest's import mode does not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import autograd_lite

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def python():
    """Run Python on the arguments in a process of its own, and give what it printed."""
    package = Path(autograd_lite.__file__).parents[1]

    def run(*arguments, **environment):
        paths = [str(package), os.environ.get("PYTHONPATH", "")]
        environment = (
            os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))} | environment
        )
        done = subprocess.run(
            [sys.executable, *arguments], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"exit status {done.returncode}\n{done.stderr[-3000:]}"
        return done.stdout

    return run
