"""Locks that a forked process makes anew: the thread that held one is not there to release it."""

from __future__ import annotations

import os
from threading import RLock
from weakref import WeakKeyDictionary

__all__ = ["give_lock"]

_owners: WeakKeyDictionary[object, str] = WeakKeyDictionary()


def give_lock(owner: object, name: str) -> None:
    """owner.name = RLock(), here and in each forked process."""
    setattr(owner, name, RLock())
    _owners[owner] = name


def _renew() -> None:
    for owner, name in _owners.items():
        setattr(owner, name, RLock())


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_renew)
