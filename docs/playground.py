"""Builds the playground, where anyone types Python and steps through its graph in the browser.

    python docs/playground.py site/playground
    python -m http.server -d site/playground

The folder has all that the page needs, and any server of files can give it out: CPython and
Graphviz in WebAssembly, which npm brings in the versions of docs/playground/package-lock.json; this
project as an archive of its sources; the programs of docs/playground/programs; and the page itself.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = Path(__file__).with_suffix("")
sys.path.insert(0, str(ROOT))

from visualize.picture.theme import variables  # noqa: E402

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
        made.append(
            {"name": path.stem.partition("-")[2], "title": title, "text": text.rstrip("\n")}
        )
    return made


def write_archive(path: Path) -> None:
    """The sources of the project, as Python in the browser imports them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for package in PACKAGES:
            for file in sorted((ROOT / package).rglob("*")):
                if file.is_file() and (file.suffix not in COMPILED or file.name in COPIED):
                    name = file.relative_to(ROOT).as_posix()
                    archive.writestr(zipfile.ZipInfo(name), file.read_bytes(), zipfile.ZIP_DEFLATED)


def bring(folder: Path) -> None:
    """Put the files of the packages of npm into a folder."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("the playground is built from packages of npm: install Node.js")
    with tempfile.TemporaryDirectory() as work:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCES / name, work)
        subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"],
                       cwd=work, check=True)  # fmt: skip
        for package, files in BROUGHT.items():
            for file in files:
                name = "graphviz.mjs" if file == "dist/index.js" else file
                shutil.copy(Path(work, "node_modules", package, file), folder / name)


def write_page(folder: Path) -> None:
    """Write all but what npm brings."""
    for path in SOURCES.iterdir():
        if path.suffix in (".html", ".css", ".js", ".py"):
            shutil.copy(path, folder)
    dark = f"@media (prefers-color-scheme: dark) {{ {variables(':root', True)}}}\n"
    (folder / "colors.css").write_text(variables(":root") + dark, encoding="utf-8")
    text = json.dumps(programs(), ensure_ascii=False, indent=1)
    (folder / "programs.json").write_text(text, encoding="utf-8")
    write_archive(folder / "autograd_lite.zip")


def build(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_page(folder)
    bring(folder)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("python docs/playground.py FOLDER")
    build(Path(sys.argv[1]))
