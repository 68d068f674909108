"""Attention, and the transformer layer around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, repeat
from math import inf, nan, sqrt
from typing import Any, TypeAlias

import autograd_lite
from autograd_lite import Value, softmax
from autograd_lite.nary import dots, read_vector
from autograd_lite.value import Node, is_plain_number
from nn import init
from nn.activations import Dropout, dropped
from nn.arrays import Array, Vector, depth, elementwise, is_sequence, nested, transpose
from nn.checks import at_least, expect, one_of, probability
from nn.init import Rng, generator
from nn.linear import Affine, Linear
from nn.module import Module, parameters
from nn.normalization import LayerNorm

Mask: TypeAlias = tuple[Sequence[int], list[float | Value]]
"""The keys that a query may look at, and the number that is added to its score for each, or [] for
no number."""


class MultiheadAttention(Module):
    """softmax(Q K^T / sqrt(d)) V for each head, joined and projected. Vaswani et al., 2017.

    embed_dim    the length of queries, of which each head has d = embed_dim / num_heads
    dropout      the probability to drop an attention weight, while training
    bias         False for no biases
    kdim, vdim   the lengths of keys and of values, where these are not embed_dim
    batch_first  True for batches of shape (N, L, embed_dim) rather than (L, N, embed_dim)
    rng          a random.Random or a seed; None for the generator of `random.seed`
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        *,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        rng: Rng = None,
    ) -> None:
        kdim = embed_dim if kdim is None else kdim
        vdim = embed_dim if vdim is None else vdim
        at_least(1, self, embed_dim=embed_dim, num_heads=num_heads, kdim=kdim, vdim=vdim)
        rng = None if rng is None else generator(rng)
        self.embed_dim = embed_dim
        self.num_heads = num_heads
        self.kdim = kdim
        self.vdim = vdim
        self.batch_first = batch_first
        if embed_dim % num_heads:
            raise ValueError(f"{self.title()}: num_heads must divide embed_dim")
        if kdim == vdim == embed_dim:
            self.in_proj_weight = init.xavier_uniform_(
                parameters(3 * embed_dim, embed_dim), rng=rng
            )
        else:
            for name, size in zip("qkv", (embed_dim, kdim, vdim), strict=True):
                weight = init.xavier_uniform_(parameters(embed_dim, size), rng=rng)
                setattr(self, f"{name}_proj_weight", weight)
        self.in_proj_bias = parameters(3 * embed_dim) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias, rng=rng)
        if bias:
            init.zeros_(self.out_proj.bias)
        self.dropout = probability(self, dropout=dropout)
        self._rng = rng

    def forward(
        self,
        query: Array,
        key: Array,
        value: Array,
        key_padding_mask: Array | None = None,
        need_weights: bool = True,
        attn_mask: Array | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Array, Array | None]:
        """The outputs, and the attention weights of shape (N, L, S) or None.

        query, key, value     (L, embed_dim), (S, kdim) and (S, vdim), or batches
        key_padding_mask      (S) or (N, S): True for a key to ignore, or a float to add
        need_weights          False to give None for the weights; then a query that may look at no
                              key finds 0, where it finds NaN otherwise, as in PyTorch
        attn_mask             (L, S) or (N num_heads, L, S): True where a query may not look at a
                              key, or a float to add to its score
        average_attn_weights  False for weights of each head: (N, num_heads, L, S)
        is_causal             True for no query to look at a key after it, whatever attn_mask says
        """
        batch = depth(query) > 2
        inputs = list(zip((query, key, value), (self.embed_dim, self.kdim, self.vdim), strict=True))
        samples = [self._samples(x, size, batch) for x, size in inputs]
        n, length, _ = expect(samples[0], self, "N", "L", self.embed_dim)
        _, source, _ = expect(samples[1], self, n, "S", self.kdim)
        expect(samples[2], self, n, source, self.vdim)
        padding = nested(key_padding_mask)
        if padding is not None and not batch:
            padding = [padding]
        masks = self._masks((n, length, source), is_causal, nested(attn_mask), padding)
        projected = [
            _by_sample(project([tuple(row) for rows in x for row in rows]), n)
            for project, x in zip(self._projections(), samples, strict=True)
        ]
        nowhere = nan if need_weights else 0.0
        joined, weights = [], []
        for q, k, v in zip(*projected, strict=True):
            heads = [
                self._head(q_h, k_h, v_h, next(masks), nowhere, need_weights)
                for q_h, k_h, v_h in zip(*map(self._split, (q, k, v)), strict=True)
            ]
            joined.append(
                [sum(parts, ()) for parts in zip(*[out for out, _ in heads], strict=True)]
            )
            if need_weights:
                of_heads = [p for _, p in heads]
                weights.append(_mean(of_heads) if average_attn_weights else of_heads)
        out = self.out_proj(joined)
        if not batch:
            return out[0], weights[0] if need_weights else None
        return out if self.batch_first else transpose(out), weights if need_weights else None

    def _samples(self, x: Array, size: int, batch: bool) -> Array:
        """x as (N, L, size)."""
        x = nested(x)
        if not batch:
            return [x]
        if self.batch_first:
            return x
        expect(x, self, "L", "N", size)
        return transpose(x)

    def _projections(self) -> list[Callable[[list[Vector]], list[Array]]]:
        """The functions that make q, scaled by 1 / sqrt(d), k and v of rows."""
        size = self.embed_dim
        parts = [slice(i * size, (i + 1) * size) for i in range(3)]
        if self.kdim == self.vdim == size:
            weights = [self.in_proj_weight[part] for part in parts]
        else:
            weights = [getattr(self, f"{name}_proj_weight") for name in "qkv"]
        biases = [self.in_proj_bias and self.in_proj_bias[part] for part in parts]
        q, k, v = (Affine(*both) for both in zip(weights, biases, strict=True))
        scale = Value(1 / sqrt(size // self.num_heads))  # one node for all
        return [lambda xs: [[number * scale for number in row] for row in q(xs)], k, v]

    def _split(self, rows: Array) -> list[list[Vector]]:
        """The part of every row for each head."""
        size = self.embed_dim // self.num_heads
        starts = range(0, self.embed_dim, size)
        return [[tuple(row[start : start + size]) for row in rows] for start in starts]

    def _head(
        self,
        queries: list[Vector],
        keys: list[Vector],
        values: list[Vector],
        mask: list[Mask],
        nowhere: float,
        need_weights: bool,
    ) -> tuple[list[Vector], list[Vector]]:
        """The outputs of one head, and its attention weights if they are needed, else none.

        nowhere  the weight of every key for a query that may look at none
        """
        read = list(map(read_vector, keys))
        outs: list[Vector] = []
        weights = []
        for seen, rows in groupby(zip(queries, mask, strict=True), lambda row: row[1][0]):
            if seen:
                alike = list(rows)
                scores = dots([q for q, _ in alike], [read[i] for i in seen])
                found = [
                    self._weights(row, added)
                    for row, (_, (_, added)) in zip(scores, alike, strict=True)
                ]
            else:
                seen = range(len(keys))
                found = [(nowhere,) * len(keys) for _ in rows]
            outs += map(tuple, dots(found, zip(*[values[i] for i in seen], strict=True)))
            if need_weights:
                weights += [_spread(row, seen, len(keys)) for row in found]
        return outs, weights

    def _weights(self, scores: list[Any], added: list[float | Value]) -> Vector:
        """The attention to keys of these scores, to which numbers are added if there are any."""
        weights = softmax(list(map(_masked, scores, added)) if added else scores)
        if self.training and self.dropout > 0:
            weights = dropped(weights, self.dropout, self._rng)
        return tuple(weights)

    def _masks(
        self, lengths: tuple[int, int, int], is_causal: bool, mask: Array, padding: Array
    ) -> Iterator[list[Mask]]:
        """For each sample and head, the masks of its L queries."""
        n, length, source = lengths
        if mask is not None:
            heads = [n * self.num_heads] if depth(mask) == 3 else []
            mask = _added(mask, f"{self.title()}: attn_mask", *heads, length, source)
        if padding is not None:
            padding = _added(padding, f"{self.title()}: key_padding_mask", n, source)
        causal = [
            [-inf if is_causal and s > t else 0.0 for s in range(source)] for t in range(length)
        ]
        if mask is None and padding is None:
            yield from repeat(list(map(_mask, causal)), n * self.num_heads)
            return
        for i in range(n * self.num_heads):
            added = causal
            if mask is not None:
                added = _plus(added, mask[i] if depth(mask) == 3 else mask)
            if padding is not None:
                added = _plus(added, [padding[i // self.num_heads]] * length)
            yield list(map(_mask, added))

    def extra_repr(self) -> str:
        return f"{self.embed_dim}, {self.num_heads}"


def _mask(row: Array) -> Mask:
    """The mask of a query, given what each key adds to its score; -inf forbids the key."""
    seen = tuple([i for i, added in enumerate(row) if not _forbids(added)])
    added = [row[i] for i in seen]
    return seen, added if any(isinstance(x, Node) or x != 0.0 for x in added) else []


def _by_sample(rows: list[Array], n: int) -> list[list[Array]]:
    """Rows of n samples, one after another, for each of these."""
    length = len(rows) // max(n, 1)
    return [rows[i * length : (i + 1) * length] for i in range(n)]


def _forbids(added: float | Value) -> bool:
    return isinstance(added, float) and added == -inf


def _spread(weights: Vector, seen: Sequence[int], n: int) -> Vector:
    """The weights of all n keys: 0 of those that are not seen."""
    of_all: list[Any] = [Value(0.0)] * n  # a Value, as the others are
    for i, weight in zip(seen, weights, strict=True):
        of_all[i] = weight
    return tuple(of_all)


def _masked(score: Any, added: float | Value) -> Any:
    if not isinstance(added, Node) and added == 0.0:
        return score
    return score + added  # a mask that is learned gets its gradient at 0 too


def _added(mask: Array, name: str, *lengths: int) -> Array:
    """What each entry of a mask of this shape adds to a score."""

    def number(entry: Any) -> Any:
        entry = nested(entry)
        if isinstance(entry, bool):
            return -inf if entry else 0.0
        if isinstance(entry, (float, Value)) and not hasattr(entry, "__index__"):
            return -inf if is_plain_number(entry) and entry == -inf else entry
        # An int could mean either: 1 to forbid a key, or 1 to add.
        raise TypeError(f"{name} must hold bools or floats, not {type(entry).__name__}")

    expect(mask, name, *lengths)
    return elementwise(number, mask)


def _plus(a: Array, b: Array) -> list[list[Any]]:
    """What two masks add to the scores, each of which may forbid a key."""
    return [
        [-inf if _forbids(x) or _forbids(y) else _masked(y, x) for x, y in zip(*rows, strict=True)]
        for rows in zip(a, b, strict=True)
    ]


def _mean(of_heads: list[list[Vector]]) -> list[list[Any]]:
    """The mean over heads of each attention weight."""
    return [
        [autograd_lite.mean(ps) for ps in zip(*rows, strict=True)]
        for rows in zip(*of_heads, strict=True)
    ]


_ACTIVATIONS = {"relu": autograd_lite.relu, "gelu": autograd_lite.gelu}


class TransformerEncoderLayer(Module):
    """x = norm1(x + attention(x)), then norm2(x + linear2(activation(linear1(x)))).

    d_model          the length of a token's vector
    nhead            the number of heads of the attention
    dim_feedforward  the length between linear1 and linear2
    dropout          the probability to drop, in all four places, while training
    activation       "relu", "gelu", or a function of a number
    norm_first       True to normalise what attention and the linear layers take, not what they give
    batch_first      True for batches of shape (N, L, d_model) rather than (L, N, d_model)
    bias             False for no biases
    rng              a random.Random or a seed; None for the generator of `random.seed`
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Any], Any] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        rng: Rng = None,
    ) -> None:
        rng = None if rng is None else generator(rng)
        if isinstance(activation, str):
            one_of(_ACTIVATIONS, self, activation=activation)
            activation = _ACTIVATIONS[activation]
        self.activation = activation
        self.norm_first = norm_first
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout, bias, batch_first=batch_first, rng=rng
        )
        self.linear1 = Linear(d_model, dim_feedforward, bias, rng=rng)
        self.dropout = Dropout(dropout, rng=rng)
        self.linear2 = Linear(dim_feedforward, d_model, bias, rng=rng)
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.dropout1 = Dropout(dropout, rng=rng)
        self.dropout2 = Dropout(dropout, rng=rng)

    def forward(
        self,
        src: Array,
        src_mask: Array | None = None,
        src_key_padding_mask: Array | None = None,
        is_causal: bool = False,
    ) -> Array:
        """The output, of the shape of src; the masks are those of MultiheadAttention."""

        def attention(x: Array) -> Array:
            out, _ = self.self_attn(
                x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal
            )
            return self.dropout1(out)

        x = nested(src)
        if self.norm_first:
            x = _residual(x, attention(self.norm1(x)))
            return _residual(x, self._feedforward(self.norm2(x)))
        x = self.norm1(_residual(x, attention(x)))
        return self.norm2(_residual(x, self._feedforward(x)))

    def _feedforward(self, x: Array) -> Array:
        hidden = elementwise(self.activation, self.linear1(x))
        return self.dropout2(self.linear2(self.dropout(hidden)))


def _residual(x: Array, y: Array) -> Array:
    """x + y, element by element."""
    if is_sequence(x):
        return [_residual(a, b) for a, b in zip(x, y, strict=True)]
    return x + y
