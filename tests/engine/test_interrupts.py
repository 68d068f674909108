"""A KeyboardInterrupt at any moment leaves every object usable, and no file half-written."""

import sys
from pathlib import Path

import pytest

from autograd_lite import Value, extra

INTERRUPTED = str(Path(__file__).with_name("interrupted.py"))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="interval timers are Unix's")
@pytest.mark.parametrize(
    "work", ["Forward", "Backward", "ByHand", "Replay", "Step", "WholeStep", "Save"]
)
def test_real_signals_at_random_moments(python, work):
    if work == "Save":
        pytest.importorskip("safetensors")
    python(INTERRUPTED, work, "300")


@pytest.mark.skipif(not Value.__flags__ >> 9 & 1, reason="nothing interrupts the compiled engine")
def test_a_node_by_hand_is_a_leaf_until_it_is_whole(monkeypatch):
    kept = []

    class Kept(Value):
        def __init__(self, *args):
            kept.append(self)
            super().__init__(*args)

    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(extra, "make", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Kept(2.0, (Value(1.0),), "by hand")
    monkeypatch.undo()
    (node,) = kept
    assert node.is_leaf
    (node * 3.0).backward()
    assert (node.data, node.grad) == (2.0, 3.0)
