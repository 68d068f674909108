"""Makes pictures live on the site: images/NAME.svg (or .png), if the page's code writes NAME.html.

The site runs the code of such a page. Where scripts run, live.js puts the stepping page in the
place of the picture, which stays on GitHub, on paper and without scripts.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pictures
from docutils import nodes

DOCS = Path(__file__).parent


def names(page: Path) -> set[str]:
    """The names of the pictures of a page for which its code writes a stepping page."""
    code = "".join(pictures.code_of(page))
    written = set(re.findall(r'visualize\.explain\(.*"([\w-]+)\.html"', code))
    return written & {name.partition(".")[0] for name in pictures.shown(page)}


def pages() -> dict[Path, set[str]]:
    """The English pages with live pictures; a Chinese page shows those of the English one."""
    english = [page for page in sorted(DOCS.glob("*.md")) if "zh-CN" not in page.name]
    return {page: found for page in english if (found := names(page))}


def mark(app: Any, doctree: nodes.document) -> None:
    """Give the pictures the class that live.js looks for."""
    live = set().union(*pages().values())
    for image in doctree.findall(nodes.image):
        if Path(image["uri"]).stem in live:
            image["classes"].append("live")


def write(app: Any, exception: Exception | None) -> None:
    """Put the stepping pages into the site, as live/NAME.html."""
    if exception is not None or app.builder.format != "html":
        return
    folder = Path(app.outdir, "live")
    folder.mkdir(exist_ok=True)
    for page, live in pages().items():
        files = pictures.made(page)
        for name in live:
            (folder / f"{name}.html").write_bytes(files[f"{name}.html"])


def setup(app: Any) -> None:
    app.connect("doctree-read", mark)
    app.connect("build-finished", write)
