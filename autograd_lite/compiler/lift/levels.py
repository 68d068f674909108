"""The levels of a program: what can be computed at once, after what is before."""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.tape.ranges import offsets_of, ranges

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["levels_of"]


def levels_of(inner: NDArray[np.bool_], owner: Ints, a: Ints, b: Ints) -> Iterator[Ints]:
    """The nodes of each level: those whose operands all have lower ones.

    inner        [n] which nodes count; the others are there from the start
    owner, a, b  [m] nodes: the operands a and b of each owner
    """
    operand, user = np.concatenate([a, b]), np.concatenate([owner, owner])
    waits = inner[operand] & inner[user]
    operand, user = operand[waits], user[waits]
    order = np.argsort(operand, kind="stable")
    user = user[order]
    offsets = offsets_of(operand, len(inner))
    missing = np.bincount(user, minlength=len(inner))
    level = np.flatnonzero(inner & (missing == 0))
    while len(level):
        yield level
        first = offsets[level]
        users = user[ranges(first, offsets[level + 1] - first)]
        users, counts = np.unique(users, return_counts=True)
        missing[users] -= counts
        level = users[missing[users] == 0]
