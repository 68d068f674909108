import copy
import pickle

import numpy as np
import pytest

import nn
from autograd_lite import Value, compile, tree
from nn.module import parameters


class Net(nn.Module):
    def __init__(self):
        self.fc1 = nn.Linear(2, 3, rng=0)
        self.blocks = [nn.ReLU(), nn.Linear(3, 3, bias=False, rng=1)]
        self.heads = {"a": nn.Linear(3, 1, rng=2), "b": nn.Parameter(0.5)}
        self.scale = nn.Parameter(2.0)
        self.nested = [[nn.Parameter(1.0), nn.Parameter(2.0)], [nn.Parameter(3.0)] * 2]
        self.state = Value(7.0)  # a Value is no parameter
        self.name = "net"
        self.nothing = []

    def forward(self, x):
        for layer in (self.fc1, *self.blocks, self.heads["a"]):
            x = layer(x)
        return x[0] * self.scale


def test_attributes_are_found():
    net = Net()
    names = [name for name, _ in net.named_parameters()]
    assert names == [
        "heads.b",
        "scale",
        "nested[0][0]",
        "nested[0][1]",
        "nested[1][0]",
        *[f"fc1.weight[{i}][{j}]" for i in range(3) for j in range(2)],
        *[f"fc1.bias[{i}]" for i in range(3)],
        *[f"blocks.1.weight[{i}][{j}]" for i in range(3) for j in range(3)],
        *[f"heads.a.weight[0][{j}]" for j in range(3)],
        "heads.a.bias[0]",
    ]
    assert net.parameters() == [p for _, p in net.named_parameters()]
    assert [name for name, _ in net.named_modules()] == [
        "",
        "fc1",
        "blocks.0",
        "blocks.1",
        "heads.a",
    ]
    assert list(net.modules())[1:] == list(net.children())


def test_a_parameter_is_a_value():
    assert isinstance(nn.Parameter(1.0), Value)


def test_shared_parameters_and_modules_count_once():
    one = nn.Linear(2, 2)
    two = nn.Linear(2, 2)
    two.weight = one.weight
    net = nn.Sequential(one, two, one)
    assert len(net.parameters()) == 2 * 2 + 2 + 2
    assert list(net.modules()) == [net, one, two]
    assert list(net.state_dict()) == [
        f"{i}.{name}" for i in range(3) for name in ("weight", "bias")
    ]


def test_a_shared_module_has_a_name_in_each_place():
    one = nn.Linear(1, 1)
    net = nn.Module()
    net.a, net.b = one, [nn.ReLU(), one]
    names = [name for name, _ in net.named_modules(remove_duplicate=False)]
    assert names == ["", "a", "b.0", "b.1"]
    assert [name for name, _ in net.named_modules()] == ["", "a", "b.0"]
    assert list(net.state_dict()) == ["a.weight", "a.bias", "b.1.weight", "b.1.bias"]
    assert len(net.parameters()) == 2


def test_a_module_within_itself():
    net = nn.Sequential(nn.Linear(1, 1))
    net[0].parent = net
    assert len(net.parameters()) == 2
    assert net.eval()[0].training is False
    assert repr(net).endswith("parent: ...")
    message = r"Sequential\(\): the module '0.parent' is within itself; .*lambda: parent"
    with pytest.raises(ValueError, match=message):
        net.state_dict()
    with pytest.raises(ValueError, match=message):
        net.load_state_dict({})
    net[0].parent = lambda: net
    assert list(net.state_dict()) == ["0.weight", "0.bias"]


def test_modules_nested_deeply():
    net = nn.Linear(1, 1)
    for _ in range(2000):
        net = nn.Sequential(net)
    (weight, _bias) = net.state_dict()
    assert weight == "0." * 2000 + "weight"


class Arrays(nn.Module):
    def __init__(self):
        self.ws = [parameters(3, 2), parameters(1, 3)]
        self.same = [parameters(2), parameters(2)]
        self.mixed = (nn.Parameter(1.0), [nn.Parameter(2.0), nn.Parameter(3.0)])


def test_a_list_of_arrays_of_different_shapes():
    net = Arrays()
    for i, p in enumerate(net.parameters()):
        p.data = i
    state = net.state_dict()
    assert state == {
        "ws.0": [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]],
        "ws.1": [[6.0, 7.0, 8.0]],
        "same": [[9.0, 10.0], [11.0, 12.0]],
        "mixed.0": 13.0,
        "mixed.1": [14.0, 15.0],
    }
    assert [name for name, _ in net.named_parameters()][6:9] == [f"ws.1[0][{i}]" for i in range(3)]
    other = Arrays()
    other.load_state_dict(state)
    assert other.state_dict() == state
    with pytest.raises(ValueError, match=r"'ws.1' has shape \(1, 2\) where \(1, 3\) is expected"):
        other.load_state_dict({**state, "ws.1": [[1.0, 2.0]]})


def test_zero_grad_train_and_eval():
    net = Net()
    net([1.0, 2.0]).backward()
    assert any(p.grad for p in net.parameters())
    net.zero_grad()
    assert not any(p.grad for p in net.parameters())
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    assert net.train() is net
    assert all(m.training for m in net.modules())


def test_state_dict_round_trip():
    net = Net()
    state = net.state_dict()
    assert state["scale"] == 2.0
    assert state["nested"] == [[1.0, 2.0], [3.0, 3.0]]
    assert [len(row) for row in state["fc1.weight"]] == [2, 2, 2]
    other = Net()
    for p in other.parameters():
        p.data = 0.0
    other.load_state_dict(state)
    assert other.state_dict() == state
    assert other([1.0, 2.0]).data == net([1.0, 2.0]).data


def test_a_state_that_does_not_fit_is_named_and_changes_nothing():
    net = nn.Sequential(nn.Linear(2, 1), nn.BatchNorm1d(1))
    before = net.state_dict()
    state = {name: [9.0] for name in before} | {"0.weight": [[9.0]], "2.bias": [9.0]}
    del state["0.bias"]
    message = (
        r"Sequential.load_state_dict: missing '0.bias'; unexpected '2.bias'; "
        r"'0.weight' has shape \(1, 1\) where \(1, 2\) is expected; "
        r"'1.num_batches_tracked' has shape \(1,\) where \(\) is expected"
    )
    with pytest.raises(ValueError, match=message):
        net.load_state_dict(state)
    assert net.state_dict() == before
    for wrong in ("9", None, 1j, Value(9.0)):
        with pytest.raises(TypeError, match=r"'1.running_var': expected real numbers, got"):
            net.load_state_dict({**before, "0.bias": [9.0], "1.running_var": [wrong]})
        assert net.state_dict() == before
    for wrong in ([[1.0, 2.0], [1.0]], [10**400, 1.0]):
        message = r"load_state_dict: '0.weight': (expected rows of one shape|int too large)"
        with pytest.raises(ValueError, match=message):
            net.load_state_dict({**before, "0.weight": wrong})
        assert net.state_dict() == before
    with pytest.raises(TypeError, match=r"load_state_dict: give a state_dict\(\), not a str"):
        net.load_state_dict("model.safetensors")


def test_repr_is_a_tree_with_counts():
    net = nn.Sequential(nn.Linear(20, 100), nn.ReLU(), nn.Sequential(nn.Linear(100, 1)))
    assert repr(net) == (
        "Sequential()  2,201 parameters\n"
        "    0: Linear(in_features=20, out_features=100)  2,100 parameters\n"
        "    1: ReLU()\n"
        "    2: Sequential()  101 parameters\n"
        "        0: Linear(in_features=100, out_features=1)  101 parameters"
    )


def test_module_list_and_sequential():
    layers = nn.ModuleList([nn.ReLU()]).append(nn.Tanh())
    assert [type(layer) for layer in layers] == [nn.ReLU, nn.Tanh]
    assert len(layers) == 2
    assert isinstance(layers[-1], nn.Tanh)
    named = nn.Sequential({"fc": nn.Linear(1, 1), "act": nn.ReLU()})
    assert list(named.state_dict()) == ["fc.weight", "fc.bias"]
    assert nn.Sequential()([1.0]) == [1.0]
    with pytest.raises(TypeError, match="Sequential: '1' must be a Module, not function"):
        nn.Sequential(nn.ReLU(), lambda x: x)
    with pytest.raises(TypeError, match="ModuleList: '0' must be a Module, not int"):
        nn.ModuleList([1])


def test_a_list_changes_as_lists_do():
    a, b, c = nn.ReLU(), nn.Tanh(), nn.Linear(1, 1)
    layers = nn.ModuleList().extend([a, b])
    assert list(layers.extend(layers)) == [a, b, a, b]
    layers[-1] = c
    assert list(layers) == [a, b, a, c]
    assert list(layers.state_dict()) == ["3.weight", "3.bias"]
    assert isinstance(layers[1:], nn.ModuleList)
    assert list(layers[1::2]) == [b, c]
    assert list(layers[1:].state_dict()) == ["2.weight", "2.bias"]
    with pytest.raises(TypeError, match="ModuleList: '0' must be a Module, not int"):
        layers[0] = 1
    with pytest.raises(IndexError):
        layers[4] = a
    assert list(layers) == [a, b, a, c]


def test_a_slice_of_a_sequential():
    torch = pytest.importorskip("torch")
    ours, theirs = (m.Sequential(m.Linear(2, 3), m.Tanh(), m.Linear(3, 1)) for m in (nn, torch.nn))
    assert list(ours[1:].state_dict()) == list(theirs[1:].state_dict()) == ["2.weight", "2.bias"]
    assert ours[2:]([1.0, 2.0, 3.0])[0].data == ours[2]([1.0, 2.0, 3.0])[0].data
    assert ours[0].weight is ours[:1][0].weight


@pytest.mark.parametrize("name", ["forward", "training", "append", "parameters", "", "a.b", 1])
def test_a_name_that_a_module_cannot_have(name):
    with pytest.raises(ValueError, match=f"Sequential: {name!r} cannot name a module: give a str"):
        nn.Sequential({name: nn.ReLU()})


def test_a_module_takes_no_name_that_is_taken():
    net = nn.Sequential({"1": nn.ReLU()})
    with pytest.raises(ValueError, match="'1' cannot name a module"):
        net.append(nn.Tanh())


@pytest.mark.parametrize("name", ["forward", "parameters", "train", "title", "training"])
def test_what_every_module_has_is_not_overwritten(name):
    net = nn.Module()
    for thing in (nn.ReLU(), [nn.Parameter(1.0)], 3)[: 1 if name == "training" else 3]:
        with pytest.raises(TypeError, match=f"Module: every Module has its own {name!r}; give"):
            setattr(net, name, thing)
    assert net.eval().training is False
    net.forward = lambda x: x + 1
    assert net(1) == 2


def test_a_module_without_forward():
    with pytest.raises(NotImplementedError, match="ModuleList needs a method forward"):
        nn.ModuleList()(1.0)


def test_a_deep_copy_is_independent():
    net = Net()
    twin = copy.deepcopy(net)
    twin.scale.data = -1.0
    assert twin.nested[1][0] is twin.nested[1][1]
    assert twin([1.0, 2.0]).data == -0.5 * net([1.0, 2.0]).data
    assert not set(twin.parameters()) & set(net.parameters())


def test_micrograds_way_to_subclass():
    class Line(nn.Module):
        def __init__(self):
            self.w = [Value(1.0)]

        def __call__(self, x):
            return self.w[0] * x

        def parameters(self):
            return self.w

    line = Line()
    line(3.0).backward()
    assert line.w[0].grad == 3.0
    line.zero_grad()
    assert line.w[0].grad == 0.0


def test_zero_grad_refuses_what_is_no_parameter():
    class Model(nn.Module):
        def parameters(self):
            return [1.0]

    with pytest.raises(AttributeError, match="grad"):
        Model().zero_grad()


def test_parameters_are_not_lost_by_assigning_over_them():
    linear, neuron = nn.Linear(2, 1), nn.Neuron(2)
    with pytest.raises(TypeError, match=r"a list as the parameter 'weight' of Linear\(in_feat"):
        linear.weight = [[1.0, 1.0]]
    with pytest.raises(TypeError, match="a list as the parameter 'w' of ReLUNeuron"):
        neuron.w = [Value(1), Value(1)]
    assert len(linear.parameters()) == len(neuron.parameters()) == 3
    neuron.w = [nn.Parameter(1), nn.Parameter(1)]
    linear.bias = None
    assert len(neuron.parameters()) == 3
    assert len(linear.parameters()) == 2


def test_running_statistics_are_not_lost_by_assigning_over_them():
    norm = nn.BatchNorm1d(1)
    with pytest.raises(TypeError, match=r"a list as the buffer 'running_mean' of BatchNorm1d\(1\)"):
        norm.running_mean = [5.0]
    norm.running_mean = [nn.Buffer(5.0)]
    assert norm.state_dict()["running_mean"] == [5.0]


def test_parameters_are_not_lost_in_an_array_of_numpy():
    for lost in (nn.Linear(2, 2).weight, [nn.ReLU()], [nn.Buffer(1.0)]):
        module = nn.Module()
        with pytest.raises(TypeError, match=r"Module: 'w' is a NumPy array.*assign its tolist\(\)"):
            module.w = np.array(lost, dtype=object)
        module.w = np.array(lost, dtype=object).tolist()
    module.data = np.array([Value(1.0), "a"], dtype=object)


@pytest.mark.parametrize("key", [1, "", "a.b", ("a",)])
def test_every_name_in_a_state_is_of_one_thing(key):
    module = nn.Module()
    module.settings = {key: 1.0}
    assert module.state_dict() == {}
    module.parts = {key: nn.Linear(1, 1)}
    for read in (module.parameters, module.state_dict, lambda: list(module.named_modules())):
        with pytest.raises(ValueError, match=r"the dict 'parts' has a Linear under the key .*dots"):
            read()
    with pytest.raises(ValueError, match=r"Module: the attribute 'a.b' must have no dots"):
        setattr(module, "a.b", nn.Parameter(1.0))


def test_sequential_says_how_to_give_modules():
    with pytest.raises(TypeError, match=r"not list; unpack it: \*modules"):
        nn.Sequential([nn.ReLU(), nn.ReLU()])
    with pytest.raises(TypeError, match=r"not type; make one: ReLU\(\)"):
        nn.Sequential(nn.ReLU)
    with pytest.raises(TypeError, match="put the function in a Module's forward"):
        nn.Sequential(Value.tanh)


def test_a_table_picks_a_row_anew_at_each_call():
    table = nn.Table([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)], [Value(5.0), Value(6.0)]])
    parts = compile(lambda i, j: [table[i][j] * 2.0, table[i][0], table[0:2][i][1]])
    for i in (0, 1, 1):
        for j in (0, 1, -1):
            found = [y.data for y in parts(np.int64(i), np.int64(j))]
            row = [x.data for x in table[i]]
            assert found == [row[j] * 2.0, row[0], row[1]]
    assert parts.recordings == 1
    with pytest.raises(IndexError):
        parts(np.int64(3), np.int64(0))
    table[1][0].grad = 0.0
    parts(np.int64(1), np.int64(0))[0].backward()
    assert table[1][0].grad == 2.0
    with pytest.raises(TypeError, match="an index must be an int"):
        table[Value(1.0)]


def test_a_table_is_a_tuple_of_tuples():
    layer = nn.Linear(2, 3, rng=0)
    rows = tuple(map(tuple, layer.weight))
    assert layer.weight == rows
    assert repr(layer.weight) == repr(rows)
    assert hash(layer.weight) == hash(rows)
    assert [type(x) for x in (layer.weight, layer.weight[0], layer.bias)] == [nn.Table] * 3
    for copied in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert type(copied.weight[0]) is nn.Table
        assert copied.weight[0][0] is copied.parameters()[0]
    assert type(copy.copy(layer.weight)) is nn.Table
    part = layer.weight[1:]
    assert type(part) is nn.Table
    assert all(row is kept for row, kept in zip(part, tuple(layer.weight)[1:], strict=True))
    assert tree.items(layer.weight)[1] == ("[1]", rows[1])
    doubled = tree.rebuild(layer.weight, [1.0, 2.0, 3.0])
    assert (type(doubled), doubled) == (nn.Table, (1.0, 2.0, 3.0))
    passed = compile(lambda w: [w[0][0] * 2.0, isinstance(w[0], tuple), w[1:]])
    first, is_tuple, others = passed(layer.weight)
    assert (first.data, is_tuple, len(others)) == (rows[0][0].data * 2.0, True, 2)
