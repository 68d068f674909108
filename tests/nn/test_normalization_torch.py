"""Normalization against PyTorch's of the same names: numbers and gradients."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from tests.support.torch_layers import check, few, flags, normal, seeds, small, torch


@few
@given(st.lists(small, max_size=2), st.lists(small, min_size=1, max_size=2), flags, flags, seeds)
def test_layer_norm(batch, lengths, affine, bias, seed):
    ours, theirs = (m.LayerNorm(lengths, 1e-3, affine, bias) for m in (nn, torch.nn))
    check(ours, theirs, seed, normal(seed, *batch, *lengths))


@few
@given(st.lists(small, max_size=2), small, st.none() | st.just(1e-3), flags, seeds)
def test_rms_norm(batch, length, eps, affine, seed):
    ours, theirs = (m.RMSNorm(length, eps, affine) for m in (nn, torch.nn))
    check(ours, theirs, seed, normal(seed, *batch, length))


@few
@given(
    st.integers(2, 4),
    small,
    st.none() | small,
    st.sampled_from([None, 0.1, 0.9]),
    flags,
    flags,
    flags,
    seeds,
)
def test_batch_norm1d(n, channels, length, momentum, affine, track, train, seed):
    ours, theirs = (
        m.BatchNorm1d(channels, 1e-5, momentum, affine, track).train(train) for m in (nn, torch.nn)
    )
    x = normal(seed, *[size for size in (n, channels, length) if size])
    check(ours, theirs, seed, x, call=lambda layer, x: (layer(x), layer(x)))


@pytest.mark.parametrize("train", [True, False])
def test_batch_norm1d_without_bias(train):
    ours = nn.BatchNorm1d(3, bias=False).train(train)
    theirs = torch.nn.BatchNorm1d(3).train(train)
    theirs.bias = None
    check(ours, theirs, 0, normal(0, 4, 3))
