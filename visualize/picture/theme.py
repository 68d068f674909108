"""Colours and strokes of every picture, light and dark."""

from __future__ import annotations

from string import Template

__all__ = ["BOUNDS", "COLORS", "preference", "shade", "stylesheet", "variables"]

# (light, dark). A gradient above 0 is blue and one below is orange, which every kind of eye tells
# apart; a norm, which has no sign, is grey. The larger, the stronger is the colour.
COLORS = {
    "paper": ("#ffffff", "#16191d"),
    "ink": ("#1f2328", "#eceff2"),
    "faint": ("#59636e", "#a9b3bd"),
    "line": ("#7d8791", "#8b95a1"),
    "frame": ("#f4f6f8", "#1d2126"),
    "shade0": ("#ffffff", "#262b31"),
    "plus1": ("#e4f0fa", "#1d3244"),
    "plus2": ("#c0dcf2", "#1b425e"),
    "plus3": ("#92c3e8", "#18557f"),
    "plus4": ("#60a6da", "#1569a3"),
    "minus1": ("#fdeedd", "#3d2a1b"),
    "minus2": ("#fbd9b4", "#5a3617"),
    "minus3": ("#f5b87d", "#7d4613"),
    "minus4": ("#e8914a", "#a3560c"),
    "size1": ("#eeeff1", "#31363c"),
    "size2": ("#d9dcdf", "#41474e"),
    "size3": ("#bcc1c6", "#535a62"),
    "size4": ("#9aa1a8", "#656c75"),
    "odd": ("#f2b8e6", "#7a2f6d"),
    "lit": ("#b3480f", "#ffb066"),
}

_SHADES = [name for name in COLORS if name.startswith(("plus", "minus", "size"))]

_COLORED = Template(
    """
.autograd .paper { fill: $paper; }
.autograd text { fill: $ink; }
.autograd .cluster path { fill: $frame; stroke: $line; }
.autograd .node path, .autograd .node polygon { stroke: $ink; }
.autograd .node polyline { stroke: $line; }
.autograd .node [fill=white] { fill: $shade0; }
.autograd .odd [fill=white] { fill: $odd; }
.autograd .edge path { stroke: $line; }
.autograd .edge polygon { fill: $line; stroke: $line; }
.autograd .edge text, .autograd .legend text, .autograd .titles text { fill: $faint; }
.autograd .titles text { stroke: $frame; }
"""
    + "".join(f".autograd .{name} [fill=white] {{ fill: ${name}; }}\n" for name in _SHADES)
)

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
.autograd .titles text { paint-order: stroke; stroke-width: 4px; stroke-linejoin: round; }
.autograd .odd path, .autograd .odd polygon { stroke-dasharray: 7 2 1.5 2; }
"""


# Where a site or a notebook has a switch of its own, that holds: Furo's, JupyterLab's, VS Code's.
_SWITCHES = (
    ("[data-theme=light]", "[data-jp-theme-light=true]", ".vscode-light"),
    ("[data-theme=dark]", "[data-jp-theme-light=false]", ".vscode-dark"),
)


def variables(selector: str, dark: bool = False) -> str:
    """A rule of CSS that gives the colours as variables, light or dark: `--ink` and others."""
    return f"{selector} {{ {'; '.join(f'--{n}: {c[dark]}' for n, c in COLORS.items())} }}\n"


def preference(selector: str) -> str:
    """Rules of CSS that let frames prefer light or dark as the switch around them says.

    A page in a frame sees in `prefers-color-scheme` what the frame has as its `color-scheme`.
    """
    return "".join(
        f"{', '.join(f'{switch} {selector}' for switch in switches)} {{ color-scheme: {scheme} }}\n"
        for switches, scheme in zip(_SWITCHES, ("light", "dark"), strict=True)
    )


def stylesheet() -> str:
    """The CSS of a picture, dark where the reader prefers that.

    The colours stand there twice: converters to other formats, which know no variables and skip
    every @ rule, take the light ones.
    """
    light, dark = (
        variables(", ".join(f"{switch} .autograd" for switch in switches), i == 1)
        for i, switches in enumerate(_SWITCHES)
    )
    themed = _COLORED.substitute({name: f"var(--{name})" for name in COLORS})
    return (
        f"{_DRAWN}{_COLORED.substitute({name: color for name, (color, _) in COLORS.items()})}"
        f"{variables('.autograd')}"
        f"@media (prefers-color-scheme: dark) {{ {variables('.autograd', True)}}}\n{light}{dark}"
        f"@media all {{{themed}}}\n"
    )


BOUNDS = (0.0, 1 / 100, 1 / 10, 1 / 2)
"""The lower bounds of the four shades of a colour, as fractions of the largest gradient."""


def shade(grad: float, largest: float, signed: bool) -> str:
    """The CSS class of a finite gradient: plus4 if it is over half of the largest.

    signed  False for a norm, which has a size alone
    """
    level = sum(abs(grad) > bound * largest for bound in BOUNDS)
    if level == 0:
        return "shade0"
    return f"{('plus' if grad > 0 else 'minus') if signed else 'size'}{level}"
