"""How numbers are written."""

import pytest

import visualize
from autograd_lite import (
    Value,
)


def test_number_formats(drawn):
    x = Value(1234.5678, label="x")
    for number, expected in (".4g", "1235"), (".2f", "1234.57"), (".1e", "1.2e+03"):
        picture = drawn(visualize.draw(x, number=number).svg)
        assert f"data {expected}" in picture.texts()
    for wrong in "4", "{}", ".4d", "", None, 4:
        with pytest.raises(ValueError, match="number must be a format such as"):
            visualize.draw(x, number=wrong)
