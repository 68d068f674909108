"""Asks the search of the built site in Chromium: `python tests/docs/site_search.py SITE`.

The first hit of each question must be the one below; the script fails at the first that is not.
"""

import functools
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

from playwright.sync_api import sync_playwright

from tests.support.javascript import CHROMIUM
from tests.support.serving import Files, serving

FIRST = {
    "XOR": "backpropagation.html#xor",
    "relu": "api/operations.html#autograd_lite.relu",
    "tanh": "api/operations.html#autograd_lite.tanh",
    "exp": "api/operations.html#autograd_lite.exp",
    "gradient clipping": "nn.html#gradient-clipping",
    "chain rule": "backpropagation.html#the-chain-rule",
    "Adam": "api/nn.html#nn.optim.Adam",
    "hessian": "api/autograd_lite.html#autograd_lite.hessian",
    "compile": "compile.html",
}


def main(site: str) -> None:
    files = functools.partial(Files, directory=site)
    with serving(files) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        for asked, first in FIRST.items():
            page.goto(f"{address}/search.html?q={asked}")
            link = page.locator("#search-results li a").first
            found = link.evaluate("a => a.href").replace(f"{address}/", "")
            assert found.rstrip("#") == first, f"{asked!r}: {found} is before {first}"
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
