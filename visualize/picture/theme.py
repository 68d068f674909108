"""Colours and strokes of every picture, light and dark."""

from __future__ import annotations

from string import Template

__all__ = ["BOUNDS", "COLORS", "shade", "stylesheet"]

# (light, dark). The shades are one blue in steps of lightness, which every kind of eye tells apart.
COLORS = {
    "paper": ("#ffffff", "#16191d"),
    "ink": ("#1f2328", "#eceff2"),
    "faint": ("#59636e", "#a9b3bd"),
    "line": ("#7d8791", "#8b95a1"),
    "frame": ("#f4f6f8", "#1d2126"),
    "shade0": ("#ffffff", "#262b31"),
    "shade1": ("#e4f0fa", "#1d3244"),
    "shade2": ("#c0dcf2", "#1b425e"),
    "shade3": ("#92c3e8", "#18557f"),
    "shade4": ("#60a6da", "#1569a3"),
    "odd": ("#ffdca8", "#7a4a00"),
    "lit": ("#b3480f", "#ffb066"),
}

_COLORED = Template("""
.autograd .paper { fill: $paper; }
.autograd text { fill: $ink; }
.autograd .cluster path { fill: $frame; stroke: $line; }
.autograd .node path, .autograd .node polygon { stroke: $ink; }
.autograd .node polyline { stroke: $line; }
.autograd .node [fill=white] { fill: $shade0; }
.autograd .shade1 [fill=white] { fill: $shade1; }
.autograd .shade2 [fill=white] { fill: $shade2; }
.autograd .shade3 [fill=white] { fill: $shade3; }
.autograd .shade4 [fill=white] { fill: $shade4; }
.autograd .odd [fill=white] { fill: $odd; }
.autograd .edge path { stroke: $line; }
.autograd .edge polygon { fill: $line; stroke: $line; }
.autograd .edge text, .autograd .legend text, .autograd .cluster text { fill: $faint; }
""")

# In a page a wide picture shrinks to fit. The @media hides that from converters such as CairoSVG,
# for which a height of auto is no height.
_DRAWN = """
@media all { .autograd { max-width: 100%; height: auto; } }
.autograd text { font-family: "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace; }
.autograd .node > text:first-of-type { font-weight: bold; }
.autograd .bare > text:first-of-type { font-weight: normal; }
.autograd .node polyline { fill: none; stroke-width: 0.5; }
.autograd .edge path { fill: none; }
.autograd .parameter path, .autograd .parameter polygon { stroke-width: 2.5; }
.autograd .constant path, .autograd .constant polygon { stroke-dasharray: 4 3; }
.autograd .outside path { stroke-dasharray: 1 3; }
.autograd .cluster path { stroke-dasharray: 6 3; }
.autograd .odd path, .autograd .odd polygon { stroke-dasharray: 7 2 1.5 2; }
"""


def _themed(template: Template) -> tuple[str, str]:
    """The template with the light colours, and with the dark ones."""
    light, dark = (
        template.substitute({name: colors[i] for name, colors in COLORS.items()}) for i in (0, 1)
    )
    return light, dark


def stylesheet() -> str:
    """The CSS of a picture, dark where the reader prefers that."""
    light, dark = _themed(_COLORED)
    return f"{_DRAWN}{light}@media (prefers-color-scheme: dark) {{{dark}}}\n"


# The lower bounds of the shades, as fractions of the largest gradient.
BOUNDS = {"shade4": 1 / 2, "shade3": 1 / 10, "shade2": 1 / 100, "shade1": 0.0}


def shade(grad: float, largest: float) -> str:
    """The CSS class of a finite gradient: shade4 if its size is over half of the largest."""
    size = abs(grad)
    if size == 0.0:
        return "shade0"
    return next(name for name, bound in BOUNDS.items() if size > bound * largest)
