"""Ten steps of every optimiser, schedule and clipping against PyTorch's, in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn

torch = pytest.importorskip("torch")
few = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)
rates = st.floats(1e-4, 0.5)
decays = st.sampled_from([0.0, 0.01, 0.3])


def check(ours, theirs, n, seed, schedules=None, tolerance=1e-10):
    """The same gradients to both for ten steps; then the same parameters after each."""
    random = np.random.default_rng(seed)
    start, *gradients = random.normal(size=(11, n))
    parameters = [nn.Parameter(x) for x in start]
    tensor = torch.tensor(start, requires_grad=True)
    optimizers = ours(parameters), theirs([tensor])
    after = [make(o) for make, o in zip(schedules or (), optimizers, strict=False)]
    for gradient in gradients:
        optimizers[0].zero_grad()
        for p, g in zip(parameters, gradient, strict=True):
            p.grad += g
        tensor.grad = torch.from_numpy(gradient)
        for step in (*optimizers, *after):
            step.step()
        data = [p.data for p in parameters]
        np.testing.assert_allclose(data, tensor.detach(), rtol=tolerance, atol=tolerance)


@few
@given(
    st.integers(1, 5),
    rates,
    st.sampled_from([0.0, 0.9]),
    st.sampled_from([0.0, 0.2]),
    decays,
    st.booleans(),
    st.booleans(),
    seeds,
)
def test_sgd(n, lr, momentum, dampening, weight_decay, nesterov, maximize, seed):
    if nesterov:
        momentum, dampening = 0.9, 0.0
    ours, theirs = (
        lambda p, m=m: m.SGD(p, lr, momentum, dampening, weight_decay, nesterov, maximize=maximize)
        for m in (nn.optim, torch.optim)
    )
    check(ours, theirs, n, seed)


def test_sgd_with_momentum_for_some_steps_only():
    parameter = nn.Parameter(1.0)
    tensor = torch.ones(1, dtype=torch.float64, requires_grad=True)
    optimizers = nn.optim.SGD([parameter], 0.1), torch.optim.SGD([tensor], 0.1)
    for momentum, dampening in [(0, 0), (0.9, 0.5), (0.9, 0.5), (0, 0), (0.8, 0.2), (0.8, 0.2)]:
        parameter.grad = 2 * parameter.data
        tensor.grad = 2 * tensor.detach()
        optimizers[0].momentum, optimizers[0].dampening = momentum, dampening
        optimizers[1].param_groups[0].update(momentum=momentum, dampening=dampening)
        for optimizer in optimizers:
            optimizer.step()
        np.testing.assert_allclose(parameter.data, tensor.item(), rtol=1e-12)


@few
@given(
    st.sampled_from(["Adam", "AdamW"]),
    st.integers(1, 5),
    rates,
    st.floats(0, 0.99),
    st.floats(0.5, 0.9999),
    decays,
    st.booleans(),
    st.booleans(),
    seeds,
)
def test_adam(name, n, lr, beta1, beta2, weight_decay, amsgrad, maximize, seed):
    ours, theirs = (
        lambda p, m=m: getattr(m, name)(
            p, lr, (beta1, beta2), 1e-8, weight_decay, amsgrad, maximize=maximize
        )
        for m in (nn.optim, torch.optim)
    )
    check(ours, theirs, n, seed)


@few
@given(
    st.integers(1, 5),
    rates,
    st.floats(0.01, 0.99),
    decays,
    st.sampled_from([0.0, 0.9]),
    st.booleans(),
    st.booleans(),
    seeds,
)
def test_rmsprop(n, lr, alpha, weight_decay, momentum, centered, maximize, seed):
    ours, theirs = (
        lambda p, m=m: m.RMSprop(
            p, lr, alpha, 1e-8, weight_decay, momentum, centered, maximize=maximize
        )
        for m in (nn.optim, torch.optim)
    )
    check(ours, theirs, n, seed)


@few
@given(
    st.integers(1, 5),
    rates,
    st.sampled_from([0.0, 0.1, 2.0]),
    decays,
    st.sampled_from([0.0, 0.1, 3.0]),
    st.sampled_from([0.0, 1e-10, 0.01]),
    st.booleans(),
    seeds,
)
def test_adagrad(n, lr, lr_decay, weight_decay, first, eps, maximize, seed):
    ours, theirs = (
        lambda p, m=m: m.Adagrad(p, lr, lr_decay, weight_decay, first, eps, maximize=maximize)
        for m in (nn.optim, torch.optim)
    )
    check(ours, theirs, n, seed, tolerance=1e-12)


@pytest.mark.parametrize("name", ["SGD", "Adagrad", "Adam", "AdamW", "RMSprop"])
def test_defaults(name):
    ours, theirs = (lambda p, m=m: getattr(m, name)(p) for m in (nn.optim, torch.optim))
    check(ours, theirs, 3, 0)


@pytest.mark.parametrize(
    "make",
    [
        lambda m, o: m.StepLR(o, 3, 0.5),
        lambda m, o: m.CosineAnnealingLR(o, 7, 0.01),
        lambda m, o: m.LinearLR(o),
        lambda m, o: m.LambdaLR(o, lambda epoch: 0.9**epoch),
        lambda m, o: m.SequentialLR(o, [m.LinearLR(o, 0.1, total_iters=4), m.StepLR(o, 2)], [4]),
    ],
    ids=["StepLR", "CosineAnnealingLR", "LinearLR", "LambdaLR", "SequentialLR"],
)
@pytest.mark.filterwarnings("ignore:The epoch parameter")  # PyTorch's own, in SequentialLR
def test_schedules(make):
    schedules = (
        lambda o: make(nn.optim, o),
        lambda o: make(torch.optim.lr_scheduler, o),
    )
    ours, theirs = (lambda p, m=m: m.SGD(p, 0.3) for m in (nn.optim, torch.optim))
    check(ours, theirs, 3, 0, schedules)


@few
@given(st.integers(1, 5), st.floats(0.01, 10), seeds)
def test_clip_grad_norm(n, max_norm, seed):
    gradients = np.random.default_rng(seed).normal(size=n)
    parameters = [nn.Parameter(0) for _ in range(n)]
    for p, g in zip(parameters, gradients, strict=True):
        p.grad = g
    tensor = torch.zeros(n, dtype=torch.float64, requires_grad=True)
    tensor.grad = torch.from_numpy(gradients.copy())
    ours = nn.optim.clip_grad_norm_(parameters, max_norm)
    theirs = torch.nn.utils.clip_grad_norm_([tensor], max_norm)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    np.testing.assert_allclose([p.grad for p in parameters], tensor.grad, rtol=1e-12)
