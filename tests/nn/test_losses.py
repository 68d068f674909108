"""Losses at the edges: what PyTorch does not decide."""

import inspect
import math
import pickle

import numpy as np
import pytest

import autograd_lite
import nn
from autograd_lite import Value
from autograd_lite.graph import topological_order

PAIRS = [
    nn.mse_loss,
    nn.quadratic_loss,
    nn.l1_loss,
    nn.huber_loss,
    nn.hinge_loss,
    nn.binary_cross_entropy,
    nn.binary_cross_entropy_with_logits,
    nn.kl_div,
]


@pytest.mark.parametrize("loss", PAIRS)
def test_shapes_that_do_not_fit(loss):
    with pytest.raises(ValueError, match=rf"{loss.__name__}: target: expected shape \(2,\), got"):
        loss([Value(1.0), 2.0], [1.0, 2.0, 3.0])


@pytest.mark.parametrize("loss", PAIRS)
def test_no_elements(loss):
    with pytest.raises(ValueError, match=loss.__name__):
        loss([], [])


@pytest.mark.parametrize("loss", [*PAIRS, nn.cross_entropy, nn.nll_loss])
def test_unknown_reduction(loss):
    target = [1.0, 1.0] if loss in PAIRS else 0
    with pytest.raises(ValueError, match=rf"{loss.__name__}: reduction must be 'mean' or 'sum'"):
        loss([Value(1.0), 0.5], target, reduction="none")


@pytest.mark.parametrize("loss", [loss for loss in PAIRS if loss is not nn.binary_cross_entropy])
def test_nan_stays_nan(loss):
    x = Value(math.nan)
    out = loss([x, Value(1.0)], [0.5, 0.5])
    assert math.isnan(out.data)


@pytest.mark.parametrize("wrong", [-0.5, 1.0 + 1e-15, math.inf, math.nan])
@pytest.mark.parametrize("kind", [float, Value])
def test_an_input_that_is_no_probability(wrong, kind):
    """The same error eagerly, when it is recorded and when it is replayed."""
    first = autograd_lite.compile(nn.BCELoss())
    replayed = autograd_lite.compile(nn.BCELoss())
    assert replayed([kind(0.5), 0.5], [1.0, 0.0]) is not None
    for loss in (nn.BCELoss(), nn.binary_cross_entropy, first, replayed):
        with pytest.raises(ValueError, match=rf"from 0 to 1, not {wrong}; for scores there is bin"):
            loss([kind(wrong), 0.5], [1.0, 0.0])


@pytest.mark.parametrize("wrong", [-1.0, 2.0, math.nan])
@pytest.mark.parametrize("kind", [float, Value])
def test_a_target_that_is_no_probability(wrong, kind):
    compiled = autograd_lite.compile(nn.BCELoss())
    assert compiled([0.5, 0.5], [kind(1.0), 0.0]) is not None
    for loss in (nn.BCELoss(), nn.binary_cross_entropy, compiled):
        with pytest.raises(ValueError, match=rf"a target must .* from 0 to 1, not {wrong}; the"):
            loss([0.5, 0.5], [kind(wrong), 0.0])


def test_targets_that_are_no_class():
    x = [[Value(1.0), Value(2.0)]]
    with pytest.raises(ValueError, match="the target 2 is not one of the 2 classes"):
        nn.cross_entropy(x, [2])
    with pytest.raises(TypeError, match="a target must be an int, not float"):
        nn.nll_loss(x, [1.0])
    with pytest.raises(
        ValueError, match=r"cross_entropy: target: expected shape \(1,\), got \(2,\)"
    ):
        nn.cross_entropy(x, [0, 1])
    with pytest.raises(ValueError, match=r"cross_entropy: input: expected shape"):
        nn.cross_entropy([], [])


def test_large_scores():
    x = [Value(1000.0), Value(0.0)]
    loss = nn.cross_entropy(x, 1)
    loss.backward()
    assert loss.data == 1000.0
    assert [v.grad for v in x] == [1.0, -1.0]


def test_kl_div_of_a_target_of_0():
    x, y = Value(-1.0), Value(0.0)
    loss = nn.kl_div([x], [y])
    loss.backward()
    assert (loss.data, x.grad, y.grad) == (0.0, 0.0, 1.0)


def test_losses_of_numbers_only_divide_by_0_as_floats_do():
    assert math.isnan(nn.nll_loss([[-1.0, -2.0]], [0], weight=[0.0, 1.0]))
    assert math.isnan(nn.cross_entropy([[1.0, 2.0]], [-100]))
    assert nn.nll_loss([[1.0, 2.0]], [-100], reduction="sum") == 0.0


# ------------------------------------------------------------------------------ modules


def test_an_unknown_option():
    with pytest.raises(TypeError, match="delta"):
        nn.MSELoss(delta=1.0)


@pytest.mark.parametrize(
    ("loss", "option", "message"),
    [
        ("HuberLoss", {"delta": 0.0}, "delta must be positive, not 0.0"),
        ("HuberLoss", {"delta": math.nan}, "delta must be positive, not nan"),
        ("CrossEntropyLoss", {"label_smoothing": 1.5}, "label_smoothing must be from 0 to 1"),
        ("NLLLoss", {"reduction": "batchmean"}, "reduction must be 'mean' or 'sum', not 'batch"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_when_the_loss_is_made(loss, option, message):
    with pytest.raises(ValueError, match=f"{loss}: {message}"):
        getattr(nn, loss)(**option)


def test_options_are_attributes():
    loss = nn.HuberLoss("sum", 0.5)
    assert repr(loss) == "HuberLoss(reduction='sum', delta=0.5)"
    assert loss([3.0, 3.0], [0.0, 0.0]) == 2.75
    loss.delta, loss.reduction = 2.0, "mean"
    assert loss([3.0, 3.0], [0.0, 0.0]) == nn.huber_loss([3.0, 3.0], [0.0, 0.0], delta=2.0)
    assert repr(pickle.loads(pickle.dumps(nn.HuberLoss()))) == "HuberLoss()"


def test_a_loss_tells_its_options():
    assert str(inspect.signature(nn.HuberLoss)) == (
        "(reduction: 'str' = 'mean', delta: 'float' = 1.0)"
    )
    assert "delta (|e| - delta / 2) elsewhere" in inspect.getdoc(nn.HuberLoss)


def test_a_loss_may_be_subclassed():
    class Half(nn.HuberLoss):
        def forward(self, input, target):
            return super().forward(input, target) / 2

    assert Half(delta=0.5)([3.0], [0.0]) == nn.huber_loss([3.0], [0.0], delta=0.5) / 2


@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss, nn.MSELoss, nn.KLDivLoss])
def test_a_loss_refuses_what_it_does_not_know_when_it_is_made(loss):
    with pytest.raises(ValueError, match=rf"{loss.__name__}: reduction must be 'mean' or 'sum'"):
        loss(reduction="avg")
    with pytest.raises(TypeError, match=rf"{loss.__name__}: .*'wieght'"):
        loss(wieght=[1.0])


def test_the_divergence_is_made_with_batchmean():
    assert nn.KLDivLoss(reduction="batchmean")([[0.0]], [[1.0]]) == 0.0


def test_a_loss_of_six_axes():
    x = np.zeros((1, 2, 1, 1, 1, 3)).tolist()
    target = np.zeros((1, 1, 1, 1, 3), int).tolist()
    assert nn.cross_entropy(x, target) == pytest.approx(np.log(2))


def test_the_cross_entropy_of_one_sample_is_one_difference():
    """No sum of one loss, and no division by 1: logsumexp(x) - x[0] and nothing else."""
    x = [Value(0.3), Value(-1.2)]
    for scores, target in ((x, 0), ([x], [0])):
        made = topological_order(nn.cross_entropy(scores, target))
        assert sorted(node._op for node in made if node._op) == ["-", "logsumexp"]


ONE = [
    (nn.mse_loss, "- dot"),
    (nn.quadratic_loss, "- dot /"),  # / 2
    (nn.l1_loss, "- abs"),
    (nn.huber_loss, "- abs minimum maximum - * dot / +"),
    (nn.hinge_loss, "* - ReLU"),
    (nn.binary_cross_entropy_with_logits, "neg softplus softplus * * +"),
]


@pytest.mark.parametrize(("loss", "operations"), ONE)
def test_a_loss_of_one_element_has_no_sum_and_no_division_by_1(loss, operations):
    made = topological_order(loss([Value(0.3)], [1.0]))
    assert sorted(node._op for node in made if node._op) == sorted(operations.split())


@pytest.mark.parametrize("size", [0.0, -0.0, 0.3, -2.5, 1e300, math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("loss", [loss for loss, _ in ONE])
def test_a_loss_of_one_element_has_the_numbers_of_a_mean(loss, size):
    """To the bit: value and gradient are those of a sum that is divided by the count."""
    target, x, y = [1.0], Value(size), Value(size)
    direct = loss([x], target)
    divided = autograd_lite.sum([loss([y], target)]) / 1
    direct.backward()
    divided.backward()
    for mine, other in ((direct.data, divided.data), (x.grad, y.grad)):
        assert np.float64(mine).tobytes() == np.float64(other).tobytes()
