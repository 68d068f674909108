"""Layers without parameters against PyTorch's of the same names: numbers and gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from tests.support.torch_layers import (
    check,
    few,
    nested_data,
    normal,
    seeds,
    small,
    to_values,
    torch,
)


@few
@given(st.lists(small, min_size=1, max_size=3), seeds)
def test_sequential_and_activations(batch, seed):
    ours, theirs = (
        m.Sequential(
            m.Linear(3, 4), m.GELU(), m.Linear(4, 4), m.ReLU(), m.Linear(4, 2), m.Softmax(dim=-1)
        )
        for m in (nn, torch.nn)
    )
    check(ours, theirs, seed, normal(seed, *batch, 3))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ReLU", {}),
        ("Tanh", {}),
        ("Sigmoid", {}),
        ("SiLU", {}),
        ("GELU", {}),
        ("GELU", {"approximate": "tanh"}),
        ("LeakyReLU", {}),
        ("LeakyReLU", {"negative_slope": 0.3}),
        ("Softmax", {"dim": 0}),
        ("Softmax", {"dim": 1}),
        ("Softmax", {"dim": -1}),
        ("Flatten", {}),
        ("Flatten", {"start_dim": 0, "end_dim": 1}),
        ("Flatten", {"start_dim": -1}),
    ],
)
def test_layers_without_parameters(name, arguments):
    ours, theirs = (getattr(m, name)(**arguments) for m in (nn, torch.nn))
    x = normal(0, 2, 3, 4)
    assert np.shape(nested_data(ours(to_values(x)))) == theirs(torch.tensor(x)).shape
    check(ours, theirs, 0, x)


def test_a_number_is_flattened_to_one():
    check(nn.Flatten(0), torch.nn.Flatten(0), 0, np.array(3.0))
    assert nn.Flatten(0)(3.0) == [3.0]
    with pytest.raises(ValueError, match=r"Flatten\(start_dim=1, end_dim=-1\): x has shape \(1,\)"):
        nn.Flatten()(3.0)
