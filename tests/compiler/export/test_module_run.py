"""A run of a module in Python, beside the interpreter."""

import numpy as np

from autograd_lite import Value
from autograd_lite.compiler.export.module_run import run_in_numpy
from autograd_lite.compiler.export.numpy import write
from autograd_lite.compiler.export.reading import read

w = Value(0.5, label="w")


def test_results_and_gradients_are_those_of_the_recorded_numbers():
    exported = read(lambda x: (w * x, x + 1), (3.0,), "f")
    found = run_in_numpy(write(exported).text, exported)
    assert [float(x) for x in found.results] == [1.5, 4.0]
    assert found.gradients == {"w": np.array(3.0)}
    assert not found.state
    assert run_in_numpy(write(exported).text, exported, differentiated=False).gradients is None


def test_a_step_gives_its_new_numbers():
    def step(x):
        w.data = w.data + x
        return 2 * w.data

    exported = read(step, (3.0,))
    found = run_in_numpy(write(exported).text, exported)
    assert (found.results, found.state) == ([7.0], {"w": 3.5})
    assert found.gradients is None
    assert w.data == 0.5
