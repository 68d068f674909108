"""Plans in C: compiled, run, and compared with the same groups in NumPy."""

import shutil

import numpy as np
import pytest

from autograd_lite.compiler.plan import Plan, plan
from autograd_lite.compiler.run.compiled import Compilation, CompiledExecutor
from autograd_lite.compiler.run.compiler import Library, command
from tests.support.lifting import Lifted
from tests.support.plans import Runner

needs_compiler = pytest.mark.skipif(command() is None, reason="needs a C compiler")
C = pytest.param("c", marks=needs_compiler)  # of tests with an executor
COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]


def plan_of(groups, size, numbers=()):
    """A plan of these groups forward, in a memory whose first numbers are constants."""
    nothing = np.zeros(0, np.int64)
    constants = np.arange(len(numbers))
    return Plan(
        size=size,
        leaves=nothing,
        constants=constants,
        numbers=np.array(numbers, float),
        outputs=nothing,
        deciding=nothing,
        cotangents=nothing,
        gradients=nothing,
        forward=list(groups),
        backward=[],
    )


class InC(Lifted):
    """A lifted function whose `arrays` run in C."""

    def __init__(self, function, *args):
        super().__init__(function, *args)
        compilation = Compilation(self.program, plan(self.program))
        compilation.library.wait()
        assert not compilation.library.problem
        self.arrays = CompiledExecutor(compilation, self.reference)


def agree(groups, size, indices=(), seed=0):
    """Run groups in C and in NumPy on the same random memory, and compare what they leave there."""
    from autograd_lite.compiler.run.c_source import FORWARD, c_source

    rng = np.random.default_rng(seed)
    made = plan_of(groups, size)
    text, work = c_source(made)
    library = Library(text)
    library.wait()
    assert not library.problem
    indices = np.array(indices, np.int64)
    runner = Runner(made, indices, 0)
    runner.memory[:] = rng.normal(size=size)
    memory = np.full(size + work, np.nan)  # what stands behind the plan is never used
    memory[:size] = runner.memory
    call(library.address(FORWARD), memory, indices)
    with np.errstate(all="ignore"):
        for group in groups:
            runner.group(group)
    np.testing.assert_allclose(memory[:size], runner.memory, rtol=1e-11, atol=1e-11)
    return text


def call(address, memory, indices):
    import ctypes

    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(address)
    function(memory.ctypes.data, indices.ctypes.data)
