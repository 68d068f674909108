"""Makes `calls`, `differences` and `programs` importable; pytest's import mode does not."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def threads_switch_often():
    """By default a thread works for 5 ms undisturbed, and has finished by then."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)
