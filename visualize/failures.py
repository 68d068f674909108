"""The picture of the graph of a failed test, which pytest's option `--grad-svg` asks for.

`autograd_lite.testing` finds it by its entry point in the group `autograd_lite.pictures`.
"""

from __future__ import annotations

from autograd_lite import topological_order
from visualize.drawing import save
from visualize.picture.engine import LayoutError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from autograd_lite import Value
    from visualize.model.nodes import Failure

__all__ = ["save_failure"]

LARGE = 100
"""The most nodes that are drawn one by one; a larger graph is folded."""


def save_failure(error: Failure, names: dict[Value, str], path: Path) -> str:
    """Draw the graph of an error to a file, and return the path, or why there is no picture.

    names  the labels of nodes that have none of their own
    """
    unnamed = {node: name for node, name in names.items() if not node.label}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for node, name in unnamed.items():
            node.label = name
        fold = error.root is not None and len(topological_order(error.root)) > LARGE
        save(error, path, partials=True, fold=fold)
    except (LayoutError, ValueError, OSError) as reason:
        return f"not drawn: {reason}"
    finally:
        for node in unnamed:
            node.label = ""
    return str(path)
