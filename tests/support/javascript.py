"""JavaScript run from a test: by node, or in Chromium where there is no node."""

import json
import math
import shutil
import subprocess

import pytest

NODE = shutil.which("node") or shutil.which("nodejs")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

# A browser that asks nothing of the network.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

needs_javascript = pytest.mark.skipif(
    NODE is None and CHROMIUM is None, reason="there is neither node nor Chromium here"
)

# JSON has no nan, no inf and no -0: numbers are text on their way back.
_TEXT = """
const asText = (x) => Array.isArray(x) ? x.map(asText) : Object.is(x, -0) ? "-0" : String(x);
"""


def javascript(source, given):
    """What `result` is after the source has run, in lists of floats.

    given  what the source has as `given`; nan and inf in it are the text that Number() reads
    """
    data = json.dumps(given, allow_nan=False)
    script = f'"use strict";\nconst given = {data};\n{source}\n{_TEXT}'
    if NODE is not None:
        run = subprocess.run(
            [NODE, "-"], input=f"{script}\nconsole.log(JSON.stringify(asText(result)));",
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        return _floats(json.loads(run.stdout))
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        text = browser.new_page().evaluate(f"(() => {{ {script}\nreturn asText(result); }})()")
        browser.close()
    return _floats(text)


def _floats(text):
    return [*map(_floats, text)] if isinstance(text, list) else float(text)


def as_json(x):
    """Lists of floats, for `given`."""
    if isinstance(x, (list, tuple)):
        return [*map(as_json, x)]
    return x if abs(x) < float("inf") else str(x).replace("inf", "Infinity").replace("nan", "NaN")


# Near their zeros both languages have lost digits of these, and of exp(x - out) far below 1.
NEAR_ZERO = {"lgamma", "polygamma", "gelu", "logsumexp", "sinc", "sinc_derivative"}
EPS = 2.0**-52


def agree(rule, ours, theirs, c):
    """To 4 ulps, or to 4 eps of the largest number that the rule gets; c is its parameter."""
    largest = math.pi**c if rule.name == "sinc_derivative" else 1
    near = rule.name in NEAR_ZERO and abs(ours - theirs) <= 4 * EPS * largest
    return near or ulps(ours, theirs) <= 4


def ulps(x, y):
    """How many doubles lie between two; 0 for two nans, and inf where just one is a nan."""
    if x != x or y != y:
        return 0 if x != x and y != y else float("inf")
    return abs(_place(x) - _place(y))


def _place(x):
    """The place of a double among all, from the least to the largest; that of 0 and -0 is one."""
    from struct import pack, unpack

    (bits,) = unpack("<q", pack("<d", x))
    return bits if bits >= 0 else -(bits & 0x7FFF_FFFF_FFFF_FFFF)
