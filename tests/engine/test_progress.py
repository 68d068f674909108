"""The progress bar: on a terminal, after two seconds, and gone when the work is done."""

import io
import sys

import pytest

from autograd_lite import hessian, progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def terminal_of(monkeypatch):
    """A terminal that takes stderr's place, and shows everything at once."""
    found = Terminal()
    monkeypatch.setattr(sys, "stderr", found)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "EVERY", 0.0)
    return found


def test_a_bar_names_the_stage_and_is_gone(monkeypatch):
    terminal = terminal_of(monkeypatch)
    with progress.Progress("work", ["first", "second"]) as bar:
        bar.begin("first")
        bar.tell(0.5)
        bar.begin("second")
    first, half, second, blank, end = terminal.getvalue().split("\r")[1:]
    assert first == "work: first (1 of 2) [" + "." * 30 + "]"
    assert half == "work: first (1 of 2) [" + "#" * 8 + "." * 22 + "]"
    assert second == "work: second (2 of 2) [" + "#" * 15 + "." * 15 + "]"
    assert (blank, end) == (" " * len(second), "")


def test_it_is_gone_after_an_interrupt_too(monkeypatch):
    terminal = terminal_of(monkeypatch)

    def interrupted():
        with progress.Progress("work", ["first"]) as bar:
            bar.begin("first")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert terminal.getvalue().endswith("\r")


def test_nothing_is_shown_before_two_seconds_or_elsewhere(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress.Progress("work", ["first"]) as bar:
        bar.begin("first")
    assert progress.PATIENCE == 2.0
    assert terminal.getvalue() == ""
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    for elsewhere in (io.StringIO(), None):
        monkeypatch.setattr(sys, "stderr", elsewhere)
        with progress.Progress("work", ["first"]) as bar:
            bar.begin("first")
        assert elsewhere is None or elsewhere.getvalue() == ""


def test_the_preparation_of_a_hessian_names_its_stages(monkeypatch):
    terminal = terminal_of(monkeypatch)

    def cubes(x):
        return sum(v**3 for v in x)

    hessian(cubes, sparse=True)([1.0, 2.0])
    for stage in ("recording", "gradient", "structure", "derivatives", "arrays"):
        assert f"hessian of cubes: {stage} (" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r")
