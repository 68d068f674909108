"""Pictures of computation graphs.

>>> from autograd_lite import Value, tanh, visualize
>>> w, x, b = Value(0.5, label="w"), Value(2.0, label="x"), Value(-1.0, label="b")
>>> y = tanh(w * x + b)
>>> y.backward()
>>> visualize.draw(y).save("graph.svg")

PYTEST_DONT_REWRITE: nothing here asserts, and this may be imported before pytest.
"""

from visualize.calls import scope, scopes
from visualize.drawing import Drawing, draw, save, to_svg
from visualize.graph import trace
from visualize.layout import LayoutError
from visualize.micrograd import draw_dot
from visualize.names import label
from visualize.page import Page
from visualize.plots import (
    gradient_norms,
    plot_decision_boundary,
    plot_gradients,
    plot_history,
)
from visualize.stepping import explain

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
    "save",
    "scope",
    "scopes",
    "to_svg",
    "trace",
]
