"""The names of the arrays of a lifted program."""

import math
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as al
import nn
from autograd_lite import Value, compile
from autograd_lite.compiler.lift.names import Array, Names
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


def test_parts_of_arrays_have_both_ends():
    compiled = compile(lambda xs: al.sum((b - a) ** 2 for a, b in pairwise(xs)) + xs[2])
    compiled([Value(0.5 * i) for i in range(6)])
    text = compiled.explain()
    assert "z1[5] = xs[1:] - xs[:-1]" in text
    assert "+= xs[2]" in text
    assert "dxs[1:5] = dz1[:-1] - dz1[1:]" in text
    assert "dxs[2:3] += dout" in text  # not dxs[2], which is the name of two numbers


sizes = st.lists(st.integers(1, 6), min_size=1, max_size=3)


@given(sizes, st.data())
def test_the_name_of_a_part_is_its_index(shape, data):
    """It is read by NumPy here, as a reader reads it."""
    places = np.arange(math.prod(shape)).reshape(shape)
    part = places
    for axis, size in enumerate(shape):
        first = data.draw(st.integers(0, size - 1))
        chosen = np.arange(
            first, data.draw(st.integers(first + 1, size)), data.draw(st.integers(1, 3))
        )
        part = part.take(chosen, axis)
    names = Names([Array(7, places.size, "z", shape=tuple(shape))])
    text = names.name(7 + np.array(data.draw(st.permutations(part.ravel().tolist()))))
    assert sorted(np.ravel(eval(text, {"z": places}))) == sorted(part.ravel())
    assert (text == "z") == (part.size == places.size)
