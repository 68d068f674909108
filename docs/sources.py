"""The source of a module, for Sphinx, also where a compiled file stands beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.pycode import ModuleAnalyzer

ROOT = Path(__file__).parents[1]


def of_module(app: Any, name: str) -> tuple[str, dict[str, tuple[str, int, int]]] | None:
    """Sphinx's viewcode-find-source: the text, and (kind, first line, last line) of each name."""
    path = ROOT / f"{name.replace('.', '/')}.py"
    if not path.exists():
        return None
    found = ModuleAnalyzer.for_file(path, name)
    found.analyze()
    return found.code, found.tags
