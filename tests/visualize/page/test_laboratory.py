"""The laboratory of the page, in Chromium: what is changed there gives the numbers of Python."""

import re

import pytest

import visualize
from autograd_lite import Value, dot, exp, floor, relu, tanh
from autograd_lite import sum as sum_of
from tests.support.javascript import CHROMIUM
from visualize.model.nodes import Graph
from visualize.page import laboratory

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


def exact(parameter=Value, w=0.5, x=2.0, b=-1.5):
    """A loss whose operations every machine rounds alike."""
    w, b = parameter(w, label="w"), parameter(b, label="b")
    x = Value(x, label="x")
    y = relu(w * x - b) * 0.1 + w * w
    y.label = "y"
    loss = (y - 1) ** 2
    loss.label = "loss"
    return loss


def rich(x=0.75, y=-1.25):
    x, y = Value(x, label="x"), Value(y, label="y")
    return tanh(x * y + exp(x)) * x - y / 3 + dot([x, y, x], [0.1, 0.2, 0.3])


def write(x):
    return format(x + 0.0 if x else 0.0, ".4g")


def box(page, i, view=0):
    return page.locator(f"#view{view}-b{i}:visible, #view{view}-tall-b{i}:visible")


def leaf(page, name):
    """The box of a leaf."""
    (i,) = page.evaluate("(name) => view.boxes.flatMap((b, i) => b.name === name ? [i] : [])", name)
    return box(page, i)


def drag(page, name, pixels):
    at = leaf(page, name).bounding_box()
    x, y = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + pixels / 2, y + 3)
    page.mouse.move(x + pixels, y + 5)
    page.mouse.up()


def assert_is(page, root):
    """Every number of the page is that of this graph."""
    graph = Graph(root)
    nodes, edges = graph.nodes, visualize.trace(root)[1]
    for node in nodes:
        node.grad = 0.0
    root.backward()
    for i, node in enumerate(nodes):
        texts = box(page, i).locator("text").all_text_contents()
        if node.is_constant:
            assert texts == [write(node.data)]
        else:
            assert texts[-2:] == [f"data {write(node.data)}", f"grad {write(node.grad)}"]
    places = {node: i for i, node in enumerate(nodes)}
    assert page.evaluate("view.edges.filter((e) => e.partial !== null).length") == len(edges)
    shown = page.evaluate(
        """() => view.edges.filter((e) => e.partial !== null).map((e) => [
            e.parent, e.user, view.layout.partials[e.index].textContent.trim()])"""
    )
    given = [
        [places[parent], places[node], write(partial)]
        for node in nodes
        for parent, partial in zip(node.parents, node.partials, strict=False)
    ]
    assert shown == given
    largest = max(abs(n.grad) for n in nodes if not n.is_constant)
    for i, node in enumerate(nodes):
        size = abs(node.grad)
        shade = next(
            (k for k, b in ((4, 0.5), (3, 0.1), (2, 0.01), (1, 0)) if size > b * largest), 0
        )
        name = "plus" if node.grad > 0 else "minus"
        shade = f"{name}{shade}" if shade and not node.is_constant else "shade0"
        assert shade in box(page, i).get_attribute("class").split()
    legend = page.locator("#view0 svg:not([hidden]) .legend text").all_text_contents()
    assert [text for text in legend if text.startswith("≤")] == 2 * [
        f"≤ {bound * largest:.2g}" for bound in (0.01, 0.1, 0.5, 1.0)
    ]


def numbers(page):
    """{name: number} of the leaves."""
    return page.evaluate(
        "Object.fromEntries(LAB.leaves.map(({ node, name }) => [name, LAB.number(node)]))"
    )


def bits(page):
    """The numbers and gradients of all nodes."""
    return page.evaluate("[[...LAB.engine.data], [...LAB.engine.grad]]")


def assert_same_bits(page, root):
    graph = Graph(root)
    for node in graph.nodes:
        node.grad = 0.0
    root.backward()
    data, grads = bits(page)
    assert data == [node.data for node in graph.nodes]
    for node, grad in zip(graph.nodes, grads, strict=True):
        assert node.is_constant or grad == node.grad


# ------------------------------------------------------------------------------------- change


def test_a_leaf_is_dragged_and_all_follows(show):
    page = show(exact())
    drag(page, "w", 37)
    assert numbers(page) == {"w": 0.87, "x": 2.0, "b": -1.5}
    assert page.locator("#count").inner_text() == "18 / 18"
    assert_is(page, exact(w=0.87))
    assert_same_bits(page, exact(w=0.87))
    drag(page, "b", -50)
    drag(page, "w", -200)
    assert numbers(page) == {"w": -1.13, "x": 2.0, "b": -2.0}
    assert_same_bits(page, exact(w=-1.13, b=-2.0))
    assert_is(page, exact(w=-1.13, b=-2.0))
    assert page.locator("#view0 .node[aria-pressed=true]").count() == 0  # a drag is no click


def test_functions_follow_to_the_digits_shown(show):
    page = show(rich())
    for pixels in (30, -110, 260):
        drag(page, "x", pixels)
        assert_is(page, rich(**numbers(page)))
    data, _ = bits(page)
    graph = Graph(rich(**numbers(page)))
    assert data == pytest.approx([node.data for node in graph.nodes], rel=1e-14)


def test_formulas_paths_and_products_follow(show):
    page = show(exact())
    drag(page, "w", 37)
    page.locator("#first").click()
    texts = []
    for _ in range(3):
        page.locator("#next").click()
        texts.append(page.locator("#explanation .formula").inner_text())
    assert "v4 = v3 - b = 1.74 - (-1.5) = 3.24" in texts
    page.locator("#last").click()
    leaf(page, "w").hover()
    details = page.locator("#details").inner_text()
    root = exact(w=0.87)
    root.backward()
    w = next(node for node in Graph(root).nodes if node.label == "w")
    assert f"dloss/dw = {write(w.grad)}" in details
    paths = re.findall(r"^w → .* = (\S+)$", details, re.M)
    assert sum(map(float, paths)) == pytest.approx(w.grad, rel=1e-3)
    assert len(paths) == 3


def test_the_keys_of_a_leaf(show):
    page = show(exact())
    leaf(page, "w").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowDown")
    assert numbers(page)["w"] == 0.69
    assert_same_bits(page, exact(w=0.69))
    page.keyboard.type("-2.25")
    assert page.locator("#leaf-number").input_value() == "-2.25"
    assert page.locator("#leaf").evaluate("s => s.selectedOptions[0].textContent") == "w"
    assert_same_bits(page, exact(w=-2.25))
    assert page.locator("#outcome").inner_text().splitlines()[-1] == "w: 0.5 → -2.25"


def test_a_leaf_that_is_0_tiny_or_not_finite_is_dragged(show):
    for number, pixels, there in (
        (0.0, -7, -0.07),
        (-0.5, 50, 0.0),
        (float("inf"), 12, 0.12),
        (1e-323, 30, 3e-300),
    ):
        page = show(1 / Value(number, label="x"))
        drag(page, "x", pixels)
        assert repr(float(numbers(page)["x"])) == repr(there)


def test_the_controls_of_a_leaf(show):
    page = show(exact())
    page.locator("#tab-change").click()
    assert page.locator("#reset").is_disabled()
    page.locator("#leaf").select_option(label="b")
    assert page.locator("#leaf-number").input_value() == "-1.5"
    page.locator("#leaf-number").fill("0.125")
    assert_same_bits(page, exact(b=0.125))
    page.locator("#leaf-range").fill("-0.5")
    assert_same_bits(page, exact(b=-0.5))
    page.locator("#leaf-number").fill("")  # no number yet
    assert_same_bits(page, exact(b=-0.5))
    page.locator("#leaf-number").press_sequentially("1e400")
    assert "no finite number" in page.locator("#outcome").inner_text()
    page.locator("#leaf-number").fill("")
    page.locator("#leaf-number").fill("1e3")  # beyond what the slider had
    assert page.locator("#leaf-range").input_value() == "1000"
    assert_same_bits(page, exact(b=1000.0))


def test_reset_gives_the_numbers_of_python(show):
    page = show(rich())
    before = page.evaluate("[view.boxes, view.edges]")
    drag(page, "x", 55)
    assert page.evaluate("[view.boxes, view.edges]") != before
    page.locator("#tab-change").click()
    page.locator("#reset").click()
    assert page.evaluate("[view.boxes, view.edges]") == before
    assert page.locator("#reset").is_disabled()
    assert_is(page, rich())  # what is sent along edges, too


def test_a_number_set_in_python_is_followed_after_a_change(show):
    x = Value(3.0, label="x")
    y = x * 2
    y.label = "y"
    root = y + 1
    root.label = "root"
    x.data = 5.0
    page = show(root)
    leaf(page, "y").hover()
    assert "Some number was set since" in page.locator("#details").inner_text()
    leaf(page, "x").focus()
    page.keyboard.press("Shift+ArrowUp")
    leaf(page, "y").hover()
    assert "Some number was set since" not in page.locator("#details").inner_text()
    assert page.evaluate("view.boxes[view.root].data") == 11.02


def test_what_cannot_be_computed_is_told(show, by_hand):
    x, w = Value(0.5, label="x"), Value(2.0, label="w")
    h = by_hand(x)
    h.label = "h"
    root = h * w
    page = show(root)
    before = bits(page)
    leaf(page, "x").hover()
    text = page.locator("#details").inner_text()
    assert (
        "It cannot be changed here, as it goes into h, which the page cannot compute: its " in text
    )
    drag(page, "x", 40)
    leaf(page, "x").focus()
    page.keyboard.press("ArrowUp")
    assert bits(page) == before
    leaf(page, "h").hover()
    assert "The page cannot compute it again: its operation was written by hand" in (
        page.locator("#details").inner_text()
    )
    drag(page, "w", 50)
    shown = page.evaluate("Object.fromEntries(view.boxes.map((b) => [b.name, [b.data, b.grad]]))")
    assert shown == {"x": [0.5, 5.0], "w": [2.5, 1.0], "h": [1.0, 2.5], "out": [2.5, 1.0]}
    page.locator("#tab-change").click()
    assert page.locator("#leaf option").all_inner_texts() == ["w"]

    for name, kept in {"x": True, "h": True, "w": False, "out": False}.items():
        assert ("kept" in leaf(page, name).get_attribute("class").split()) == kept
    assert "Boxes with a dotted frame stay" in page.locator("#caption").inner_text()

    page = show(by_hand(x))
    page.locator("#tab-change").click()
    assert page.locator("#change").inner_text().startswith("No leaf can be changed here. x goes ")
    page.locator("#tab-descend").click()
    assert page.locator("#descend").inner_text().startswith("No leaf can be changed here.")


def test_boxes_of_several_nodes_follow(show, mlp):
    model = mlp(3, 4, 1)
    xs = [Value(0.1 * j, label=f"x{j}") for j in range(3)]
    with visualize.scopes(model):
        loss = (sum_of(model(xs)) - 1) ** 2
    page = show(loss, depth=0)
    before = page.evaluate("view.boxes.filter((b) => b.size > 1)")
    page.evaluate("LAB.set([[LAB.leaves.find((l) => l.name === 'x1').node, 0.7]])")
    xs[1].data = 0.7
    with visualize.scopes(model):
        again = (sum_of(model(xs)) - 1) ** 2
    shown, given = page.evaluate("view.boxes"), show(again, depth=0).evaluate("view.boxes")
    assert [b for b in shown if b["size"] > 1] != before
    for ours, theirs in zip(shown, given, strict=True):
        assert ours["name"] == theirs["name"]
        for key in ("low", "data", "grad"):
            assert ours[key] == pytest.approx(theirs[key], rel=1e-12)
    inner = "(() => { display(view.boxes.find((b) => b.open).open); return view.boxes; })()"
    # a view that is opened after the change has the new numbers too
    for ours, theirs in zip(
        page.evaluate(inner), show(again, depth=0).evaluate(inner), strict=True
    ):
        for key in ("low", "data", "grad", "seed"):
            assert ours[key] == pytest.approx(theirs[key], rel=1e-12)


def test_products_follow(show):
    def root(x=3.0):
        x, w = Value(x, label="x"), Value(0.5, label="w")
        return dot([x, w], [w, 4.0]) * x

    page = show(root(), products=True)
    drag(page, "x", 25)
    shown = "view.boxes.filter((b) => b.kind !== 'constant').map((b) => [b.data, b.grad])"
    assert page.evaluate(shown) == show(root(3.25), products=True).evaluate(shown)


def test_a_graph_that_is_too_large_is_walked_through_only(show, monkeypatch):
    monkeypatch.setattr(laboratory, "LARGEST", 5)
    page = show(exact())
    assert page.locator("[role=tablist]").is_hidden()
    drag(page, "w", 40)
    page.keyboard.press("End")
    assert_is(page, exact())


# -------------------------------------------------------------------------------------- nudge


def nudged(page):
    """{what: number} of the comparison."""
    whats = page.locator("#quotient dt").all_inner_texts()
    return dict(zip(whats, page.locator("#quotient dd").all_inner_texts(), strict=True))


def test_a_nudge_is_compared_with_the_gradient(show):
    page = show(exact())
    page.locator("#tab-nudge").click()
    page.locator("#epsilon").focus()
    page.keyboard.press("ArrowRight")  # the keys of a field are its own
    assert page.locator("#epsilon").input_value() == "4"
    assert page.locator("#nudge").is_visible()
    page.locator("#nudged").select_option(label="w")
    before, root = bits(page), exact()
    root.backward()
    w = next(node for node in Graph(root).nodes if node.label == "w")
    for k in (0, 3, 6, 12):
        page.locator("#epsilon").fill(str(k))
        step = float(f"1e-{k}")
        there = exact(w=0.5 + step).data
        shown = nudged(page)
        assert float(shown["loss at w = 0.5"]) == pytest.approx(root.data, rel=1e-9)
        assert float(shown["loss at w + ε"]) == pytest.approx(there, rel=1e-9)
        slope = (there - root.data) / (0.5 + step - 0.5)
        assert float(shown["change / ε"]) == pytest.approx(slope, rel=1e-9)
        assert float(shown["gradient dloss/dw"]) == pytest.approx(w.grad, rel=1e-9)
        assert float(shown["they differ by"]) == pytest.approx(abs(slope - w.grad), rel=0.05)
    assert "rounding wins" in page.locator("#nudge-says").inner_text()
    page.locator("#epsilon").fill("1")
    assert "A smaller ε comes closer" in page.locator("#nudge-says").inner_text()
    assert bits(page) == before


def test_there_is_nothing_to_nudge_where_a_number_was_set_since(show):
    x, w = Value(2.0, label="x"), Value(3.0, label="w")
    end = x * w + 1
    x.data = 5.0
    page = show(end)
    page.locator("#tab-nudge").click()
    assert "Some number was set since" in page.locator("#nudge-says").inner_text()
    assert not page.locator("#quotient").is_visible()
    page.locator("#tab-change").click()
    page.locator("#leaf").select_option(label="x")
    page.locator("#leaf-number").fill("4")
    page.locator("#tab-nudge").click()
    page.locator("#nudged").select_option(label="w")
    assert page.locator("#quotient dd").nth(3).inner_text() == "4"
    page.evaluate("LAB.reset()")
    assert "Some number was set since" in page.locator("#nudge-says").inner_text()
    assert not page.locator("#quotient").is_visible()


def test_any_node_is_nudged_and_what_follows_is_computed(show):
    page = show(exact())
    page.locator("#tab-nudge").click()
    (i,) = page.evaluate("view.boxes.flatMap((b, i) => b.name === 'y' ? [i] : [])")
    box(page, i).click()
    page.locator("#epsilon").fill("2")
    y = Graph(exact()).nodes[i].data
    there = (y + 0.01 - 1) ** 2
    assert float(nudged(page)["loss at y + ε"]) == pytest.approx(there, rel=1e-9)
    page.locator("#tab-step").click()
    (i,) = page.evaluate("view.boxes.flatMap((b, i) => b.name === 'x' ? [i] : [])")
    box(page, i).click()
    page.locator("#tab-nudge").click()  # of the node that is followed
    assert "loss at x + ε" in nudged(page)


def test_kinks_lines_and_infinities_are_told(show):
    x = Value(0.0, label="x")
    page = show(relu(x))
    page.locator("#tab-nudge").click()
    says = page.locator("#nudge-says").inner_text()
    assert says.startswith("A kink: on its two sides the slopes are 0 and 1. The engine takes ")
    for steep in Value(0.0, label="x") ** 2 * 1e6, Value(1.0, label="x") + 1e8:  # but no kink
        page = show(steep)
        page.locator("#tab-nudge").click()
        assert "kink" not in page.locator("#nudge-says").inner_text()
    page = show(floor(Value(2.0, label="x")) * 3)
    page.locator("#tab-nudge").click()
    assert page.locator("#nudge-says").inner_text().startswith("A jump: ")
    page = show(Value(0.5, label="x") * 2)
    page.locator("#tab-nudge").click()
    page.locator("#epsilon").fill("0")
    assert page.locator("#nudge-says").inner_text() == "They are equal."
    page = show(Value(1e9, label="x") * 2)
    page.locator("#tab-nudge").click()
    page.locator("#epsilon").fill("12")
    assert page.locator("#nudge-says").inner_text().startswith("This ε is lost: ")
    page = show(Value(0.0, label="x") ** -1)
    page.locator("#tab-nudge").click()
    assert "not finite" in page.locator("#nudge-says").inner_text()


def test_a_view_of_groups_alone_asks_for_a_cell(show):
    xs = [Value(0.1 * i) for i in range(50)]
    page = show(sum_of([tanh(x) for x in xs]), fold=True)
    page.locator("#tab-nudge").click()
    assert page.locator("#quotient").is_visible()
    page.evaluate("view.boxes.forEach((box) => { box.size = 2; }); showNudgeable()")
    assert page.locator("#nudge-says").inner_text().startswith("Click a box of several nodes: ")
    assert page.locator("#quotient").is_hidden()


# ------------------------------------------------------------------------------------ descend


def test_a_descent_is_that_of_python(show, parameter):
    page = show(exact(parameter))
    page.locator("#tab-descend").click()
    assert page.locator("#chosen-text").inner_text() == "2 of 3 leaves move"
    page.locator("#rate").fill("0.02")
    losses, at = [exact().data], {"w": 0.5, "b": -1.5}
    for k in range(1, 9):
        page.locator("#descend-step").click()
        root = exact(**at)
        root.backward()
        grads = {node.label: node.grad for node in Graph(root).nodes}
        at = {name: x - 0.02 * grads[name] for name, x in at.items()}
        losses.append(exact(**at).data)
        assert page.locator("#descent").inner_text() == f"step {k}: loss = {write(losses[-1])}"
    assert_same_bits(page, exact(**at))
    assert page.evaluate("results") == losses
    assert_is(page, exact(**at))
    line = page.locator("#descend-plot .line").get_attribute("d")
    heights = [float(point.split(",")[1]) for point in re.split("[ML]", line)[1:]]
    assert heights == sorted(heights)  # it falls
    assert heights[0] < heights[-1]
    page.locator("#descend-reset").click()
    assert_same_bits(page, exact())
    assert page.locator("#descend-plot").is_hidden()


def test_a_descent_of_a_graph_whose_leaf_was_set_begins_with_its_number(show, parameter):
    root = exact(parameter)
    next(node for node in Graph(root).nodes if node.label == "w").data = 0.75
    page = show(root)
    page.locator("#tab-descend").click()
    page.locator("#rate").fill("0.02")
    page.locator("#descend-step").click()
    first = exact(w=0.75)
    first.backward()
    at = {node.label: node.data - 0.02 * node.grad for node in Graph(first).nodes}
    second = exact(w=at["w"], b=at["b"])
    assert page.evaluate("results") == [first.data, second.data]
    assert_same_bits(page, second)


def test_a_learning_rate_that_is_not_above_0_is_refused(show, parameter):
    page = show(exact(parameter))
    page.locator("#tab-descend").click()
    for rate in ("-0.1", "0", "", "0.1"):
        page.locator("#rate").fill(rate)
        assert page.locator("#descend-step").is_disabled() == (rate != "0.1")
        said = page.locator("#descent").inner_text()
        assert (said == "The learning rate must be a number above 0.") == (rate != "0.1")


def test_the_leaves_that_move_are_chosen(show, parameter):
    page = show(exact(parameter))
    page.locator("#tab-descend").click()
    page.locator("#chosen-text").click()
    page.get_by_role("checkbox", name="w").uncheck()
    page.get_by_role("checkbox", name="b").uncheck()
    assert page.locator("#descend-step").is_disabled()
    assert page.locator("#descent").inner_text() == "Choose the leaves that are to move."
    page.get_by_role("checkbox", name="x").check()
    page.locator("#descend-step").click()
    moved = numbers(page)
    assert (moved["w"], moved["b"]) == (0.5, -1.5)
    assert moved["x"] != 2.0


def test_a_descent_plays_pauses_and_says_where_it_diverges(show, parameter):
    page = show(exact(parameter))
    page.clock.install()
    page.reload()
    page.locator("#tab-descend").click()
    page.locator("#descend-play").click()
    page.clock.run_for(60 * 5)
    page.locator("#descend-play").click()
    text = page.locator("#descent").inner_text()
    assert int(re.match(r"step (\d+): ", text)[1]) >= 5
    page.clock.run_for(6000)
    assert page.locator("#descent").inner_text() == text
    page.locator("#rate").fill("100")
    page.locator("#descend-play").click()
    page.clock.run_for(6000)
    text = page.locator("#descent").inner_text()
    assert text.endswith("It is not finite any more: reset, and take a smaller learning rate.")
    assert page.locator("#descend-play").inner_text() == "Play"
    page.locator("#descend-reset").click()
    assert_same_bits(page, exact())
    page.locator("#descend-play").click()
    page.locator("#tab-step").click()  # what is not seen does not go on
    before = numbers(page)
    page.clock.run_for(6000)
    assert numbers(page) == before


# ----------------------------------------------------------------------- for all who read it


def test_the_panels_by_keyboard_and_for_a_screen_reader(show, parameter):
    page = show(exact(parameter))
    tree = page.locator("main").aria_snapshot()
    assert 'tab "Step" [selected]' in tree
    page.locator("#tab-step").focus()
    for name, panel in (
        ("Change", "change"),
        ("Nudge", "nudge"),
        ("Descend", "descend"),
        ("Predict", "predict"),
    ):
        page.keyboard.press("ArrowRight")
        assert page.locator(f"#tab-{panel}:focus").inner_text() == name
        assert page.locator(f"#{panel}").is_visible()
        assert page.locator("[role=tabpanel]:visible").count() == 1
    tree = page.locator("main").aria_snapshot()
    assert 'tabpanel "Predict"' in tree
    assert 'spinbutton "Your guess"' in tree
    page.keyboard.press("Home")
    assert page.locator("#explanation").is_visible()
    page.locator("#tab-nudge").click()
    page.locator("#back").click()  # the steps have the panel again
    assert page.locator("#explanation").is_visible()


@pytest.mark.parametrize("width", [360, 390])
def test_a_phone_has_room_for_each_panel(show, parameter, width):
    page = show(exact(parameter), width=width, height=740)
    for panel in ("change", "nudge", "descend"):
        page.locator(f"#tab-{panel}").click()
        if panel == "descend":
            page.locator("#descend-step").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    drag(page, "w", 30)
    assert numbers(page)["w"] != 0.5


def test_a_finger_drags_sideways_and_scrolls_upward(browser, tmp_path):
    path = tmp_path / "page.html"
    visualize.explain(exact(), path)
    context = browser.new_context(
        viewport={"width": 390, "height": 500}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(path.as_uri())
    at = leaf(page, "w").bounding_box()
    x, y = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
    finger = context.new_cdp_session(page)

    def swipe(dx, dy):
        def touch(kind, *points):
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        touch("touchStart", {"x": x, "y": y})
        for k in range(1, 9):
            touch("touchMove", {"x": x + k * dx, "y": y + k * dy})
        touch("touchEnd")

    swipe(5, 1)
    assert numbers(page)["w"] == 0.9
    swipe(0, -12)
    page.wait_for_function("() => picture.scrollTop > 0 || scrollY > 0")
    assert numbers(page)["w"] == 0.9
    context.close()


def test_long_numbers_stay_in_their_boxes(show):
    x = Value(1.0, label="x")
    page = show(x * 1e-7 * x)
    drag(page, "x", 23)
    for node in page.locator("#view0 .node[id]:visible").all():
        frame = node.locator("path, polygon").first.bounding_box()
        for text in node.locator("text").all():
            inner = text.bounding_box()
            assert frame["x"] <= inner["x"] + 1
            assert inner["x"] + inner["width"] <= frame["x"] + frame["width"] + 1


def test_in_a_notebooks_frame(show):
    shell = f"<!DOCTYPE html><title>notebook</title>{visualize.explain(exact())._repr_html_()}"
    frame = show(shell).frame_locator("iframe")
    frame.locator("#tab-change").click()
    frame.locator("#leaf").select_option(label="w")
    frame.locator("#leaf-number").fill("0.87")
    assert write(exact(w=0.87).data) in frame.locator("#outcome").inner_text()
