"""Files written whole or not at all."""

from __future__ import annotations

import os
import threading

__all__ = ["write"]


def write(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write the file, or leave what was there.

    Raises TypeError if path is not a path, OSError naming it if it cannot be written.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"the path must be a str or a Path, not {type(path).__name__}")
    folder, name = os.path.split(os.fspath(path))
    temporary = os.path.join(folder, f".{os.getpid()}-{threading.get_ident()}-{name[-100:]}")
    try:
        try:
            with open(temporary, "xb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
            os.replace(temporary, path)
        except BaseException:
            if os.path.exists(temporary):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise type(error)(error.errno, f"cannot write {path}: {error.strerror}") from None
