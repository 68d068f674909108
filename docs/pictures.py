"""Makes the pictures in docs/images: those that the code of the pages draws, and screenshots.

    pip install ".[dev]"         # and Chromium, for the screenshots
    python docs/pictures.py

A page's code is run from top to bottom in an empty folder; the files that it leaves there are its
pictures. neuron.html is filmed in light and in dark (film.py). As a film is not the same to the
byte everywhere, it carries the digest of the page that it shows. A test compares that, and the page
is filmed again only if it is another.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
STEPPING_PAGE = "neuron.html"
SCHEMES = {"stepping-light": "light", "stepping-dark": "dark"}
SCREENSHOTS = {f"{name}.{ending}" for name in SCHEMES for ending in ("png", "webp")}


def code_of(page: Path) -> list[str]:
    """The blocks of Python on a page."""
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def shown(page: Path) -> set[str]:
    """The names of the pictures that a page shows, but for a gallery, which has those of others."""
    text = re.sub(
        r'<div class="gallery">.*?</div>', "", page.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    return set(re.findall(r"images/([\w-]+\.\w+)", text))


def pages() -> list[Path]:
    """The pages whose code draws; a Chinese page shows what the English one draws."""
    all_pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [p for p in all_pages if code_of(p) and shown(p) and "zh-CN" not in p.name]


def made(page: Path) -> dict[str, bytes]:
    """The files that the code of a page writes, by their names."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(None):
        os.chdir(folder)
        try:
            names: dict[str, object] = {"__name__": "page"}
            for block in code_of(page):
                # No file has this name, or linecache would take its lines for those of the code.
                exec(compile(block, page.stem, "exec"), names)
        finally:
            os.chdir(before)
        return {p.name: p.read_bytes() for p in Path(folder).iterdir() if p.is_file()}


def drawn(page: Path) -> dict[str, bytes]:
    """The pictures of a page, and the stepping page of the README, that its code draws."""
    wanted = shown(page) | {STEPPING_PAGE}
    return {name: content for name, content in made(page).items() if name in wanted}


def main() -> None:
    from film import photographed, shows

    pictures: dict[str, bytes] = {}
    for text in pages():
        pictures |= drawn(text)
    page = pictures[STEPPING_PAGE]
    there = [IMAGES / name for name in SCREENSHOTS]
    if not all(path.exists() and shows(path.read_bytes(), page) for path in there):
        pictures |= photographed(page, SCHEMES)
    for name, content in pictures.items():
        (IMAGES / name).write_bytes(content)
        print(IMAGES / name)


if __name__ == "__main__":
    main()
