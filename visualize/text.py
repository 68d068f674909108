"""Text of the user's, made harmless for DOT."""

from __future__ import annotations

import re

__all__ = ["escape", "short"]

# What XML cannot hold, and what would break a line or turn its direction.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_SPECIAL = re.compile(r"[\\{}|<>]")


def printable(text: str) -> str:
    """The text on one line, in characters that XML can hold."""
    return _UNPRINTABLE.sub(lambda c: " " if c[0] in "\t\n\r\u2028\u2029" else "\ufffd", text)


def short(text: str, width: int = 32) -> str:
    """The text on one line, with "…" in place of its end if it is longer than width."""
    text = printable(text[: width + 1])
    return text if len(text) <= width else text[: width - 1] + "…"


def escape(text: str) -> str:
    """The text as a field of a record label in DOT: every character stands for itself."""
    return _SPECIAL.sub(r"\\\g<0>", text.replace("&", "&amp;"))
