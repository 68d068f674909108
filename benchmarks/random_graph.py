"""A random graph of 10,000 nodes over 100 leaves: as irregular as a program can be."""

from __future__ import annotations

import operator
import random
from collections.abc import Iterable
from typing import Any

__all__ = ["LEAVES", "NODES", "graph", "graph_numbers"]

LEAVES, NODES = 100, 10_000


def random_graph() -> tuple[list[tuple[str, int, int]], list[int]]:
    """Operations on nodes that come before, the leaves being the first; and the unused nodes."""
    rng = random.Random(0)
    operations, used = [], set()
    for n in range(LEAVES, NODES):
        i, j = rng.randrange(n), rng.randrange(n)
        name = rng.choice(["add", "sub", "mul", "sin", "tanh"])
        operations.append((name, i, j))
        used.update((i, j) if name in ("add", "sub", "mul") else (i,))
    return operations, [i for i in range(NODES) if i not in used]


OPERATIONS, UNUSED = random_graph()


def graph(leaves: Iterable[Any], sin: Any, tanh: Any) -> Any:
    """The sum of tanh over all nodes of a random graph that no other node uses."""
    functions = {
        "add": operator.add,
        "sub": operator.sub,
        "mul": operator.mul,
        "sin": lambda x, _: sin(x),
        "tanh": lambda x, _: tanh(x),
    }
    nodes = list(leaves)
    for name, i, j in OPERATIONS:
        nodes.append(functions[name](nodes[i], nodes[j]))
    first, *others = (tanh(nodes[i]) for i in UNUSED)
    return sum(others, first)


def graph_numbers() -> list[float]:
    rng = random.Random(1)
    return [rng.uniform(-1, 1) for _ in range(LEAVES)]
