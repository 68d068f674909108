"""`Linear` and `Embedding` at the edges."""

import numpy as np
import pytest

import nn


def test_the_weighted_sums_are_one_node_each():
    out = nn.Linear(3, 2, rng=0)([1.0, 2.0, 3.0])
    assert [(v._op, len(v.parents)) for v in out] == [("dot", 4)] * 2
    assert all(parent.is_leaf for v in out for parent in v.parents)
    (pixel,) = nn.Conv2d(1, 1, 2, rng=0)([[[1.0, 2.0], [3.0, 4.0]]])[0][0]
    assert (pixel._op, len(pixel.parents)) == ("dot", 5)


@pytest.mark.parametrize("kind", [list, tuple])
def test_weights_may_be_replaced(kind):
    layer = nn.Linear(1, 1, rng=0)
    layer([1.0])
    layer.weight = kind([kind([nn.Parameter(3.0)])])
    assert layer([1.0])[0].data == 3.0 + layer.bias[0].data
    if kind is list:
        layer.weight[0][0] = nn.Parameter(5.0)
        assert layer([1.0])[0].data == 5.0 + layer.bias[0].data
    layer.bias = kind([nn.Parameter(7.0)])
    assert layer([0.0])[0].data == 7.0
    if kind is list:
        layer.weight = ((nn.Parameter(1.0),),)
        layer([0.0])
        layer.bias[0] = nn.Parameter(8.0)
        assert layer([0.0])[0].data == 8.0
    layer.bias = None
    assert layer([2.0])[0].data == 2.0 * layer.weight[0][0].data
    net = nn.Layer(1, 2, nonlin=False, rng=0)
    net([1.0])
    net.neurons[0].b = nn.Parameter(7.0)
    assert net([0.0])[0].data == 7.0


def test_an_index_that_is_none():
    table = nn.Embedding(3, 2)
    with pytest.raises(IndexError, match=r"Embedding\(3, 2\): index 3 is out of range"):
        table([0, 3])
    with pytest.raises(IndexError, match="index -1 is out of range"):
        table(-1)
    with pytest.raises(TypeError, match="an index must be an int, not float"):
        table([1.0])
    assert table([]) == []


def test_a_padding_row_is_0_and_gets_no_gradient():
    table = nn.Embedding(3, 2, padding_idx=1, rng=0)
    assert [p.data for p in table.weight[1]] == [0.0, 0.0]
    rows = table(np.array([1, 2]))
    (rows[0][0] * 2 + rows[1][0] * 3).backward()
    assert [p.grad for p in table.weight[1]] == [0.0, 0.0]
    assert [p.grad for p in table.weight[2]] == [3.0, 0.0]


def test_an_embedding_takes_a_range_and_no_bools():
    embedding = nn.Embedding(3, 2, rng=0)
    assert embedding(range(3)) == embedding([0, 1, 2])
    assert embedding([range(2), range(1, 3)]) == embedding([[0, 1], [1, 2]])
    with pytest.raises(TypeError, match="an index must be an int, not bool"):
        embedding([True])


def test_indices_of_different_lengths_are_named():
    with pytest.raises(ValueError, match=r"Embedding\(3, 2\): expected rows of one shape, got"):
        nn.Embedding(3, 2)([[0, 1], [2]])
