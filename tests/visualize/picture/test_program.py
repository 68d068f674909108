"""The picture of a compiled function: every instruction of its array program, and the data."""

import re

import numpy as np
import pytest

import autograd_lite as ag
import visualize
from autograd_lite import Value, compile, vmap

W = [[Value(0.1 * i + j) for j in range(3)] for i in range(4)]
B = [Value(0.5) for _ in range(4)]
V = [Value(0.1 * i) for i in range(4)]


@compile
def error(xs, ys):
    total = 0
    for x, y in zip(xs, ys, strict=True):
        hidden = [ag.tanh(ag.dot(w, x) + b) for w, b in zip(W, B, strict=True)]
        total = total + (ag.dot(V, hidden) - y) ** 2
    return total / len(xs)


@pytest.fixture(scope="module")
def compiled():
    error(np.ones((5, 3)), np.zeros(5))
    return error


def edges_of(dot):
    """(writer, reader) by their first lines."""
    heading = dict(re.findall(r'^\s*(\w+) \[id=\1 .*label="\{? ?([^|"]*?) [|}]', dot, re.MULTILINE))
    found = re.findall(r"^\s*(\w+) -> (\w+) \[id=e\d+( dir=back)?\]", dot, re.MULTILINE)
    return [(heading[y], heading[x]) if back else (heading[x], heading[y]) for x, y, back in found]


def test_every_instruction_is_a_box(compiled, drawn):
    drawing = visualize.draw(compiled)
    picture = drawn(drawing.svg)
    forward, backward = compiled.steps()
    for step in (*forward, *backward):
        name, formula = step.writes[0].name, step.expression
        texts = [picture.texts(node) for node in picture.nodes if len(picture.texts(node)) == 2]
        boxes = [text for text in texts if text[0].split()[0] == name]
        assert any(text[1].endswith(formula) for text in boxes), step.text
    assert repr(drawing) == (
        f"<Program of error: {len(forward)} forward and {len(backward)} backward instructions>"
    )
    assert [picture.texts(frame) for frame in picture.frames] == [["forward"], ["backward"]]


def test_each_box_says_its_shape(compiled, drawn):
    picture = drawn(visualize.draw(compiled).svg)
    leaves = ["p0 [4, 3]", "p1 [4]", "p2 [4]", "xs [5, 3]", "ys [5]"]
    for title in leaves:
        assert picture.texts(picture.node(title)) == [title]
        kind = "parameter" if title.startswith("p") else "data"
        assert kind in picture.classes(title)
    computed = ["z1 [5, 4]", "a1 [5, 4]", "z2 [5]", "z3", "z4", "dz1 [5, 4]", "dp0 [4, 3]"]
    titles = {picture.texts(node)[0] for node in picture.nodes}
    assert {*leaves, *computed} <= titles
    assert picture.texts(picture.legend) == ["instruction", "has a gradient", "data"]


def test_edges_are_what_an_instruction_reads(compiled):
    edges = edges_of(visualize.draw(compiled).dot)
    assert ("p0 [4, 3]", "z1 [5, 4]") in edges
    assert ("xs [5, 3]", "z1 [5, 4]") in edges
    assert ("z1 [5, 4]", "z1 [5, 4]") in edges  # += the bias
    assert ("a1 [5, 4]", "z2 [5]") in edges
    assert ("p2 [4]", "da1 [5, 4]") in edges
    assert ("a1 [5, 4]", "dz1 [5, 4]") in edges  # tanh' is made of the value
    assert ("dz1 [5, 4]", "dp0 [4, 3]") in edges
    assert ("xs [5, 3]", "dp0 [4, 3]") in edges
    assert len(edges) == len(set(edges))


def test_a_part_that_is_written_is_no_end_of_the_others():
    """Two instructions write to one group; what reads it has edges from both."""
    rows = [[Value(1.0) for _ in range(n)] for n in (1, 2, 3, 4)]
    f = compile(lambda x: ag.sum([ag.tanh(ag.dot(row, x[: len(row)])) for row in rows]))
    f(np.ones(4))
    forward, _ = f.steps()
    writers = [step.text.partition(" ")[0] for step in forward if step.writes[0].name == "z1"]
    readers = [step for step in forward if any(region.name == "z1" for region in step.reads)]
    assert readers
    edges = edges_of(visualize.draw(f).dot)
    for writer in writers:
        assert any(edge[0] == writer for edge in edges)


def test_the_last_call_is_drawn(drawn):
    f = compile(lambda xs: ag.sum([x * V[1] for x in xs]))
    for n in (3, 5, 3):
        f([1.0] * n)
        picture = drawn(visualize.draw(f).svg)
        assert picture.texts(picture.node(f"xs [{n}]")) == [f"xs [{n}]"]
    batched = vmap(lambda x: x * V[1])
    batched([1.0, 2.0])
    assert "z1 [2]" in visualize.draw(batched).dot


def test_the_same_program_gives_the_same_bytes(compiled, tmp_path):
    first, second = visualize.draw(compiled), visualize.draw(compiled)
    assert first.dot == second.dot
    first.save(tmp_path / "a.svg")
    second.save(tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    with pytest.raises(ValueError, match="a compiled function has no stepping page"):
        first.save(tmp_path / "a.html")


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_orientation(compiled, rankdir):
    assert f"rankdir={rankdir}" in visualize.draw(compiled, rankdir=rankdir).dot


def test_a_program_of_a_forward_pass_alone(drawn):
    f = compile(lambda x: x * 2 + 1)
    f(3.0)
    picture = drawn(visualize.draw(f).svg)
    assert [picture.texts(frame) for frame in picture.frames] == [["forward"]]


def test_what_cannot_be_drawn(compiled, monkeypatch):
    with pytest.raises(ValueError, match="drawn with rankdir alone"):
        visualize.draw(compiled, fold=True)
    with pytest.raises(ValueError, match="rankdir must be"):
        visualize.draw(compiled, rankdir="up")
    with pytest.raises(ValueError, match="has recorded nothing yet; call it first"):
        visualize.draw(compile(lambda x: x))
    same = compile(lambda x: x)
    same(1.0)
    with pytest.raises(ValueError, match="computes nothing: it has no instruction"):
        visualize.draw(same)
    with pytest.raises(
        TypeError, match=r"missing .* 'xs'; visualize\.draw\(error\) shows its program"
    ):
        visualize.explain(compiled)

    monkeypatch.setattr("visualize.picture.program.NODE_LIMIT", 10)
    with pytest.raises(ValueError, match=r"would have 1\d instructions"):
        visualize.draw(compiled)


def test_derivatives_that_the_function_computes_have_frames(drawn):
    def f(w, v, x):
        return ag.hvp(lambda w: ag.tanh(ag.dot(w, x)) ** 2, (w,), (v,))

    g = compile(f)
    g(np.ones(3), np.ones(3), np.ones(3))
    picture = drawn(visualize.draw(g).svg)
    titles = [picture.texts(frame) for frame in picture.frames]
    assert sorted(titles) == [["backward"], ["forward"], ["tangent"], ["tangent of backward"]]
