"""The code beside the graph: which line made each node, and what a page shows of it."""

import functools
import inspect
import json
import re

import pytest

import autograd_lite
import nn
import visualize
from autograd_lite import Value, tanh
from tests.support.javascript import CHROMIUM
from visualize.model.nodes import Graph
from visualize.page.code import Call

in_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


def neuron(w, x, b):
    z = w * x + b
    return tanh(z)


def squares(w, b):
    total = 0.0
    for x, y in [(-1.0, -0.9), (0.5, 0.4), (2.0, 1.0)]:
        error = neuron(w, x, b) - y
        total = total + error**2
    return total


def split(a):
    return sum(
        a * x
        for x in [
            2.0,
            3.0,
        ]
    )


def line_of(text):
    """The number of the only line of this file with this text."""
    lines = inspect.getsource(inspect.getmodule(neuron)).splitlines()
    (found,) = [k for k, line in enumerate(lines, 1) if line.strip() == text]
    return found


ZED, OUT = line_of("z = w * x + b"), line_of("return tanh(z)")
ERROR, TOTAL = line_of("error = neuron(w, x, b) - y"), line_of("total = total + error**2")


def data_of(page):
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.html, re.S)
    return json.loads(text[1])


def lines_of(call):
    return {node: call.lines([node]) for node in Graph(call.root).nodes}


def test_each_node_knows_its_line():
    call = Call(squares, (0.5, 0.25))
    expected = {
        "*": ([ZED], [ERROR]),
        "tanh": ([OUT], [ERROR]),
        "-": ([ERROR], []),
        "**2": ([TOTAL], []),
    }
    met = []
    for node, lines in lines_of(call).items():
        if node._op in expected:
            assert lines == expected[node._op]
            met.append(node._op)
    assert sorted(met) == sorted([*expected] * 3)
    plus = [lines for node, lines in lines_of(call).items() if node._op == "+"]
    assert plus.count(([ZED], [ERROR])) == plus.count(([TOTAL], [])) == 3
    assert call.root.data == squares(Value(0.5), Value(0.25)).data


def test_the_source_is_that_of_each_function_that_made_a_node():
    call = Call(squares, (0.5, 0.25))
    assert [(first, lines) for first, lines in call.blocks] == [
        (inspect.getsourcelines(f)[1], inspect.getsource(f).rstrip("\n").split("\n"))
        for f in (neuron, squares)
    ]
    within = Call(split, (1.5,))
    assert [first for first, _ in within.blocks] == [inspect.getsourcelines(split)[1]]
    assert [within.lines([n])[0] for n in Graph(within.root).nodes if n._op == "*"] == [
        [line_of("a * x")]
    ] * 2


def test_variables_name_the_nodes_and_no_label_is_set():
    w = Value(0.5)
    call = Call(squares, (w, 0.25))
    graph = Graph(call.root, call.names)
    names = {graph.label(node) for node in graph.nodes}
    assert {"w", "b", "total", "error"} <= names
    assert "squares" not in names
    assert all(not node.label for node in graph.nodes)
    assert {n.data for n in graph.nodes if graph.label(n) in ("w", "b")} == {0.5, 0.25}
    assert "neuron" in Call(neuron, (1.0, 2.0, 3.0)).names.values()  # its result has no variable
    labelled = Call(squares, (Value(0.5, label="slope"), 0.25))
    graph = Graph(labelled.root, labelled.names)
    assert "slope" in {graph.label(node) for node in graph.nodes}


def test_a_leaf_keeps_the_name_of_its_parameter():
    def again(x):
        x = x * 2.0
        x = tanh(x)
        return x + 1.0

    call = Call(again, (0.5,))
    graph = Graph(call.root, call.names)
    assert [graph.label(node) for node in graph.nodes if node.is_leaf and not node.is_constant] == [
        "x"
    ]
    assert [graph.label(node) for node in graph.nodes].count("x") == 1


# fmt: off
OPERATIONS = [
    lambda x: x * 2.0
    + x.exp(),  # Python does not count this line among those of the lambda
]
# fmt: on


def through_a_lambda(x):
    return OPERATIONS[0](x) * x


def test_lines_that_are_not_shown_are_left_out():
    call = Call(through_a_lambda, (0.5,))
    shown = {first + k for first, lines in call.blocks for k in range(len(lines))}
    lines = {(node._op, *call.lines([node])[0]) for node in Graph(call.root).nodes if node._op}
    first, caller = line_of("lambda x: x * 2.0"), line_of("return OPERATIONS[0](x) * x")
    assert lines == {("*", first), ("exp", caller), ("+", first), ("*", caller)}
    assert {line for _, line in lines} <= shown


@pytest.mark.parametrize(
    "wrapped",
    [
        autograd_lite.compile(squares),
        functools.partial(squares),
        functools.wraps(squares)(lambda *args: squares(*args)),
    ],
)
def test_wrapped_functions_show_what_they_wrap(wrapped):
    call = Call(wrapped, (0.5, 0.25))
    assert call.blocks == Call(squares, (0.5, 0.25)).blocks
    assert sorted(lines_of(call).values()) == sorted(lines_of(Call(squares, (0.5, 0.25))).values())


def test_a_module_of_the_users_shows_its_forward():
    class Twice(nn.Module):
        def __init__(self):
            self.slope = nn.Parameter(0.5)

        def forward(self, x):
            return tanh(self.slope * x) * 2.0

    call = Call(Twice(), (0.5,))
    ((first, lines),) = call.blocks
    assert lines[0] == "def forward(self, x):"
    assert call.lines([call.root]) == ([first + 1], [])
    assert Call(nn.MLP(2, [1]), ([0.5, 1.0],)).blocks == []  # which the user has not written


def test_where_there_is_no_source_there_is_no_code():
    typed = {}
    exec("def typed(x):\n    return x * x", typed)
    for f in (typed["typed"], lambda x: x * x):
        call = Call(f, (3.0,))
        assert (call.blocks, call.root.data) == ([], 9.0)
        data = data_of(visualize.explain(f, 3.0))
        assert data["code"] == []
        assert not any("lines" in box for view in data["views"] for box in view["boxes"])


def test_a_value_has_no_code(neuron):
    assert data_of(visualize.explain(neuron))["code"] == []


def test_wrong_calls(neuron, tmp_path):
    with pytest.raises(TypeError, match=r"squares does not take these: missing .*'b'"):
        visualize.explain(squares, 1.0)
    with pytest.raises(TypeError, match=r"<lambda> must give one Value, .* not int: give it Val"):
        visualize.explain(lambda x: x + 1, 1)
    with pytest.raises(TypeError, match="must give one Value, such as a loss, not list"):
        visualize.explain(lambda x: [x], 1.0)
    with pytest.raises(TypeError, match="takes one path"):
        visualize.explain(neuron, tmp_path / "a.html", tmp_path / "b.html")
    with pytest.raises(TypeError, match="takes one path"):
        visualize.explain(neuron, tmp_path / "a.html", path=tmp_path / "b.html")

    def later(x):
        yield x

    with pytest.raises(TypeError, match="later runs after its call has returned"):
        visualize.explain(later, 1.0)
    assert not list(tmp_path.iterdir())
    visualize.explain(squares, 0.5, 0.25, path=tmp_path / "page.html")
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]


def test_an_error_of_the_function_is_the_users_own():
    def fails(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        visualize.explain(fails, 1.0)
    assert not autograd_lite.observers.active()


# ------------------------------------------------------------------------------- in the browser


def shown(page, how):
    """The numbers of the lines of this class."""
    return page.evaluate(
        f"[...sources].filter(([, s]) => s.classList.contains('{how}')).map(([k]) => k)"
    )


@pytest.mark.once
@in_chromium
def test_the_line_of_each_step_is_lit(show):
    call = Call(squares, (0.8, 0.1))
    lines = [call.lines([node]) for node in Graph(call.root).nodes]
    page = show(visualize.explain(squares, 0.8, 0.1).html)
    steps = page.evaluate("view.steps.map(({ phase, i }) => [phase, i])")
    assert {phase for phase, *_ in steps} == {"start", "forward", "seed", "backward", "end"}
    for k, (_, i) in enumerate(steps):
        page.evaluate(f"go({k})")
        made, through = ([], []) if i is None else lines[i]
        assert (shown(page, "now"), shown(page, "through")) == (made, through)
        said = page.locator("#explanation .source").all_inner_texts()
        assert [text.split(":")[0] for text in said] == [f"line {number}" for number in made]


@pytest.mark.once
@in_chromium
def test_a_line_lights_what_it_made(show):
    call = Call(squares, (0.8, 0.1))
    nodes = Graph(call.root).nodes
    page = show(visualize.explain(squares, 0.8, 0.1).html)

    def bright():
        dim = "view.layout.nodes.map((node) => node.classList.contains('dim'))"
        return [node for node, off in zip(nodes, page.evaluate(dim), strict=True) if not off]

    for text, number in (("tanh(z)", OUT), ("total = total + error**2", TOTAL)):
        button = page.get_by_role("button", name=text)
        button.click()
        assert bright() == [node for node in nodes if number in call.lines([node])[0]]
        assert button.get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="error = neuron").press("Enter")  # and all that it called
    assert bright() == [
        node for node in nodes if any(ERROR in lines for lines in call.lines([node]))
    ]
    page.keyboard.press("Escape")
    assert bright() == nodes
    page.get_by_role("button", name="tanh(z)").click()
    page.evaluate("choose(0)")  # follows a node instead
    assert shown(page, "about") == call.lines([nodes[0]])[0]
    assert page.locator("#code [aria-pressed=true]").count() == 0
    assert page.get_by_role("button", name="return total").count() == 0  # it makes nothing


@pytest.mark.once
@in_chromium
def test_the_code_is_text_and_stands_beside_or_below(show):
    def sly(x):
        return x * 2.0  # </script><img src=x onerror=alert(1)> &amp;

    page = show(visualize.explain(sly, 0.5).html)
    assert "</script><img src=x onerror=alert(1)> &amp;" in page.locator("#code").inner_text()
    picture, code = (page.locator(name).bounding_box() for name in ("#picture", "#code"))
    assert code["x"] >= picture["x"] + picture["width"]
    page = show(visualize.explain(sly, 0.5).html, width=390)
    picture, code = (page.locator(name).bounding_box() for name in ("#picture", "#code"))
    assert code["y"] >= picture["y"] + picture["height"]
    assert not page.locator("#code-lines").is_visible()
    page.locator("#code summary").click()
    assert page.locator("#code-lines").is_visible()
    page.set_viewport_size({"width": 800, "height": 600})
    page.wait_for_function("() => roomy")
    page.set_viewport_size({"width": 390, "height": 600})
    page.wait_for_function("() => !$('code').open")
    page = show(sly(Value(0.5)))
    assert not page.locator("#code").is_visible()
