"""Locks that a forked process makes anew: the thread that held one is not there to release it."""

from __future__ import annotations

import os
from _thread import RLock
from _weakref import ref

__all__ = ["give_lock"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_owners: dict[ref[Any], str] = {}


def give_lock(owner: object, name: str) -> None:
    """owner.name = RLock(), here and in each forked process, for one lock of an owner."""
    setattr(owner, name, RLock())
    _owners[ref(owner, _owners.pop)] = name


def _renew() -> None:
    for owner, name in _owners.items():
        setattr(owner(), name, RLock())


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_renew)
