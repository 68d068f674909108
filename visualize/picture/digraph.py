"""A graphviz.Digraph that needs no Graphviz program to show itself."""

from __future__ import annotations

import os
from typing import Any

import graphviz

from visualize.picture.engine import layout
from visualize.picture.files import write

__all__ = ["Digraph"]


class Digraph(graphviz.Digraph):  # type: ignore[misc] # graphviz has no types
    """A graphviz.Digraph whose SVG comes from `layout`; other formats need the program `dot`."""

    def _repr_image_svg_xml(self) -> str:
        return layout(self.source)

    def pipe(self, format: str | None = None, **options: Any) -> Any:
        if (format or self.format) != "svg" or options.keys() - {"encoding"}:
            return super().pipe(format, **options)
        svg = layout(self.source)
        return svg if options.get("encoding") else svg.encode()

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        *,
        format: str | None = None,
        cleanup: bool = False,
        **options: Any,
    ) -> str:
        if (format or self.format) != "svg" or options:
            options |= {"format": format, "cleanup": cleanup}
            return str(super().render(filename, directory=directory, **options))
        source = self.save(filename, directory=directory)
        write(f"{source}.svg", layout(self.source))
        if cleanup:
            os.unlink(source)
        return f"{source}.svg"
