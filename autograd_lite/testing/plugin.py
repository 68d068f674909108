"""The pytest plugin: a test that fails with a GradientError shows the graph that is at fault.

`--grad-svg DIR` draws the graph too.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from autograd_lite.testing import GradientError

__all__ = ["pytest_addoption", "pytest_runtest_makereport"]

LARGE = 100
"""Nodes beyond which a graph is not printed, and drawn folded."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("autograd_lite").addoption(
        "--grad-svg",
        metavar="DIR",
        help="draw the graph of each wrong gradient to an SVG file in DIR",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    error = _gradient_error(call.excinfo.value) if call.excinfo else None
    if error is not None and error.root is not None:
        report.sections.append(("the graph with the wrong gradient", _text(error)))
        directory = item.config.getoption("--grad-svg")
        if directory:
            report.sections.append(("picture", _drawn(error, Path(directory), item.nodeid)))
    return report


def _gradient_error(error: BaseException) -> GradientError | None:
    """The GradientError that an exception is, or that a group of them holds."""
    from autograd_lite.testing import GradientError

    if isinstance(error, GradientError):
        return error
    found = map(_gradient_error, getattr(error, "exceptions", ()))
    return next((one for one in found if one is not None), None)


def _text(error: GradientError) -> str:
    from autograd_lite import topological_order
    from autograd_lite.testing.source import graph_text

    assert error.root is not None
    n = len(topological_order(error.root))
    if n > LARGE:
        return f"{n} nodes; --grad-svg DIR draws them"
    return graph_text(error.root, error.inputs, error.place and error.place.node)


def _drawn(error: GradientError, directory: Path, test: str) -> str:
    """Draw the graph; the path of the file, or why there is none."""
    import visualize
    from autograd_lite import topological_order

    assert error.root is not None
    order = topological_order(error.root)
    for node, name in error.inputs.items():
        if not node.label:
            node.label = name
    if error.place is not None:
        node = error.place.node
        node.label = f"{node.label} wrong here".strip()
    path = directory / f"{re.sub('[^A-Za-z0-9]+', '_', test).strip('_')}.svg"
    directory.mkdir(parents=True, exist_ok=True)
    try:
        visualize.save(error.root, path, partials=True, fold=len(order) > LARGE)
    except visualize.LayoutError as reason:
        return f"not drawn: {reason}"
    return str(path)
