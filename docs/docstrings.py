"""Docstrings of this project as reStructuredText, for Sphinx.

They are written to be read in a terminal: formulas as they are, and arguments as a block of lines

    name   what it is
"""

from __future__ import annotations

import re
from typing import Any

_ARGUMENT = re.compile(r"(\*{0,2}\w+(?:, \*{0,2}\w+)*)  +(\S.*)")


def to_rst(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Sphinx's autodoc-process-docstring."""
    blocks = re.split(r"\n\s*\n", "\n".join(lines).strip("\n"))
    told = [block for block in blocks if block and not block.startswith("PYTEST_")]
    lines[:] = "\n\n".join(map(_block, told)).split("\n")


def _block(block: str) -> str:
    if block.startswith(">>>"):
        return f".. code-block:: pycon\n\n{_indented(block)}"
    if block.startswith("    "):
        return f"::\n\n{block}"
    if _ARGUMENT.match(block):
        return _arguments(block)
    return _escaped(block)


def _arguments(block: str) -> str:
    """A block of arguments as a list of definitions."""
    lines = []
    for line in block.split("\n"):
        match = _ARGUMENT.match(line)
        if match:
            names = ", ".join(f"``{name}``" for name in match[1].split(", "))
            lines += [names, f"    {_escaped(match[2])}"]
        else:
            lines.append(f"    {_escaped(line.strip())}")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Stars, bars and underscores as they are, but for what stands in backticks."""
    parts = re.split(r"(`[^`]*`)", text)
    parts[::2] = [re.sub(r"([*|_\\])", r"\\\1", part) for part in parts[::2]]
    return "".join(part.replace("`", "``") if i % 2 else part for i, part in enumerate(parts))


def _indented(block: str) -> str:
    return "\n".join(f"    {line}" for line in block.split("\n"))
