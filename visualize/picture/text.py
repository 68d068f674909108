"""Text of users made harmless in DOT and in SVG, and numbers written short."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Write: TypeAlias = Callable[[float], str]

__all__ = ["escape", "escape_html", "number_format", "printable", "quoted", "short"]

# Characters that XML cannot hold, and those that break a line or turn its direction.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_SPECIAL = re.compile(r"[\\{}|<>]")
_FORMAT = re.compile(r"\.\d{1,2}[efg]")


def printable(text: str) -> str:
    """The text on one line, in characters that XML can hold."""
    if text.isprintable():  # the fast way, for nearly every text
        return text
    return _UNPRINTABLE.sub(lambda c: " " if c[0] in "\t\n\r\u2028\u2029" else "\ufffd", text)


def short(text: str, width: int = 32) -> str:
    """The text on one line, with "…" in place of its end if it is longer than width."""
    text = printable(text[: width + 1])
    return text if len(text) <= width else text[: width - 1] + "…"


def escape(text: str) -> str:
    """The text as a field of a record label in DOT: every character stands for itself."""
    return _SPECIAL.sub(r"\\\g<0>", text.replace("&", "&amp;"))


def quoted(label: str) -> str:
    """The label as a string of DOT."""
    return '"' + label.replace('"', '\\"') + '"'


def escape_html(text: str) -> str:
    """The text for SVG and HTML, between tags and in attributes: every character for itself."""
    for character, entity in ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"):
        text = text.replace(character, entity)
    return text


def number_format(number: str) -> Write:
    """The function that writes numbers in a format such as ".4g", ".2f" or ".1e".

    Raises ValueError for any other format.
    """
    if not isinstance(number, str) or not _FORMAT.fullmatch(number):
        raise ValueError(f"number must be a format such as '.4g', '.2f' or '.1e', not {number!r}")
    return lambda x: format(x + 0.0 if x else 0.0, number)
