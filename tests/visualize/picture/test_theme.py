"""Shades of gradients, and colours that the style sheet has in light and in dark."""

import re

import pytest

from visualize.picture.theme import BOUNDS, COLORS, shade, stylesheet


@pytest.mark.parametrize(
    ("grad", "expected"),
    [
        (0.0, "shade0"),
        (-0.0, "shade0"),
        (1e-300, "shade1"),
        (-0.1, "shade1"),
        (0.11, "shade2"),
        (-1.1, "shade3"),
        (5.0, "shade3"),
        (-5.1, "shade4"),
        (10.0, "shade4"),
    ],
)
def test_a_shade_is_for_a_part_of_the_largest_gradient(grad, expected):
    assert shade(grad, 10.0) == expected


def test_the_style_sheet_has_each_shade_in_light_and_dark():
    light, dark = stylesheet().split("@media (prefers-color-scheme: dark)")
    for name in ("shade0", *BOUNDS):
        for style, color in zip((light, dark), COLORS[name], strict=True):
            assert re.search(rf"{'node' if name == 'shade0' else name} .* fill: {color};", style)
