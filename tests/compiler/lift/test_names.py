"""The names of the arrays of a lifted program."""

import nn
from autograd_lite import compile
from tests.support.lifting import Lifted


def lines_of(function, *args):
    """The instructions in words."""
    text = Lifted(function, *args).explain()
    return [line.strip() for line in text.splitlines() if line.startswith("    ")]


def test_layers_that_are_computed_together_are_all_named():
    model = nn.MLP(3, [4] * 6 + [1], rng=0)
    text = "\n".join(lines_of(model, [1.0, 2.0, 3.0]))
    assert "(dp4, dp6, dp8, dp10)[4, 4, 4] = (dz3..dz6) * (a2..a5)" in text
    assert "(dp3, dp5, ..., dp11)[5, 4] = (dz2..dz6)" in text
    assert "dz4[4] = da4 * relu'(z4)" in text  # though relu' is one operation for all layers


def test_arguments_have_their_names():
    def function(points, *others, scale):
        return sum(x * y * scale for x, y in zip(points, others, strict=True))

    compiled = compile(function)
    compiled([1.0, 2.0, 3.0], 0.5, 1.5, 2.5, scale=2.0)
    assert "z1[3] = points * others" in compiled.explain()
    assert "scale" in compiled.explain()
