"""Pictures and pages as files, and the errors of writing them."""

from __future__ import annotations

import os

from autograd_lite import files

__all__ = ["write"]


def write(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write the file whole, or leave the one that was there.

    Raises TypeError if path is not a path, OSError naming it if it cannot be written.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"the path must be a str or a Path, not {type(path).__name__}")
    data = content.encode() if isinstance(content, str) else content
    try:
        files.write(path, data)
    except OSError as error:
        raise type(error)(error.errno, f"cannot write {path}: {error.strerror}") from None
