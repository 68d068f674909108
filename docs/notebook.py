"""Writes docs/notebooks/backpropagation.ipynb from docs/backpropagation.md.

A block of code is a cell, which shows its picture rather than saving it, and the stepping page
where there are both; the text between two blocks is a cell.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

DOCS = Path(__file__).parent
NOTEBOOK = DOCS / "notebooks" / "backpropagation.ipynb"


def cells(page: str) -> list[dict[str, object]]:
    made: list[dict[str, object]] = []
    for i, part in enumerate(re.split(r"```python\n(.*?)```", page, flags=re.DOTALL)):
        code = i % 2 == 1
        text = (shown(part) if code else prose(part)).strip()
        if not text:
            continue
        cell: dict[str, object] = {
            "cell_type": "code" if code else "markdown",
            "id": f"cell-{len(made)}",
            "metadata": {},
            "source": text.splitlines(keepends=True),
        }
        made.append(cell | {"execution_count": None, "outputs": []} if code else cell)
    return made


def prose(text: str) -> str:
    """Without the pictures, which the cells show, and with links that lead out of the folder."""
    text = re.sub(r"^(!\[.*\]\(.*\)|<img .*>)$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\[The same as a\nnotebook\]\(\S+\)\.\n", "", text)
    text = re.sub(r"\]\((?!https?:)", "](../", text)
    return re.sub(r"\n{3,}", "\n\n", text)


def shown(code: str) -> str:
    """With the picture drawn as the value of the cell, which is its last line."""
    lines = code.rstrip().splitlines()
    pictures = [line for line in lines if re.match(r"visualize\.(save|explain|plot_\w+)\(", line)]
    rest = [line for line in lines if line not in pictures]
    drawn = [
        re.sub(r'(\(\w+), "[\w.]+"|\.savefig\(.*\)', r"\1", line).replace(".save(", ".draw(")
        for line in pictures[-1:]
    ]
    return "\n".join(rest + drawn)


def notebook() -> str:
    page = (DOCS / "backpropagation.md").read_text(encoding="utf-8")
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made = {
        "cells": cells(page),
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    NOTEBOOK.parent.mkdir(exist_ok=True)
    NOTEBOOK.write_text(notebook(), encoding="utf-8")
