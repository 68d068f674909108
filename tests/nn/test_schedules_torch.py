"""Schedules against PyTorch's of the same names."""

import numpy as np
import pytest

import nn

torch = pytest.importorskip("torch")
SCHEDULES = {
    "StepLR": lambda m, o: m.StepLR(o, 2, 0.5),
    "CosineAnnealingLR": lambda m, o: m.CosineAnnealingLR(o, 4, 0.01),
    "LinearLR": lambda m, o: m.LinearLR(o, 0.25, total_iters=3),
    "LambdaLR": lambda m, o: m.LambdaLR(o, lambda epoch: 0.9**epoch),
    "SequentialLR": lambda m, o: m.SequentialLR(
        o, [m.LinearLR(o, 0.1, total_iters=4), m.CosineAnnealingLR(o, 5)], [3]
    ),
}


@pytest.mark.parametrize("second", [None, *SCHEDULES])
@pytest.mark.parametrize("first", SCHEDULES)
@pytest.mark.filterwarnings("ignore:The epoch parameter")
def test_schedules_side_by_side_and_a_rate_set_by_hand(first, second):
    ours = nn.optim.SGD([nn.Parameter(0.0)], 0.3)
    theirs = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.3)
    ours.lr = theirs.param_groups[0]["lr"] = 0.2  # schedules start from here
    schedules = [
        [SCHEDULES[name](m, o) for name in (first, second) if name]
        for m, o in ((nn.optim, ours), (torch.optim.lr_scheduler, theirs))
    ]
    theirs.step()  # PyTorch warns otherwise
    for epoch in range(20):
        np.testing.assert_allclose(ours.lr, theirs.param_groups[0]["lr"], rtol=1e-10, atol=1e-15)
        if epoch == 5:
            ours.lr = theirs.param_groups[0]["lr"] = 0.7
        for side in schedules:
            for schedule in side:
                schedule.step()


@pytest.mark.parametrize("scheduled", [False, True])
def test_the_rate_after_loading_a_state(scheduled):
    rates = []
    for library, start in (nn, nn.Parameter(1.0)), (torch, torch.ones(1, requires_grad=True)):
        first, second = (library.optim.SGD([start], 0.1) for _ in range(2))
        one = lambda epoch: 1.0  # noqa: E731
        schedule = library.optim.lr_scheduler.LambdaLR if library is torch else nn.optim.LambdaLR
        if scheduled:
            schedule(first, one)
        second.load_state_dict(first.state_dict())
        group = second.param_groups[0] if library is torch else vars(second)
        group["lr"] = 0.001
        schedule(second, one)
        rates.append(group["lr"])
    assert rates[0] == rates[1]
