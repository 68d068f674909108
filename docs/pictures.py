"""Makes the pictures in docs/images: those that the code of the pages draws, and screenshots.

    pip install ".[dev]"         # and Chromium, for the screenshots
    python docs/pictures.py

A page's code is run from top to bottom in an empty folder; the files that it leaves there are its
pictures. neuron.html is photographed in light and in dark. As a screenshot is not the same to the
byte everywhere, it carries the digest of the page that it shows, and a test compares that.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import struct
import tempfile
import zlib
from pathlib import Path

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
STEPPING_PAGE = "neuron.html"
SCREENSHOTS = {"stepping-light.png": "light", "stepping-dark.png": "dark"}
STEPS_BACK = 2  # from the last step, where the panel tells of one node
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEYWORD = b"Source\0"


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


def drawn(page: Path) -> dict[str, bytes]:
    """The pictures of a page, and the stepping page, that its code draws, by their names."""
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
        wanted = shown(page) | {STEPPING_PAGE}
        return {p.name: p.read_bytes() for p in Path(folder).iterdir() if p.name in wanted}


def digest(page: bytes) -> bytes:
    return hashlib.sha256(page).hexdigest().encode()


def signed(png: bytes, page: bytes) -> bytes:
    """The screenshot with the digest of the page that it shows, as a text chunk."""
    content = b"tEXt" + _KEYWORD + digest(page)
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    end = png.index(b"IEND") - 4
    return png[:end] + chunk + png[end:]


def shows(png: bytes, page: bytes) -> bool:
    """True if it is a screenshot of this page."""
    return png.startswith(_SIGNATURE) and b"tEXt" + _KEYWORD + digest(page) in png


def photograph(page: bytes) -> dict[str, bytes]:
    """Screenshots of the stepping page."""
    from playwright.sync_api import sync_playwright

    taken = {}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        path = Path(folder, STEPPING_PAGE)
        path.write_bytes(page)
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, scheme in SCREENSHOTS.items():
            sheet = browser.new_page(
                viewport={"width": 960, "height": 720}, device_scale_factor=2, color_scheme=scheme
            )
            sheet.goto(path.as_uri())
            sheet.keyboard.press("End")
            for _ in range(STEPS_BACK):
                sheet.keyboard.press("ArrowLeft")
            sheet.wait_for_timeout(300)  # until nothing moves
            height = sheet.locator(".keys").bounding_box()["y"]
            clip = {"x": 0, "y": 0, "width": 960, "height": height}
            taken[name] = signed(sheet.screenshot(clip=clip), page)
        browser.close()
    return taken


def main() -> None:
    pictures: dict[str, bytes] = {}
    for page in pages():
        pictures |= drawn(page)
    pictures |= photograph(pictures[STEPPING_PAGE])
    for name, content in pictures.items():
        (IMAGES / name).write_bytes(content)
        print(IMAGES / name)


if __name__ == "__main__":
    main()
