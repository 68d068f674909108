"""Modules in Python: the names of parameters, bounds, and what a source is given and gives."""

import autograd_lite as al
from autograd_lite import Value
from autograd_lite.compiler.export.module import head


def test_a_head_is_a_docstring_whatever_is_in_it():
    lines = ['a """ b', "c \\ d"]
    space = {}
    exec(head(lines), space)
    assert space["__doc__"] == "a ''' b\nc \\ d\n"


def test_a_parameter_that_is_read_for_some_lengths_alone_fixes_the_length():
    w, late = Value(2.0), Value(3.0)

    def f(xs):
        return al.sum([w * x for x in xs]) + (late if len(xs) > 6 else 0.0)

    source = al.export(f, "numpy", [1.0, 2.0, 3.0])
    assert [*source.parameters()] == ["w"]
    assert "(3,)" in source.text
