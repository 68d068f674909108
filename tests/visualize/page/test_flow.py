"""The flow of gradients on the stepping page: arrows point backward and numbers go along them."""

import math

import pytest

import visualize
from autograd_lite import Value, dot, exp, sqrt, tanh
from autograd_lite import sum as sum_of
from tests.support.javascript import CHROMIUM
from visualize.model.nodes import Graph

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here"),
]


def doubled():
    a = Value(1.0, label="a")
    b = a + a
    c = b + b
    b.label, c.label = "b", "c"
    return c


def mixed():
    x, y = Value(0.75, label="x"), Value(-1.25, label="y")
    return tanh(x * y + exp(x)) * x - y / 3 + dot([x, y, x], [0.1, 0.2, 0.3])


def special():
    x = Value(0.0, label="x")
    return sqrt(x) * 0 + x * x + x


def engine_of(root):
    """The nodes of a graph, with their gradients."""
    nodes = Graph(root).nodes
    for node in nodes:
        node.grad = 0.0
    root.backward()
    return nodes


def plates(page, which=""):
    return page.locator(f".flow {which} .add:visible").all_text_contents()


def grads(page):
    """[boxes] the text of the gradient in each."""
    return page.evaluate("view.layout.rows.map((row) => row[1]?.textContent)")


def picture(page):
    """All that the picture shows: text, classes, and where numbers stand."""
    return page.evaluate(
        """[...view.layout.svg.querySelectorAll("text, g, rect")].map((one) =>
            [one.textContent, one.getAttribute("class"), one.getAttribute("transform")].join())"""
    )


def to_backward(page):
    """Go to the step before the first of the backward pass."""
    page.evaluate("go(view.steps.findIndex(({ phase }) => phase === 'seed'))")


@pytest.mark.parametrize("make", [doubled, mixed, special])
def test_what_stands_at_the_arrows_is_the_engines_and_adds_up(show, make):
    root = make()
    nodes = engine_of(root)
    page = show(root, number=".17g", calm=True)
    to_backward(page)
    received = {node: [] for node in nodes}
    for i in reversed([i for i, node in enumerate(nodes) if node.parents]):
        page.keyboard.press("ArrowRight")
        node, before = nodes[i], {n: list(terms) for n, terms in received.items()}
        sent = []
        for parent, partial in zip(node.parents, node.partials, strict=True):
            if not parent.is_constant:
                sent.append(node.grad * partial if node.grad else 0.0)
                received[parent].append(sent[-1])
        met = [p for p in dict.fromkeys(node.parents) if not p.is_constant]
        assert sorted(map(float, plates(page, ".now"))) == sorted(sent)
        assert sorted(map(float, plates(page, ".before"))) == sorted(
            term for parent in met for term in before[parent]
        )
        assert all(text[0] in "+-" for text in plates(page))
        for parent in met:
            shown = float(grads(page)[nodes.index(parent)].removeprefix("grad "))
            assert math.isclose(shown, math.fsum(received[parent]), rel_tol=1e-12)
    assert page.evaluate("document.getAnimations().length") == 0
    page.keyboard.press("ArrowRight")
    assert plates(page) == []


def test_arrows_point_backward_in_the_backward_pass(show):
    page = show(mixed(), calm=True)
    state = """view.edges.map((edge, k) => {
        const line = view.layout.lines[k];
        const start = getComputedStyle(line.querySelector("path")).markerStart;
        const head = getComputedStyle(line.querySelector("polygon")).visibility;
        return [view.boxes[edge.parent].kind === "constant", start !== "none", head];
    })"""
    phases = page.evaluate("view.steps.map(({ phase }) => phase)")
    for k, phase in enumerate(phases):
        page.evaluate(f"go({k})")
        for to_constant, turned, head in page.evaluate(state):
            backward = phase in ("seed", "backward")
            assert head == ("hidden" if backward else "visible")
            assert turned == (backward and not to_constant)


def test_parallel_edges_are_seen_adding_up(show):
    page = show(doubled())
    page.evaluate("go(4)")
    page.evaluate("go(5); travels.forEach((one) => one.pause())")
    assert page.locator("#count").inner_text() == "5 / 6"
    assert grads(page)[0] == "grad 0"
    for k, arrived in ((0, "grad 2"), (3, "grad 4")):  # three animations for each number
        page.evaluate("(k) => travels[k].finish()", k)
        page.wait_for_function("(text) => view.layout.rows[0][1].textContent === text", arg=arrived)


def test_a_number_leaves_as_the_gradient_and_arrives_as_the_product(show):
    x = Value(3.0, label="x")
    y = x * Value(-2.0, label="k")
    page = show(y * y)
    to_backward(page)
    page.keyboard.press("ArrowRight")
    page.evaluate("go(view.step + 1); travels.forEach((one) => one.pause())")
    there = """(at) => {
        for (const one of travels) one.currentTime = at * one.effect.getComputedTiming().endTime;
        const sum = view.layout.svg.querySelector(".flow .now");
        const seen = [...sum.querySelectorAll(".up, .add")]
            .filter((one) => getComputedStyle(one).opacity > 0.5);
        const { x, width } = sum.querySelector("rect").getBoundingClientRect();
        return [seen.map((one) => one.textContent).join(), x + width / 2];
    }"""
    texts, places = zip(*[page.evaluate(there, at / 10) for at in range(11)], strict=True)
    assert texts[0] == "-12"  # the gradient of y
    assert texts[-1] in ("+24", "-36")  # times the partial
    assert list(dict.fromkeys(texts)) == ["-12", texts[-1]]
    assert list(places) == sorted(places, reverse=True)  # from right to left
    user, parent = (
        page.locator("#view0 .node:visible", has_text=name).last.bounding_box()
        for name in ("v2", "x" if texts[-1] == "+24" else "k")
    )
    assert abs(places[0] - user["x"]) < 12
    assert 0 < places[-1] - (parent["x"] + parent["width"]) < 80


@pytest.mark.parametrize("make", [doubled, mixed])
def test_the_next_step_ends_what_is_under_way(show, make):
    page = show(make())
    steps = page.evaluate("view.steps.length")
    page.evaluate("go(0)")
    at_once = []
    for k in range(steps):
        page.evaluate(f"go({k}); show()")  # show ends what go has begun
        assert page.evaluate("travels.length") == 0
        at_once.append(picture(page))
    page.keyboard.press("Home")
    for k in range(1, steps):
        page.keyboard.press("ArrowRight")
        left = page.evaluate("[travels.length, view.steps[view.step].phase]")
        assert (left[0] > 0) == (left[1] == "backward")
        page.evaluate("show()")
        assert picture(page) == at_once[k]
    page.keyboard.press("End")
    assert picture(page) == at_once[-1]


def test_only_a_step_forward_travels(show):
    page = show(doubled())
    for how in ("go(5)", "go(6); go(5)", "go(0); location.hash = '#5'", "view.step = 4; show()"):
        page.evaluate("go(0)")
        page.evaluate(how)
        assert page.evaluate("travels.length") == 0
    page.evaluate("go(4)")
    page.locator("#next").click()
    assert page.evaluate("travels.length") == 6


def test_it_arrives_in_time_at_every_speed(show):
    page = show(mixed())
    for speed in ("0.5", "1", "2", "4"):
        page.locator("#speed").select_option(speed)
        page.evaluate(
            "go(view.steps.findIndex(({ phase }) => phase === 'seed')); go(view.step + 1)"
        )
        last = page.evaluate(
            "Math.max(...travels.map((one) => one.effect.getComputedTiming().endTime))"
        )
        assert 0 < last <= page.evaluate("TRAVEL") / float(speed) + 1e-6
        assert last < page.evaluate("DATA.interval") / float(speed)


def test_all_of_many_stand_and_none_travels(show):
    xs = [Value(0.1 * k, label=f"x{k}") for k in range(60)]
    page = show(sum_of(xs), products=True)
    to_backward(page)
    page.keyboard.press("ArrowRight")
    assert page.evaluate("travels.length") == 0
    assert plates(page) == ["+1"] * 60
    assert grads(page)[0] == "grad 1"


def test_what_is_to_be_predicted_does_not_travel(show):
    page = show(mixed())
    to_backward(page)
    page.keyboard.press("ArrowRight")
    assert page.evaluate("travels.length") > 0
    page.locator("#tab-predict").click()
    assert page.evaluate("travels.length") == 0
    assert page.locator(".flow").count() == 0
    hidden = page.evaluate("view.boxes.map((_, i) => !seen().complete[i])")
    assert sum(hidden) > 3
    assert all(
        text == "grad" or not hides
        for text, hides, kind in zip(
            grads(page), hidden, page.evaluate("view.boxes.map((box) => box.kind)"), strict=True
        )
        if kind != "constant"
    )


def test_other_numbers_of_a_leaf_are_other_contributions(show):
    def product(number):
        x, y = Value(number, label="x"), Value(-1.25, label="y")
        return tanh(x * y) * x

    page = show(product(0.75), number=".12g", calm=True)
    to_backward(page)
    page.keyboard.press("ArrowRight")
    before = plates(page)
    page.evaluate("LAB.set([[LAB.free.find(({ name }) => name === 'x').node, 0.5]])")
    assert plates(page) != before
    for node in reversed([node for node in engine_of(product(0.5)) if node.parents]):
        expected = sorted(node.grad * partial for partial in node.partials)
        assert sorted(map(float, plates(page, ".now"))) == pytest.approx(expected, rel=1e-11)
        page.keyboard.press("ArrowRight")


def test_numbers_at_arrows_cover_no_box(show):
    page = show(mixed(), calm=True)
    to_backward(page)
    for _ in range(page.evaluate("view.steps.length - 1 - view.step")):
        page.keyboard.press("ArrowRight")
        overlaps = page.evaluate(
            """() => {
                const box = (one) => one.getBoundingClientRect();
                const edges = standing.map(({ line }) => line.edge);
                const ends = new Set(edges.flatMap((edge) => [edge.user, edge.parent]));
                const rects = [...view.layout.svg.querySelectorAll(".flow rect")].map(box);
                const shapes = [...ends].map((i) => box(view.layout.nodes[i]));
                const meet = (r, s) => r.left < s.right - 1 && s.left < r.right - 1 &&
                    r.top < s.bottom - 1 && s.top < r.bottom - 1;
                return rects.filter((r) => shapes.some((s) => meet(r, s))).length;
            }"""
        )
        assert overlaps == 0


def test_the_page_says_the_same_without_motion(show):
    for make in (doubled, mixed):
        pages = [show(visualize.explain(make()).html, calm=calm) for calm in (False, True)]
        for page in pages:
            to_backward(page)
            page.keyboard.press("ArrowRight")
        moving, calm = pages
        assert moving.evaluate("travels.length") > 0
        moving.evaluate("show()")
        assert picture(moving) == picture(calm)
