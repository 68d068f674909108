"""Questions about functions."""

import functools

import autograd_lite as al
from autograd_lite.callables import CompiledFunction, name_of, runs_later


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
