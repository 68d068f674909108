"""The numbers in what a function returned: their names, and how precise they are."""

import numpy as np
import pytest

from autograd_lite import Value
from autograd_lite.testing.arguments import DOUBLE
from autograd_lite.testing.results import outputs_of, precision_of


def test_numbers_have_the_names_of_their_places():
    x = Value(3.0)
    result = {"loss": x, "rows": [(1, 2.5), np.array([[4.0], [5.0]])]}
    assert outputs_of(result, "f") == [
        ("f['loss']", x),
        ("f['rows'][0][0]", 1.0),
        ("f['rows'][0][1]", 2.5),
        ("f['rows'][1][0, 0]", 4.0),
        ("f['rows'][1][1, 0]", 5.0),
    ]
    assert outputs_of(x, "f") == [("f", x)]
    assert outputs_of(2, "f") == [("f", 2.0)]


def test_arrays_may_hold_values():
    x = Value(3.0)
    assert outputs_of(np.array([x, 1.0], object), "f") == [("f[0]", x), ("f[1]", 1.0)]


@pytest.mark.parametrize("wrong", ["1", None, {1.0}, object()])
def test_what_is_no_number_is_named(wrong):
    with pytest.raises(TypeError, match=r"f\[1\] must be a number or an array of them, not "):
        outputs_of([1.0, wrong], "f")


def test_the_coarsest_array_decides():
    single, double = np.zeros(2, np.float32), np.zeros(2)
    assert precision_of([double, {"k": single}]) == precision_of(single) > DOUBLE
    assert precision_of([double, 1.0]) == precision_of(Value(1.0)) == precision_of([]) == DOUBLE
