"""Files written whole or not at all."""

from __future__ import annotations

import os
import stat
from threading import get_ident

__all__ = ["write"]


def write(path: str | os.PathLike[str], data: bytes) -> None:
    """Write the file, or leave the one that was there.

    A link stays a link, to the new content, and a file that was there keeps its mode. Raises
    OSError if the file cannot be written.
    """
    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isfile(target):
        with open(target, "wb") as file:  # /dev/stdout is no file to put another in place of
            file.write(data)
        return
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{os.getpid()}-{get_ident()}-{name[-100:]}")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
        if os.path.exists(target):
            os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
        os.replace(temporary, target)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
