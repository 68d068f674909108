"""Normalization at the edges."""

import pytest

import nn


def test_a_batch_that_fails_leaves_the_running_statistics():
    layer = nn.BatchNorm1d(2)
    before = layer.state_dict()
    layer.weight = (nn.Parameter(1.0),)  # of one channel: the second one fails
    with pytest.raises(IndexError):
        layer([[1.0, 2.0], [3.0, 4.0]])
    assert layer.state_dict() == before | {"weight": [1.0]}
