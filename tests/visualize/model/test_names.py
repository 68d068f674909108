"""label, and the names that parameters have in their models."""

import gc
import random
import types

import pytest

import nn
import visualize
from autograd_lite import (
    Value,
    dot,
    tanh,
)
from autograd_lite import sum as sum_of


class Net(nn.Module):
    def __init__(self):
        self.fc1 = nn.Linear(2, 2, rng=0)
        self.heads = {"left": nn.Linear(2, 1, rng=1), "right": nn.Linear(2, 1, rng=2)}
        self.scale = [nn.Parameter(1.0), nn.Parameter(2.0)]

    def forward(self, x):
        h = [tanh(a) for a in self.fc1(x)]
        return sum_of(self.heads["left"](h) + self.heads["right"](h)) * self.scale[0]


def names(model):
    return [parameter.label for parameter in model.parameters()]


def titles(root, **options):
    boxes = visualize.draw(root, **options).diagram.boxes
    return {box.title for box in boxes if box.kind == "parameter"}


def test_labels_from_variables(drawn):
    def network():
        w, bias = [Value(1.0), Value(2.0)], {"b": Value(3.0)}
        named = Value(4.0, label="mine")
        out = dot(w, [1.0, 2.0]) + bias["b"] + named
        n, text, _hidden = 3, "text", Value(0.0)
        visualize.label(**locals())
        assert (n, text, _hidden.label) == (3, "text", "")
        return out

    out = network()
    labels = {node.label for node in visualize.trace(out)[0]}
    assert {"w[0]", "w[1]", "bias['b']", "mine", "out"} <= labels
    loop = [Value(1.0)]
    loop.append(loop)
    visualize.label(loop=loop)
    assert loop[0].label == "loop[0]"


def test_every_parameter_of_a_module_gets_its_name():
    net = Net()
    visualize.label(m=net)
    assert names(net) == [f"m.{name}" for name, _ in net.named_parameters()]
    assert "m.fc1.weight[0][1]" in names(net)
    assert "m.heads.left.bias[0]" in names(net)


def test_modules_in_containers_and_of_micrograd(mlp):
    first, second, third = nn.Linear(1, 1, rng=0), nn.Linear(1, 1, rng=0), nn.Neuron(1, rng=0)
    visualize.label(nets=[first, {"b": (second, third)}])
    assert names(first) == ["nets[0].weight[0][0]", "nets[0].bias[0]"]
    assert names(second)[0] == "nets[1]['b'][0].weight[0][0]"
    assert names(third) == ["nets[1]['b'][1].w[0]", "nets[1]['b'][1].b"]
    model = mlp(2, 1)
    visualize.label(m=model)
    assert names(model) == [
        "m.layers[0].neurons[0].w[0]",
        "m.layers[0].neurons[0].w[1]",
        "m.layers[0].neurons[0].b",
    ]


def test_arrays_of_values():
    numpy = pytest.importorskip("numpy")
    values = [[Value(1.0), Value(2.0)]]
    visualize.label(a=numpy.array(values, dtype=object))
    assert [value.label for value in values[0]] == ["a[0][0]", "a[0][1]"]


def test_a_label_of_the_users_stays():
    linear = nn.Linear(1, 1, rng=0)
    linear.weight[0][0].label = "mine"
    visualize.label(m=linear)
    visualize.label(other=linear, _w=linear.weight)
    assert names(linear) == ["mine", "m.bias[0]"]


@pytest.mark.parametrize(
    ("thing", "kind"),
    [
        (3.0, "float"),
        (None, "NoneType"),
        ("w", "str"),
        ([1.0, 2.0], "list"),
        ({}, "dict"),
        (nn.Tanh(), "Tanh"),
        (nn.Linear, "type"),
        (random, "module"),
        (types.SimpleNamespace(w=1), "SimpleNamespace"),
        ((v for v in [Value(1.0)]), "generator"),
    ],
)
def test_what_holds_no_values_is_named(thing, kind):
    with pytest.raises(TypeError, match=f"label: wrong holds no Values; .* not {kind}$"):
        visualize.label(w=Value(1.0), wrong=thing)


def test_variables_that_hold_no_values_are_passed_over():
    def variables():
        w, n, text, empty, net = Value(1.0), 3, "text", [], nn.Tanh()
        _hidden = Value(2.0)
        visualize.label(**locals())
        return w, n, text, empty, net, _hidden

    w, *_, hidden = variables()
    assert (w.label, hidden.label) == ("w", "")
    visualize.label(_hidden=hidden)
    assert hidden.label == "_hidden"


def test_parameters_that_are_drawn_have_the_names_of_their_module():
    net = Net()
    out = net([1.0, 2.0])
    named = {name for name, p in net.named_parameters() if p is not net.scale[1]}
    assert titles(out) == named
    assert {p.label for p in net.parameters()} == {""}  # the pictures' names are no labels
    page = visualize.explain(out, fold=False, depth=None).html
    assert "fc1.weight[0][1]*2 + fc1.bias[0]*1" in page


def test_labels_stand_before_names():
    net = Net()
    net.fc1.weight[0][0].label = "mine"
    net.fc1.bias[0].label = "fc1.bias[1]"
    drawn = titles(net([1.0, 2.0]))
    assert {"mine", "fc1.bias[1]"} <= drawn
    assert "fc1.weight[0][0]" not in drawn
    assert "fc1.bias[0]" not in drawn
    boxes = visualize.draw(net([1.0, 2.0])).diagram.boxes
    assert [box.title for box in boxes].count("fc1.bias[1]") == 1


def test_a_part_of_a_model_has_the_names_of_the_whole():
    net = Net()
    part = nn.Sequential(net.fc1)
    assert titles(part([1.0, 2.0])[0]) == {"fc1.weight[0][0]", "fc1.weight[0][1]", "fc1.bias[0]"}


def test_two_models_are_told_apart():
    one, other, net = nn.Linear(1, 1, rng=0), nn.Linear(1, 1, rng=0), nn.Neuron(1, rng=0)
    out = other([1.0])[0] * one([2.0])[0] * net([3.0])
    assert titles(out) == {
        "Linear1.weight[0][0]",
        "Linear1.bias[0]",
        "Linear2.weight[0][0]",
        "Linear2.bias[0]",
        "Neuron.w[0]",
        "Neuron.b",
    }
    numbers = [box.title for box in visualize.draw(out).diagram.boxes if box.kind == "parameter"]
    assert numbers.index("Linear1.bias[0]") < numbers.index("Linear2.bias[0]")


def test_a_model_that_is_gone_leaves_no_names():
    def output():
        return nn.Neuron(1, rng=0)([2.0])

    out = output()
    gc.collect()
    assert titles(out) == {""}


def test_a_model_that_cannot_name_its_parameters_is_no_matter():
    class Broken(nn.Module):
        def named_parameters(self):
            raise AttributeError("not made yet")

    broken, net = Broken(), nn.Neuron(1, rng=0)
    assert titles(net([2.0])) == {"w[0]", "b"}
    assert isinstance(broken, nn.Module)


def test_parameters_in_one_box_keep_the_name_that_they_share():
    net = nn.Linear(3, 4, bias=False, rng=0)
    out = sum_of(net([Value(1.0), Value(2.0), Value(3.0)]))
    assert titles(out, fold=True) == {"weight × 12"}
