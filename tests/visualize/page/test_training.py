"""The part of a page in which a GPT trains: in Chromium, beside the engine."""

import random
import re
import runpy
from pathlib import Path

import pytest

from tests.support.javascript import CHROMIUM

pytest.importorskip("numpy")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
ROOT = Path(__file__).parents[3]
WRITTEN = ROOT / "docs" / "images" / "training.html"


@pytest.fixture
def page(show):
    """The part in a dark page of its own."""
    head = '<!doctype html><meta charset="utf-8"><body data-theme="auto">'
    page = show(head + WRITTEN.read_text(encoding="utf-8"), dark=True)
    page.wait_for_selector("#training-run:enabled")
    return page


def losses(page):
    return page.evaluate("document.getElementById('training').losses")


def first_losses(monkeypatch, count):
    """Those of the engine."""
    pytest.importorskip("matplotlib")
    pytest.importorskip("tqdm")
    monkeypatch.syspath_prepend(ROOT / "examples")
    tiny = runpy.run_path(str(ROOT / "examples" / "tiny.py"))
    rng = random.Random(0)
    names = tiny["shuffled_names"](rng)[:count]
    model = tiny["GPT"](rng)
    loss, optimizer = tiny["loss_of"](model), tiny["adam"](model)
    found = []
    for i, name in enumerate(names):
        optimizer.lr = 0.01 * (1 - i / 1000)
        optimizer.zero_grad()
        error, _ = loss(*tiny["example"](name))
        error.backward()
        optimizer.step()
        found.append(error.data)
    return found


def test_it_trains_as_the_engine_does(page, monkeypatch):
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("#training-run").inner_text() == "Stop"
    page.wait_for_function("() => document.getElementById('training').losses.length >= 200")
    page.keyboard.press("Enter")
    assert page.locator("#training-run").inner_text() == "Go on"
    found = losses(page)
    assert found[:8] == pytest.approx(first_losses(monkeypatch, 8), rel=1e-5)
    assert sum(found[-50:]) / 50 < sum(found[:10]) / 10 - 0.4
    assert page.locator("#training-state").inner_text().startswith(f"step {len(found)} of 1000")
    names = page.locator("#training-names").inner_text().split()
    assert len(names) == 8
    assert all(re.fullmatch("[a-z]{0,15}", name) for name in names)
    line = page.locator("#training-line").get_attribute("d")
    assert line.count("L") == len(found) - 50


def test_it_starts_over_and_stands_out_from_the_dark(page):
    page.locator("#training-run").click()
    page.wait_for_function("() => document.getElementById('training').losses.length >= 8")
    page.locator("#training-again").click()
    page.wait_for_function("() => document.getElementById('training').losses.length == 0")
    assert page.locator("#training-run").inner_text() == "Train"
    page.locator("#training-run").click()
    page.wait_for_function("() => document.getElementById('training').losses.length >= 8")
    again = losses(page)[:8]
    page.reload()
    page.wait_for_selector("#training-run:enabled")
    page.locator("#training-run").click()
    page.wait_for_function("() => document.getElementById('training').losses.length >= 8")
    assert losses(page)[:8] == again
    colour = "getComputedStyle(document.querySelector('.training')).color"
    assert page.evaluate(colour) == "rgb(238, 238, 238)"


def test_what_is_written_is_current():
    written = WRITTEN.read_text(encoding="utf-8")
    page = (ROOT / "docs" / "training.html").read_text(encoding="utf-8")
    parts = re.split(r"/\* (?:STEP|LOOK|NAMES) \*/", page)
    assert len(parts) == 4
    for part in parts:
        assert part in written, "run python docs/training.py"
