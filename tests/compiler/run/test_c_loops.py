"""Loops in C: maxima, and which numbers are read once. What they compute is in test_c_source.py."""

from autograd_lite.compiler.lift.instructions import Ref
from autograd_lite.compiler.plan.groups import Loop, Statement
from autograd_lite.compiler.run.c_loops import LoopWriter, maximum_of
from autograd_lite.operations.formulas import parse, to_c, with_terms


class Brief(LoopWriter):
    is_brief = True

    def place(self, ref, names):
        return f"m[{ref.base}]" if not any(ref.strides) else f"m[{ref.base} + {names[-1]}]"

    def value(self, tree, variables):
        return to_c(with_terms(tree, variables))


def test_a_choice_of_the_larger_is_a_maximum():
    assert maximum_of(parse("where(x <= 0, 0, x)")) == ("maximum", "x", 0)
    other = parse("where(x <= 0, x, 0)")
    assert maximum_of(other) == other


def test_a_number_that_is_read_once_stands_in_its_formula():
    x, y, out = Ref(0, (1,)), Ref(9, (0,)), Ref(20, (1,))
    lines = Brief().loop(Loop((4,), [Statement(out, ("*", "x", "y"), {"x": x, "y": y})]), ())
    assert lines == [
        "const double x1 = m[9];",
        "SIMD",
        "for (long i0 = 0; i0 < 4; i0++) {",
        "m[20 + i0] = (m[0 + i0] * x1);",
        "}",
    ]
    square = Statement(out, ("*", "x", "x"), {"x": x})
    assert "const double x1 = m[0 + i0];" in Brief().loop(Loop((4,), [square]), ())
