"""A page in Chromium, driven by Playwright."""

import pytest

import visualize
from tests.support.javascript import CHROMIUM, FLAGS


@pytest.fixture(scope="session")
def browser():
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def show(browser, tmp_path):
    """Open a page of the graph; at the end nothing may have been said on the console.

    dark    what the reader prefers; None for the browser's own way to tell, which frames follow
    frames  files that may be loaded beside it
    calm    whether the reader prefers reduced motion
    phone   whether the screen is touched, and there is no pointer
    """
    complaints, contexts = [], []

    def show(what, width=1200, height=800, **options):
        dark, frames = options.pop("dark", False), options.pop("frames", ())
        calm, phone = options.pop("calm", False), options.pop("phone", False)
        text = what if isinstance(what, str) else visualize.explain(what, **options).html
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(text, encoding="utf-8")
        own = {path.as_uri(), *(frame.as_uri() for frame in frames)}
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme={None: "null", False: "light", True: "dark"}[dark],
            reduced_motion="reduce" if calm else "no-preference",
            has_touch=phone,
            is_mobile=phone,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on(
            "request",
            lambda request: request.url.partition("#")[0] in own or complaints.append(request.url),
        )
        page.goto(path.as_uri())
        return page

    yield show
    for context in contexts:
        context.close()
    assert complaints == []
