"""Files written whole or not at all."""

from __future__ import annotations

import os
import stat
import threading

__all__ = ["write"]


def write(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write the file, or leave what was there.

    A link stays a link, to what is written, and a file that was there keeps its mode.

    Raises TypeError if path is not a path, OSError naming it if it cannot be written.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"the path must be a str or a Path, not {type(path).__name__}")
    data = content.encode() if isinstance(content, str) else content
    target = os.path.realpath(path)
    try:
        if os.path.exists(target) and not os.path.isfile(target):
            with open(target, "wb") as file:  # /dev/stdout is no file to put another in place of
                file.write(data)
        else:
            _replace(target, data)
    except OSError as error:
        raise type(error)(error.errno, f"cannot write {path}: {error.strerror}") from None


def _replace(target: str, data: bytes) -> None:
    """Write a file beside the target, and put it in its place."""
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{os.getpid()}-{threading.get_ident()}-{name[-100:]}")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
        if os.path.exists(target):
            os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
        os.replace(temporary, target)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
