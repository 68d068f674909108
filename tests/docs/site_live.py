"""Opens the tutorial of the built site in Chromium: `python tests/docs/site_live.py SITE`.

Where scripts run, three pictures give their place to stepping pages, in the colours of the site's
switch; where none run, they are pictures.
"""

import functools
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

from playwright.sync_api import expect, sync_playwright

from tests.support.javascript import CHROMIUM
from tests.support.serving import Files, serving

PAGES = "backpropagation.html", "backpropagation.zh-CN.html"
PICTURES = ["chain", "paths", "xor"]
SWITCH = "scheme => { document.body.dataset.theme = scheme; }"
DARK = "dark => matchMedia('(prefers-color-scheme: dark)').matches === dark"


def main(site: str) -> None:
    files = functools.partial(Files, directory=site)
    with serving(files) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        live = browser.new_page(color_scheme="null")
        still = browser.new_context(java_script_enabled=False).new_page()
        for name in PAGES:
            live.goto(f"{address}/{name}")
            still.goto(f"{address}/{name}")
            frames = live.locator("iframe.live")
            expect(frames).to_have_count(len(PICTURES))
            expect(still.locator("img.live")).to_have_count(len(PICTURES))
            for k, picture in enumerate(PICTURES):
                expect(live.locator("img.live").nth(k)).to_be_hidden()
                expect(still.locator("img.live").nth(k)).to_be_visible()
                frames.nth(k).scroll_into_view_if_needed()
                frame = frames.nth(k).content_frame
                frame.locator("svg.autograd:visible").first.wait_for()
                shown = frames.nth(k).element_handle().content_frame()
                assert shown.url.startswith(f"{address}/live/{picture}.html"), shown.url
                for scheme, dark in (("dark", True), ("light", False)):
                    live.evaluate(SWITCH, scheme)
                    shown.wait_for_function(DARK, arg=dark)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
