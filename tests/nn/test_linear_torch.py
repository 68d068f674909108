"""`Linear` and `Embedding` against PyTorch's of the same names: numbers and gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from tests.support.torch_layers import check, few, flags, normal, seeds, small, torch


@few
@given(st.lists(small, max_size=3), small, small, flags, seeds)
def test_linear(batch, nin, nout, bias, seed):
    x = normal(seed, *batch, nin)
    check(nn.Linear(nin, nout, bias), torch.nn.Linear(nin, nout, bias), seed, x)


@pytest.mark.parametrize("batch", [(3, 2, 2), (2, 1, 3, 2)])
def test_linear_with_many_axes_before_the_last(batch):
    x = normal(0, *batch, 3)
    ours, theirs = nn.Linear(3, 2), torch.nn.Linear(3, 2)
    check(ours, theirs, 0, x)
    assert np.shape(ours(x)) == (*batch, 2)
    assert np.shape(nn.MLP(3, [2, 1])(x)) == batch


@few
@given(st.lists(st.integers(0, 4), min_size=1, max_size=5), st.none() | st.integers(-5, 4), seeds)
def test_embedding(indices, padding_idx, seed):
    ours, theirs = (m.Embedding(5, 3, padding_idx) for m in (nn, torch.nn))
    check(
        ours,
        theirs,
        seed,
        call=lambda layer: layer(indices),
        other=lambda layer: layer(torch.tensor(indices)),
    )
