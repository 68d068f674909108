"""Expressions: their shapes, and what follows from numbers alone."""

from autograd_lite.compiler.export.expressions import (
    Cut,
    Turn,
    broadcast,
    index,
    name,
    number,
    operation,
    reshape,
    transpose,
)

x = name("x", (3, 4))


def test_shapes():
    assert broadcast((3, 1), (4,)) == (3, 4)
    assert reshape(x, (12,)).shape == (12,)
    assert reshape(reshape(x, (12,)), (3, 4)) == x
    assert transpose(x, (1, 0)).shape == (4, 3)
    assert transpose(x, (0, 1)) == x
    assert index(x, (Cut(0, 3, 1, 3), Cut(0, 4, 1, 4))) == x
    assert index(x, (Turn(1, 1), Cut(0, 2, 2, 4))).shape == (2,)
    assert index(x, (None, 1, Cut(0, 4, 1, 4))).shape == (1, 4)


def test_numbers_are_computed():
    assert operation("*", number(2.0), number(0.5)) == number(1.0)
    assert operation("*", x, number(1.0)) == x
    assert operation("*", x, number(2.0)) == operation("*", number(2.0), x)
    assert operation("*", number(2.0), operation("*", number(4.0), x)).args[0] == number(8.0)
    assert operation("-", number(2.0)) == number(-2.0)
    assert operation("+", number(2.0), number(1.0)) == number(3.0)
    assert operation("*", x, number(-1.0)) == operation("-", x)


def test_names_are_counted_and_replaced():
    y = operation("+", x, operation("*", x, x))
    assert y.names() == ["x", "x", "x"]
    assert y.replaced({"x": name("z", (3, 4))}).names() == ["z", "z", "z"]
