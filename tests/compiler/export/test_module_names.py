"""The names in a module in Python."""

import pytest

from autograd_lite.compiler.export.module_names import local_names


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["w", "b"], ["w", "b"]),
        (["layers.0.weight", "layers.0.bias", "layers.1.weight"], ["w0", "b0", "w1"]),
        (["hidden.weight", "output.weight"], ["hidden", "output"]),
        (["fc1.weight", "fc1.bias"], ["fc1_w", "fc1_b"]),
        (["attention.in_proj_weight"], ["in_proj"]),
        (["a.weight", "c.a.weight"], ["a_weight", "c_a_weight"]),
        (["np", "t"], ["np_", "t_"]),
        (["class"], ["class_"]),
        (["TABLE_2", "INDEX_of"], ["TABLE_2_", "INDEX_of"]),
        (["a1", "MASK", "dz3_2"], ["a1_", "MASK_", "dz3_2_"]),  # names of what is computed
    ],
)
def test_names_are_short_and_differ(names, short):
    assert local_names(names, []) == short


def test_a_name_that_an_argument_has_is_another_one():
    assert local_names(["x"], ["x"]) == ["x_"]
