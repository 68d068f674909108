"""A reproduction is Python code that raises the same error when it is run."""

import sys

import pytest

import autograd_lite as al
import nn
from autograd_lite import Value, operation
from autograd_lite.testing import GradientError, check_grad

MODULE = """
import math
import autograd_lite as al
from autograd_lite import Value, operation
from autograd_lite.testing import given_gradcheck

@operation(lambda x, y, out: (y, x + 1))
def times(x, y):
    return x * y

def wrong(x, more):
    return al.sum([times(x["a"][0], y) for y in more["ys"]])

def df(x):
    return 2 * x

def hand(x, y=1.0):
    out = Value(x.data ** 2, (x,), "hand")
    def backward():
        x.grad += x.data * out.grad
    out._backward = backward
    return out

test_hand = given_gradcheck((1, 2))(hand)

@given_gradcheck((1, 2))
def test_decorated(x):
    return hand(x)
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module of a user, that can be imported."""
    (tmp_path / "users_own.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    import users_own

    yield users_own
    del sys.modules["users_own"]


def failed(f, *args, **options):
    with pytest.raises(GradientError) as caught:
        check_grad(f, *args, **options)
    return caught.value


def rerun(error, **names):
    """The error that the reproduction raises, run with these names defined."""
    assert error.reproduction in str(error)
    with pytest.raises(GradientError) as caught:
        exec(error.reproduction, names)
    return caught.value


def same(one, other):
    return (one.reverse, one.differences) == (other.reverse, other.differences)


def test_a_function_that_can_be_imported_is(module):
    error = failed(module.wrong, {"a": [2.0, 1]}, {"ys": (3.0, -0.5), "name": "b"})
    assert "from users_own import wrong\n" in error.reproduction
    assert same(error, rerun(error))


def test_options_and_special_numbers_are_passed_on(module):
    error = failed(module.hand, 2.0, float("inf"), tol_rel=1e-3, seed=3)
    assert 'check_grad(hand, 2.0, float("inf"), tol_rel=0.001, seed=3)' in error.reproduction
    assert same(error, rerun(error))


def test_values_and_arrays_are_made_anew(module):
    numpy = pytest.importorskip("numpy")
    error = failed(module.wrong, {"a": [Value(2.0)]}, {"ys": numpy.array([3.0, 4.0])})
    assert same(error, rerun(error))


def test_somebody_elses_gradient_is_imported_too(module):
    from math import exp

    error = failed(exp, 1.0, grad=module.df)
    assert "from math import exp\nfrom users_own import df\n" in error.reproduction
    assert same(error, rerun(error))


def test_a_function_under_given_gradcheck_is_found(module):
    with pytest.raises(GradientError) as caught:
        module.test_decorated()
    assert "check_grad(test_decorated.function, " in caught.value.reproduction
    assert same(caught.value, rerun(caught.value))


def test_the_graph_of_a_local_function_is_written_out(module):
    weights = [0.1, 1e-17, 3.0]
    constant = Value(0.3)

    def local(x, y):
        xs = [x, y * constant, 2.0**y]
        return (
            module.times(al.dot(xs, weights), al.dot(xs, xs)).leaky_relu(0.07)
            - al.polygamma(1, y) + (-x) ** 3 + al.where(x > 0, y, -2.0) + al.logsumexp([x, -1.0])
        )  # fmt: skip

    error = failed(local, 2.0, 3.0)
    assert "def f(x0, x1):" in error.reproduction
    assert "from users_own import times" in error.reproduction
    again = rerun(error)
    assert again.reverse == pytest.approx(error.reverse, rel=1e-12)
    assert again.fault.node._op == error.fault.node._op == "times"


def test_a_module_is_written_out_as_its_graph(module):
    class Model(nn.Module):
        def __init__(self):
            self.w = nn.Parameter(2.0)

        def forward(self, x):
            return module.times(self.w, x).tanh()

    error = failed(Model(), 0.5)
    assert rerun(error).fault.node._op == "times"


@operation(lambda x, out: 3 * x)
def local_operation(x):
    return x * x


def test_what_cannot_be_imported_is_said_to_be_where_it_is(module):
    f = lambda x, y: module.hand(x) * y  # noqa: E731
    error = failed(f, 1.0, 2.0)
    assert f".<locals>.<lambda> ({__file__}:" in error.reproduction
    assert same(error, rerun(error, f=f))
    df = lambda x: 3.0  # noqa: E731
    error = failed(f := lambda x: x * x, 1.0, grad=df)
    assert same(error, rerun(error, f=f, df=df))


def test_what_cannot_be_written_is_named():
    class Odd:
        pass

    odd = Odd()
    f = lambda x, o: x.data * 2  # noqa: E731
    error = failed(f, 1.0, odd)
    assert "# arg1 is <" in error.reproduction
    assert same(error, rerun(error, f=f, arg1=odd))


def test_numbers_read_from_data_are_not_written_as_constants():
    """The graph alone would be right: its code must not stand for the function."""
    f = lambda x: x * al.exp(x.data)  # noqa: E731
    error = failed(f, 0.5)
    assert "def f" not in error.reproduction
    assert same(error, rerun(error, f=f))
