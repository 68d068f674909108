"""Builds the playground, where anyone types Python and steps through its graph in the browser.

    python docs/playground.py site/playground
    python -m http.server -d site/playground

The folder has all that the page needs, and any server of files can give it out: CPython and
Graphviz in WebAssembly, which npm brings in the versions of docs/playground/package-lock.json; the
sources of this project; the programs of docs/playground/programs; and the page itself. Python
starts there from a snapshot of its memory, which Node.js takes once all is imported.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from visualize.picture.theme import variables

ROOT = Path(__file__).parents[1]
SOURCES = Path(__file__).with_suffix("")

PACKAGES = ("autograd_lite", "nn", "visualize")
COMPILED = {".c", ".h", ".pxd", ".pxi", ".pyc", ".pyd", ".pyx", ".so"}
COPIED = {"ieee.h", "lanes.h"}  # by exports to C

BROUGHT = {
    "pyodide": ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip",
                "pyodide-lock.json"),
    "@hpcc-js/wasm-graphviz": ("dist/index.js",),
}  # fmt: skip
"""The files of each package of npm that the page loads."""


def programs() -> list[dict[str, str]]:
    """The ready programs, in order: name, title and text. The first line is the title."""
    made = []
    for path in sorted((SOURCES / "programs").glob("*.py")):
        text = path.read_text(encoding="utf-8").rstrip("\n")
        title = text.partition("\n")[0].removeprefix("# ")
        made.append({"name": path.stem.partition("-")[2], "title": title, "text": text})
    return made


def sources() -> dict[str, str]:
    """The text of each file that Python in the browser imports or reads."""
    files = {"runner.py": SOURCES / "runner.py"}
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*")):
            if file.is_file() and (file.suffix not in COMPILED or file.name in COPIED):
                files[file.relative_to(ROOT).as_posix()] = file
    return {name: file.read_text(encoding="utf-8") for name, file in files.items()}


def bring(folder: Path) -> None:
    """Put the files of the packages of npm into a folder."""
    with tempfile.TemporaryDirectory() as work:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCES / name, work)
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        subprocess.run([_program("npm"), "ci", *options], cwd=work, check=True)
        for package, files in BROUGHT.items():
            for file in files:
                name = "graphviz.mjs" if file == "dist/index.js" else file
                shutil.copy(Path(work, "node_modules", package, file), folder / name)


def write_page(folder: Path) -> None:
    """Write all but what npm brings."""
    for path in SOURCES.iterdir():
        if path.suffix in (".html", ".css", ".js"):
            shutil.copy(path, folder)
    dark = f"@media (prefers-color-scheme: dark) {{ {variables(':root', True)}}}\n"
    (folder / "colors.css").write_text(variables(":root") + dark, encoding="utf-8")
    for name, made in (("programs", programs()), ("sources", sources())):
        text = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


def build(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_page(folder)
    bring(folder)
    subprocess.run([_program("node"), SOURCES / "snapshot.mjs", folder], check=True)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SystemExit(f"the playground is built with {name}: install Node.js")
    return found


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("python docs/playground.py FOLDER")
    build(Path(sys.argv[1]))
