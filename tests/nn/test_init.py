import math
import random

import pytest

import nn
from nn.module import parameters

FAN_IN, FAN_OUT = 3 * 4, 2 * 4  # of the array (2, 3, 4)

UNIFORM = {
    "uniform_": (lambda w, rng: nn.init.uniform_(w, -0.5, 0.5, rng=rng), 0.5),
    "xavier_uniform_": (
        lambda w, rng: nn.init.xavier_uniform_(w, 2.0, rng=rng),
        2 * math.sqrt(6 / (FAN_IN + FAN_OUT)),
    ),
    "kaiming_uniform_": (
        lambda w, rng: nn.init.kaiming_uniform_(w, nonlinearity="relu", rng=rng),
        math.sqrt(6 / FAN_IN),
    ),
    "kaiming_uniform_ out": (
        lambda w, rng: nn.init.kaiming_uniform_(w, math.sqrt(5), "fan_out", rng=rng),
        1 / math.sqrt(FAN_OUT),
    ),
}
NORMAL = {
    "normal_": (lambda w, rng: nn.init.normal_(w, 0.0, 0.7, rng=rng), 0.7),
    "xavier_normal_": (
        lambda w, rng: nn.init.xavier_normal_(w, rng=rng),
        math.sqrt(2 / (FAN_IN + FAN_OUT)),
    ),
    "kaiming_normal_": (
        lambda w, rng: nn.init.kaiming_normal_(w, nonlinearity="tanh", rng=rng),
        5 / 3 / math.sqrt(FAN_IN),
    ),
}


def draws(fill, count=2000):
    """Many numbers drawn for an array (2, 3, 4), and the array that came back."""
    rng = random.Random(0)
    array = parameters(2, 3, 4)
    numbers = []
    for _ in range(count // 24):
        assert fill(array, rng) is array
        numbers += [p.data for matrix in array for row in matrix for p in row]
    return numbers


@pytest.mark.parametrize(("fill", "bound"), UNIFORM.values(), ids=UNIFORM)
def test_uniform(fill, bound):
    numbers = draws(fill)
    assert 0.99 * bound < max(map(abs, numbers)) <= bound
    assert abs(sum(numbers) / len(numbers)) < 0.05 * bound


@pytest.mark.parametrize(("fill", "std"), NORMAL.values(), ids=NORMAL)
def test_normal(fill, std):
    numbers = draws(fill)
    mean = sum(numbers) / len(numbers)
    assert abs(mean) < 0.1 * std
    assert math.sqrt(sum((x - mean) ** 2 for x in numbers) / len(numbers)) == pytest.approx(
        std, rel=0.05
    )


@pytest.mark.parametrize(
    ("layer", "fan_in"),
    [
        (lambda rng: nn.Linear(16, 20, rng=rng), 16),
        (lambda rng: nn.Conv2d(4, 30, 3, groups=2, rng=rng), 18),
        (lambda rng: nn.Conv1d(4, 30, 3, rng=rng), 12),
        (lambda rng: nn.LSTM(3, 10, rng=rng), 10),
        (lambda rng: nn.GRUCell(3, 10, rng=rng), 10),
    ],
)
def test_layers_are_drawn_as_pytorch_draws_them(layer, fan_in):
    numbers = [abs(p.data) for p in layer(0).parameters()]
    assert 0.97 / math.sqrt(fan_in) < max(numbers) <= 1 / math.sqrt(fan_in)
    assert [abs(p.data) for p in layer(0).parameters()] == numbers
    assert [abs(p.data) for p in layer(1).parameters()] != numbers


def test_the_global_generator_is_the_default():
    random.seed(5)
    one = nn.Linear(2, 2).state_dict()
    random.seed(5)
    assert nn.Linear(2, 2).state_dict() == one != nn.Linear(2, 2).state_dict()


def test_attention_starts_with_no_bias():
    layer = nn.MultiheadAttention(4, 2, rng=0)
    assert {p.data for p in (*layer.in_proj_bias, *layer.out_proj.bias)} == {0.0}


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"^xavier_uniform_: .* at least 2 axes, got shape \(3,\)"):
        nn.init.xavier_uniform_(parameters(3))
    with pytest.raises(
        ValueError, match="kaiming_normal_: mode must be 'fan_in' or 'fan_out', not 'in'"
    ):
        nn.init.kaiming_normal_(parameters(2, 2), mode="in")
    with pytest.raises(ValueError, match=r"nonlinearity must be one of .*, not 'gelu'"):
        nn.init.calculate_gain("gelu")
    with pytest.raises(TypeError, match="rng must be"):
        nn.Linear(1, 1, rng=1.5)


@pytest.mark.parametrize(
    "fill", ["zeros_", "ones_", "uniform_", "normal_", "xavier_uniform_", "kaiming_normal_"]
)
def test_filling_what_is_no_array_of_parameters(fill):
    for wrong, name in [(nn.Linear(2, 1), "Linear"), ([[1.0, 2.0]], "float")]:
        with pytest.raises(TypeError, match=f"{fill}: give an array of Parameters.* not {name}"):
            getattr(nn.init, fill)(wrong)
