"""Writes docs/images/training.html: the page's part in which the GPT of examples/tiny.py trains.

pip install ".[c,examples]"
python docs/training.py
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "training.html"
WRITTEN = ROOT / "docs" / "images" / "training.html"
STEPS = 1000  # of the page


def main() -> None:
    sys.path.insert(0, str(ROOT / "examples"))
    from gpt import GPT
    from letters import shuffled_names
    from tiny import adam, example, loss_of

    import autograd_lite

    rng = random.Random(0)
    names = shuffled_names(rng)[:STEPS]
    model = GPT(rng)
    args = example(names[0])
    loss, options = loss_of(model), {"real": "float"}
    step = autograd_lite.export(loss, "wasm", *args, optimizer=adam(model), **options)
    look = autograd_lite.export(loss, "wasm", *args, **options)
    text = PAGE.read_text(encoding="utf-8")
    for place, inside in (("STEP", module(step)), ("LOOK", module(look))):
        text = text.replace(f"/* {place} */", inside)
    text = text.replace("/* NAMES */", " ".join(names))
    WRITTEN.write_text(text, encoding="utf-8")


def module(source: object) -> str:
    """What a module exports, as an expression, for a page that has several."""
    text = str(source).replace("export async function load", "async function load")
    return f"(() => {{\n{text}\nreturn load;\n}})()"


if __name__ == "__main__":
    main()
