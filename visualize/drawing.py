"""`draw` and `save`: the picture of a graph, or of a compiled function, shown or in a file."""

from __future__ import annotations

import os
from functools import cached_property

from autograd_lite import Value
from autograd_lite.callables import CompiledFunction
from visualize.model.nodes import culprit_of
from visualize.model.select import check_options, diagram_of
from visualize.page.stepping import explain
from visualize.picture.dot import to_dot
from visualize.picture.files import write
from visualize.picture.program import ProgramPicture
from visualize.picture.svg import summary
from visualize.picture.svg import to_svg as svg_of
from visualize.picture.text import number_format

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from visualize.model.diagram import Diagram

__all__ = ["Drawing", "draw", "ending_of", "save", "to_svg"]


class Drawing:
    """A picture of a graph, or of a compiled function. It shows itself in notebooks.

    dot  the picture in the DOT language
    svg  the picture as an SVG element
    """

    def __init__(
        self, root: Value, diagram: Diagram, dot: str, about: str, look: Any, page: Any
    ) -> None:
        """Options of the picture are in look, those of the stepping page in page."""
        self.root, self.diagram, self.dot = root, diagram, dot
        self._about, self._look, self._page = about, look, page

    @cached_property
    def svg(self) -> str:
        return svg_of(self.diagram, self.dot, self._about, **self._look)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file: .svg, .png, .pdf, .dot, or .html for the stepping page.

        Raises ValueError for another ending, OSError if the file cannot be written, and
        ImportError, for .png and .pdf, if the package vl-convert-python is not installed.
        """
        ending = ending_of(path)
        if ending == ".svg":
            write(path, f'<?xml version="1.0" encoding="UTF-8"?>\n{self.svg}')
        elif ending == ".dot":
            write(path, self.dot)
        elif ending in (".png", ".pdf"):
            write(path, _converted(self.svg, ending))
        else:
            self._save_page(path)

    def _save_page(self, path: str | os.PathLike[str]) -> None:
        explain(self.root, path, **self._page)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<{self._about}>"


class ProgramDrawing(Drawing):
    """A picture of a compiled function."""

    def __init__(self, function: Any, rankdir: str) -> None:
        self._picture = ProgramPicture(function, rankdir)
        self.dot, self._about = self._picture.dot, self._picture.about

    @cached_property
    def svg(self) -> str:
        return self._picture.svg()

    def _save_page(self, path: str | os.PathLike[str]) -> None:
        raise ValueError(f"a compiled function has no stepping page to save as {path}")


def ending_of(path: str | os.PathLike[str]) -> str:
    """The ending of a file's name, in lower case: ".svg".

    Raises TypeError if path is no path, ValueError if no picture has this ending.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"the path must be a str or a Path, not {type(path).__name__}")
    ending = os.path.splitext(os.fspath(path))[1].lower()
    if ending not in (".svg", ".png", ".pdf", ".dot", ".html"):
        raise ValueError(
            f"cannot save as {ending or 'a file with no ending'}: the name must end in .svg, .png, "
            ".pdf, .dot or .html"
        )
    return ending


def draw(
    root: Any,
    *,
    depth: int | None = None,
    fold: bool = False,
    products: bool = False,
    partials: bool = False,
    color: bool = True,
    rankdir: str | None = None,
    number: str = ".4g",
) -> Drawing:
    """The picture of root's graph.

    root      a Value; or an AnomalyError or a GradientError, for its graph with the node marked
              where it went wrong; or a compiled function, for the array program of its last call,
              in which every box is an operation on arrays (rankdir is its only option)
    depth     how many scopes around a node are open, drawn as frames; deeper ones are one box
              each, and None opens all. `scopes` and `scope` record them.
    fold      draw nodes of the same structure once: "tanh × 16"
    products  draw the products that a dot adds up, too
    partials  write on each edge the local partial derivative
    color     shade by the sign and size of the gradient
    rankdir   "LR" from left to right, "TB" from top to bottom, or "RL", "BT"; None for "LR" if the
              picture then fits a page's width, and else for the narrower of "LR" and "TB"
    number    how numbers are written, such as ".4g" or ".2f"

    Raises TypeError if root is none of these, ValueError for over 1,000 boxes or 4,000 edges, and
    for a compiled function that has not been called or computes nothing.
    """
    if isinstance(root, CompiledFunction):
        if (depth, fold, products, partials) != (None, False, False, False):
            raise ValueError(
                "depth, fold, products and partials are for the graph of a Value; a compiled "
                "function is drawn with rankdir alone"
            )
        check_options(depth, fold, products, rankdir)
        return ProgramDrawing(root, rankdir or "TB")
    written = number_format(number)
    check_options(depth, fold, products, rankdir)
    root, culprit = culprit_of(root)
    diagram = diagram_of(root, depth, fold, products, measured=partials)
    for box in diagram.boxes:
        box.wrong = any(node is culprit for node in box.members)
    return Drawing(
        root,
        diagram,
        to_dot(diagram, written, rankdir, partials, color),
        summary(root, diagram, written),
        look={"write": written, "partials": partials, "color": color},
        page={
            "depth": depth,
            "fold": fold,
            "products": products,
            "color": color,
            "rankdir": rankdir,
            "number": number,
        },
    )


def to_svg(root: Any, **options: Any) -> str:
    """The picture of root's graph as an SVG element; the options are those of `draw`."""
    return draw(root, **options).svg


def save(root: Any, path: str | os.PathLike[str], **options: Any) -> None:
    """Write the picture of root's graph to a file; the options are those of `draw`."""
    draw(root, **options).save(path)


def _converted(svg: str, ending: str) -> bytes:
    """The SVG as the bytes of a .png or .pdf file."""
    try:
        import vl_convert
    except ImportError:
        raise ImportError(
            f"a {ending} file needs the package vl-convert-python: run  pip install "
            "vl-convert-python , or save the picture as .svg"
        ) from None
    pdf = ending == ".pdf"
    data: bytes = vl_convert.svg_to_pdf(svg) if pdf else vl_convert.svg_to_png(svg, scale=2)
    return data
