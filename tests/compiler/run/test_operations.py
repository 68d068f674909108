"""Operations run in order, and keep what they read alive."""

import weakref

import numpy as np

from autograd_lite.compiler.run.operations import Operation, compile_calls


def test_arrays_live_as_long_as_what_runs_them():
    x = np.ones(1000)
    alive = weakref.ref(x)
    run = compile_calls([Operation("add", np.empty(1000), (x, x))])
    del x
    assert alive() is not None
    del run
    assert alive() is None


def test_calls_run_in_their_order():
    a, b = np.array([2.0]), np.array([3.0])
    long = np.full(65, 1.5)
    compile_calls(
        [
            Operation("multiply", a, (a, b)),
            Operation("add", a, (a, b)),
            Operation("floor", long, (long,)),  # NumPy
            Operation("subtract", b, (a, b)),
        ]
    )()
    assert (a.tolist(), b.tolist(), long[0]) == ([9.0], [6.0], 1.0)
