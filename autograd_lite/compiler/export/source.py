"""The source of an exported function: text that can be saved, and the numbers that it runs on."""

from __future__ import annotations

import os

import numpy as np

from autograd_lite import files
from autograd_lite.value import number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import NDArray

    from autograd_lite.compiler.export.exported import Exported

__all__ = ["Source"]


class Source:
    """The source of a function in another language. `print` shows it, and so does a notebook.

    text      the text
    language  the language, such as "numpy"
    exported  what it was made of
    shapes    {tensor: its shape} where an axis may have any length, and has a name: ("n", 2)
    """

    def __init__(
        self,
        text: str,
        language: str,
        exported: Exported,
        fence: str,
        shapes: Mapping[str, tuple[int | str, ...]] = {},
    ) -> None:
        """A source.

        fence  the language as Markdown names it
        """
        self.text, self.language, self.exported = text, language, exported
        self.shapes, self._fence = dict(shapes), fence

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        lines = self.text.count("\n")
        return f"<{self.language} source of {self.exported.name}: {lines} lines>"

    def _repr_markdown_(self) -> str:
        return f"```{self._fence}\n{self.text}```\n"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the text to a file: all of it, or nothing if that fails. Raises OSError then,
        which names it.
        """
        try:
            files.write(path, self.text.encode("utf-8"))
        except OSError as error:  # whose name is that of a file beside it
            said = f"cannot write {os.fspath(path)}: {error.strerror or error}"
            raise type(error)(error.errno, said) from None

    def parameters(self) -> dict[str, NDArray[np.float64]]:
        """{name: array} of the parameters, with the numbers that they have now."""
        return {p.name: _now(p) for p in self.exported.parameters}

    def state(self) -> dict[str, NDArray[np.float64]]:
        """{name: array} of what else a whole step reads and writes, as it was when exported."""
        return {state.name: state.numbers.copy() for state in self.exported.state}


def _now(parameter: Any) -> NDArray[np.float64]:
    if parameter.values is None:
        return parameter.numbers.copy()  # type: ignore[no-any-return]
    numbers = [number_of(value) for value in parameter.values.flat]
    return np.array(numbers, float).reshape(parameter.shape)
