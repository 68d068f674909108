"""The stepping page in a real browser: Debian's Chromium, driven by Playwright."""

import math
import re

import pytest

import visualize
from autograd_lite import Value, dot, exp, log, relu, sqrt, tanh
from autograd_lite import sum as sum_of
from tests.support.javascript import CHROMIUM
from visualize.model.nodes import Graph
from visualize.model.scopes import scopes_in

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


def doubt():
    """The classic doubt: why does the order matter?"""
    a = Value(1.0, label="a")
    b = a + a
    b.label = "b"
    c = b + b
    c.label = "c"
    return c


def mixed():
    x, y = Value(0.75, label="x"), Value(-1.25, label="y")
    return tanh(x * y + exp(x)) * x - y / 3 + dot([x, y, x], [0.1, 0.2, 0.3])


def special():
    x = Value(0.0, label="x")
    return log(x) * Value(2.0, label="two") + x * 0 + sqrt(x) * 0


def lines(page, panel="explanation"):
    return page.locator(f"#{panel} li").all_inner_texts()


def box(page, i, view=0):
    """A box, in the layout that is shown."""
    return page.locator(f"#view{view}-b{i}:visible, #view{view}-tall-b{i}:visible")


def texts(page, i, view=0):
    return box(page, i, view).locator("text").all_text_contents()


def numbers_of(line):
    """local, upstream and product of a line of the chain rule."""
    found = re.match(r".* \+= local (\S+) × upstream (\S+) = ([^\s,]+)", line)
    return tuple(float(group) for group in found.groups())


@pytest.mark.parametrize("make", [doubt, mixed, special])
@pytest.mark.parametrize("number", [".4g", ".3f", ".2e"])
def test_every_number_on_the_way_is_the_engines(show, make, number):
    root = make()
    nodes = Graph(root).nodes
    page = show(root, number=number)
    made = [i for i, node in enumerate(nodes) if node.parents]
    for node in nodes:
        node.grad = 0.0
    root.backward()

    def write(x):
        return format(x + 0.0 if x else 0.0, number)

    for i in made:
        assert texts(page, i)[-2] == "data ?"
        page.keyboard.press("ArrowRight")
        assert texts(page, i)[-2] == f"data {write(nodes[i].data)}"
    page.keyboard.press("ArrowRight")
    assert texts(page, len(nodes) - 1)[-1] == f"grad {write(1.0)}"
    for i in reversed(made):
        page.keyboard.press("ArrowRight")
        assert texts(page, i)[-1] == f"grad {write(nodes[i].grad)}"
        expected = [
            (write(partial), write(nodes[i].grad), write(nodes[i].grad and nodes[i].grad * partial))
            for parent, partial in zip(nodes[i].parents, nodes[i].partials, strict=True)
            if not parent.is_constant
        ]
        shown = [numbers_of(line) for line in lines(page)]
        assert repr(shown) == repr([tuple(map(float, triple)) for triple in expected])
    page.keyboard.press("ArrowRight")
    assert page.locator("#count").inner_text().split(" / ")[0] == str(2 * len(made) + 2)
    for i, node in enumerate(nodes):
        if not node.is_constant:
            assert texts(page, i)[-1] == f"grad {write(node.grad)}"


def test_numbers_are_written_as_python_writes_them(show):
    for number in ".4g", ".1g", ".0g", ".2f", ".0f", ".3e", ".0e":
        page = show(Value(1.0), number=number)
        samples = [0.0, -0.0, 0.5, 1.5, 2.5, -2.5, 0.125, 1.0625, 1234.5, 12345.0, 99995.0, 1e-5]
        samples += [1.5e-7, 0.00012345, 9.9995, 1e20, -1 / 3, 2 / 3, 1e100, 5e-324, math.pi, 1e3]
        samples += [(-1) ** k * math.exp(k / 3) for k in range(-60, 60)]
        shown = page.evaluate("(xs) => xs.map(write)", samples)
        assert shown == [format(x + 0.0 if x else 0.0, number) for x in samples]
        assert page.evaluate("[NaN, Infinity, -Infinity].map(write)") == ["nan", "inf", "-inf"]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("depth", [None, 0, 1])
def test_every_product_and_sum_is_true(show, program, seed, depth):
    """In each view of nested scopes with one result or several, at each step and for each node."""
    root, _ = program(seed)
    page = show(root, depth=depth, number=".17g")
    for view in range(page.evaluate("DATA.views.length")):
        page.evaluate(f"display({view})")
        steps = page.evaluate(
            "view.steps.map((_, k) => { go(k); return $('explanation').innerText; })"
        )
        nodes = page.evaluate(
            "view.boxes.map((_, i) => { tell(i); return $('details').innerText; })"
        )
        boxes = page.evaluate("view.boxes")
        for line in "\n".join([*steps, *nodes]).splitlines():
            for factors, product in re.findall(r"((?:\S+ × (?:upstream )?)+\S+) = ([^\s,]+)", line):
                numbers = [float(factor) for factor in re.split(r" × (?:upstream )?", factors)]
                assert same(product_of(numbers), float(product)), line
        for box, text in zip(boxes, nodes, strict=True):
            if box["size"] > 1 or box["kind"] == "constant":
                continue
            grad, *terms = re.findall(r"(?:^d\S.*|^through .*|^from outside .*) (\S+)$", text, re.M)
            assert same(float(grad), float(box["grad"])), text
            if "over" not in text.partition("through")[2] and terms:
                assert same(sum(map(float, terms)), float(grad)), text


def product_of(numbers):
    """The product along a path, from its end: a gradient of 0 stays 0."""
    product = 1.0
    for number in reversed(numbers):
        product = product and product * number
    return product


def same(x, y):
    return x == y or (x != x and y != y) or math.isclose(x, y, rel_tol=1e-9)


def test_the_classic_doubt_is_answered(show):
    page = show(doubt())
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert "b = +" in page.locator("#explanation h2").inner_text()
    assert lines(page) == [
        "dc/da += local 1 × upstream 2 = 2, now 2 (1 of 2)",
        "dc/da += local 1 × upstream 2 = 2, now 4 (2 of 2)",
    ]
    assert page.locator(".lesson").inner_text() == (
        "Order matters: b waited until both contributions had arrived, so dc/db = 2 is complete. "
        "After the first alone it would have sent 1 × 1 = 1 to a, in place of 2."
    )


def test_forward_spells_formula_and_partials(show):
    page = show(mixed())
    headings = []
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        headings.append(page.locator("#explanation .formula").first.inner_text())
    assert any(re.match(r"v\d+ = x \* y = 0.75 \* \(-1.25\) = -0.9375", h) for h in headings)


def test_slider_buttons_and_keys(show):
    page = show(doubt())
    count = page.locator("#count")
    assert count.inner_text() == "0 / 6"
    page.click("#next")
    page.click("#next")
    page.click("#back")
    assert count.inner_text() == "1 / 6"
    page.locator("#slider").fill("4")
    assert count.inner_text() == "4 / 6"
    assert page.locator("#slider").get_attribute("aria-valuetext") == "step 4 of 6, backward: c = +"
    page.click("#last")
    assert page.locator("#next").is_disabled()
    page.click("#first")
    assert page.locator("#back").is_disabled()
    page.keyboard.press("End")
    assert count.inner_text() == "6 / 6"
    page.keyboard.press("Home")
    assert count.inner_text() == "0 / 6"
    page.locator("#slider").focus()
    page.keyboard.press("ArrowRight")
    assert count.inner_text() == "1 / 6"


def test_play_runs_to_the_end_and_pauses(show):
    page = show(doubt())
    page.clock.install()
    page.reload()
    page.locator("#play").click()
    assert page.locator("#play").inner_text() == "Pause"
    page.clock.run_for(1400)
    assert page.locator("#count").inner_text() == "1 / 6"
    page.locator("#play").click()
    assert page.locator("#play").inner_text() == "Play"
    page.clock.run_for(5000)
    assert page.locator("#count").inner_text() == "1 / 6"
    page.locator("#picture").focus()
    page.keyboard.press(" ")
    page.clock.run_for(60_000)
    assert page.locator("#count").inner_text() == "6 / 6"
    assert page.locator("#play").inner_text() == "Play"


def test_partials_are_told_from_totals_and_by_operand(show):
    x = Value(3.0, label="x")
    y = x * x
    y.label = "y"
    z = tanh(y)
    z.label = "z"
    page = show(z)
    question, held = page.locator("#explanation p").all_inner_texts()
    assert question == "If a number grows a little, how fast does z grow? That is its gradient."
    assert held.startswith("1 leaf holds its number already")
    page.locator("#next").click()
    partials = page.locator("#explanation li math")
    assert partials.all_text_contents() == [
        "∂y∂x\xa0(operand 1)=x=3",
        "∂y∂x\xa0(operand 2)=x=3",
    ]
    page.locator("#next").click()
    assert partials.all_text_contents() == ["∂z∂y=1−tanh2\u2061(y)=6.092e-08"]
    page.locator("#last").click()
    assert lines(page) == ["dz/dx = 3.655e-07"]


def test_functions_are_defined_in_mathematics(show):
    page = show(relu(Value(0.5, label="x")))
    page.locator("#next").click()
    assert page.locator("#explanation .formula").inner_text() == "out = relu(x) = relu(0.5) = 0.5"
    definition, partial = page.locator("#explanation math").all_text_contents()
    assert definition == "relu\u2061(x)=0if\xa0x≤0xotherwise"
    assert partial == "∂out∂x=0if\xa0x≤01otherwise=1"
    table = page.locator("#explanation mtable").first
    assert table.evaluate("t => getComputedStyle(t).borderLeftStyle") == "solid"
    assert "where" not in page.locator("#explanation").inner_text()


def test_the_lesson_is_of_what_is_sent_to_no_constant(show):
    a = Value(1.0, label="a")
    b = 2 - a
    b.label = "b"
    page = show(b + b)
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert (
        page.locator(".lesson")
        .inner_text()
        .endswith("it would have sent -1 × 1 = -1 to a, in place of -2.")
    )


def test_hover_and_focus_tell_of_a_node(show):
    root = doubt()
    page = show(root)
    page.keyboard.press("End")
    box(page, 0).hover()
    details = page.locator("#details").inner_text()
    assert "dc/da = 4" in details
    assert lines(page, "details")[:2] == ["through b: 1 × 2 = 2"] * 2
    assert lines(page, "details")[2:] == ["a → b → c: 1 × 1 = 1"] * 4
    page.locator("h1").hover()
    assert "Point at a node" in page.locator("#details").inner_text()
    box(page, 1).focus()
    assert "b = a + a" in page.locator("#details").inner_text()


def test_hovering_tells_only_what_is_computed_by_then(show):
    page = show(doubt())
    told = []
    for step in range(7):
        box(page, 0).hover()
        told.append([page.locator("#details .formula").last.inner_text(), lines(page, "details")])
        box(page, 1).hover()
        b = page.locator("#details").inner_text()
        assert ("value 2" in b) == (step >= 1)
        assert ("dc/db = 2" in b) == (step >= 4)
        assert ("dc/db is not complete yet" in b) == (step < 4)
        page.locator("#next").click(force=True) if step < 6 else None
    before = ["dc/da is not complete yet", []]
    assert told[:5] == [before] * 5
    assert told[5][0] == "dc/da = 4"
    assert told[5][1][:2] == ["through b: 1 × 2 = 2"] * 2


@pytest.mark.parametrize("make", [doubt, mixed, special])
def test_users_and_paths_add_up_to_the_gradient(show, make):
    root = make()
    nodes = Graph(root).nodes
    for node in nodes:
        node.grad = 0.0
    root.backward()
    page = show(root, number=".15g")
    page.keyboard.press("End")
    several = 0
    for i, node in enumerate(nodes):
        if node.is_constant or node is root:
            continue
        box(page, i).hover()
        ends = [float(line.rsplit(" = ", 1)[1]) for line in lines(page, "details")]
        n = sum(line.startswith("through ") for line in lines(page, "details"))
        assert sum(ends[:n]) == pytest.approx(node.grad, rel=1e-12, nan_ok=True)
        if ends[n:]:
            several += 1
            assert sum(ends[n:]) == pytest.approx(node.grad, rel=1e-12, nan_ok=True)
    assert several > 0


def test_paths_are_told_only_where_all_of_them_are_drawn(show, mlp):
    x = chain = Value(0.5, label="x")
    for _ in range(8):
        chain = (tanh(chain) + chain) * chain
    page = show(chain)
    box(page, 0).hover()
    assert "Along its users, 6,561 paths lead" in page.locator("#details").inner_text()
    for _ in range(6):
        chain = chain + chain + chain
    page = show(chain)
    box(page, 0).hover()
    assert "more than a million paths" in page.locator("#details").inner_text()

    model = mlp(4, 4, 1)
    with visualize.scopes(model):
        loss = sum_of(model([x] * 4)) + x * x
    page = show(loss)
    boxes = page.locator("svg .node[id]:visible")
    for _ in range(3):
        for node in boxes.all():
            node.hover()
            assert " paths " not in page.locator("#details").inner_text()
        page.locator("svg .node.group[id]:visible").last.click()


def test_nothing_is_shown_before_its_step(show):
    page = show(special())
    nodes, edges = visualize.trace(special())
    log_of = next(i for i, node in enumerate(nodes) if node._op == "log")
    assert page.locator("svg title").count() == 0
    assert page.locator("svg .node[id].odd:visible").count() == 0
    assert page.locator("svg .edge text:visible").count() == 0
    assert {texts(page, i)[-1] for i, n in enumerate(nodes) if not n.is_constant} == {"grad"}
    page.keyboard.press("End")
    assert "odd" in box(page, log_of).get_attribute("class").split()
    assert "shade0" not in box(page, log_of).get_attribute("class").split()
    assert page.locator("svg .edge text:visible").count() == len(edges)

    ys = [tanh(Value(float(i), label="x")) for i in range(30)]
    page = show(sum_of(ys))
    whole = page.locator("#view0 .node.group:visible").first
    assert whole.locator("text").all_text_contents()[-2:] == ["data ?", "|grad|"]
    page.keyboard.press("End")
    assert whole.locator("text").all_text_contents()[-2:] == ["data 0 to 1", "|grad| 5.477"]


def test_click_follows_the_influence_of_an_input(show):
    x, y = Value(1.0, label="x"), Value(2.0, label="y")
    root = exp(x) + tanh(y)
    nodes, edges = visualize.trace(root)
    page = show(root)
    i = nodes.index(x)
    box(page, i).click()

    def has(selector, name):
        return name in page.locator(selector).get_attribute("class").split()

    influenced = {i, nodes.index(root), next(k for k, n in enumerate(nodes) if n._op == "exp")}
    for k in range(len(nodes)):
        assert has(f"#view0-b{k}", "dim") == (k not in influenced)
    for k, (parent, user) in enumerate(edges):
        on_way = {nodes.index(parent), nodes.index(user)} <= influenced
        assert has(f"#view0-e{k}", "lit") == on_way
    assert box(page, i).get_attribute("aria-pressed") == "true"
    page.keyboard.press("Escape")
    assert not has(f"#view0-b{nodes.index(y)}", "dim")
    box(page, i).focus()
    page.keyboard.press("Enter")
    assert has(f"#view0-b{nodes.index(y)}", "dim")
    page.keyboard.press(" ")  # activates the node, as it does any button
    assert not has(f"#view0-b{nodes.index(y)}", "dim")
    assert page.locator("#play").inner_text() == "Play"


def test_a_screen_reader_finds_its_way(show):
    page = show(doubt())
    tree = page.locator("main").aria_snapshot()
    assert 'heading "Backpropagation through c, step by step" [level=1]' in tree
    assert 'slider "Step"' in tree
    assert 'button "a, data, data 1"' in tree
    assert 'button "b = +, operation, not computed yet"' in tree
    for panel in "explanation", "details":
        assert page.locator(f"#{panel}").get_attribute("aria-live") == "polite"
    assert 'group "Computation graph of c: 3 nodes, result 4"' in tree
    page.keyboard.press("End")
    assert 'button "a, data, data 1, gradient 4"' in page.locator("main").aria_snapshot()
    assert page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("dark", [False, True])
def test_text_is_readable_in_light_and_dark(show, dark):
    page = show(mixed(), dark=dark)
    page.keyboard.press("End")

    def luminance(color):
        channels = [int(c) / 255 for c in re.findall(r"\d+", color)[:3]]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(a, b):
        low, high = sorted((luminance(a), luminance(b)))
        return (high + 0.05) / (low + 0.05)

    pairs = page.evaluate(
        """() => [...document.querySelectorAll("#view0 .node[id]")].map((node) => [
            getComputedStyle(node.querySelector("text")).fill,
            getComputedStyle(node.querySelector("[fill=white]")).fill])"""
    )
    assert pairs
    assert min(contrast(*pair) for pair in pairs) >= 4.5
    body = page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    assert contrast(*body) >= 7


def test_a_phone_sees_everything_without_scrolling_sideways(show):
    w, x, b = Value(0.5, label="w"), Value(2.0, label="x"), Value(-1.0, label="b")
    page = show(tanh(w * x + b), width=360, height=740)
    for _ in range(6):
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        now = page.locator("#view0 .node.now:visible").bounding_box()
        frame = page.locator("#picture").bounding_box()
        assert frame["x"] - 1 <= now["x"]
        assert now["x"] + now["width"] <= frame["x"] + frame["width"] + 1
        assert page.evaluate("picture.scrollWidth <= picture.clientWidth")
    sizes = [b.bounding_box() for b in page.locator(".controls button").all()]
    assert min(min(size["width"], size["height"]) for size in sizes) >= 36


def test_the_layout_follows_the_window_and_keeps_the_focus(show):
    page = show(doubt())
    box(page, 1).focus()
    page.keyboard.press("ArrowRight")
    before = texts(page, 1)
    assert page.locator("#view0-b1").is_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_selector("#view0-tall-b1:focus")
    assert not page.locator("#view0-b1").is_visible()
    assert texts(page, 1) == before
    for rankdir, sideways in ("RL", True), ("TB", False), ("BT", False):
        page = show(doubt(), rankdir=rankdir)
        a, c = box(page, 0).bounding_box(), box(page, 2).bounding_box()
        assert (a["y"] == pytest.approx(c["y"], abs=40)) == sideways
        assert (a["x"] > c["x"]) if sideways else ((a["y"] < c["y"]) == (rankdir == "TB"))


def test_no_other_script_and_no_request_gets_through(browser, tmp_path):
    page = browser.new_page()
    path = visualize.explain(doubt(), tmp_path / "page.html") and tmp_path / "page.html"
    blocked = {}
    page.on("requestfailed", lambda request: blocked.update({request.url: request.failure}))
    page.goto(path.as_uri())
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "document.title = 'run'";
            document.body.append(script);
            document.body.insertAdjacentHTML("beforeend", "<b onclick='document.title = 1'>");
            document.querySelector("b").click();
            new Image().src = "http://127.0.0.1:9/x.png";
        }"""
    )
    assert page.evaluate("fetch('http://127.0.0.1:9').then(() => 1, () => 0)") == 0
    assert page.title() == "Backpropagation through c, step by step"
    assert blocked == {"http://127.0.0.1:9/x.png": "csp"}
    page.close()


def test_in_a_notebooks_sandboxed_frame(show):
    page = visualize.explain(doubt())
    shell = f"<!DOCTYPE html><title>notebook</title><body>{page._repr_html_()}</body>"
    frame = show(shell).frame_locator("iframe")
    frame.locator("#next").click()
    assert frame.locator("#count").inner_text() == "1 / 6"
    frame.locator("#last").click()
    assert frame.locator("#explanation li").all_inner_texts() == ["dc/da = 4"]


HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"'\\ | { } < > & &amp; \\n \\l",
    "javascript:alert(1)",
    "]]></style><svg onload=alert(1)>",
    "中文 😀 \u202e \x00 \ud800 \n\r\t",
    "<" * 10_000,
]


def test_no_label_runs_a_script(show):
    xs = [Value(float(i), label=label) for i, label in enumerate(HOSTILE)]
    made = [Value(1.0, (x,), x.label, label=x.label) for x in xs]
    root = sum_of(made)
    page = show(root)
    page.keyboard.press("End")
    for i in range(len(visualize.trace(root)[0])):
        box(page, i).hover()
    page.keyboard.press("Home")
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    names = {t for i in range(7) for t in texts(page, i)}
    assert "javascript:alert(1)" in names
    assert page.locator("script").count() == 2
    assert page.locator("img").count() == 0
    assert page.evaluate("document.body.querySelectorAll('[onload],[onerror],[href]').length") == 0
    svg = show(f"<!DOCTYPE html><body>{visualize.draw(root).svg}</body>")
    assert svg.locator("script, img, a").count() == 0


def test_of_a_result_that_is_no_number_nothing_is_promised(show):
    x, y = Value(1000.0, label="x"), Value(0.5, label="y")
    q = x * 1e306 * 10  # inf
    page = show(q * y + q * 0)
    page.keyboard.press("End")
    assert "grows" not in page.locator("#explanation").inner_text()
    constants = page.locator("svg:visible .node.constant[id]")
    assert constants.count() == 3
    assert page.locator("svg:visible .node.constant.odd[id]").count() == 0
    page = show(x * y)
    page.keyboard.press("End")
    assert "If y grows by 0.01, out grows by about 10." in page.locator("#explanation").inner_text()


def test_a_collapsed_graph_opens_on_click_and_closes(show, mlp):
    model = mlp(8, 8, 4)
    with visualize.scopes(model):
        outs = [model([Value(0.1 * (i + j)) for j in range(8)]) for i in range(6)]
    loss = sum_of([(o - 1) ** 2 for out in outs for o in out])
    page = show(loss)
    assert page.locator("#trail").is_hidden()
    whole = page.get_by_role("button", name=re.compile("^MLP × 6"))
    whole.click()
    assert page.locator("svg .node:focus:visible").count() == 1
    assert page.locator("#trail button").all_inner_texts() == ["The whole graph", "MLP × 6"]
    assert page.locator("#alike").inner_text().split("\n")[1] == "1 of 6 of the same structure"
    page.get_by_role("button", name=re.compile(r"^Linear\(8, 4\)")).focus()
    page.keyboard.press("Enter")
    assert page.locator("#trail button").count() == 3
    page.get_by_role("button", name=re.compile("^Neuron")).first.click()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    assert lines(page)
    page.keyboard.press("Escape")
    assert page.locator("#trail button").count() == 3
    assert page.locator("svg .node:focus").get_attribute("aria-label").startswith("Neuron")
    page.locator("#trail button").first.click()
    assert page.locator("#trail").is_hidden()
    assert page.locator("svg .node:focus").get_attribute("aria-label").startswith("MLP × 6")


def test_those_of_the_same_structure_open_one_after_another(show, mlp):
    model = mlp(8, 8, 4)
    with visualize.scopes(model):
        outs = [model([Value(0.1 * (i + j)) for j in range(8)]) for i in range(6)]
    loss = sum_of([(o - 1) ** 2 for out in outs for o in out])
    ranges = []
    for nodes in numbers_within(loss, "Linear(8, 4)"):
        ranges.append(f"{min(nodes):.4g} to {max(nodes):.4g}")
    assert len(set(ranges)) == 6
    page = show(loss)
    page.get_by_role("button", name=re.compile("^MLP × 6")).click()
    page.keyboard.press("End")
    layer = page.get_by_role("button", name=re.compile(r"^Linear\(8, 4\)"))
    assert page.locator("#alike-back").is_disabled()
    for i, told in enumerate(ranges):
        assert page.locator("#alike-place").inner_text() == f"{i + 1} of 6 of the same structure"
        assert told in layer.get_attribute("aria-label")
        assert told in "".join(layer.locator("text").all_text_contents())
        if i < 5:
            page.locator("#alike-next").press("Enter")
    assert page.locator("#alike-next").is_disabled()
    assert page.evaluate("document.activeElement.id") == "alike-back"
    assert page.evaluate("location.hash").endswith(f"view={page.evaluate('view.index')}")
    page.keyboard.press("Escape")
    focused = page.locator("svg .node:focus:visible")
    assert focused.get_attribute("aria-label").startswith("MLP × 6")
    assert page.locator("#alike").is_hidden()


def numbers_within(root, title):
    """[calls of the scope] the numbers of its nodes that are no constants."""
    graph = Graph(root)
    found = {}
    for node, scope in scopes_in(graph).items():
        for outer in scope.path:
            if outer.title == title and not node.is_constant:
                found.setdefault(outer, []).append(node.data)
    return list(found.values())


def test_more_than_forty_nodes_start_collapsed(show, mlp):
    model = mlp(3, 4, 4, 1)
    with visualize.scopes(model):
        loss = (sum_of(model([Value(0.1 * j, label=f"x{j}") for j in range(3)])) - 1) ** 2
    assert 40 < len(visualize.trace(loss)[0]) < 80
    page = show(loss, width=390, height=844)
    assert page.get_by_role("button", name=re.compile("^MLP, group")).is_visible()
    assert page.locator("#view0 .node[id]:visible").count() < 10
    assert page.evaluate("picture.scrollWidth <= picture.clientWidth")


def test_a_folded_start_and_no_colours(show):
    root = sum_of([tanh(Value(float(i))) for i in range(3)])
    page = show(root, fold=True, color=False)
    page.keyboard.press("End")
    assert page.get_by_role("button", name=re.compile("^tanh × 3, group")).count() == 1
    classes = page.locator("#view0 .node[id]:visible").evaluate_all(
        "ns => ns.map(n => [...n.classList])"
    )
    assert not [c for cs in classes for c in cs if c[:-1] in ("plus", "minus", "size")]


def test_a_node_used_by_a_collapsed_group_passes_on_its_whole_gradient(show):
    x = Value(0.5, label="x")
    y = tanh(x)
    y.label = "y"
    root = sum_of([y] * 12)
    page = show(root)
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    ((local, upstream, _),) = [numbers_of(line) for line in lines(page)]
    assert upstream == 12.0
    assert local == pytest.approx(1 - math.tanh(0.5) ** 2, rel=1e-3)


@pytest.mark.parametrize("dark", [False, True])
def test_a_picture_follows_the_switch_of_the_page_it_stands_in(show, neuron, dark):
    """That of Furo, of JupyterLab or of VS Code; without one, the reader's choice."""
    svg = visualize.draw(neuron).svg
    page = show(f'<!doctype html><meta charset="utf-8"><body>{svg}', dark=dark)

    def paper(name, value):
        return page.evaluate(
            """([name, value]) => {
                if (name) document.body.setAttribute(name, value);
                const fill = getComputedStyle(document.querySelector(".paper")).fill;
                if (name) document.body.removeAttribute(name);
                return fill;
            }""",
            [name, value],
        )

    light, night = "rgb(255, 255, 255)", "rgb(22, 25, 29)"
    switches = (("data-theme", "%s"), ("class", "vscode-%s"))
    for name, value in switches:
        assert paper(name, value % "light") == light
        assert paper(name, value % "dark") == night
    assert paper("data-jp-theme-light", "true") == light
    assert paper("data-jp-theme-light", "false") == night
    assert paper("data-theme", "auto") == paper("", "") == (night if dark else light)
