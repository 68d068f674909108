"""Optimisers and schedules: saving, loading, and bad arguments."""

import math
import os
import subprocess
import sys

import pytest

import autograd_lite
import nn
from nn import _steps

OPTIMIZERS = {
    "SGD": lambda p: nn.optim.SGD(p, 0.1, momentum=0.9, nesterov=True),
    "Adagrad": lambda p: nn.optim.Adagrad(p, 0.1, 0.001),
    "Adam": lambda p: nn.optim.Adam(p, 0.1),
    "AdamW": lambda p: nn.optim.AdamW(p, 0.1),
    "RMSprop": lambda p: nn.optim.RMSprop(p, 0.1, momentum=0.5),
}


def trained(make, steps, state=None, start=(1.0, -2.0)):
    """The optimiser of the parabola w1^2 + 3 w2^2 after some steps, and its parameters."""
    w = [nn.Parameter(x) for x in start]
    optimizer = make(w)
    if state is not None:
        optimizer.load_state_dict(state)
    for _ in range(steps):
        optimizer.zero_grad()
        (w[0] ** 2 + 3 * w[1] ** 2).backward()
        optimizer.step()
    return optimizer, [p.data for p in w]


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_an_optimizer_descends(make):
    _, data = trained(make, 200)
    assert sum(abs(x) for x in data) < 0.3


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_a_saved_state_goes_on_where_it_stopped(make, tmp_path):
    pytest.importorskip("safetensors")
    optimizer, half = trained(make, 5)
    nn.save(optimizer.state_dict(), tmp_path / "optimizer.safetensors")
    state = nn.load(tmp_path / "optimizer.safetensors")
    loaded, data = trained(make, 5, state, half)
    whole, expected = trained(make, 10)
    assert data == expected
    assert loaded.state_dict() == whole.state_dict()
    assert {type(x) for x in loaded.state_dict().values()} == {
        type(x) for x in whole.state_dict().values()
    }


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_many_parameters_step_as_each_alone(make):
    n = 131  # more than two blocks of _steps
    together, alone = ([nn.Parameter(i / 7) for i in range(n)] for _ in range(2))
    optimizers = [make(together), *[make([p]) for p in alone]]
    for k in range(1, 4):
        for i in range(n):
            together[i].grad = alone[i].grad = (i - 60.0) / k
        for optimizer in optimizers:
            optimizer.step()
    assert [p.data for p in together] == [p.data for p in alone]


def test_a_state_that_does_not_fit_changes_nothing():
    optimizer = nn.optim.Adam([nn.Parameter(1.0)])
    before = optimizer.state_dict()
    state = before | {"exp_avg": [1.0, 2.0], "lr": 0.5, "other": 1.0}
    del state["eps"]
    message = r"missing 'eps'; unexpected 'other'; 'exp_avg' has shape \(2,\) where \(1,\) is"
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(state)
    with pytest.raises(TypeError):
        optimizer.load_state_dict(before | {"lr": 0.5, "exp_avg": ["x"]})
    assert optimizer.state_dict() == before


def test_arguments_that_make_no_sense():
    w = [nn.Parameter(1.0)]
    with pytest.raises(ValueError, match="SGD: lr must be at least 0, not -1"):
        nn.optim.SGD(w, lr=-1)
    with pytest.raises(ValueError, match="lr must be at least 0, not nan"):
        nn.optim.SGD(w, lr=math.nan)
    with pytest.raises(ValueError, match=r"Adam: a beta must be in \[0, 1\), not 1"):
        nn.optim.Adam(w, betas=(0.9, 1))
    for name in ("lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"):
        with pytest.raises(ValueError, match=f"Adagrad: {name} must be at least 0, not -1"):
            nn.optim.Adagrad(w, **{name: -1})
    with pytest.raises(ValueError, match="nesterov needs a momentum"):
        nn.optim.SGD(w, nesterov=True)
    with pytest.raises(ValueError, match="SGD: no parameters"):
        nn.optim.SGD([])
    with pytest.raises(ValueError, match="given twice"):
        nn.optim.SGD(w + w)
    with pytest.raises(TypeError, match="a parameter must be a Value, not float"):
        nn.optim.SGD([1.0])
    optimizer = nn.optim.SGD(w)
    schedule = nn.optim.StepLR(optimizer, 1)
    with pytest.raises(ValueError, match="2 schedulers need 1 milestones, not 0"):
        nn.optim.SequentialLR(optimizer, [schedule, schedule], [])


def test_a_parameter_is_a_leaf():
    x = nn.Parameter(1.0)
    with pytest.raises(
        ValueError, match=r"SGD: a parameter is the result of '\*'; pass the Values"
    ):
        nn.optim.SGD([x, 2 * x])
    with pytest.raises(ValueError, match="Adam: a parameter is the result of 'ReLU'"):
        nn.optim.Adam(x.relu())


def test_clipping_shows_nan():
    w = [nn.Parameter(1.0), nn.Parameter(2.0)]
    w[0].grad, w[1].grad = math.nan, 1.0
    assert math.isnan(nn.optim.clip_grad_norm_(w, 1.0))
    assert all(math.isnan(p.grad) for p in w)


def test_repr():
    text = repr(nn.optim.SGD([nn.Parameter(1.0)], 0.1))
    assert text.startswith("SGD(1 parameters, lr=0.1, momentum=0.0")


# ------------------------------------------------------------------------- the two builds

PROGRAM = """
import nn
model = nn.MLP(2, [8, 8, 1], activation="tanh", rng=0)
for make in (
    lambda p: nn.optim.SGD(p, 0.01, 0.9, 0.1, 0.01),
    lambda p: nn.optim.Adagrad(p, 0.1, 0.01, 0.01, 0.5),
    lambda p: nn.optim.Adam(p, weight_decay=0.01),
    lambda p: nn.optim.AdamW(p, amsgrad=True),
    lambda p: nn.optim.RMSprop(p, momentum=0.5, centered=True),
):
    optimizer = make(model.parameters())
    for i in range(20):
        optimizer.zero_grad()
        nn.mse_loss(model([[i / 10, 0.3], [0.1, -i]]), [1.0, -1.0]).backward()
        nn.optim.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
print([p.data.hex() for p in model.parameters()])
"""


def test_steps_and_values_are_of_one_build():
    assert autograd_lite.compiled != _steps.__file__.endswith(".py")


def test_both_builds_take_the_same_steps_bit_for_bit():
    def output(pure):
        environment = os.environ | {"AUTOGRAD_LITE_PURE": pure}
        return subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, check=True, capture_output=True
        ).stdout

    assert output("1") == output("0")


@pytest.mark.parametrize("optimiser", ["SGD", "Adagrad", "Adam", "RMSprop"])
def test_an_infinite_parameter_without_a_gradient_stays(optimiser):
    parameter = nn.Parameter(math.inf)
    optimizer = getattr(nn.optim, optimiser)([parameter], weight_decay=0.0)
    for _ in range(2):
        optimizer.step()
    assert parameter.data == math.inf


def test_a_step_of_no_number_is_the_same_in_both_builds():
    parameter = nn.Parameter(1.0)
    optimizer = nn.optim.Adam([parameter], eps=0.0)
    optimizer.step()
    assert math.isnan(parameter.data)
    parameter = nn.Parameter(1.0)
    optimizer = nn.optim.Adagrad([parameter], eps=0.0)
    optimizer.step()
    assert math.isnan(parameter.data)
    parameter = nn.Parameter(1.0)
    optimizer = nn.optim.RMSprop([parameter], eps=0.0, centered=True)
    optimizer.square_avg[0], optimizer.grad_avg[0] = 1.0, 2.0  # a variance below 0
    optimizer.step()
    assert math.isnan(parameter.data)


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("lr", [nn.Parameter(0.5), "fast"])
def test_a_step_that_fails_changes_nothing(make, lr):
    parameter = nn.Parameter(1.0)
    parameter.grad = 2.0
    optimizer = make([parameter])
    before = optimizer.state_dict()
    optimizer.lr = lr
    with pytest.raises((TypeError, ValueError), match=r"float\(v\).* would drop|could not convert"):
        optimizer.step()
    optimizer.lr = 0.1
    assert optimizer.state_dict() == before
    assert parameter.data == 1.0


@pytest.mark.parametrize("change", ["zero_grad", "step", "clip", "module"])
def test_no_change_inside_of_the_body_of_a_loop(change):
    model = nn.Linear(1, 1, rng=0)
    optimizer = nn.optim.SGD(model.parameters())
    changes = {
        "zero_grad": optimizer.zero_grad,
        "step": optimizer.step,
        "clip": lambda: nn.optim.clip_grad_norm_(model.parameters(), 0.5),
        "module": model.zero_grad,
    }
    for p in model.parameters():
        p.grad = 1.0

    def body(carry, x):
        changes[change]()
        return carry, None

    with pytest.raises((RuntimeError, TypeError), match=r"may not set|would repeat"):
        autograd_lite.scan(body, 1.0, [1.0, 2.0])
    assert [p.grad for p in model.parameters()] == [1.0, 1.0]
    assert optimizer.steps == 0


def test_settings_that_make_no_sense_together_are_not_loaded():
    optimizer = nn.optim.SGD([nn.Parameter(1.0)], momentum=0.9, dampening=-0.5)
    state = optimizer.state_dict()
    optimizer.load_state_dict(state)  # what the constructor takes
    for wrong in ({"nesterov": True}, {"nesterov": True, "dampening": 0.0, "momentum": 0.0}):
        with pytest.raises(ValueError, match="SGD: nesterov needs a momentum, and dampening=0"):
            optimizer.load_state_dict(state | wrong)
    assert optimizer.state_dict() == state


def test_optimisers_take_parameters_and_no_model():
    model = nn.Linear(2, 3)
    with pytest.raises(TypeError, match=r"SGD: pass model.parameters\(\), not the Linear"):
        nn.optim.SGD(model)
    with pytest.raises(TypeError, match=r"clip_grad_norm_: pass model.parameters\(\)"):
        nn.optim.clip_grad_norm_(model, 1.0)
    assert len(nn.optim.SGD(model.weight).params) == 6
    with pytest.raises(ValueError, match="max_norm must be at least 0, not -1"):
        nn.optim.clip_grad_norm_(model.parameters(), -1.0)
