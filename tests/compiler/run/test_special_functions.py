"""Functions that NumPy has not, of arrays."""

from functools import partial

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value
from tests.support.lifting import Lifted

W = [Value(0.5), Value(-1.5), Value(2.0)]


DIGAMMA, TRIGAMMA = partial(ag.polygamma, 0), partial(ag.polygamma, 1)


@pytest.mark.parametrize("function", [ag.erf, ag.erfc, ag.lgamma, DIGAMMA, TRIGAMMA])
def test_functions_that_numpy_has_not(function):
    """Of every second number too, and of each number twice, and where they are not finite."""

    def several(xs):
        pairs = [function(x) * function(y * y) for x, y in zip(xs[::2], xs[1::2], strict=True)]
        return sum(pairs), sum(function(x * w) for x in xs for w in W)

    lifted = Lifted(several, [0.1 + 0.7 * i for i in range(12)])
    assert lifted.agrees()
    for special in (0.0, -1.0, -2.5, 1e-3, 50.0, 1e300, np.inf, -np.inf, np.nan):
        leaf = Lifted(lambda x: [function(x), function(x + 1)], Value(special))
        run, expected = leaf.run(leaf.leaves), leaf.by_reference(leaf.leaves, [0, 0])[:2]
        assert (run.executor is leaf.arrays) == np.isfinite(expected).all()
        np.testing.assert_allclose(run.outputs, expected, rtol=1e-12)
