"""Predicting gradients on the page, in Chromium: what is hidden, what is said of a guess."""

import pytest

import visualize
from autograd_lite import Value, relu, tanh
from tests.support.javascript import CHROMIUM

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


def lesson(a=2.0):
    """dL/da = 3 * 5 + 2 * 7: two paths, of which one has two factors."""
    a = Value(a, label="a")
    b, c = a * 3, a * 2
    end = b * 5 - c * -7
    b.label, c.label, end.label = "b", "c", "L"
    return end


def predict(page):
    page.locator("#tab-predict").click()
    return page


def asked(page):
    return page.locator("#asked").evaluate("s => s.selectedOptions[0]?.textContent ?? ''")


def guess(page, name, x):
    """What is said of a guess of the gradient of this node."""
    page.locator("#asked").select_option(label=f"dL/d{name}")
    page.locator("#guess").fill(str(x))
    page.keyboard.press("Enter")
    return page.locator("#verdict").inner_text()


WRONG = [
    (-29, "The size is right, but the sign is wrong"),
    (15, "A path is forgotten, the one through c: gradients add up"),
    (14, "A path is forgotten, the one through b: gradients add up"),
    (5, "The local partials alone. A factor is missing in each"),
    (12, "A factor is missing: the local partial, ∂c/∂a and ∂b/∂a."),
    (19, "A factor is missing: ∂b/∂a = 3."),
    (22, "A factor is missing: ∂c/∂a = 2."),
    (1, "A sign is wrong: ∂c/∂a is 2."),
    (210, "What comes over several ways is added, not multiplied."),
    (2, "That is the value of a, not its gradient."),
    (1000, "The sign is right, the size is not."),
    (-1000, "Neither the sign nor the size is right."),
]


def test_a_wrong_guess_is_told_what_it_is(show):
    page = predict(show(lesson()))
    for x, says in WRONG:
        said = guess(page, "a", x)
        assert f"dL/da is not {x}. " in said
        assert says in said
        assert "dL/da = ∂c/∂a × dL/dc + ∂b/∂a × dL/db" in said
        assert "29" not in said.replace("-29", "")  # it does not tell the answer


def test_a_path_among_many_and_a_sign_on_the_way(show):
    x = Value(3.0, label="x")
    y = x * x
    z = (y * 2 + y * 5) * 10
    end = 4 - z
    y.label, z.label, end.label = "y", "z", "L"
    page = predict(show(end))
    assert "A path is forgotten, x → y → " in guess(page, "x", -360)
    assert "A factor is missing: ∂L/∂z = -1" not in guess(page, "x", 420)  # but the sign
    assert "the sign is wrong" in page.locator("#verdict").inner_text()


def test_nothing_is_told_before_it_is_found(show):
    page = predict(show(lesson()))
    answers = page.evaluate("view.boxes.map((b) => b.kind === 'constant' ? null : b.grad)")
    for _ in range(len(answers)):
        for i, grad in enumerate(answers):
            node = page.locator(f"#view0-b{i}:visible, #view0-tall-b{i}:visible")
            node.hover()
            seen = page.evaluate("(i) => i === view.root || found.has(i)", i)
            if grad is None:
                continue
            assert (node.locator("text").last.text_content() != "grad") == seen
            assert ("gradient " in node.get_attribute("aria-label")) == seen
            details = page.locator("#details").inner_text()
            assert (" = ?" in details) != seen
            assert seen or "Its gradient" not in details
            assert seen or "shade0" in node.get_attribute("class").split()
        assert page.evaluate("view.layout.bounds.every((t) => t.textContent === '≤ ?')")
        if not asked(page):
            break
        page.locator("#guess-show").click()
    assert "Every gradient is found." in page.locator("#verdict").inner_text()
    assert page.locator("#guess").is_disabled()
    page.locator("#guess-again").click()
    assert page.evaluate("found.size") == 0
    assert asked(page) != ""
    page.locator("#tab-step").click()  # all is seen again
    assert page.evaluate("view.layout.rows.every(([, g], i) => i in view.outOf && g !== null)")
    (a,) = page.evaluate("view.boxes.flatMap((b, i) => b.name === 'a' ? [i] : [])")
    text = page.locator(f"#view0-b{a}:visible, #view0-tall-b{a}:visible").locator("text").last
    assert text.text_content() == "grad 29"


def test_a_right_guess_is_shown_and_the_next_is_asked_for(show):
    page = predict(show(lesson()))
    order = []
    while name := asked(page):
        order.append(name)
        grad = page.evaluate("view.finalGrad(asking())")
        page.locator("#guess").fill(str(grad * 1.004))  # rounded by the reader
        page.locator("#guess-check").click()
        assert f"Right: {name} = {grad:.4g}" in page.locator("#verdict").inner_text()
    assert order[-1] == "dL/da"  # backward
    assert len(order) == len(set(order)) == 5


def test_what_comes_from_outside_a_box_is_no_secret(show):
    w = Value(0.5, label="w")
    with visualize.scope("inside"):
        y = tanh(w * 3) * 2
    end = y * w
    end.label = "L"
    page = show(end, depth=0)
    page.evaluate("open(view.boxes.find((box) => box.open !== null).open)")
    predict(page)
    (i,) = page.evaluate("view.boxes.flatMap((b, i) => b.name === 'w' ? [i] : [])")
    told = page.evaluate("(i) => details(i).map((part) => part.textContent).join(' ')", i)
    assert "dL/dw = ?" in told
    assert f"from outside this box: {y.data:.4g}" in told
    assert f"{y.data:.4g} from outside this box" in guess(page, "w", 1000)


def test_a_result_of_many_nodes_hides_their_gradients(show):
    xs = [Value(0.1 * k, label=f"x[{k}]") for k in range(30)]
    with visualize.scope("all"):
        end = sum(tanh(x) * x for x in xs)
    page = show(end)
    assert page.evaluate("[view.boxes.length, view.single(view.root)]") == [1, False]
    shown = "view.layout.rows[view.root][1].textContent"
    page.keyboard.press("End")
    assert page.evaluate(shown).startswith("|grad| ")
    predict(page)
    assert page.evaluate(shown) == "|grad|"
    page.evaluate("tell(view.root)")
    assert "|grad|" not in page.locator("#details").inner_text()


def test_another_number_is_another_question(show):
    page = predict(show(lesson()))
    page.locator("#guess-show").click()
    assert page.evaluate("found.size") == 1
    (a,) = page.evaluate("view.boxes.flatMap((b, i) => b.name === 'a' ? [i] : [])")
    node = page.locator(f"#view0-b{a}:visible, #view0-tall-b{a}:visible")
    node.click()
    assert asked(page) == "dL/da"
    node.press("ArrowUp")
    assert page.evaluate("found.size") == 0
    assert page.locator("#predict").is_visible()


def test_a_gradient_of_0_and_one_that_is_not_finite(show):
    x, w = Value(-1.0, label="x"), Value(0.0, label="w")
    end = relu(x) + 1 / w
    end.label = "L"
    page = predict(show(end))
    assert "dL/dw" not in page.locator("#asked option").all_inner_texts()
    assert "look for a factor that is 0" in guess(page, "x", 0.5)
    assert "Right: dL/dx = 0" in guess(page, "x", 0)


def test_by_keyboard_and_for_a_screen_reader(show):
    page = show(tanh(Value(0.5, label="x")) ** 2)
    page.locator("#tab-descend").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#predict").is_visible()
    assert page.locator("#verdict").get_attribute("aria-live") == "polite"
    tree = page.locator("#predict").aria_snapshot()
    for part in 'combobox "Gradient"', 'spinbutton "Your guess"', 'button "Check"':
        assert part in tree
    page.locator("#guess").focus()
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    assert "is not 5." in page.locator("#verdict").inner_text()
    page.keyboard.type("0.9242")  # the wrong one was selected
    page.keyboard.press("Enter")
    assert "Right: " in page.locator("#verdict").inner_text()
    assert page.locator("#guess").is_visible()


@pytest.mark.parametrize("width", [360, 390])
def test_a_phone_has_room(show, width):
    page = predict(show(lesson(), width=width, height=740))
    guess(page, "a", 15)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
