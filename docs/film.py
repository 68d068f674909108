"""The stepping page as a film and as a still: what the first screen of the README shows.

A hand steps through the backward pass, and then drags w. The times of the film are its own: each
frame is taken when nothing moves, with the travelling numbers put where they are at that time.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import tempfile
from pathlib import Path
from typing import Any

SIZE = {"width": 900, "height": 800}  # pixels, of which a screenshot has twice as many
COLOURS = 96
BACKWARD = 4  # the steps of the backward pass
STILL = 2  # the step of it that the still shows, where the panel tells of one node
TRAVEL = (0.1, 0.3, 0.5, 0.7, 0.9)  # where travelling numbers are seen, as fractions of the way
DRAG = 10, 8  # pixels, and how often
HOLD, FRAME, END = 900, 130, 2500  # milliseconds
PLAYS = 3

_HAND = """([x, y]) => {
  let hand = document.getElementById("hand");
  if (!hand) {
    document.body.insertAdjacentHTML("beforeend", `<svg id="hand" viewBox="0 0 16 24" width="16"
      height="24" style="position: fixed; pointer-events: none"><path d="M1 1v17l4-4 3 8 3-1-3-8h6z"
      fill="white" stroke="black" stroke-width="1.2"/></svg>`);
    hand = document.getElementById("hand");
  }
  hand.style.left = `${x}px`;
  hand.style.top = `${y}px`;
}"""
_HIDE = "() => { document.querySelector('.keys').style.visibility = 'hidden'; }"
_STOP = "() => document.getAnimations().forEach(a => a.pause())"
_MOVE = """t => document.getAnimations().forEach(a => {
  a.currentTime = a.effect.getComputedTiming().endTime * t;
})"""
_FINISH = "() => document.getAnimations().forEach(a => a.finish())"


def digest(page: bytes) -> bytes:
    return hashlib.sha256(page).hexdigest().encode()


def shows(picture: bytes, page: bytes) -> bool:
    """True if it is a film or a still of this page, whose digest it carries."""
    return picture.startswith((b"\x89PNG\r\n\x1a\n", b"RIFF")) and digest(page) in picture


def photographed(page: bytes, schemes: dict[str, str]) -> dict[str, bytes]:
    """The film and the still of a page: NAME.webp and NAME.png for each {NAME: light or dark}."""
    from playwright.sync_api import sync_playwright

    taken = {}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "page.html")
        path.write_bytes(page)
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, scheme in schemes.items():
            sheet = browser.new_page(viewport=SIZE, device_scale_factor=2, color_scheme=scheme)
            sheet.goto(path.as_uri())
            frames, still = _frames(sheet)
            taken[f"{name}.webp"] = _film(frames, page)
            taken[f"{name}.png"] = _still(still, page)
        browser.close()
    return taken


def _frames(sheet: Any) -> tuple[list[tuple[Any, int]], Any]:
    """(picture, milliseconds) of each frame; and the still."""
    from PIL import Image

    frames: list[tuple[Any, int]] = []
    sheet.keyboard.press("End")
    box = sheet.locator("g.node").filter(has_text="w").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    sheet.mouse.move(x, y)  # then the page is as high as it becomes
    height = sheet.locator(".keys").bounding_box()["y"]
    sheet.mouse.move(SIZE["width"] - 1, 1)
    sheet.evaluate(_HIDE)

    def take(milliseconds: int) -> None:
        clip = {"x": 0, "y": 0, "width": SIZE["width"], "height": height}
        shot = Image.open(io.BytesIO(sheet.screenshot(clip=clip)))
        frames.append((shot.convert("RGB"), milliseconds))

    for _ in range(BACKWARD):
        sheet.keyboard.press("ArrowLeft")
    sheet.evaluate(_FINISH)
    take(HOLD)
    for step in range(1, BACKWARD + 1):
        sheet.keyboard.press("ArrowRight")
        sheet.evaluate(_STOP)
        for time in TRAVEL if step < BACKWARD else ():
            sheet.evaluate(_MOVE, time)
            take(FRAME)
        sheet.evaluate(_FINISH)
        take(HOLD)
        if step == STILL:
            still = frames[-1][0]
    pixels, times = DRAG
    for k in range(times + 1):
        sheet.mouse.move(x + k * pixels, y)
        sheet.evaluate(_HAND, [x + k * pixels, y])
        sheet.evaluate("() => new Promise(requestAnimationFrame)")  # until the page is drawn again
        sheet.evaluate(_FINISH)
        take(FRAME if k else HOLD)
        if k == 0:
            sheet.mouse.down()
    frames[-1] = frames[-1][0], END
    return frames, still


def _film(frames: list[tuple[Any, int]], page: bytes) -> bytes:
    """An animated WebP, in colours that all frames share."""
    pictures, times = zip(*frames, strict=True)
    first, *others = (picture.convert("RGB") for picture in _in_few_colours(pictures))
    file = io.BytesIO()
    first.save(
        file,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=list(times),
        loop=PLAYS,
        lossless=True,
        method=4,  # the default of 0 makes a film seven times as large
        minimize_size=True,
        xmp=digest(page),
    )
    return file.getvalue()


def _still(picture: Any, page: bytes) -> bytes:
    from PIL.PngImagePlugin import PngInfo

    about = PngInfo()
    about.add_text("Source", digest(page).decode())
    file = io.BytesIO()
    (few,) = _in_few_colours([picture])
    few.save(file, "PNG", optimize=True, pnginfo=about)
    return file.getvalue()


def _in_few_colours(pictures: Any) -> list[Any]:
    """The pictures in the colours of the first, the middle and the last, side by side."""
    from PIL import Image

    few = [pictures[k * (len(pictures) - 1) // 2] for k in range(3)]
    width, height = few[0].size
    beside = Image.new("RGB", (3 * width, height))
    for k, picture in enumerate(few):
        beside.paste(picture, (k * width, 0))
    palette = beside.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=0)
    return [picture.quantize(palette=palette, dither=0) for picture in pictures]
