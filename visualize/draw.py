"""`to_svg` and `save`: the picture of a graph."""

from __future__ import annotations

import os

from autograd_lite import Value
from visualize.dot import draw_dot
from visualize.files import write
from visualize.layout import layout

__all__ = ["save", "to_svg"]


def to_svg(root: Value) -> str:
    """The picture of root's graph as an SVG element.

    Raises TypeError if root is not a Value, ValueError for a graph of over 1,000 nodes.
    """
    return layout(draw_dot(root).source)


def save(root: Value, path: str | os.PathLike[str]) -> None:
    """Write the picture of root's graph to an SVG file.

    Raises as `to_svg`, and OSError if the file cannot be written.
    """
    svg = to_svg(root)
    write(path, f'<?xml version="1.0" encoding="UTF-8"?>\n{svg}')
