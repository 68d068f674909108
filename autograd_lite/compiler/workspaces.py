"""The memory of runs, which a run that is dropped leaves to the next one."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["State"]

KEPT = 4  # so many workspaces of finished runs are kept for the next


class State:
    """One run, which owns its workspace until it is dropped.

    pool     workspaces that are free
    make     makes one, if none is
    outputs  the results
    """

    outputs: list[float]

    def __init__(self, pool: list[Any], make: Callable[[], Any]) -> None:
        self._pool = pool
        try:
            self.space = pool.pop()
        except IndexError:
            self.space = make()

    def __del__(self) -> None:
        if len(self._pool) < KEPT:
            self._pool.append(self.space)
