"""The stepping page on paper: all of it is there, and nothing that works on a screen alone."""

import pytest

import visualize
from autograd_lite import Value, tanh
from tests.support.javascript import CHROMIUM

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here"),
]


def printed(page):
    page.set_viewport_size({"width": 700, "height": 1000})
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    return page


def long_chain(x, w):
    for _ in range(12):
        x = tanh(w * x) + x
    return x


def test_the_whole_picture_is_on_the_sheet_and_so_is_the_code(show):
    page = printed(show(visualize.explain(long_chain, 0.5, -1.5).html))
    for name in "picture", "code":
        cut = page.evaluate(
            """(name) => {
                const { scrollWidth, clientWidth, scrollHeight, clientHeight } = $(name);
                return [scrollWidth - clientWidth, scrollHeight - clientHeight];
            }""",
            name,
        )
        assert cut == [0, 0]
    code, picture = page.locator("#code").bounding_box(), page.locator("#picture").bounding_box()
    assert picture["width"] > 600  # it would be 0 beside the code
    assert code["y"] >= picture["y"] + picture["height"]


def test_the_picture_goes_in_the_direction_that_a_sheet_has_room_for(show):
    x = Value(0.5, label="x")
    for _ in range(4):
        x = tanh(x)
    page = show(x, width=2400)
    assert page.evaluate("view.layout.width > view.layout.height")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("view.layout.width < view.layout.height")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("view.layout.width > view.layout.height")


def test_what_is_told_of_a_box_is_printed_and_how_to_point_is_not(show):
    page = printed(show(tanh(Value(0.5, label="x"))))
    assert not page.locator("#details").is_visible()
    assert not page.locator(".controls").is_visible()
    page.evaluate("choose(1)")
    assert page.locator("#details").is_visible()
