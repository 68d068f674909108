"""The names of Values in the user's code."""

import functools

import pytest

from autograd_lite import Value, compile, nn
from autograd_lite.compiler.export.naming import named_values, variables

w = Value(1.0)
table = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]


def names(function, wanted):
    return {x.name: x.values.shape for x in named_values(function, wanted)}


def flat(thing):
    return [x for part in thing for x in flat(part)] if isinstance(thing, list) else [thing]


def test_a_variable_names_its_value_and_a_list_is_a_tensor():
    b = [Value(0.0), Value(0.0)]
    wanted = [w, *flat(table), *b]
    assert names(lambda: (w, table, b), wanted) == {"w": (), "table": (2, 2), "b": (2,)}


def test_a_network_has_the_names_of_its_parameters_in_their_order():
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Linear(3, 1, rng=1))
    found = names(lambda: model, model.parameters())
    assert [*found.items()] == [
        ("0.weight", (3, 2)), ("0.bias", (3,)), ("1.weight", (1, 3)), ("1.bias", (1,))
    ]  # fmt: skip


def test_of_two_networks_with_one_name_each_has_its_variable_in_front():
    first, second = nn.Linear(1, 1, rng=0), nn.Linear(1, 1, bias=False, rng=1)
    found = names(lambda: (first, second), first.parameters() + second.parameters())
    assert set(found) == {"first.weight", "bias", "second.weight"}


def test_the_neurons_of_a_layer_are_rows():
    model = nn.MLP(2, [3, 1], rng=0)
    found = named_values(lambda: model, model.parameters())
    assert {x.name: x.values.shape for x in found} == {
        "layers.0.neurons.w": (3, 2), "layers.0.neurons.b": (3,),
        "layers.1.neurons.w": (1, 3), "layers.1.neurons.b": (1,),
    }  # fmt: skip
    assert found[0].values[2, 1] is model.layers[0].neurons[2].w[1]


def test_statistics_of_a_network_have_names_too():
    model = nn.BatchNorm1d(2)
    wanted = [*model.running_mean, *model.parameters()]
    assert {"weight", "bias", "running_mean"} <= set(names(lambda: model, wanted))


def test_a_dict_names_what_it_has_and_a_flat_list_of_the_same_does_not_count():
    state = {"wte": table, "layer0.wq": [Value(0.0)]}
    params = [*flat(table), *state["layer0.wq"]]
    assert names(lambda: (params, state), params) == {"wte": (2, 2), "layer0.wq": (1,)}


def test_what_is_left_has_its_label_or_is_in_values():
    hidden, labelled = [Value(1.0), Value(2.0)], Value(3.0, label="bias")
    assert names(lambda: None, [*hidden, labelled]) == {"bias": (), "values": (2,)}


def test_rows_of_several_lengths_are_tensors_of_their_own():
    ragged = [[Value(1.0)], [Value(2.0), Value(3.0)]]
    assert names(lambda: ragged, flat(ragged)) == {"ragged.0": (1,), "ragged.1": (2,)}


def test_no_value_is_in_two_tensors():
    both = [w, Value(2.0)]
    found = named_values(lambda: (w, both), both)
    every = [x for each in found for x in each.values.flat]
    assert len(every) == len(set(every)) == 2
    assert {x.name: x.values.shape for x in found} == {"both": (2,)}


class Holder:
    def __init__(self):
        self.scale = Value(2.0)

    def call(self, x):
        return helper(x) * self.scale


def helper(x):
    return x * w


@pytest.mark.parametrize("wrap", [lambda f: f, compile, functools.partial])
def test_functions_that_a_function_calls_are_looked_into(wrap):
    holder = Holder()
    found = names(wrap(holder.call), [w, holder.scale])
    assert found == {"w": (), "holder.scale": ()}


def test_a_cell_that_is_empty_has_no_name():
    def f():
        return later

    assert variables(f) == []
    later = 1
    assert variables(f) == [("later", 1)]
