"""The formulas of a graph hold for the numbers of their nodes, and each lights the other."""

import re

import numpy as np
import pytest

import nn
import visualize
from autograd_lite import Value, tanh
from autograd_lite import sum as sum_of
from tests.support.javascript import CHROMIUM
from tests.visualize.page.test_cells import choose, gradients
from visualize.model.nodes import Graph
from visualize.model.tensors import tensors
from visualize.page.matrices import formulas

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


RNG = np.random.default_rng(0)
POINTS, TARGETS = RNG.normal(size=(10, 3)), RNG.normal(size=10)


def network(*sizes, activation="tanh"):
    model = nn.MLP(3, [*sizes, 1], activation=activation, rng=0)
    scores = [model(point) for point in POINTS.tolist()]
    loss = sum((s - t) ** 2 for s, t in zip(scores, TARGETS.tolist(), strict=True))
    return model, loss


def unrolled(places):
    rows = [
        [one] if isinstance(one, int) else [one[0] + k * one[1] for k in range(one[2])]
        for one in places
    ]
    return [place for row in rows for place in row]


def formulas_of(root):
    """(text, whether it is of the backward pass, nodes) of each formula."""
    graph = Graph(root)
    nodes = graph.nodes
    found = formulas(graph, {node: i for i, node in enumerate(nodes)})
    return [(one["text"], one["back"], [nodes[i] for i in unrolled(one["nodes"])]) for one in found]


FUNCTIONS = {
    "relu": lambda x: np.maximum(x, 0.0),
    "relu_": lambda x: (x > 0) * 1.0,
    "tanh": np.tanh,
    "outer": np.outer,
    "einsum": np.einsum,
}
LINE = re.compile(r"(\S+?)(?:\[([\d, ]+)\])? (=|\+=|-=) (.*)")


def plain(text):
    """A formula with names that Python has: relu_ for relu', and no points in names."""
    named = re.sub(
        r"[a-z]\w*(?:\.\w+)*?(?=\.T\b|\.sum\b|[^\w.]|$)",
        lambda found: found[0].replace(".", "_"),
        text,
    )
    return named.replace("'(", "_(")


def check(root):
    """How many formulas hold for the numbers of their nodes, in the shapes that stand there."""
    gradients(root)
    found = formulas_of(root)
    known = {"dout": np.array(1.0), "x": POINTS, "y": TARGETS}
    graph = Graph(root)
    leaves = [node for node in graph.nodes if node.is_leaf and not node.is_constant]
    known |= {plain(graph.label(node)): np.array(node.data) for node in leaves}
    for tensor in tensors(leaves, graph):
        numbers = np.array([node.data for node in tensor.nodes]).reshape(tensor.shape)
        known[plain(tensor.title.split(" [")[0])] = numbers
    parsed = [LINE.fullmatch(text).groups() for text, *_ in found]
    sums = {}
    for k, (target, shape, sign, expression) in enumerate(parsed):
        _, back, nodes = found[k]
        value = eval(plain(expression), {**FUNCTIONS, **known})
        sums[target] = value if sign == "=" else sums[target] + (value if sign == "+=" else -value)
        if target in [later for later, *_ in parsed[k + 1 :]]:
            continue  # the nodes have the numbers of the last
        numbers = np.array([node.grad if back else node.data for node in nodes])
        assert numbers.size == np.size(sums[target]) == np.prod(eval(f"({shape or 1},)"))
        numbers = numbers.reshape(np.shape(sums[target]))  # elementwise formulas are written flat
        np.testing.assert_allclose(numbers, sums[target], rtol=1e-9, atol=1e-12)
        known[plain(target)] = numbers
    return [text for text, *_ in found]


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_formulas_hold_for_the_numbers_of_their_nodes(activation):
    _, loss = network(5, 4, activation=activation)
    texts = check(loss)
    assert "z1[10, 5] = x @ layers.0.neurons.w.T" in texts
    assert "dlayers.1.neurons.w[4, 5] = dz2.T @ a1" in texts
    assert "dlayers.1.neurons.b[4] = dz2.sum(axis=0)" in texts


def test_plain_numbers_that_differ_are_data():
    model = nn.MLP(3, [4, 1], rng=0)
    loss = sum_of([model([0.1 * i, 0.2 - i, 0.3 * i]) for i in range(10)])
    found = formulas_of(loss)
    assert found[0][0] == "z1[10, 4] = x @ layers.0.neurons.w.T"


def test_what_has_no_formulas(by_hand):
    assert formulas_of(tanh(by_hand(Value(1.0)))) == []
    x = chain = Value(0.5, label="x")
    for i in range(200):
        chain = tanh(chain * x) + float(i)
    assert formulas_of(chain) == []  # 600 formulas of one number each


def boxes_of(page, text):
    return page.evaluate(
        """(text) => {
            const { nodes } = FORMULAS.find((one) => one.text === text);
            return view.boxes.filter((box) => box.nodes.some((node) => nodes.includes(node)))
                .map((box) => box.heading);
        }""",
        text,
    )


def bright(page):
    return page.evaluate(
        """view.boxes.filter((_, i) => !view.layout.nodes[i].classList.contains("dim"))
        .map((b) => b.heading)"""
    )


@needs_chromium
def test_a_formula_lights_its_scalars_by_pointer_focus_and_click(show):
    _, loss = network(4, 4)
    page = show(loss)
    page.keyboard.press("End")
    every = bright(page)
    text = "dlayers.1.neurons.w[4, 4] = dz2.T @ a1"
    button = page.get_by_role("button", name=text, exact=True)
    button.hover()
    assert bright(page) == ["layers.1.neurons.w [4, 4]"] == boxes_of(page, text)
    page.mouse.move(2, 2)
    assert bright(page) == every
    button.focus()
    assert bright(page) == ["layers.1.neurons.w [4, 4]"]
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    page.locator("#slider").focus()
    assert bright(page) == ["layers.1.neurons.w [4, 4]"]
    page.keyboard.press("Escape")
    assert bright(page) == every
    assert button.get_attribute("aria-pressed") == "false"


@needs_chromium
def test_a_scalar_lights_its_formulas(show):
    _, loss = network(4, 4)
    page = show(loss)
    page.keyboard.press("End")
    choose(page, "layers.1.neurons.w [4, 4]")
    about = page.locator("#matrices .about").all_inner_texts()
    assert about == ["dlayers.1.neurons.w[4, 4] = dz2.T @ a1"]
    (first,) = page.evaluate("[view.boxes.findIndex((b) => b.heading.startsWith('tanh × 40'))]")
    page.evaluate("(i) => choose(i)", first)
    about = page.locator("#matrices .about").all_inner_texts()
    assert [one.split("[")[0] for one in about] in (["a1", "da1"], ["a2", "da2"])


@needs_chromium
def test_a_step_lights_the_formulas_that_it_computes(show):
    _, loss = network(4, 4)
    page = show(loss)
    seen = set()
    for _ in range(40):
        for text in page.locator("#matrices .now").all_inner_texts():
            assert {*boxes_of(page, text)} & {
                *page.evaluate(
                    "computedBy(view.steps[view.step]).map((i) => view.boxes[i].heading)"
                )
            }
            seen.add(text)
        page.keyboard.press("ArrowRight")
    assert "z1[10, 4] = x @ layers.0.neurons.w.T" in seen
    assert "dlayers.1.neurons.w[4, 4] = dz2.T @ a1" in seen


@needs_chromium
def test_a_compiled_function_has_three_views(show):
    import autograd_lite

    model = nn.MLP(2, [4, 1], rng=0)

    @autograd_lite.compile
    def loss(xs):
        scores = [model(x) for x in xs]
        return sum_of([s * s for s in scores])

    page = show(visualize.explain(loss, [[0.1 * i, 1.0 - i] for i in range(9)]).html)
    assert page.locator("#code").is_visible()
    assert page.locator("#matrices").is_visible()
    assert page.get_by_role("button", name="z1[9, 4] = x @ layers.0.neurons.w.T").is_visible()


def test_any_program_has_formulas_of_its_own_nodes(program):
    """Of the operations in the table, whatever their numbers are."""
    lifted = 0
    for seed in range(60):
        root, _ = program(seed)
        found = formulas_of(root)
        lifted += bool(found)
        for _, back, nodes in found:
            assert back or not any(node.is_leaf for node in nodes)
    assert lifted > 5
