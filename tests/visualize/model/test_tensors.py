"""Which leaves make up a tensor, by their names alone."""

import random

import nn
import visualize
from autograd_lite import Value
from autograd_lite import sum as sum_of
from visualize.model.nodes import Graph
from visualize.model.tensors import tensors


def of(*named):
    """The tensors of leaves that are called so, or of these leaves."""
    leaves = [Value(1.0, label=one) if isinstance(one, str) else one for one in named]
    return tensors(leaves, Graph(sum_of(leaves)))


def test_the_last_index_runs_fastest_whatever_the_order():
    names = [f"w[{i}][{j}]" for i in range(3) for j in range(12)]
    shuffled = random.Random(0).sample(names, len(names))
    (tensor,) = of(*shuffled)
    assert (tensor.title, tensor.shape) == ("w [3, 12]", (3, 12))
    assert [node.label for node in tensor.nodes] == names
    assert [*tensor.parts] == ["w[", "][", "]"]


def test_an_index_that_is_the_same_for_all_is_part_of_the_name():
    (tensor,) = of("w[2][5]", "w[2][6]", "w[2][9]")
    assert tensor.title == "w[2] [3]"
    assert ([*tensor.parts], [*tensor.indexes]) == (["w[2][", "]"], [[5, 6, 9]])


def test_what_fills_no_array_is_none():
    assert of("w[0][0]", "w[0][1]", "w[1][0]") == []
    assert of("a", "b", "x[0]") == []
    assert of("x[0]", "x[0]") == []
    assert of("x[0]", "x[1]", "x[1]", "x[0]") == []


def test_leaves_of_another_kind_are_another_tensor(parameter):
    found = of(Value(0.0, label="w[0]"), Value(0.0, label="w[1]"), parameter(0.0, label="w[2]"))
    assert [tensor.title for tensor in found] == ["w [2]"]


def test_parameters_of_modules_are_tensors_of_their_layer():
    model = nn.MLP(2, [16, 8, 1], rng=0)
    root = model([1.0, 2.0])
    leaves = [node for node in visualize.trace(root)[0] if node.is_leaf and not node.is_constant]
    assert sorted(tensor.title for tensor in tensors(leaves, Graph(root))) == [
        "layers.0.neurons.b [16]",
        "layers.0.neurons.w [16, 2]",
        "layers.1.neurons.b [8]",
        "layers.1.neurons.w [8, 16]",
        "layers.2.neurons.0.w [8]",
    ]
    model = nn.Sequential(nn.Linear(3, 3, rng=0), nn.Linear(3, 3, rng=0))
    root = sum_of(model([1.0, 2.0, 3.0]))
    leaves = [node for node in visualize.trace(root)[0] if node.is_leaf and not node.is_constant]
    assert sorted(tensor.title for tensor in tensors(leaves, Graph(root))) == [
        "0.bias [3]",
        "0.weight [3, 3]",
        "1.bias [3]",
        "1.weight [3, 3]",
    ]
