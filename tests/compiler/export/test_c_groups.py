"""Groups in C99: names of arrays, and of nothing else."""

import pytest

from autograd_lite.compiler.export.c_groups import c_name


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("layers.0.w", "layers_0_w"),
        ("int", "int_"),
        ("x1", "x1_"),
        ("i", "i_"),
        ("turn", "turn_"),
        ("0.w", "_0_w"),
        ("R{z1}", "R_z1"),
        ("", "part"),
        ("unix", "unix_"),
        ("M_PI", "M_PI_"),
        ("int32_t", "int32_t_"),
        ("NAN", "NAN_"),
        ("N", "N"),
        ("x", "x"),
    ],
)
def test_names(name, found):
    assert c_name(name) == found
