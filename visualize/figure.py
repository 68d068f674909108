"""A figure of matplotlib that shows itself in notebooks. It follows the user's style."""

from __future__ import annotations

from io import BytesIO

from matplotlib import rcParams
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

__all__ = ["ShownFigure", "ink"]

_LIGHT, _DARK = "#ffffff", "#16191d"


class ShownFigure(Figure):
    """A Figure that a notebook shows though pyplot does not know it, on paper of its own."""

    def __init__(self, width: float, height: float) -> None:
        super().__init__(figsize=(width, height), layout="constrained")
        if to_rgba(self.get_facecolor())[3] < 1:  # the notebook, light or dark, would show through
            self.set_facecolor(_DARK if sum(to_rgba(ink())[:3]) > 1.5 else _LIGHT)

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """The picture at twice its size in pixels, and the size."""
        file = BytesIO()
        self.savefig(file, format="png", dpi=2 * self.dpi)
        width, height = self.get_size_inches() * self.dpi
        return file.getvalue(), {"width": round(width), "height": round(height)}


def ink() -> str:
    """The colour of text in the user's style."""
    return str(rcParams["text.color"])
