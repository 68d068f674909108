"""Boxes of several nodes, in Chromium: their numbers, their maps, and each node of them."""

import random

import pytest

import nn
import visualize
from autograd_lite import Value
from tests.support.javascript import CHROMIUM
from visualize.model.nodes import Graph

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


def write(x):
    return format(x + 0.0 if x else 0.0, ".4g")


def network():
    """(model, loss) of a batch, large enough to be drawn by tensors."""
    model = nn.MLP(3, [4, 4, 1], activation="tanh", rng=0)
    return model, loss_of(model)


def loss_of(model):
    rng = random.Random(1)
    xs = [[Value(rng.gauss(0, 1), label=f"x[{i}][{j}]") for j in range(3)] for i in range(5)]
    loss = sum((model(x) - 1) ** 2 for x in xs)
    loss.label = "loss"
    return loss


def gradients(root):
    nodes = Graph(root).nodes
    for node in nodes:
        node.grad = 0.0
    root.backward()
    return nodes


def gradients_of(root, leaves):
    gradients(root)
    return [leaf.grad for leaf in leaves]


def choose(page, heading):
    (i,) = page.evaluate(
        "(heading) => view.boxes.flatMap((b, i) => b.heading === heading ? [i] : [])", heading
    )
    page.locator(f"#view0-b{i}:visible, #view0-tall-b{i}:visible").click()


def texts(page, heading):
    """The lines of the box."""
    return page.evaluate(
        """(heading) => [...view.layout.nodes[view.boxes.findIndex((b) => b.heading === heading)]
            .querySelectorAll("text")].map((text) => text.textContent.trim())""",
        heading,
    )


def norm(numbers):
    return sum(x * x for x in numbers) ** 0.5


def test_a_tensor_is_one_box_with_its_shape_and_true_numbers(show):
    model, loss = network()
    page = show(loss)
    page.keyboard.press("End")
    gradients(loss)
    for layer, (rows, columns) in enumerate([(4, 3), (4, 4)]):
        ws = [w for neuron in model.layers[layer].neurons for w in neuron.w]
        heading = f"layers.{layer}.neurons.w [{rows}, {columns}]"
        assert texts(page, heading) == [
            heading,
            f"data {write(min(w.data for w in ws))} to {write(max(w.data for w in ws))}",
            f"|grad| {write(norm(w.grad for w in ws))}",
        ]
    assert texts(page, "x [5, 3]")[0] == "x [5, 3]"


def test_the_map_of_a_box_has_the_numbers_of_the_engine(show):
    model, loss = network()
    page = show(loss, height=1500)
    page.keyboard.press("End")
    gradients(loss)
    choose(page, "layers.1.neurons.w [4, 4]")
    maps = page.locator("#cells")
    assert page.evaluate("document.activeElement.id") == "cells"
    assert page.locator("#cells .heat svg").count() == 2  # data and gradient
    ws = [list(neuron.w) for neuron in model.layers[1].neurons]
    for number, heat in (("data", 0), ("grad", 1)):
        numbers = [getattr(w, number) for row in ws for w in row]
        largest = max(map(abs, numbers))
        shades = {}
        for k, x in enumerate(numbers):
            level = sum(abs(x) > bound * largest for bound in (0, 0.01, 0.1, 0.5))
            shade = f"{'plus' if x > 0 else 'minus'}{level}" if level else "shade0"
            shades[f"{k % 4},{k // 4}"] = shade
        shown = page.evaluate(
            """(heat) => Object.fromEntries([...document.querySelectorAll(".heat svg")[heat]
                .querySelectorAll("g")].flatMap((g) => g.firstChild.getAttribute("d").split("M")
                .slice(1).map((at) => [at.split("h")[0].split(",").map((x) => Math.floor(x)).join(),
                    g.getAttribute("class")])))""",
            heat,
        )
        assert shown == shades
    keys = ["", "ArrowRight", "ArrowDown", "ArrowLeft", "End", "ArrowRight", "Home", "ArrowUp"]
    places = [(0, 0), (0, 1), (1, 1), (1, 0), (3, 3), (3, 3), (0, 0), (0, 0)]
    step = page.locator("#count").inner_text()
    for key, (i, j) in zip(keys, places, strict=True):
        if key:
            page.keyboard.press(key)
        w, name = ws[i][j], f"layers.1.neurons.{i}.w[{j}]"
        words = f"{name} = {write(w.data)}, dloss/d{name} = {write(w.grad)}"
        assert maps.get_attribute("aria-valuetext") == words
        assert maps.get_attribute("aria-valuenow") == str(4 * i + j + 1)
        assert page.locator("#reader h3").inner_text() == name
    assert page.locator("#count").inner_text() == step  # the arrows did not step
    svg = page.locator("#cells .heat svg").first
    svg.evaluate("(svg) => svg.scrollIntoView({ block: 'center' })")
    at = svg.bounding_box()
    page.mouse.move(at["x"] + at["width"] * 0.6, at["y"] + at["height"] * 0.9)
    name = "layers.1.neurons.3.w[2]"
    assert page.locator("#cells .tip").inner_text() == (
        f"{name} = {write(ws[3][2].data)}, dloss/d{name} = {write(ws[3][2].grad)}"
    )
    page.mouse.down()
    page.mouse.up()
    assert page.locator("#reader h3").inner_text() == name


def test_every_node_is_reached_and_read(show):
    _, loss = network()
    page = show(loss)
    page.keyboard.press("End")
    nodes = gradients(loss)
    closed = page.evaluate(
        "view.boxes.flatMap((b, i) => (b.open === null && b.size > 1 ? [i] : []))"
    )
    shown = page.evaluate("DATA.views.flatMap((v) => v.boxes).flatMap((b) => unrolled(b.nodes))")
    assert {*shown} == {*range(len(nodes))}
    read = set()
    for i in closed:
        page.evaluate("(i) => { selected = null; choose(i); }", i)
        for k, place in enumerate(page.evaluate("(i) => view.boxes[i].nodes", i)):
            if k:
                page.keyboard.press("ArrowRight")
            node = nodes[place]
            lines = page.locator("#reader .formula").all_inner_texts()
            assert lines[0] == f"value {write(node.data)}"
            if not node.is_constant:
                assert lines[1].endswith(f" = {write(node.grad)}")
            read.add(place)
    alone = page.evaluate("view.boxes.filter((b) => b.size === 1).flatMap((b) => b.nodes)")
    assert read | {*alone} == {*range(len(nodes))}


def test_neighbours_lead_on_with_their_products(show):
    model, loss = network()
    page = show(loss)
    page.keyboard.press("End")
    gradients(loss)
    choose(page, "layers.0.neurons.b [4]")
    b = model.layers[0].neurons[0].b
    items = page.locator("#reader li").all_inner_texts()
    assert len(items) == 5
    assert sum(float(item.rsplit("= ", 1)[1]) for item in items) == pytest.approx(b.grad, rel=1e-3)
    first = page.locator("#reader .way").first
    name = first.inner_text()
    first.click()
    assert page.locator("#reader h3").inner_text() == f"{name} = dot"
    assert page.evaluate("view.boxes[selected].heading") == "dot × 20"
    assert "Made of 8 numbers:" in page.locator("#reader").inner_text()


def test_nothing_is_told_before_its_step(show):
    _, loss = network()
    page = show(loss)
    choose(page, "layers.0.neurons.w [4, 3]")
    assert page.locator("#cells .heat svg").count() == 1  # data, no gradient yet
    assert "dloss" not in page.locator("#details").inner_text()
    dots = page.evaluate("view.boxes.findIndex((b) => b.heading.startsWith('dot'))")
    page.evaluate("(i) => choose(i)", dots)
    assert page.locator("#cells .heat svg").count() == 0
    assert page.locator("#reader .formula").count() == 0


def test_a_step_says_what_arrives_at_several_nodes(show):
    model, loss = network()
    page = show(loss)
    page.keyboard.press("End")
    gradients(loss)
    bs = [neuron.b.grad for neuron in model.layers[1].neurons]
    said = []
    for _ in range(30):
        page.keyboard.press("ArrowLeft")
        said += page.locator("#explanation li").all_inner_texts()
    (line,) = [one for one in said if one.startswith("layers.1.neurons.b [4] receives")]
    assert line == (
        f"layers.1.neurons.b [4] receives gradients of norm {write(norm(bs))} over 20 edges, "
        f"in all |grad| {write(norm(bs))}"
    )
    last = model.layers[2].neurons[0].b
    (line,) = [one for one in said if one.startswith("dloss/dlayers.2.neurons.0.b +=")]
    assert line.endswith(f"+= {write(last.grad)} over 5 edges, in all {write(last.grad)}")


def test_what_comes_from_outside_a_box_is_told_and_counted(show):
    model = nn.MLP(3, [4, 4, 1], activation="tanh", rng=0)
    rng, losses = random.Random(1), []
    for _ in range(4):
        with visualize.scope("sample"):
            losses.append((model([rng.gauss(0, 1) for _ in range(3)]) - 1) ** 2)
    loss = sum(losses)
    page = show(loss)
    page.evaluate("open(view.boxes.find((box) => box.open !== null).open)")
    page.keyboard.press("End")
    sample = losses[page.evaluate("view.index") - 1]
    own, whole = (gradients_of(root, model.layers[2].neurons[0].w) for root in (sample, loss))
    rest = norm(x - y for x, y in zip(whole, own, strict=True))
    assert rest > 0.1
    told = page.evaluate(
        """details(view.boxes.findIndex((box) => box.heading === "layers.2.neurons.0.w [4]"))
            .flatMap((part) => [...part.querySelectorAll("li")]).map((li) => li.textContent)"""
    )
    assert [one.rpartition(" ")[2] for one in told[:2]] == [write(norm(own)), write(rest)]
    assert told[1].startswith("from outside this box: norm")
    heading = "layers.1.neurons.w [4, 4]"
    said = []
    for k in range(page.evaluate("view.steps.length")):
        page.evaluate(f"go({k})")
        lines = page.locator("#explanation li").all_inner_texts()
        said += [one for one in lines if one.startswith(f"{heading} receives")]
    assert len(said) == 4
    layer = [neuron.w for neuron in model.layers[1].neurons]
    own, whole = (gradients_of(root, [w for ws in layer for w in ws]) for root in (sample, loss))
    assert said[-1].endswith(f"in all |grad| {write(norm(whole))}")
    # The neuron that sends last is the last of the layer: its row lacks what the sample adds.
    before = [x - y * (k >= 12) for k, (x, y) in enumerate(zip(whole, own, strict=True))]
    assert said[-2].endswith(f"so far |grad| {write(norm(before))}")


def test_a_cell_is_changed_and_the_box_follows(show):
    model, loss = network()
    page = show(loss)
    choose(page, "layers.1.neurons.w [4, 4]")
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Change it").click()
    assert page.evaluate("document.activeElement.id") == "leaf-number"
    page.locator("#leaf-number").fill("2.5")
    w = model.layers[1].neurons[0].w[1]
    w.data = 2.5
    gradients(loss_of(model))
    ws = [w for neuron in model.layers[1].neurons for w in neuron.w]
    assert texts(page, "layers.1.neurons.w [4, 4]")[1:] == [
        f"data {write(min(w.data for w in ws))} to 2.5",
        f"|grad| {write(norm(w.grad for w in ws))}",
    ]
    name = "layers.1.neurons.0.w[1]"
    assert page.locator("#cells").get_attribute("aria-valuetext") == (
        f"{name} = 2.5, dloss/d{name} = {write(w.grad)}"
    )


def test_a_descent_chooses_whole_tensors(show):
    model, loss = network()
    page = show(loss)
    page.locator("#tab-descend").click()
    names = page.locator("#chosen label").all_text_contents()
    assert "layers.0.neurons.w [4, 3]" in names
    assert "x [5, 3]" in names
    n = len(list(model.parameters()))
    assert page.locator("#chosen-text").inner_text() == f"{n} of {n + 15} leaves move"
    page.locator("#rate").fill("0.01")
    page.locator("#descend-step").click()
    gradients(loss)
    for p in model.parameters():
        p.data -= 0.01 * p.grad
    after = loss_of(model)
    assert page.locator("#descent").inner_text() == f"step 1: loss = {write(after.data)}"


def test_numbers_that_were_set_since_are_those_of_python(show):
    model, loss = network()
    gradients(loss)
    for p in model.parameters():
        p.data -= 0.5 * p.grad  # as an optimiser does, before the graph is explained
    nodes = gradients(loss)
    page = show(loss)
    assert page.evaluate("LAB.root") == loss.data
    shown = page.evaluate("[...LAB.engine.grad]")
    shown, grads = zip(
        *[(x, n.grad) for x, n in zip(shown, nodes, strict=True) if not n.is_constant], strict=True
    )
    assert shown == pytest.approx(grads, rel=1e-12)
    page.locator("#tab-change").click()
    leaf = page.locator("#leaf").input_value()
    page.evaluate("(node) => LAB.set([[node, LAB.number(node)]])", int(leaf))
    after = loss_of(model)
    assert page.evaluate("LAB.root") == pytest.approx(after.data, rel=1e-12)
    page.evaluate("LAB.reset()")
    assert page.evaluate("LAB.root") == loss.data


def test_on_a_phone_the_map_fits(show):
    _, loss = network()
    page = show(loss, width=390, height=844)
    choose(page, "layers.1.neurons.w [4, 4]")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("#cells .heat").first.bounding_box()["width"] <= 390
