"""Attention against PyTorch's of the same names: numbers and gradients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from tests.support.torch_layers import check, few, flags, normal, seeds, small, torch


@settings(max_examples=40, deadline=None)
@given(st.data(), flags, flags, seeds)
def test_multihead_attention(data, bias, batch_first, seed):
    heads, width, length, source = (data.draw(st.integers(1, 3)) for _ in range(4))
    batch = data.draw(st.none() | st.integers(1, 2), "batch")
    embed = heads * width
    causal = data.draw(flags, "causal") and length == source
    average = data.draw(flags, "average")
    weights = data.draw(flags, "weights")
    random = np.random.default_rng(seed)
    mask = padding = None
    kind = data.draw(st.sampled_from(["none", "bool", "float", "per head"]), "mask")
    if kind == "bool":
        mask = random.random((length, source)) < 0.3
    if kind == "float":
        mask = random.normal(size=(length, source))
    if kind == "per head":
        mask = random.random(((batch or 1) * heads, length, source)) < 0.3
    if data.draw(flags, "padding") and kind != "float":
        padding = random.random((batch, source) if batch else source) < 0.3
    if mask is not None and mask.dtype == bool:
        mask[..., 0] &= not weights  # a query that may look nowhere has NaN in both
    if padding is not None:
        padding[..., 0] &= not weights

    def shape(n):
        if not batch:
            return (n, embed)
        return (batch, n, embed) if batch_first else (n, batch, embed)

    inputs = [normal(seed + i, *shape(n)) for i, n in enumerate((length, source, source))]
    ours, theirs = (
        m.MultiheadAttention(embed, heads, bias=bias, batch_first=batch_first)
        for m in (nn, torch.nn)
    )

    def call(layer, *qkv):
        return layer(
            *qkv,
            key_padding_mask=padding,
            attn_mask=mask,
            need_weights=weights,
            average_attn_weights=average,
            is_causal=causal,
        )

    def other(layer, *qkv):
        blocked = mask
        if causal:
            later = np.triu(np.ones((length, source), bool), 1)
            blocked = later if mask is None else np.where(later, -np.inf, mask)
            if mask is not None and mask.dtype == bool:
                blocked = mask | later
        return layer(
            *qkv,
            key_padding_mask=None if padding is None else torch.from_numpy(padding),
            attn_mask=None if blocked is None else torch.from_numpy(blocked),
            need_weights=weights,
            average_attn_weights=average,
        )

    check(ours, theirs, seed, *inputs, call=call, other=other)


@few
@given(small, small, flags, seeds)
def test_attention_to_keys_and_values_of_other_lengths(kdim, vdim, bias, seed):
    ours, theirs = (
        m.MultiheadAttention(4, 2, bias=bias, kdim=kdim, vdim=vdim) for m in (nn, torch.nn)
    )
    shapes = (2, 3, 4), (5, 3, kdim), (5, 3, vdim)
    check(ours, theirs, seed, *[normal(seed + i, *shape) for i, shape in enumerate(shapes)])


@pytest.mark.parametrize("norm_first", [True, False])
def test_a_token_that_may_look_nowhere(norm_first):
    arguments = {"dim_feedforward": 3, "dropout": 0.0, "norm_first": norm_first}
    ours, theirs = (m.TransformerEncoderLayer(4, 2, **arguments) for m in (nn, torch.nn))
    mask = [[True, True], [False, True]]
    check(
        ours,
        theirs,
        0,
        normal(1, 2, 4),
        call=lambda layer, x: layer(x, mask),
        other=lambda layer, x: layer(x, torch.tensor(mask)),
    )


@few
@given(
    st.integers(1, 2),
    st.integers(1, 3),
    st.none() | st.integers(1, 2),
    st.sampled_from(["relu", "gelu"]),
    flags,
    flags,
    flags,
    seeds,
)
def test_transformer_encoder_layer(heads, length, batch, activation, first, bias, causal, seed):
    arguments = {
        "dim_feedforward": 5,
        "dropout": 0.0,
        "activation": activation,
        "norm_first": first,
        "bias": bias,
    }
    ours, theirs = (
        m.TransformerEncoderLayer(2 * heads, heads, **arguments) for m in (nn, torch.nn)
    )
    later = torch.triu(torch.ones(length, length, dtype=torch.bool), 1) if causal else None
    x = normal(seed, *[n for n in (length, batch, 2 * heads) if n])
    check(
        ours,
        theirs,
        seed,
        x,
        call=lambda layer, x: layer(x, is_causal=causal),
        other=lambda layer, x: layer(x, later),
    )


@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("dropout", [0.0, 1.0])
def test_dropped_attention_weights(need_weights, dropout):
    ours, theirs = (m.MultiheadAttention(4, 2, dropout=dropout) for m in (nn, torch.nn))
    x = normal(0, 3, 4)
    check(ours, theirs, 0, x, call=lambda f, x: f(x, x, x, need_weights=need_weights))


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("name", ["self_attn", "dropout", "dropout1", "dropout2"])
def test_every_dropout_of_a_transformer_layer(name, norm_first):
    layers = []
    for library in (nn, torch.nn):
        layer = library.TransformerEncoderLayer(4, 2, 5, dropout=0.0, norm_first=norm_first)
        if name == "self_attn":
            layer.self_attn.dropout = 1.0
        else:
            getattr(layer, name).p = 1.0
        layers.append(layer)
    check(*layers, 0, normal(1, 3, 4))
