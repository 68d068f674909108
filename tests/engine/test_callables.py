"""Questions about functions."""

import copy
import functools
import pickle

import pytest

import autograd_lite as al
from autograd_lite.callables import CompiledFunction, name_of, runs_later


def cubic(x):
    """x^3"""
    return x**3


@al.grad
def slope(x):
    return x**3


class Scaled:
    factor = 5.0

    @functools.partial(al.grad, argnums=1)
    def slope(self, x):
        return self.factor * x


TRANSFORMED = {
    al.grad: 12.0,
    al.value_and_grad: (8.0, 12.0),
    al.jacfwd: 12.0,
    al.jacrev: 12.0,
    al.jacobian: 12.0,
    al.hessian: 12.0,
    al.value_grad_hessian: (8.0, 12.0, 12.0),
    lambda f: al.grad(al.grad(f)): 12.0,
    lambda f: al.compile(al.grad(f)): 12.0,
    lambda f: al.grad(al.compile(f)): 12.0,
}


@pytest.mark.parametrize("transform", TRANSFORMED)
@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda f: pickle.loads(pickle.dumps(f))])
def test_what_a_transform_gives_is_pickled_as_its_call(transform, way):
    function = transform(cubic)
    assert (function.__name__, function.__doc__) == ("cubic", "x^3")
    assert way(function)(2.0) == function(2.0) == TRANSFORMED[transform]


def test_the_options_of_a_transform_are_pickled():
    function = pickle.loads(pickle.dumps(al.grad(divmod_of, 1, True)))
    assert function(2.0, 3.0) == (2.0, "aux")
    assert repr(function) == "<grad of divmod_of>"


def divmod_of(x, y):
    return x * y, "aux"


@pytest.mark.parametrize("sparse", [True, "arrays"])
def test_a_sparse_derivative_is_pickled_and_prepared_anew(sparse):
    pytest.importorskip("scipy")
    function = al.hessian(cubes, sparse=sparse, lower=True)
    again = pickle.loads(pickle.dumps(function))
    for found in (function([1.0, 2.0]), again([1.0, 2.0])):
        assert list(found.data if sparse is True else found[0]) == [6.0, 12.0]


def cubes(xs):
    return al.sum([x**3 for x in xs])


def test_a_decorated_function_is_pickled_by_its_name():
    assert pickle.loads(pickle.dumps(slope)) is slope
    assert Scaled().slope(2.0) == 5.0


def test_the_name_of_an_object_is_that_of_its_class():
    assert (name_of(name_of), name_of(al.Value(1.0))) == ("name_of", "Value")


def test_generators_and_coroutines_run_later():
    def generator():
        yield

    async def coroutine():
        pass

    async def both():
        yield

    assert all(map(runs_later, (generator, coroutine, both, functools.partial(generator))))
    assert not any(map(runs_later, (test_generators_and_coroutines_run_later, abs, al.Value, 3)))


def test_compiled_functions_and_batched_ones_are_known():
    assert isinstance(al.compile(abs), CompiledFunction)
    assert isinstance(al.vmap(abs), CompiledFunction)
