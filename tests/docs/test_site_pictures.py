"""Pictures of the site: a click opens one in its own size, and plots are dark as the site is."""

from pathlib import Path

import pytest

from tests.support.javascript import CHROMIUM, FLAGS

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here"),
]

DOCS = Path(__file__).parents[2] / "docs"
SITE = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="{docs}/site.css">
<body><article><p><img id="plain" src="{docs}/images/neuron.svg" width="200"></p>
<a href="other.html"><img id="linked" src="{docs}/images/neuron.svg" width="200"></a>
<img id="plot" src="{docs}/images/stepping-light.png" width="200">
</article><script src="{docs}/enlarge.js"></script>"""


@pytest.fixture
def page(tmp_path):
    api = pytest.importorskip("playwright.sync_api")
    path = tmp_path / "site.html"
    path.write_text(SITE.format(docs=DOCS.as_uri()), encoding="utf-8")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.goto(path.as_uri())
        yield page
        browser.close()


def test_a_click_opens_a_picture_in_its_own_size(page):
    page.locator("#plain").click()
    page.wait_for_url("**/neuron.svg")
    assert page.evaluate("location.pathname").endswith("/docs/images/neuron.svg")


def test_a_picture_with_a_link_keeps_it(page):
    ways = page.locator("article a").evaluate_all("ways => ways.map(way => way.className)")
    assert ways == ["enlarge", "", "enlarge"]
    assert page.locator("#linked").evaluate("one => one.parentElement.getAttribute('href')") == (
        "other.html"
    )


@pytest.mark.parametrize("prefers", ["light", "dark"])
@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_a_plot_is_turned_over_where_the_site_is_dark(page, prefers, theme):
    page.emulate_media(color_scheme=prefers)
    page.evaluate("(theme) => { document.body.dataset.theme = theme; }", theme)
    turned, drawn = (
        page.locator(name).evaluate("one => getComputedStyle(one).filter")
        for name in ("#plot", "#plain")
    )
    dark = prefers if theme == "auto" else theme
    assert (turned != "none") == (dark == "dark")
    assert drawn == "none"  # an SVG has a dark side of its own
