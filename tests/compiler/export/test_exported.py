"""`Exported`: a program with the user's names, and the interpreter's numbers as tensors."""

import numpy as np

from autograd_lite import Value, nn
from autograd_lite.compiler.export.exported import identifier
from autograd_lite.compiler.export.reading import read


def test_results_and_gradients_are_those_of_the_function():
    ws, b = [Value(0.5), Value(-1.0)], Value(2.0)

    def loss(xs, scale):
        return sum(w * x for w, x in zip(ws, xs, strict=True)) * scale + b * b

    exported = read(loss, ([3.0, 4.0], 2.0))
    expected = loss([3.0, 4.0], 2.0)
    expected.backward()
    numbers, _ = exported.reference
    assert numbers.results == [expected.data]
    assert numbers.gradients["ws"].tolist() == [w.grad for w in ws] == [6.0, 8.0]
    assert numbers.gradients["b"].tolist() == b.grad
    assert numbers.state == {}
    assert [p.name for p in exported.parameters] == ["ws", "b"]


def test_a_parameter_that_is_not_read_has_its_place_and_the_derivative_0():
    ws = [Value(float(k)) for k in range(4)]
    exported = read(lambda x: ws[1] * x + ws[3], (2.0,))
    (parameter,) = exported.parameters
    assert parameter.slots.tolist() == [-1, 1, -1, 2]
    assert parameter.numbers.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert exported.reference[0].gradients["ws"].tolist() == [0.0, 2.0, 0.0, 1.0]


def test_values_that_are_passed_are_parameters():
    w = [Value(2.0), Value(3.0)]
    exported = read(lambda w, x: w[0] * w[1] * x, (w, 2.0))
    assert [(p.name, p.shape) for p in exported.parameters] == [("w", (2,))]
    assert exported.parameters[0].values.tolist() == w
    assert [a.name for a in exported.arguments] == ["x"]
    assert exported.reference[0].gradients["w"].tolist() == [6.0, 4.0]


def test_a_value_that_is_passed_and_read_is_two_parameters():
    w = Value(2.0)
    exported = read(lambda u: w * u * u, (w,))
    assert [p.name for p in exported.parameters] == ["u", "w"]
    numbers, _ = exported.reference
    assert numbers.results == [8.0]
    assert (numbers.gradients["u"], numbers.gradients["w"]) == (8.0, 4.0)


def test_several_results_have_names_and_no_gradients():
    w = Value(2.0)
    exported = read(lambda x: {"loss": w * x, "all": [w + 0, w * w]}, (3.0,))
    assert [(r.name, r.outputs.tolist()) for r in exported.results] == [
        ("loss", 0),
        ("all", [1, 2]),
    ]
    assert not exported.differentiable
    numbers, _ = exported.reference
    assert [x.tolist() for x in numbers.results] == [6.0, [2.0, 4.0]]
    assert numbers.gradients is None
    one = read(lambda x: (w * x, 3 * x), (3.0,))
    assert one.differentiable
    assert [r.name for r in one.results] == ["value_0", "value_1"]


def test_a_step_has_its_state():
    model = nn.Linear(2, 1, rng=0)
    optimizer = nn.optim.Adam(model.parameters(), lr=0.1)

    def step(x):
        optimizer.zero_grad()
        loss = model(x)[0] ** 2
        loss.backward()
        optimizer.step()
        return loss

    exported = read(step, ([1.0, 2.0],))
    numbers, _ = exported.reference
    loss = step([1.0, 2.0])
    assert numbers.results == [loss.data]
    assert not exported.differentiable
    new = numbers.state
    assert [*new] == [
        "weight", "bias", "optimizer.exp_avg.weight", "optimizer.exp_avg.bias",
        "optimizer.exp_avg_sq.weight", "optimizer.exp_avg_sq.bias", "optimizer.steps",
    ]  # fmt: skip
    assert new["weight"].tolist() == [[p.data for p in row] for row in model.weight]
    assert new["optimizer.steps"] == 1
    both = np.append(new["optimizer.exp_avg.weight"], new["optimizer.exp_avg.bias"])
    assert both.tolist() == optimizer.exp_avg.tolist()
    rate = next(s for s in exported.state if s.name == "optimizer.lr")
    assert (rate.numbers, rate.new) == (0.1, -1)


def test_gradients_are_state_where_they_are_read_or_nothing_else_is_set():
    w = Value(2.0)
    w.grad = 1.0

    def accumulate(x):
        loss = w * x
        loss.backward()
        return loss

    exported = read(accumulate, (3.0,))
    assert [(s.name, s.numbers.tolist()) for s in exported.state] == [("w.grad", 1.0)]
    assert exported.reference[0].state["w.grad"] == 4.0
    assert w.grad == 1.0


def test_the_program_is_lifted_without_what_decided():
    w = [Value(1.0), Value(2.0)]
    exported = read(lambda x: w[0] * x + w[1] if 0 <= x <= 1 else w[0], (0.5,))
    assert len(exported.tape.outputs) == 1
    assert len(exported.array_program.gradients) == len(exported.wrt) == 2
    assert exported.plan.outputs.shape == (1,)


def test_names_become_identifiers():
    assert identifier("layers.0.weight") == "layers_0_weight"
    assert identifier("<lambda>") == "lambda"
    assert identifier("0.bias") == "_0_bias"
    assert identifier("損失") == "function"
