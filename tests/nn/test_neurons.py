import random

import numpy as np
import pytest

import nn
from autograd_lite import Value


def sizes(model):
    return [len(layer.neurons) for layer in model.layers]


def test_an_mlp_is_micrograds():
    model = nn.MLP(3, [4, 4, 1])
    assert sizes(model) == [4, 4, 1]
    assert len(model.parameters()) == 4 * 4 + 4 * 5 + 5


def test_a_network_is_printed_as_a_tree_of_its_layers():
    model = nn.MLP(64, [32, 10])
    assert repr(model).splitlines() == [
        "MLP(64, [32, 10])  2,410 parameters",
        "    layers.0: Layer of 32 ReLUNeuron(64)  2,080 parameters",
        "    layers.1: Layer of 10 LinearNeuron(32)  330 parameters",
    ]
    assert repr(nn.Sequential(model)).splitlines()[1:3] == [
        "    0: MLP(64, [32, 10])  2,410 parameters",
        "        layers.0: Layer of 32 ReLUNeuron(64)  2,080 parameters",
    ]
    layer = nn.Layer(2, 4)
    layer.neurons[2].activation = "tanh"
    layer.neurons[3].activation = "tanh"
    assert repr(layer) == "Layer of 2 ReLUNeuron(2), 2 TanhNeuron(2)  12 parameters"


def test_neurons_are_named_as_their_activations():
    names = ["relu", "tanh", "sigmoid", "gelu", "silu", "leaky_relu", "softplus", "linear"]
    assert [nn.Neuron(2, activation=name).title() for name in names] == [
        f"{name}Neuron(2)"
        for name in ["ReLU", "Tanh", "Sigmoid", "GELU", "SiLU", "LeakyReLU", "Softplus", "Linear"]
    ]
    assert nn.Neuron(2, nonlin=False).title() == "LinearNeuron(2)"
    assert repr(nn.Neuron(2)) == "ReLUNeuron(2)  3 parameters"


def test_a_neuron_that_was_changed_is_what_it_is_in_its_layer():
    layer = nn.Layer(2, 3, rng=0)
    layer.neurons[1].activation = "tanh"
    layer.neurons[2].activation = "linear"
    x = [[0.5, -2.0], [-1.0, 3.0]]
    out = layer(x)
    assert [v._op for v in out[0]] == ["ReLU", "tanh", "dot"]
    for neuron, column in zip(layer.neurons, zip(*out, strict=True), strict=True):
        assert [v.data for v in neuron(x)] == [v.data for v in column]
    with pytest.raises(ValueError, match=r"Neuron: activation must be .*, not 'swish'"):
        layer.neurons[0].activation = "swish"
    assert layer.neurons[0].activation == "relu"
    assert [neuron.nonlin for neuron in layer.neurons] == [True, True, False]
    with pytest.raises(AttributeError, match="nonlin"):  # which would change nothing
        layer.neurons[0].nonlin = False
    with pytest.raises(ValueError, match=r"Neuron: activation must be .*, not 'swish'"):
        nn.Neuron(2, nonlin=False, activation="swish")


def test_the_weights_are_drawn_as_micrograd_draws_them():
    random.seed(1337)
    expected = [random.uniform(-1, 1) for _ in range(6)]
    random.seed(1337)
    layer = nn.Layer(3, 2)
    assert [w.data for n in layer.neurons for w in n.w] == expected
    assert [n.b.data for n in layer.neurons] == [0.0, 0.0]


def test_a_neuron_is_one_node_and_its_activation():
    neuron = nn.Neuron(2, rng=0)
    out = neuron([1.0, -2.0])
    (weighted_sum,) = out.parents
    assert (out._op, weighted_sum._op) == ("ReLU", "dot")
    assert set(weighted_sum.parents) == set(neuron.parameters())


@pytest.mark.parametrize(
    ("activation", "name"), [("relu", "ReLU"), ("tanh", "tanh"), ("sigmoid", "sigmoid")]
)
def test_hidden_layers_have_the_activation_and_the_last_is_linear(activation, name):
    out = nn.MLP(2, [3, 1], activation=activation, rng=0)([1.0, 2.0])
    assert out._op == "dot"
    assert [h._op for h in out.parents if not isinstance(h, nn.Parameter)][:3] == [name] * 3


@pytest.mark.parametrize("kind", ["floats", "values", "mixed", "numpy", "tuple", "batch"])
def test_every_kind_of_input_gives_the_same(kind):
    neuron = nn.Neuron(2, nonlin=False, rng=0)
    x = {
        "floats": [0.5, -2.0],
        "values": [Value(0.5), Value(-2.0)],
        "mixed": [0.5, Value(-2.0)],
        "numpy": np.array([0.5, -2.0]),
        "tuple": (0.5, -2.0),
        "batch": [[0.5, -2.0]],
    }[kind]
    out = neuron(x)[0] if kind == "batch" else neuron(x)
    out.backward()
    assert out.data == neuron.w[0].data * 0.5 - neuron.w[1].data * 2.0
    assert [p.grad for p in neuron.parameters()] == [0.5, -2.0, 1.0]


def test_seeds_and_generators():
    def data(rng):
        return [p.data for p in nn.MLP(2, [2, 1], rng=rng).parameters()]

    assert data(7) == data(random.Random(7)) == data(np.int64(7)) != data(8)
    with pytest.raises(TypeError, match=r"rng must be a random.Random, an int seed or None"):
        nn.MLP(2, [1], rng="seed")


def test_zero_grad():
    model = nn.MLP(2, [1], rng=0)
    model([1.0, 2.0]).backward()
    model.zero_grad()
    assert [p.grad for p in model.parameters()] == [0.0] * 3


@pytest.mark.parametrize("x", [[1.0], [1.0, 2.0, 3.0], [], [[1.0, 2.0], [1.0]], 1.0])
def test_a_wrong_shape_is_named(x):
    with pytest.raises(ValueError, match=r"ReLUNeuron\(2\): expected rows of 2 numbers, got"):
        nn.Neuron(2)(x)


def test_an_unknown_activation_is_named():
    with pytest.raises(
        ValueError, match=r"Neuron: activation must be 'relu' or 'tanh' or .*, not 'swish'"
    ):
        nn.MLP(2, [2, 1], activation="swish")


@pytest.mark.parametrize("x", [[1.0, -2.0], [[1.0, -2.0], [0.5, 1.0]], [[[1.0, -2.0]]]])
def test_a_layer_of_one_neuron_between_others(x):
    mlp = nn.MLP(2, [1, 3], activation="tanh", rng=0)
    first, last = mlp.layers
    rows = [x] if np.ndim(x) == 1 else np.reshape(x, (-1, 2)).tolist()
    expected = [[v.data for v in last([first(row)])] for row in rows]
    assert np.shape(mlp(x)) == (*np.shape(x)[:-1], 3)
    out = [[v.data for v in row] for row in np.reshape(np.array(mlp(x)), (-1, 3))]
    assert out == expected


def test_the_layers_of_an_mlp_are_a_list():
    with pytest.raises(TypeError, match="MLP: nouts must be a list of ints, not 3"):
        nn.MLP(2, 3)
