"""A Digraph of the package graphviz that shows and renders itself without Graphviz's programs."""

import xml.etree.ElementTree as ElementTree

import visualize

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg):
    return ["".join(t.itertext()) for t in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_it_shows_itself_in_a_notebook_and_renders_without_a_program(neuron, tmp_path, monkeypatch):
    picture = visualize.draw_dot(neuron)
    bundle = picture._repr_mimebundle_()
    assert "data 2.0000" in texts(bundle["image/svg+xml"])
    monkeypatch.chdir(tmp_path)
    assert picture.render("graph") == "graph.svg"
    assert (tmp_path / "graph.svg").read_text(encoding="utf-8") == picture.pipe(encoding="utf-8")
    assert picture.pipe() == picture.pipe(encoding="utf-8").encode()
