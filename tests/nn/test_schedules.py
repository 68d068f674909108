"""Learning-rate schedules."""

import math

import pytest

import nn
from autograd_lite import Value


@pytest.mark.parametrize(
    ("schedule", "length"),
    [("StepLR", "step_size"), ("CosineAnnealingLR", "T_max"), ("LinearLR", "total_iters")],
)
def test_schedules_have_a_length(schedule, length):
    optimizer = nn.optim.SGD(nn.Linear(2, 1).parameters())
    with pytest.raises(ValueError, match=f"{schedule}: {length} must be an int of at least 1"):
        getattr(nn.optim, schedule)(optimizer, **{length: 0})


def test_the_schedules_of_a_sequence():
    optimizer, other = (nn.optim.SGD([Value(1.0)]) for _ in range(2))
    step = nn.optim.StepLR(optimizer, 2)
    for milestones in ([1.5, 2], [-1, 2], [True, 2]):
        with pytest.raises(
            ValueError, match="SequentialLR: a milestone must be an int of at least"
        ):
            nn.optim.SequentialLR(optimizer, [step] * 3, milestones)
    with pytest.raises(ValueError, match=r"SequentialLR: milestones must ascend, not \[4, 2\]"):
        nn.optim.SequentialLR(optimizer, [step] * 3, [4, 2])
    with pytest.raises(ValueError, match="SequentialLR: the StepLR is of another optimiser"):
        nn.optim.SequentialLR(optimizer, [step, nn.optim.StepLR(other, 2)], [1])
    with pytest.raises(TypeError, match="SequentialLR: the class StepLR is no schedule"):
        nn.optim.SequentialLR(optimizer, [step, nn.optim.StepLR], [1])


def test_schedules_save_and_load():
    w = [nn.Parameter(1.0)]
    optimizer = nn.optim.SGD(w, lr=1.0)
    schedule = nn.optim.StepLR(optimizer, 2)
    for _ in range(5):
        schedule.step()
    again = nn.optim.SGD(w, lr=3.0)
    loaded = nn.optim.StepLR(again, 2)
    again.load_state_dict(optimizer.state_dict())
    loaded.load_state_dict(schedule.state_dict())
    for _ in range(3):
        assert again.lr == optimizer.lr
        loaded.step()
        schedule.step()
    assert again.lr == pytest.approx(0.1**4, rel=1e-12)
    assert again.initial_lr == 1.0


def test_arguments_of_schedules_that_make_no_sense():
    optimizer = nn.optim.SGD([nn.Parameter(1.0)], 0.5)
    with pytest.raises(ValueError, match=r"LinearLR: start_factor must be in \(0, 1\], not 0"):
        nn.optim.LinearLR(optimizer, 0)
    with pytest.raises(ValueError, match=r"LinearLR: end_factor must be in \[0, 1\], not 1.5"):
        nn.optim.LinearLR(optimizer, end_factor=1.5)
    schedule = nn.optim.StepLR(optimizer, 2)
    with pytest.raises(ValueError, match=r"StepLR\.load_state_dict: missing 'last_epoch'"):
        schedule.load_state_dict({})
    for epoch in (-1, 0.5, math.nan):
        with pytest.raises(ValueError, match="StepLR: last_epoch must be whole"):
            schedule.load_state_dict({"last_epoch": epoch})
    assert (schedule.last_epoch, optimizer.lr) == (0, 0.5)


def test_the_rate_is_not_pinned_by_a_state_of_no_schedule():
    state = nn.optim.SGD([nn.Parameter(1.0)], 0.1).state_dict()
    optimizer = nn.optim.SGD([nn.Parameter(1.0)], 0.5)
    nn.optim.LambdaLR(optimizer, lambda epoch: 1.0)
    optimizer.load_state_dict(state)
    optimizer.lr = 0.001
    assert math.isnan(optimizer.state_dict()["initial_lr"])
    nn.optim.LambdaLR(optimizer, lambda epoch: 1.0)
    assert optimizer.lr == 0.001
    optimizer.load_state_dict(optimizer.state_dict() | {"lr": 0.25})
    nn.optim.LambdaLR(optimizer, lambda epoch: 1.0)
    assert optimizer.lr == 0.001


def test_each_drop_of_a_step_is_one_product():
    """Rounded once each, and so even where powers of gamma are 0 already."""
    optimizer = nn.optim.SGD([nn.Parameter(1.0)], lr=1e200)
    schedule, lr = nn.optim.StepLR(optimizer, 2), 1e200
    for _ in range(400):
        schedule.step()
        assert optimizer.lr == lr
        schedule.step()
        lr *= 0.1
        assert optimizer.lr == lr
