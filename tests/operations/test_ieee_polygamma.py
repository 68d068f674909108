"""The polygamma functions, to the digits that mathematics gives."""

from math import inf, isnan, pi

import pytest

from autograd_lite import polygamma

EULER, ZETA3 = 0.57721566490153286061, 1.20205690315959428540
LN2 = 0.69314718055994530942


@pytest.mark.parametrize(
    ("order", "x", "expected"),
    [
        (0, 1.0, -EULER),
        (0, 0.5, -EULER - 2 * LN2),
        (0, 2.0, 1 - EULER),
        (0, -0.5, 2 - EULER - 2 * LN2),
        (0, 1e300, 690.7755278982137),
        (1, 1.0, pi**2 / 6),
        (1, 0.5, pi**2 / 2),
        (1, -0.5, pi**2 / 2 + 4),
        (0, -5.9999, -9998.126902056027),
        (1, -13.9999, 100000003.22139561),
        (2, 1.0, -2 * ZETA3),
        (2, 0.5, -14 * ZETA3),
        (2, -0.5, 16 - 14 * ZETA3),
        (3, 1.0, pi**4 / 15),
        (3, 0.5, pi**4),
    ],
)
def test_known_values(order, x, expected):
    assert polygamma(order, x) == pytest.approx(expected, rel=1e-13, abs=0)


@pytest.mark.parametrize("order", range(6))
@pytest.mark.parametrize("x", [0.1, 0.9, 2.5, 19.9, 30.0, -0.3, -2.7, -10.5])
def test_the_recurrence(order, x):
    """f(x + 1) = f(x) + (-1)**n n! / x**(n + 1): Abramowitz and Stegun, 6.4.6."""
    factorial = [1, 1, 2, 6, 24, 120][order]
    step = (-1) ** order * factorial / x ** (order + 1)
    scale = abs(step) + abs(polygamma(order, x))
    assert abs(polygamma(order, x + 1) - polygamma(order, x) - step) < 1e-12 * scale


@pytest.mark.parametrize(
    ("order", "x", "expected"),
    [(0, 0.0, -inf), (0, -0.0, inf), (1, 0.0, inf), (1, -0.0, inf), (1, -3.0, inf), (0, inf, inf),
     (1, inf, 0.0), (5, inf, 0.0)],
)  # fmt: skip
def test_poles_and_infinity(order, x, expected):
    assert polygamma(order, x) == expected


@pytest.mark.parametrize(("order", "x"), [(0, -1.0), (2, -1.0), (0, -inf), (1, -inf), (200, 1.0),
                                          (3, -1e9 - 0.5)])  # fmt: skip
def test_where_there_is_no_answer(order, x):
    assert isnan(polygamma(order, x))
