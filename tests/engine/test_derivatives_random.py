"""Second derivatives of random programs: both modes, compiled, and differences of the gradient."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from autograd_lite import compile, grad, hessian, hvp, jacfwd, jacrev
from autograd_lite.testing.programs import expressions

some = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
H = 1e-5


def all_inputs(f):
    return tuple(range(len(f.inputs)))


def second(f, transform):
    return np.array(transform(*f.inputs), float)


@some
@given(expressions())
def test_forward_and_reverse_mode_agree_and_the_hessian_is_symmetric(f):
    by = all_inputs(f)
    found = second(f, hessian(f, by))
    assume(np.isfinite(found).all())
    size = np.abs(found).max(initial=1e-3)
    for transform in (jacrev(grad(f, by), by), jacfwd(grad(f, by), by)):
        assert second(f, transform) == pytest.approx(found, rel=1e-9, abs=1e-9 * size)
    assert found == pytest.approx(found.T, rel=1e-9, abs=1e-9 * size)
    tangents = tuple(0.5 + 0.1 * i for i in by)
    product = np.ravel(hvp(f, f.inputs, tangents))
    assert product == pytest.approx(found @ tangents, rel=1e-9, abs=1e-9 * size)


@some
@given(expressions())
def test_the_hessian_is_the_slope_of_the_gradient(f):
    by = all_inputs(f)
    found = second(f, hessian(f, by))
    gradient = grad(f, by)
    for i in by:

        def slope(h, i=i):
            ahead, behind = list(f.inputs), list(f.inputs)
            ahead[i] += h
            behind[i] -= h
            above, below = np.array(gradient(*ahead)), np.array(gradient(*behind))
            return (above - below) / (2 * h)

        fine, coarse = slope(H), slope(2 * H)
        size = max(1.0, np.abs(fine).max(initial=0.0))
        # Where the two agree, the gradient is smooth there.
        assume(np.isfinite(fine).all() and np.abs(fine - coarse).max() <= 1e-6 * size)
        noise = 1e-9 * max(map(abs, gradient(*f.inputs))) / H
        assert found[i] == pytest.approx(fine, rel=1e-5, abs=1e-5 * size + noise)


@settings(some, max_examples=15)
@given(expressions())
def test_compiled(f):
    by = all_inputs(f)
    eager = hessian(f, by)
    compiled = compile(lambda *xs: eager(*xs), check="never")
    for scale in (1.0, 0.99, 1.01):
        inputs = [scale * x for x in f.inputs]
        expected = np.array(eager(*inputs), float)
        assume(np.isfinite(expected).all())
        size = np.abs(expected).max(initial=1e-3)
        found = np.array(compiled(*inputs), float)
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9 * size)
