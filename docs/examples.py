"""Runs the examples and writes docs/examples.md, with what each printed and its picture.

pip install ".[examples]"
python docs/examples.py            # all, for a few minutes
python docs/examples.py digits     # one anew; the others stay as they are
"""

from __future__ import annotations

import ast
import io
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "examples.md"
IMAGES = ROOT / "docs" / "images"
NAMES = [
    "digits",
    "chapter",
    "cnn",
    "speech",
    "gpt",
    "cluster",
    "tiny",
    "bert",
    "gan",
    "reinforce",
    "ode",
    "physics",
    "finance",
    "control",
    "posterior",
]
WIDTH = 1440  # pixels of a picture, twice those of a column of text
ONE_THREAD = os.environ | {"OMP_NUM_THREADS": "1"}

HEAD = """# Examples

Each example is one file, one or two pages of code, that you can read, run and change. All are
written in scalars and trained with [`compile`](compile.md). In a checkout:

```
pip install ".[examples]"
python examples/digits.py             # --quick for a small run, --eager without compile
```

Output and pictures are those of whole runs (`python docs/examples.py`, one thread). The seconds
include imports, tests and drawing. In most examples one line says what `compile` gained. The gain
is small where a step is fast without it: in `digits` a batch is small, and a whole neuron is one
`dot`. [Benchmarks](benchmarks.md) has times that were measured with more care than those of single
runs.
"""


BELOW = {
    "tiny": """
The same step is exported as [WebAssembly](export.md), too. So the GPT trains in this page, from the
same numbers and on the same names; `python docs/training.py` writes the part that follows.

```{raw} html
:file: images/training.html
```
"""
}


def section(name: str) -> str:
    """What a run of an example says, below its title; its picture goes to docs/images."""
    program = ROOT / "examples" / f"{name}.py"
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(program)]
        start = time.perf_counter()
        ran = subprocess.run(
            command, cwd=folder, env=ONE_THREAD, check=True, capture_output=True, text=True
        )
        seconds = time.perf_counter() - start
        small(Path(folder, f"{name}.png"), IMAGES / f"example-{name}.png")
    title = (ast.get_docstring(ast.parse(program.read_text(encoding="utf-8"))) or "").split("\n")[0]
    printed = re.sub(r"^wrote .*\n", "", ran.stdout, flags=re.MULTILINE).rstrip()
    return f"""
## {name}.py

{title} [{name}.py](../examples/{name}.py) took {seconds:.0f} s.

```
{printed}
```

![The picture that {name}.py draws](images/example-{name}.png)
{BELOW.get(name, "")}"""


def small(picture: Path, to: Path) -> None:
    """The picture WIDTH pixels wide, in 128 colours."""
    from PIL import Image

    image = Image.open(picture).convert("RGB")
    image = image.resize((WIDTH, round(WIDTH * image.height / image.width)), Image.LANCZOS)
    buffer = io.BytesIO()
    image.quantize(128).save(buffer, "PNG", optimize=True)
    to.write_bytes(buffer.getvalue())


def main() -> None:
    there = {}
    if PAGE.exists():
        _, *sections = re.split(r"\n(?=## )", PAGE.read_text(encoding="utf-8"))
        there = {re.split(r"[ .]", text)[1]: f"\n{text.rstrip()}\n" for text in sections}
    for name in sys.argv[1:] or NAMES:
        there[name] = section(name)
        PAGE.write_text(HEAD + "".join(there[n] for n in NAMES if n in there), encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main()
