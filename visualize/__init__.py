"""Pictures of computation graphs.

>>> from autograd_lite import Value, tanh
>>> import visualize
>>> w, x, b = Value(0.5, label="w"), Value(2.0, label="x"), Value(-1.0, label="b")
>>> y = tanh(w * x + b)
>>> y.backward()
>>> visualize.save(y, "graph.svg")
"""

from visualize.dot import draw_dot
from visualize.draw import save, to_svg
from visualize.graph import trace
from visualize.layout import LayoutError

__all__ = ["LayoutError", "draw_dot", "save", "to_svg", "trace"]
