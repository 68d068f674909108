"""A KeyboardInterrupt at any moment leaves every object usable, and no file half-written."""

import sys
from pathlib import Path

import pytest

INTERRUPTED = str(Path(__file__).with_name("interrupted.py"))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="interval timers are Unix's")
@pytest.mark.parametrize("work", ["Forward", "Backward", "ByHand", "Replay", "Step", "Save"])
def test_real_signals_at_random_moments(python, work):
    if work == "Save":
        pytest.importorskip("safetensors")
    python(INTERRUPTED, work, "300")
