"""Questions about functions."""

import functools

import autograd_lite as al
from autograd_lite.callables import CompiledFunction, runs_later


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
