"""Tensors: leaves whose names differ in their indexes alone, as fc1.weight[0][0] and [0][1] do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod

from visualize.model.nodes import kind_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from autograd_lite import Value
    from visualize.model.nodes import Graph

__all__ = ["Tensor", "tensors"]

_INDEX = re.compile(r"(?<=\[)\d+(?=\])|(?<=\.)\d+(?=\.)")
_ALONE = re.compile(r"(.*)\.\d+\.[^.\[\]]+")


@dataclass(frozen=True, eq=False)
class Tensor:
    """Leaves with the names of one array.

    parts    the name around its indexes: "fc1.weight[", "][", "]"
    indexes  [axes] the indexes that an axis has, ascending
    nodes    the leaves; the last index runs fastest
    """

    parts: Sequence[str]
    indexes: Sequence[Sequence[int]]
    nodes: Sequence[Value]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(map(len, self.indexes))

    @property
    def title(self) -> str:
        """The name without the indexes, and the shape: "fc1.weight [50, 100]"."""
        name = re.sub(r"\[\*\]|\.\*(?=\.)", "", "*".join(self.parts))
        return f"{name} [{', '.join(map(str, self.shape))}]"


def tensors(leaves: Iterable[Value], graph: Graph) -> list[Tensor]:
    """The tensors of two numbers or more among these leaves, in the order of their first ones.

    An index stands in brackets, or is the place of a neuron in its layer, as in neurons.3.w[0]: of
    modules in a list, each of which has a parameter that is a single number.
    """
    named = {leaf: graph.label(leaf) for leaf in leaves}
    neurons = {found[1] for name in named.values() if (found := _ALONE.fullmatch(name))}
    alike: dict[tuple[str, ...], dict[tuple[int, ...], list[Value]]] = {}
    for leaf, name in named.items():
        parts, at = _taken_apart(name, neurons)
        if at:
            alike.setdefault((kind_of(leaf), *parts), {}).setdefault(at, []).append(leaf)
    made = (_tensor(parts, leaves) for (_, *parts), leaves in alike.items())
    return [tensor for tensor in made if tensor is not None]


def _taken_apart(name: str, neurons: set[str]) -> tuple[list[str], tuple[int, ...]]:
    """What stands around the indexes of a name, and the indexes."""
    parts, at, end = [], [], 0
    for found in _INDEX.finditer(name):
        if name[found.start() - 1] == "[" or name[: found.start() - 1] in neurons:
            parts.append(name[end : found.start()])
            at.append(int(found[0]))
            end = found.end()
    return [*parts, name[end:]], tuple(at)


def _tensor(parts: Sequence[str], leaves: dict[tuple[int, ...], list[Value]]) -> Tensor | None:
    """The tensor of the leaves at these indexes; None if they are one, or fill no array."""
    axes = [sorted(set(axis)) for axis in zip(*leaves, strict=True)]
    if len(leaves) < 2 or len(leaves) < prod(map(len, axes)) or any(n[1:] for n in leaves.values()):
        return None
    joined = [parts[0]]
    for axis, part in zip(axes, parts[1:], strict=True):
        if len(axis) > 1:
            joined.append(part)
        else:  # it is the same for all, and part of the name
            joined[-1] += f"{axis[0]}{part}"
    return Tensor(joined, [a for a in axes if len(a) > 1], [leaves[at][0] for at in sorted(leaves)])
