"""Jacobians and Hessians, dense: what is given, and what is refused."""

import numpy as np
import pytest

from autograd_lite import hessian, jacobian, sparsity, value_grad_hessian


def f(x):
    return x[0] ** 2 * x[1]


def test_value_gradient_and_hessian_of_one_call():
    calls = []

    def counted(x):
        calls.append(x)
        return f(x)

    assert value_grad_hessian(counted)([2.0, 3.0]) == (12.0, [12.0, 4.0], [[6.0, 4.0], [4.0, 0.0]])
    assert len(calls) == 1
    value, gradient, matrix = value_grad_hessian(f)(np.array([2.0, 3.0]))
    assert value == 12.0
    assert gradient.tolist() == [12.0, 4.0]
    assert matrix.tolist() == [[6.0, 4.0], [4.0, 0.0]]


def test_the_triangle_and_the_form_are_for_sparse_matrices():
    for make in (hessian, value_grad_hessian):
        with pytest.raises(ValueError, match="lower is for sparse=True"):
            make(f, lower=True)
    with pytest.raises(ValueError, match="sparse must be False, True or"):
        jacobian(f, sparse="coo")
    with pytest.raises(ValueError, match="call f itself for its auxiliary data"):
        hessian(f, has_aux=True, sparse=True)


def test_sparsity_takes_all_arguments():
    found = sparsity(lambda x, c: [c * x[0], x[1] * x[0]], [1.0, 2.0], 3.0)
    assert found.toarray().tolist() == [[True, False], [True, True]]
    of_both = sparsity(lambda x, c: [c * x[0], x[1]], [1.0, 2.0], 3.0, argnums=(0, 1))
    assert of_both.toarray().tolist() == [[True, False, True], [False, True, False]]


def test_errors_of_a_hessian_name_the_function():
    def energy(x):
        return x * x

    for transform in (hessian, value_grad_hessian):
        with pytest.raises(ValueError, match="argnums is 3, but energy was called with 1 argument"):
            transform(energy, argnums=3)(1.0)
