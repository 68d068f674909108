"""The stepping page on a screen that is narrow and touched, and how large its letters are."""

import pytest

import visualize
from autograd_lite import Value, tanh
from tests.support.javascript import CHROMIUM

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here"),
]


def chain():
    x, w = Value(0.5, label="x"), Value(-1.5, label="w")
    for _ in range(3):
        x = tanh(w * x) + x
    return x


def tap(page, i):
    handle = page.evaluate_handle("(i) => view.layout.nodes[i]", i).as_element()
    handle.scroll_into_view_if_needed()
    handle.tap()


def places(page, i):
    """The rectangles of a box, of what is told of it, and of the picture."""
    return page.evaluate(
        """async (i) => {
            await new Promise(requestAnimationFrame);  // what has scrolled is told before a frame
            return [view.layout.nodes[i], $("details"), $("picture")].map((one) => {
                const { left, right, top, bottom } = one.getBoundingClientRect();
                return { left, right, top, bottom };
            });
        }""",
        i,
    )


def test_what_is_told_stands_beside_what_was_tapped(show):
    page = show(chain(), width=390, height=844, phone=True)
    page.evaluate("go(view.steps.length - 1)")
    details = page.locator("#details")
    assert "Tap a node" in details.inner_text()
    for i in range(page.evaluate("view.boxes.length")):
        tap(page, i)
        assert page.evaluate("[told, selected]") == [i, i]
        assert page.evaluate("view.boxes[told].heading") in details.inner_text()
        node, panel, _ = places(page, i)
        assert (panel["top"] == pytest.approx(node["bottom"] + 8, abs=1)) or (
            panel["bottom"] == pytest.approx(node["top"] - 8, abs=1)
        )
        assert panel["left"] >= 0
        assert panel["right"] <= 390
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert details.get_by_role("button", name="Close").count() == 1
        details.get_by_role("button", name="Close").tap()
        assert page.evaluate("[told, selected]") == [None, None]
        assert "beside" not in details.get_attribute("class").split()


def test_it_moves_along_and_lets_go(show):
    page = show(chain(), width=390, height=700, phone=True)
    tap(page, 3)
    page.evaluate("$('picture').scrollBy(0, 40)")
    page.wait_for_function(
        """() => {
            const node = view.layout.nodes[3].getBoundingClientRect();
            const panel = $("details").getBoundingClientRect();
            const gaps = [panel.top - node.bottom, node.top - panel.bottom];
            return gaps.some((gap) => Math.abs(gap - 8) < 1);
        }"""
    )
    tap(page, 3)  # once more
    assert page.evaluate("[told, selected]") == [None, None]
    tap(page, 3)
    frame = page.locator("#picture").bounding_box()
    page.touchscreen.tap(frame["x"] + 3, frame["y"] + 3)  # on the paper
    assert page.evaluate("[told, selected]") == [None, None]


def test_in_a_wide_window_it_keeps_its_place(show):
    page = show(chain())
    page.evaluate("choose(2)")
    _, panel, picture = places(page, 2)
    assert panel["top"] > picture["bottom"]
    assert page.get_by_role("button", name="Close").count() == 0
    page.locator("#picture").click(position={"x": 3, "y": 3})
    assert page.evaluate("[told, selected]") == [None, None]


@pytest.mark.parametrize("width", [800, 1280, 1920])
def test_letters_have_twelve_pixels(show, width):
    def f(x, w):
        y = w * x
        return tanh(y) + y

    page = show(visualize.explain(f, 0.5, -1.5).html, width=width)
    for step in range(page.evaluate("view.steps.length")):
        page.evaluate(f"go({step})")
        smallest = page.evaluate(
            """() => {
                const scale = view.layout.svg.getBoundingClientRect().width / view.layout.width;
                const texts = [...document.body.querySelectorAll("*")].filter((one) =>
                    one.getClientRects().length && one.closest("math") === null &&
                    [...one.childNodes].some((child) => child.nodeType === 3 && child.data.trim()));
                return Math.min(...texts.map((one) => parseFloat(getComputedStyle(one).fontSize) *
                    (one.closest("svg.autograd") ? scale : 1)));
            }"""
        )
        assert smallest >= 11.99  # the browser rounds widths to 1/64 of a pixel


def test_letters_of_a_picture_wider_than_a_phone_have_twelve_pixels_and_it_scrolls(show):
    xs = [Value(0.5 * k, label=f"x{k}") for k in range(4)]
    page = show(tanh(xs[0] * xs[1] + xs[2] * xs[3]), width=390, height=844, phone=True)
    assert page.evaluate("$('picture').scrollWidth > $('picture').clientWidth")
    scale = "view.layout.svg.getBoundingClientRect().width / view.layout.width"
    for letters in page.evaluate(
        f"""[...view.layout.svg.querySelectorAll("text")].map((text) =>
            parseFloat(getComputedStyle(text).fontSize) * {scale})"""
    ):
        assert letters >= 11.99
