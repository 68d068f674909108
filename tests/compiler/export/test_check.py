"""The check of an export: what counts as equal."""

import numpy as np
import pytest

from autograd_lite import Value
from autograd_lite.compiler.export.check import check
from autograd_lite.compiler.export.reading import read
from autograd_lite.compiler.export.recorded import ExportError

w = [Value(1.0), Value(2.0)]
exported = read(lambda x: w[0] * x + w[1], (3.0,))
numbers, _ = exported.reference


def changed(x, dtype=float):
    return numbers._replace(results=[np.array(x, dtype)])


def test_numbers_that_are_equal_but_for_rounding_are():
    assert check(exported, numbers, "c") == "its value and gradients are equal bit for bit"
    assert check(exported, changed(5.0 + 1e-12), "c").startswith(
        "its value and gradients are equal to 2e-13"
    )
    assert check(exported, changed(5.00001, np.float32), "c")
    assert check(exported, numbers._replace(gradients=None), "c").startswith("its results")


@pytest.mark.parametrize(
    "found",
    [
        changed(5.0 + 1e-7),
        changed(5.001, np.float32),
        changed(np.nan),
        changed(np.inf),
        changed([5.0]),
        numbers._replace(gradients={"w": np.array([3.0, 0.0])}),
    ],
)
def test_others_are_a_fault(found):
    with pytest.raises(ExportError, match="gives other numbers than the function"):
        check(exported, found, "c")


def test_nan_is_nan_and_infinity_is_itself():
    nan = read(lambda x: w[0] * x, (np.nan,))
    assert check(nan, nan.reference[0], "c")
    infinite = read(lambda x: w[0] * x, (np.inf,))
    found = infinite.reference[0]
    assert check(infinite, found, "c")
    with pytest.raises(ExportError, match="value is -inf, not inf"):
        check(infinite, found._replace(results=[np.array(-np.inf)]), "c")
