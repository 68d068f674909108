"""Loops of a program of arrays as lines."""

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Value


def source_of(steps, step):
    """The source of a value after so many steps, and its functions."""
    w = Value(0.5, label="w")

    def f(xs):
        h = 0.0
        for x in xs:
            h = step(w, h, x)
        return h * h

    xs = np.random.default_rng(0).normal(size=steps)
    source = al.export(f, "numpy", xs, name="f")
    exec(source.text, space := {})
    f(xs).backward()
    value, gradients = space["f_and_grad"](source.parameters(), xs)
    assert (float(value), float(gradients["w"])) == (
        pytest.approx(f(xs).data),
        pytest.approx(w.grad),
    )
    return source.text


def test_what_a_step_carries_is_the_row_before():
    text = source_of(30, lambda w, h, x: al.tanh(w * h + x))
    assert text.count("for t in range(") == 3
    assert "[t]" in text


def test_few_steps_are_written_one_after_the_other():
    assert "for t in" not in source_of(3, lambda w, h, x: al.tanh(w * h + x))
