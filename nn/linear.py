"""`Linear` and `Embedding`: layers that are one table of weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import sqrt
from typing import Any

from autograd_lite import take
from autograd_lite.nary import dots
from nn import init
from nn.arrays import Array, Vector, depth, elementwise, is_sequence, nested, reshape
from nn.checks import at_least, described, shape_for, title
from nn.init import Rng
from nn.module import Module, parameters


class Linear(Module):
    """W x + b over the last axis of x: (*, in_features) to (*, out_features).

    bias  False for no b
    rng   a random.Random or a seed; None for the generator of `random.seed`

    Weight and bias are drawn from U(-k, k) with k = 1 / sqrt(in_features), as PyTorch does.
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, *, rng: Rng = None
    ) -> None:
        at_least(1, self, in_features=in_features, out_features=out_features)
        self.in_features = in_features
        self.out_features = out_features
        self.weight = parameters(out_features, in_features)
        self.bias = parameters(out_features) if bias else None
        self._affine = Affine(self.weight, self.bias)
        fan_in_uniform(self, in_features, rng)

    def forward(self, x: Array) -> Array:
        self._affine = self._affine.of(self.weight, self.bias)
        return along_last_axis(self._affine, x, self.in_features, self)

    def extra_repr(self) -> str:
        bias = "" if self.bias else ", bias=False"
        return f"in_features={self.in_features}, out_features={self.out_features}{bias}"


def fan_in_uniform(module: Module, fan_in: int, rng: Rng) -> None:
    """Draw all parameters of a module from U(-k, k) with k = 1 / sqrt(fan_in)."""
    k = 1 / sqrt(fan_in)
    init.uniform_(module.parameters(), -k, k, rng=rng)


class Embedding(Module):
    """Row i of a table for every index i: (*) to (*, embedding_dim).

    num_embeddings  the number of rows
    padding_idx     the index of a row that is 0 at first, and that no gradient reaches

    The table is drawn from N(0, 1). Raises IndexError for an index out of range, TypeError for
    what is not an int.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        rng: Rng = None,
    ) -> None:
        at_least(1, self, num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.weight = init.normal_(parameters(num_embeddings, embedding_dim), rng=rng)
        self.padding_idx = padding_idx
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise ValueError(f"{self.title()}: padding_idx must be one of its rows")
            self.padding_idx = padding_idx % num_embeddings
            init.zeros_(self.weight[padding_idx])

    def forward(self, indices: Array) -> Array:
        shape_for(self, indices)
        return elementwise(self._row, indices)

    def _row(self, index: Any) -> list[Any]:
        if not hasattr(index, "__index__") or isinstance(index, bool):
            raise TypeError(f"{self.title()}: an index must be an int, not {type(index).__name__}")
        if not 0 <= index < self.num_embeddings:
            raise IndexError(f"{self.title()}: index {index} is out of range")
        row = take(self.weight, index)
        return [x.detach() for x in row] if index == self.padding_idx else list(row)

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"


# ------------------------------------------------------------------ what neurons and others share


class Affine:
    """The function xs -> [W x + b for x in xs], which reads the weights once for all x.

    The bias is the weight of one more input, 1, so that each output is one node.
    """

    def __init__(self, weight: Array, bias: Array | None) -> None:
        self._reads = _as_tuples(weight, bias)
        self._biased = bias is not None
        self._rows = weight
        if bias is not None:
            self._rows = [tuple(row) + (b,) for row, b in zip(weight, bias, strict=True)]  # noqa: RUF005

    def __call__(self, xs: Iterable[Vector]) -> list[list[Any]]:
        if self._biased:
            xs = [(*x, 1.0) for x in xs]
        return dots(xs, self._rows)

    def of(self, weight: Array, bias: Array | None) -> Affine:
        """The Affine itself if it reads the parameters in these arrays, else a new one."""
        return self if _as_tuples(weight, bias) == self._reads else Affine(weight, bias)


def _as_tuples(weight: Array, bias: Array | None) -> tuple[Any, Any]:
    """The parameters as tuples, which stay as they are when a list of them is changed."""
    return tuple(map(tuple, weight)), None if bias is None else tuple(bias)


def along_last_axis(
    function: Callable[[list[Vector]], list[Array]], x: Array, size: int, layer: Any
) -> Array:
    """The results of function(rows), one a row, for the rows of the last axis of x.

    Raises ValueError naming the layer, the expected length and the length of the rows, and
    TypeError for an element that is no number.
    """
    x = nested(x)
    axes = depth(x)
    if axes > 2:
        lengths = shape_for(layer, x)
        for _ in range(axes - 2):
            x = [row for samples in x for row in samples]
        return reshape(along_last_axis(function, x, size, layer), lengths[:-1])
    rows = [nested(row) for row in (x if axes == 2 else [x])]
    for row in rows:
        if not is_sequence(row) or len(row) != size:
            got = f"shape {shape_for(layer, row)}" if is_sequence(row) else described(row)
            raise ValueError(f"{title(layer)}: expected rows of {size} numbers, got {got}")
    try:
        out = function(list(map(tuple, rows)))
    except TypeError:
        shape_for(layer, x)  # raises where x is to blame
        raise
    return out if axes == 2 else out[0]
