"""Formulas as MathML, which browsers draw by themselves: no script, and nothing to load."""

from __future__ import annotations

import re
from typing import Any

from docutils.nodes import SkipNode
from latex2mathml.converter import convert
from sphinx.writers.html5 import HTML5Translator


def _mathml(node: Any, display: str) -> str:
    # A prime is raised by itself: as a superscript it would be raised twice, and tiny.
    text = re.sub(
        r"<msup>(<m[io]>[^<]*</m[io]>)<mi>&#x02032;</mi></msup>",
        r"\1<mo lspace='0' rspace='0'>&#x02032;</mo>",
        convert(node.astext(), display=display),
    )
    # A brace stretches with a font for mathematics only: the style sheet draws a line instead.
    return re.sub(r"<mo [^>]*>&#x0007B;</mo><mtable>", '<mtable class="cases">', text)


def _inline(self: HTML5Translator, node: Any) -> None:
    self.body.append(_mathml(node, "inline"))
    raise SkipNode


def _block(self: HTML5Translator, node: Any) -> None:
    self.body.append(f'<div class="math">{_mathml(node, "block")}</div>')
    raise SkipNode


def setup(app: Any) -> None:
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.config.html_math_renderer = "mathml"
