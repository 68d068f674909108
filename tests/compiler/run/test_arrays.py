"""The executor of arrays: what it reads, and what it leaves to the reference."""

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, take
from autograd_lite.compiler.run.operations import compile_calls
from tests.support.lifting import Lifted, Poisoned
from tests.support.scalar_programs import program


def test_a_wrong_program_is_noticed():
    function, args = program(0)
    lifted = Lifted(function, *args)

    class Wrong(Poisoned):
        def workspace(self):
            space = super().workspace()
            calls = space.forward_calls
            calls.insert(len(calls) // 2, calls.pop())
            space.forward = compile_calls(calls)
            return space

    lifted.arrays = Wrong(lifted.program, lifted.reference)
    with pytest.raises(AssertionError):
        lifted.agrees()


W = [Value(0.5), Value(-1.5), Value(2.0)]


def test_arrays_leave_what_is_not_finite_to_the_reference_executor():
    """Where a zero cotangent stays zero."""
    lifted = Lifted(lambda x: ag.where(x, x, ag.sqrt(x - x)) * W[0], Value(2.0))
    one = np.ones(1)
    assert lifted.by_reference(lifted.leaves, one).tolist() == [1.0, 2.0, 0.5]
    assert lifted.by_arrays(lifted.leaves, one) is None


def test_after_a_run_that_is_not_finite_the_next_one_is():
    lifted = Lifted(
        lambda xs: sum(ag.exp(x * w) for x, w in zip(xs, W, strict=True)), [1.0, 2.0, 3.0]
    )
    assert lifted.by_arrays(lifted.leaves * 1e6, np.ones(1)) is None
    assert lifted.agrees()


def test_an_operation_of_the_users_own():
    @ag.operation(lambda x, y, out: (out + y, x**2))
    def lifted_by_python(x, y):
        return x * y + x**2 * y

    @ag.operation(lambda x, out: 3 * x**2)
    def cubed_in_python(x):
        return x**3

    def function(xs):
        return sum(lifted_by_python(cubed_in_python(x), w) for x, w in zip(xs, W, strict=True))

    lifted = Lifted(function, [1.0, 2.0, 3.0])
    expected = lifted.by_reference(lifted.leaves, [1.0])
    np.testing.assert_allclose(lifted.by_arrays(lifted.leaves, np.ones(1)), expected)


def test_indices_count_from_the_end_and_are_checked():
    lifted = Lifted(lambda i, j: take(W, i) * take(W, j), np.int64(1), np.int64(2))
    for i in range(-3, 3):
        lifted.indices[:] = i, -i - 1
        assert lifted.agrees()
    for i in (-4, 3):
        lifted.indices[:] = 0, i
        with pytest.raises(IndexError, match=f"the index {i} is out of range for 3 elements"):
            lifted.by_arrays(lifted.leaves, np.ones(1))
