"""Drawings: shown in notebooks, saved to files of each kind, drawn by several threads."""

import os
import sys
import threading
import xml.etree.ElementTree as ElementTree

import pytest

import visualize
from autograd_lite import (
    Value,
)

SVG = "{http://www.w3.org/2000/svg}"


def test_files_are_written_whole_or_not_at_all(neuron, tmp_path, monkeypatch):
    path = tmp_path / "graph.svg"
    visualize.save(neuron, path)
    before = path.read_bytes()
    assert ElementTree.fromstring(before).tag == f"{SVG}svg"
    with pytest.raises(FileNotFoundError, match=r"cannot write .*missing.graph\.svg"):
        visualize.save(neuron, tmp_path / "missing" / "graph.svg")
    folder = tmp_path / "folder.svg"
    folder.mkdir()
    with pytest.raises(OSError, match="cannot write"):
        visualize.save(neuron, folder)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        visualize.save(Value(1.0), path)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder.svg", "graph.svg"]


def test_wrong_path_type(neuron):
    with pytest.raises(TypeError, match="path must be a str or a Path, not int"):
        visualize.save(neuron, 1)


def test_it_shows_itself_in_a_notebook(neuron):
    drawing = visualize.draw(neuron)
    bundle = drawing._repr_mimebundle_()
    assert bundle["image/svg+xml"] == drawing.svg
    assert bundle["text/plain"] == repr(drawing)
    assert repr(drawing) == "<Computation graph of loss: 13 nodes, result 0.2933>"


def test_files(neuron, tmp_path):
    drawing = visualize.draw(neuron)
    drawing.save(tmp_path / "a.svg")
    visualize.save(neuron, tmp_path / "b.SVG")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.SVG").read_bytes()
    assert ElementTree.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")
    drawing.save(str(tmp_path / "a.dot"))
    assert (tmp_path / "a.dot").read_text("utf-8") == drawing.dot
    drawing.save(tmp_path / "a.html")
    assert "Backpropagation through loss" in (tmp_path / "a.html").read_text("utf-8")
    visualize.draw(neuron, rankdir="TB", number=".2e", fold=True, color=False).save(
        tmp_path / "b.html"
    )
    expected = visualize.explain(neuron, rankdir="TB", number=".2e", fold=True, color=False).html
    assert (tmp_path / "b.html").read_text("utf-8") == expected
    assert expected != visualize.explain(neuron).html
    for wrong in "a.gif", "a", "svg":
        with pytest.raises(ValueError, match=r"must end in \.svg, \.png, \.pdf, \.dot or \.html"):
            drawing.save(tmp_path / wrong)
    with pytest.raises(TypeError, match="path must be a str or a Path, not NoneType"):
        drawing.save(None)


def test_png_and_pdf(neuron, tmp_path):
    pytest.importorskip("vl_convert")
    visualize.save(neuron, tmp_path / "a.png")
    visualize.save(neuron, tmp_path / "a.pdf")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG\r\n")
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF-")


def test_a_missing_converter_is_named(neuron, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(ImportError, match="pip install vl-convert-python"):
        visualize.save(neuron, tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_four_threads(make_neuron):
    expected = visualize.draw(make_neuron()).svg
    drawn = []

    def work():
        drawn.extend(visualize.draw(make_neuron()).svg for _ in range(4))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn == [expected] * 16
