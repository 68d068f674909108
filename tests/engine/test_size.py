"""A matrix that does not fit into memory is refused before it is built."""

import pytest

from autograd_lite import Value, hessian, jacfwd, jacobian, size


def test_the_memory_of_this_machine():
    assert size.memory() > 1e8


def test_what_fits_is_allowed(monkeypatch):
    monkeypatch.setattr(size, "memory", lambda: 8e9)
    size.check_fits("the Hessian of f", 10**9, 8, "hvp")
    with pytest.raises(
        MemoryError,
        match=r"the Hessian of f has 1,000,000,001 numbers, which take 8 GB to build, and this "
        r"machine has 8; write hvp",
    ):
        size.check_fits("the Hessian of f", 10**9 + 1, 8, "hvp")


@pytest.mark.parametrize("transform", [hessian, jacobian, jacfwd])
def test_dense_matrices_are_refused(transform, monkeypatch):
    monkeypatch.setattr(size, "memory", lambda: 799)
    f = (lambda x: x[0] ** 2) if transform is hessian else (lambda x: [x[0]] * 10)
    with pytest.raises(MemoryError, match=r"has 100 numbers.*write .*sparse=True"):
        transform(f)([1.0] * 10)
    assert len(transform(f)([1.0] * 5)) in (5, 10)


def test_sparse_matrices_are_refused(monkeypatch):
    monkeypatch.setattr(size, "memory", lambda: 1000)
    with pytest.raises(MemoryError, match="the Jacobian of <lambda> has 2 numbers"):
        jacobian(lambda x: [x[0] * x[1]], sparse=True)([1.0, 2.0])


def test_nothing_is_left_behind(monkeypatch):
    x = Value(2.0)
    monkeypatch.setattr(size, "memory", lambda: 1)
    with pytest.raises(MemoryError):
        hessian(lambda x: x[0] ** 2)([1.0, 2.0])
    y = x * x
    y.backward()
    assert x.grad == 4.0
