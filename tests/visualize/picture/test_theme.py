"""Shades of gradients, and colours that the style sheet has in light and in dark."""

import pytest

from visualize.picture.theme import COLORS, shade, stylesheet


@pytest.mark.parametrize(
    ("grad", "expected"),
    [
        (0.0, "shade0"),
        (-0.0, "shade0"),
        (1e-300, "plus1"),
        (-0.1, "minus1"),
        (0.11, "plus2"),
        (-1.1, "minus3"),
        (5.0, "plus3"),
        (-5.1, "minus4"),
        (10.0, "plus4"),
    ],
)
def test_a_shade_tells_the_sign_and_the_part_of_the_largest_gradient(grad, expected):
    assert shade(grad, 10.0, signed=True) == expected


def test_a_norm_has_no_sign():
    assert shade(5.1, 10.0, signed=False) == "size4"
    assert shade(0.0, 10.0, signed=False) == "shade0"


def luminance(color):
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return sum(k * x for k, x in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("dark", [False, True])
def test_text_can_be_read_on_every_shade_and_shades_grow(dark):
    """The contrast is that of WCAG: 4.5 at least."""
    ink = luminance(COLORS["ink"][dark])
    for name in ("plus", "minus", "size"):
        steps = [
            luminance(COLORS[k][dark]) for k in ("shade0", *(f"{name}{i}" for i in (1, 2, 3, 4)))
        ]
        assert steps == sorted(steps, reverse=not dark)
        for paper in (*steps, luminance(COLORS["odd"][dark])):
            low, high = sorted((ink, paper))
            assert (high + 0.05) / (low + 0.05) >= 4.5


def test_converters_take_light_colours_and_browsers_follow_the_readers_choice_or_the_sites_switch():
    style = stylesheet()
    before = style.partition("@media (prefers-color-scheme: dark)")[0]
    for name, (light, dark) in COLORS.items():
        assert light in before
        assert dark not in before or dark == light
        assert f"var(--{name})" in style or name == "lit"
    assert style.index("[data-theme=dark] .autograd") > len(before)
