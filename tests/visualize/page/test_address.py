"""The address of the stepping page, its theme and its speed, in Chromium."""

import pytest

import visualize
from autograd_lite import Value, tanh
from tests.support.javascript import CHROMIUM

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


def lesson():
    a = Value(1.5, label="a")
    b = a * a
    c = tanh(b) + b
    b.label, c.label = "b", "c"
    return c


def count(page):
    return page.locator("#count").inner_text()


def to(page, hash):
    """Go there as a reader who types it, and wait until the page has heard."""
    page.evaluate(
        """(hash) => new Promise((heard) => {
            window.addEventListener("hashchange", heard, { once: true });
            location.hash = hash;
        }).then(() => null)""",
        hash,
    )


def hash_of(page):
    return page.evaluate("location.hash")


def test_a_link_opens_its_step(show):
    page = show(lesson())
    assert (count(page), hash_of(page)) == ("0 / 8", "")
    to(page, "#6")
    assert count(page) == "6 / 8"
    page.reload()
    assert count(page) == "6 / 8"
    to(page, "#99")  # the last one there is, and the address says so
    assert (count(page), hash_of(page)) == ("8 / 8", "#8")
    to(page, "#nonsense")
    assert count(page) == "8 / 8"
    to(page, "#2&view=7")  # no such view
    assert count(page) == "8 / 8"


def test_the_address_follows_and_back_leads_back(show):
    page = show(lesson())
    for _ in range(3):
        page.locator("#next").click()
    assert hash_of(page) == "#3"
    page.keyboard.press("End")
    assert hash_of(page) == "#8"
    page.keyboard.press("End")  # already there: no entry
    for step in (3, 2, 1, 0):
        page.evaluate("history.back()")
        page.wait_for_function("(step) => view.step === step", arg=step)
        assert count(page) == f"{step} / 8"
    page.evaluate("history.go(2)")
    page.wait_for_function("() => view.step === 2")
    entries = page.evaluate("history.length")
    page.locator("#slider").fill("5")
    page.locator("#slider").fill("6")
    assert hash_of(page) == "#6"
    page.evaluate("history.back()")  # a slider leaves no entries
    page.wait_for_function("() => view.step === 1")
    assert page.evaluate("history.length") == entries


def test_an_opened_box_is_in_the_address(show):
    root = lesson()
    for _ in range(40):
        root = tanh(root) * 0.5
    page = show(root, fold=True)
    page.evaluate("open(view.boxes.find((box) => box.open !== null).open)")
    page.locator("#next").click()
    index = page.evaluate("view.index")
    assert hash_of(page) == f"#1&view={index}"
    page.reload()
    assert page.evaluate("[view.index, view.step]") == [index, 1]
    page.evaluate("history.go(-2)")
    page.wait_for_function("() => view.index === 0")


@pytest.mark.parametrize("prefers_dark", [False, True])
def test_the_theme_of_the_address_wins(show, prefers_dark):
    page = show(lesson(), dark=prefers_dark)
    paper = """[getComputedStyle(document.body).backgroundColor,
                getComputedStyle(document.querySelector("#view0 .node text")).fill]"""
    preferred = page.evaluate(paper)
    to(page, "#2&theme=dark")
    dark = page.evaluate(paper)
    to(page, "#3&theme=light")
    light = page.evaluate(paper)
    page.locator("#next").click()
    assert hash_of(page) == "#4&theme=light"
    assert all(x != y for x, y in zip(light, dark, strict=True))
    assert preferred == (dark if prefers_dark else light)


def test_a_speed_is_chosen(show):
    page = show(lesson())
    page.clock.install()
    page.reload()
    interval = page.evaluate("DATA.interval")
    page.locator("#speed").select_option("4")
    page.locator("#play").click()
    page.clock.run_for(interval)
    assert count(page) == "4 / 8"
    page.locator("#speed").select_option("0.5")  # while it plays
    page.clock.run_for(interval * 2)
    assert count(page) == "5 / 8"
    entries = page.evaluate("history.length")
    page.clock.run_for(interval * 8)
    assert (count(page), hash_of(page)) == ("8 / 8", "#8")
    assert page.evaluate("history.length") == entries
    page.locator("#speed").focus()
    page.keyboard.press("Home")  # the keys of a choice are its own
    assert count(page) == "8 / 8"


@pytest.mark.parametrize("sandbox", ["", ' sandbox="allow-scripts"'])
def test_in_a_frame_the_page_around_it_keeps_its_history(show, tmp_path, sandbox):
    visualize.explain(lesson(), tmp_path / "steps.html")
    shell = f'<!DOCTYPE html><title>site</title><iframe{sandbox} src="steps.html#6&theme=dark">'
    page = show(shell, frames=[tmp_path / "steps.html"])
    frame = page.frame_locator("iframe")
    assert frame.locator("#count").inner_text() == "6 / 8"
    entries = page.evaluate("history.length")
    frame.locator("#next").click()
    assert frame.locator("#count").inner_text() == "7 / 8"
    assert page.evaluate("history.length") == entries
    assert frame.locator("html").get_attribute("data-theme") == "dark"


def test_in_a_notebook_there_is_no_address(show):
    page = show(
        f"<!DOCTYPE html><title>notebook</title>{visualize.explain(lesson())._repr_html_()}"
    )
    frame = page.frame_locator("iframe")
    frame.locator("#next").click()
    frame.locator("#last").click()
    assert frame.locator("#count").inner_text() == "8 / 8"
    assert hash_of(page) == ""


@pytest.mark.parametrize(
    ("around", "dark"),
    [
        ("<body>", False),
        ('<body data-jp-theme-light="true">', False),
        ('<body data-jp-theme-light="false">', True),
        ('<body class="vscode-dark">', True),
        ('<body data-theme="dark">', True),
    ],
)
def test_in_a_notebook_the_page_has_its_theme(show, around, dark):
    notebook = visualize.explain(lesson())._repr_html_()
    page = show(f"<!DOCTYPE html><title>notebook</title>{around}{notebook}", dark=None)
    body = page.frame_locator("iframe").locator("body")
    color = body.evaluate("(body) => getComputedStyle(body).backgroundColor")
    assert color == ("rgb(22, 25, 29)" if dark else "rgb(255, 255, 255)")
