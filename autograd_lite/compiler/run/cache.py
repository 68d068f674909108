"""Shared libraries on disk, each under a key that says what it was compiled of.

A library that is loaded is code that runs. So one is believed only if nobody but the user may write
it or its folder, and if it is what was written, byte for byte: its name has the hash of its bytes.
Whatever else is there does no harm: it is as if nothing were there.
"""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

__all__ = ["MOST", "find", "folder", "keep"]

MOST = 1000
"""So many libraries are kept; of more, those that were used least recently go."""

_OURS = re.compile(r".+-[0-9a-f]{64}\.so|writing-\w+\.so")  # the latter, if a process was killed


def folder() -> Path | None:
    """The folder of the libraries, made if need be; None for one that others may write.

    It is AUTOGRAD_LITE_CACHE, or else the user's folder of caches.
    """
    chosen = os.environ.get("AUTOGRAD_LITE_CACHE", "")
    try:
        # A name without a folder would be looked for among all libraries.
        path = Path(chosen).expanduser().absolute() if chosen else _user_folder()
        if not path.is_absolute():  # ~ of a user without a home
            return None
        for each in (*reversed(path.parents), path):  # whatever the umask, for the user alone
            each.mkdir(0o700, exist_ok=True)
        return path if _is_private(path.stat()) else None
    except (ImportError, OSError, RuntimeError):  # RuntimeError: of a home that nobody knows
        return None


def _user_folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("autograd_lite", appauthor=False)


def _is_private(status: os.stat_result) -> bool:
    """True if the user owns it, and nobody else may write it."""
    return status.st_uid == os.geteuid() and not status.st_mode & 0o022


def find(key: str) -> Path | None:
    """The library of this key, if there is one that is to be believed."""
    place = folder()
    if place is None:
        return None
    with suppress(OSError):
        for path in place.glob(f"{key}-*.so"):
            data = _read(path)
            if data is not None and path.name == _name(key, data):
                with suppress(OSError):
                    os.utime(path)
                return path
    return None


def _read(path: Path) -> bytes | None:
    """What stands in the user's own file; None for another's, or for a link."""
    with suppress(OSError):
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(file, "rb") as opened:
            if _is_private(os.fstat(file)):
                return opened.read()
    return None


def _name(key: str, data: bytes) -> str:
    return f"{key}-{sha256(data).hexdigest()}.so"


def keep(key: str, data: bytes) -> Path | None:
    """Write a library, whole or not at all, and give its path; None if it cannot be kept."""
    place = folder()
    if place is None:
        return None
    try:
        _drop_oldest(place)
        path = place / _name(key, data)
        file, temporary = tempfile.mkstemp(".so", "writing-", place)  # only the user may read it
        try:
            with open(file, "wb") as opened:
                opened.write(data)
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError:
        return None
    return path


def _drop_oldest(place: Path) -> None:
    """Make room for one more; a program that has loaded a library keeps it.

    What others have put there is left alone.
    """
    paths = [path for path in place.iterdir() if _OURS.fullmatch(path.name)]
    if len(paths) < MOST:
        return
    used = {}
    for path in paths:
        with suppress(OSError):  # another process has dropped it
            used[path] = path.lstat().st_mtime
    for path in sorted(used, key=used.__getitem__)[: len(used) - MOST + 1]:
        with suppress(OSError):
            path.unlink()
