"""The pytest plugin: a test that fails with a GradientError or an AnomalyError shows the graph.

`--grad-svg DIR` draws the graph too, by the function that a package gives as an entry point in the
group `autograd_lite.pictures`: (error, names of nodes, path) -> the path, or why nothing is drawn.
"""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Generator
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from autograd_lite import AnomalyError, Value
    from autograd_lite.testing import GradientError

    Failure = GradientError | AnomalyError

__all__ = ["pytest_addoption", "pytest_runtest_makereport"]

LARGE = 100
"""Nodes beyond which a graph is not printed."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("autograd_lite").addoption(
        "--grad-svg",
        metavar="DIR",
        help="draw the graph of each GradientError and AnomalyError to an SVG file in DIR",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    error = _failure(call.excinfo.value) if call.excinfo else None
    if error is not None and error.root is not None:
        report.sections.append(("the graph, and where it went wrong", _text(error.root, error)))
        directory = item.config.getoption("--grad-svg")
        if directory:
            path = Path(directory) / _file(item.nodeid)
            report.sections.append(("picture", _drawn(error, path)))
    return report


def _failure(error: BaseException) -> Failure | None:
    """The error with a graph that an exception is, or that a group of them holds.

    A test that never imported the classes cannot have raised them.
    """
    homes = ("autograd_lite.testing.report", "GradientError"), ("autograd_lite", "AnomalyError")
    for module, name in homes:
        cls = getattr(sys.modules.get(module), name, None)
        if cls is not None and isinstance(error, cls):
            found: Failure = error
            return found
    within = map(_failure, getattr(error, "exceptions", ()))
    return next((one for one in within if one is not None), None)


def _text(root: Value, error: Failure) -> str:
    from autograd_lite import topological_order
    from autograd_lite.testing.source import graph_text

    order = topological_order(root)
    if len(order) > LARGE:
        return f"{len(order)} nodes; --grad-svg DIR draws them"
    names = _names(error)
    if not names:
        leaves = (node for node in reversed(order) if node.is_leaf and not node.is_constant)
        names = {leaf: leaf.label or f"x{i}" for i, leaf in enumerate(leaves)}
    return graph_text(root, names, error.node)


def _names(error: Failure) -> dict[Value, str]:
    """The names that a check gives to inputs; those of an AnomalyError have none."""
    names: dict[Value, str] = getattr(error, "inputs", {})
    return names


def _drawn(error: Failure, path: Path) -> str:
    """Draw the graph; the path of the file, or why there is none."""
    found = [*entry_points(group="autograd_lite.pictures")]
    if not found:
        return "not drawn: install autograd-lite, which names what draws"
    try:
        draw = found[0].load()
    except ImportError as reason:  # a file of the tests may have its name
        return f"not drawn: {reason}"
    return str(draw(error, _names(error), path))


def _file(test: str) -> str:
    """A file name for a test; a checksum tells those apart that differ in other signs only."""
    readable = re.sub("[^A-Za-z0-9]+", "_", test).strip("_")
    return f"{readable[:100]}_{zlib.crc32(test.encode()):08x}.svg"
