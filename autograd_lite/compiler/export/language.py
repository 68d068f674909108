"""What a language is: a module that offers these few names. `LANGUAGES` in `__init__` lists them.

    fence = "python"                 as Markdown names the language
    head(lines) -> str               these lines as a comment at the head of a file; lines may
                                     hold anything, such as what ends a comment
    write(exported, **options)       the text below the head, a `Written`
    run(text, exported, **options)   what that text gives for the recorded numbers, as `Numbers`,
                                     and what ran it, such as "NumPy 2.1"; raises CannotRunError
                                     where that is not there

A language reads an `Exported`, and nothing else. `write` raises ExportError for what the language
lacks. Options are keywords with defaults; both functions get all that the user gave. `run` need not
run what it does not have: a source of the results alone leaves `Numbers.gradients` None.
An argument that is out of its bounds (`Argument.lowest`, `highest`), an index that is out of range
and a NaN in their place must not give a number: the source raises, or returns an error, or NaN.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from autograd_lite.compiler.export.exported import Exported, Numbers

__all__ = ["Language", "Written"]


class Written(NamedTuple):
    """The text of a source below its head.

    text    the text
    shapes  {tensor: its shape} where an axis may have any length, and has a name: ("n", 2)
    """

    text: str
    shapes: Mapping[str, tuple[int | str, ...]] = {}


class Language(Protocol):
    """A module of a language."""

    fence: str

    def head(self, lines: Sequence[str]) -> str: ...

    def write(self, exported: Exported, **options: Any) -> Written: ...

    def run(self, text: str, exported: Exported, **options: Any) -> tuple[Numbers, str]: ...
