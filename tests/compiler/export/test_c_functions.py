"""Functions of formulas in C99 against those of ieee.py, and in single precision."""

import ctypes
import math

import numpy as np
import pytest

from autograd_lite.compiler.export.c_functions import IN_C, definitions, put_in, with_formulas
from autograd_lite.compiler.run.compiler import Library
from autograd_lite.operations import ieee
from autograd_lite.operations.formulas import FUNCTIONS, functions_of
from autograd_lite.operations.rules import RULES
from tests.support.in_c import needs_compiler

POINTS = [0.0, -0.0, 0.3, -0.7, 1.0, 2.5, -3.2, 7.0, -40.5, 150.25, math.inf, -math.inf, math.nan]
OF_TWO = {"maximum", "power", "floor_mod", "floor_divide", "atan2", "copysign", "fmod", "hypot"}

MAGNIFIES = {"tan", "polygamma", "lgamma", "power", "floor_mod"}  # rounding of their operands


def library(real):
    """All functions, each of two doubles and under its own name."""
    names = sorted(IN_C)
    texts = [*definitions(names, "p", real)]
    for name in names:
        given = "x, y" if name in OF_TWO | {"polygamma"} else "x"
        texts.append(
            f"double the_{name}(double x, double y) {{ (void)y; return p_{name}({given}); }}"
        )
    made = Library("#include <math.h>\n" + "\n".join(texts))
    made.wait()
    assert not made.problem
    call = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double, ctypes.c_double)
    return {name: call(made.address(f"the_{name}")) for name in names}


def reference(name, x, y):
    if name == "maximum":
        return x if x > y or x != x else y
    function = getattr(ieee, name)
    return function(x, y) if name in OF_TWO or name == "polygamma" else function(x)


@needs_compiler
@pytest.mark.parametrize(("real", "within"), [("double", 1e-13), ("float", 2e-6)])
def test_all_functions(real, within):
    for name, function in library(real).items():
        for x in POINTS:
            for y in POINTS if name in OF_TWO else [0.0]:
                pairs = [(0.0, x), (1.0, x), (3.0, x)] if name == "polygamma" else [(x, y)]
                for pair in pairs:
                    if real == "float":
                        pair = tuple(float(np.float32(z)) for z in pair)
                    found, expected = function(*pair), reference(name, *pair)
                    if real == "float" and (name in MAGNIFIES or abs(expected) > 1e38):
                        continue
                    assert found == pytest.approx(expected, rel=within, abs=within, nan_ok=True), (
                        f"{name}{pair}"
                    )


def test_every_formula_of_the_rules_is_in_c_but_for_one_function():
    trees = [
        with_formulas(formula.tree)
        for rule in RULES
        if not rule.nary and rule.name != "leaf" and rule.user_module is None
        for formula in (rule.value, *rule.partials)
    ]
    used = set().union(*map(functions_of, trees)) & FUNCTIONS.keys()
    assert used - IN_C <= {"sinc_derivative"}


def test_what_a_function_calls_is_defined_before():
    first, second, third = definitions(["floor_mod"], "p", "real")
    assert ["static real p_fmod" in first, "p_copysign(real" in second] == [True, True]
    assert "p_fmod(x, y)" in third
    assert put_in("R P_x(R y)", "a", "A_REAL") == "A_REAL a_x(A_REAL y)"
