import copy

import pytest

import nn
from autograd_lite import Value


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


def test_a_module_that_holds_its_parent():
    net = nn.Sequential(nn.Linear(1, 1))
    net[0].parent = net
    assert len(net.parameters()) == 2


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
        with pytest.raises(TypeError, match=r"'1.running_var' must hold real numbers, not"):
            net.load_state_dict({**before, "0.bias": [9.0], "1.running_var": [wrong]})
        assert net.state_dict() == before


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
