"""Pictures of computation graphs, and pages that step through them.

>>> from autograd_lite import Value, tanh, visualize
>>> w, x, b = Value(0.5, label="w"), Value(2.0, label="x"), Value(-1.0, label="b")
>>> y = tanh(w * x + b)
>>> y.backward()
>>> visualize.draw(y).save("graph.svg")

The code begins in `drawing.py`, which goes from a graph to boxes and edges (`model/`), and on to
DOT and SVG (`picture/`) or to the stepping page (`page/`). Beside that stand `plots.py`, pictures
of training and of matrices, and the command line, `__main__.py` with `formula_reader.py`.

PYTEST_DONT_REWRITE: nothing here asserts, and this may be imported before pytest.
"""

from visualize.drawing import Drawing, draw, save, to_svg
from visualize.model.names import label
from visualize.model.nodes import trace
from visualize.model.scopes import scope, scopes
from visualize.page.page import Page
from visualize.page.stepping import explain
from visualize.picture.engine import LayoutError
from visualize.picture.micrograd import draw_dot
from visualize.plots import (
    gradient_norms,
    plot_decision_boundary,
    plot_gradients,
    plot_history,
    plot_sparsity,
)

__all__ = [
    "Drawing",
    "LayoutError",
    "Page",
    "draw",
    "draw_dot",
    "explain",
    "gradient_norms",
    "label",
    "plot_decision_boundary",
    "plot_gradients",
    "plot_history",
    "plot_sparsity",
    "save",
    "scope",
    "scopes",
    "to_svg",
    "trace",
]
