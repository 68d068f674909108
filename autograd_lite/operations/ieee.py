"""Functions of doubles as IEEE 754 has them: they return inf or nan where `math` raises.

The interpreted engine computes with these. The compiled one calls the C functions of the same
names; both go to the same libm, so that their results are equal bit for bit.
"""

import math
from math import copysign, inf, nan

# Total already: these never raise on a double.
fabs, atan, tanh, asinh = math.fabs, math.atan, math.tanh, math.asinh
atan2, erf, erfc = math.atan2, math.erf, math.erfc


def divide(x: float, y: float) -> float:
    """x / y, with x / 0 = inf of the quotient's sign, and 0 / 0 = nan."""
    try:
        return x / y
    except ZeroDivisionError:
        return nan if x == 0 or x != x else copysign(inf, x) * copysign(1.0, y)


def power(x: float, y: float) -> float:
    """x ** y; a negative base with a fractional exponent gives nan, never a complex number."""
    try:
        return x * x if y == 2 else math.pow(x, y)
    except ValueError:
        if x != 0:
            return nan
        return copysign(inf, x) if y % 2 == 1 else inf  # 0 to a negative power is a pole
    except OverflowError:
        return -inf if x < 0 and y % 2 == 1 else inf


def exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return inf


def exp2(x: float) -> float:
    return power(2.0, x)


def expm1(x: float) -> float:
    try:
        return math.expm1(x)
    except OverflowError:
        return inf


def gaussian(x: float, c: float) -> float:
    """exp(-c x**2) for c = 1 or 1/2, with what x * x rounds off put back: far out it matters."""
    square = x * x
    out = exp(-c * square)
    if not 1 < square < 1600:  # beyond that out is 0, inf or nan for certain
        return out
    return out - out * (c * product_error(x, x, square))


def product_error(x: float, y: float, product: float) -> float:
    """x * y - product, exactly, the product being the rounded one (Dekker, 1971)."""
    x_high = 134217729.0 * x - (134217729.0 * x - x)  # 2**27 + 1: the upper half of the digits
    y_high = 134217729.0 * y - (134217729.0 * y - y)
    x_low, y_low = x - x_high, y - y_high
    return ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low


def normal_cdf(x: float) -> float:
    """The integral of the standard normal density up to x: erfc(-x / sqrt(2)) / 2.

    The argument of erfc is rounded; far out its error is multiplied by x**2, so it is put back by
    the first term of Taylor's series.
    """
    z = -x / SQRT2
    out = erfc(z) / 2
    if not 0.5 < z < 28:
        return out
    product = z * SQRT2
    left = (-x - product) - product_error(z, SQRT2, product) - z * SQRT2_LOW
    return out - exp(-z * z) * (left / SQRT2) * ONE_OVER_SQRT_PI


SQRT2, SQRT2_LOW = 1.4142135623730951, -9.667293313452913e-17  # together: 32 digits
ONE_OVER_SQRT_PI = 0.5641895835477563


def times_sigmoid(a: float, x: float) -> float:
    """a / (1 + exp(-x)). Where exp(-x) is close to overflow, that is a * exp(x), and neither factor
    of it is below the normal doubles.
    """
    if x < -700:
        return a * exp(x / 2) * exp(x / 2)
    return a / (1 + exp(-x))


def log(x: float) -> float:
    return math.log(x) if x > 0 else _below_log(x, 0.0)


def log2(x: float) -> float:
    return math.log2(x) if x > 0 else _below_log(x, 0.0)


def log10(x: float) -> float:
    return math.log10(x) if x > 0 else _below_log(x, 0.0)


def log1p(x: float) -> float:
    return math.log1p(x) if x > -1 else _below_log(x, -1.0)


def _below_log(x: float, pole: float) -> float:
    return -inf if x == pole else nan


def sqrt(x: float) -> float:
    return math.sqrt(x) if x >= 0 else nan


def cbrt(x: float) -> float:
    """The real cube root: a power, then one Newton step to the last bit or so."""
    root = power(fabs(x), 1 / 3)
    if root == 0 or not root < inf:
        return copysign(root, x) if root == root else nan
    return copysign(root - (root - fabs(x) / root / root) / 3, x)


def sin(x: float) -> float:
    return math.sin(x) if fabs(x) < inf else nan


def cos(x: float) -> float:
    return math.cos(x) if fabs(x) < inf else nan


def tan(x: float) -> float:
    return math.tan(x) if fabs(x) < inf else nan


def asin(x: float) -> float:
    return math.asin(x) if fabs(x) <= 1 else nan


def acos(x: float) -> float:
    return math.acos(x) if fabs(x) <= 1 else nan


def sinh(x: float) -> float:
    try:
        return math.sinh(x)
    except OverflowError:
        return copysign(inf, x)


def cosh(x: float) -> float:
    try:
        return math.cosh(x)
    except OverflowError:
        return inf


def acosh(x: float) -> float:
    return math.acosh(x) if x >= 1 else nan


def atanh(x: float) -> float:
    if fabs(x) < 1:
        return math.atanh(x)
    return copysign(inf, x) if fabs(x) == 1 else nan


def hypot(x: float, y: float) -> float:
    """sqrt(x*x + y*y) without overflow; abs() of a complex is libm's hypot, `math.hypot` is not."""
    try:
        return abs(complex(x, y))
    except OverflowError:
        return inf


def floor(x: float) -> float:
    # Above 2**52 every double is whole; nan and inf pass through as well.
    return copysign(float(math.floor(x)), x) if fabs(x) < 2**52 else x


def ceil(x: float) -> float:
    return copysign(float(math.ceil(x)), x) if fabs(x) < 2**52 else x


def trunc(x: float) -> float:
    return copysign(float(math.trunc(x)), x) if fabs(x) < 2**52 else x


def round_even(x: float) -> float:
    """The nearest whole number, halves to even."""
    return round(x, 0)


def fmod(x: float, y: float) -> float:
    """x - y * trunc(x / y), exactly: it has the sign of x."""
    try:
        return math.fmod(x, y)
    except ValueError:  # of an infinity, or by 0
        return nan


def floor_mod(x: float, y: float) -> float:
    """x - y * floor(x / y), as Python's % has it: it has the sign of y."""
    left = fmod(x, y)
    if left == 0:
        return copysign(left, y)
    return left + y if (left < 0) != (y < 0) else left


def floor_divide(x: float, y: float) -> float:
    """floor of the exact x / y, as Python's // has it; but x // 0 is x / 0."""
    if y == 0:
        return divide(x, y)
    left = fmod(x, y)
    quotient = (x - left) / y  # whole, but for rounding
    if left != 0 and (left < 0) != (y < 0):
        quotient -= 1
    return round_even(quotient) if quotient != 0 else copysign(0.0, x / y)


def total(xs: list[float]) -> float:
    """The sum, one after the other: Python's own rounds in another way from version to version."""
    out = 0.0
    for x in xs:
        out += x
    return out


def sinpi(x: float) -> float:
    """sin(pi x): exactly 0 at whole numbers, as x is reduced before it is multiplied."""
    turn = _within_a_turn(x)
    return sin(math.pi * (turn if fabs(turn) <= 0.5 else copysign(1.0, turn) - turn))


def cospi(x: float) -> float:
    """cos(pi x): exactly 0 half way between whole numbers."""
    return sin(math.pi * (0.5 - fabs(_within_a_turn(x))))


def _within_a_turn(x: float) -> float:
    """x less the nearest even number, exactly."""
    return math.remainder(x, 2.0) if fabs(x) < inf else nan


def sinc_slope(x: float) -> float:
    """The derivative of sin(pi x) / (pi x) for |x| < 1/2 by its Taylor series: the quotient rule
    would cancel all digits close to 0.
    """
    angle = math.pi * x
    square, total = angle * angle, 0.0
    for divisor in SINC:
        total = 1 / divisor - square * total
    return -math.pi * angle * total


# (2 k + 1) (2 k - 1)! for k = 11, 10, ..., 1
SINC = [(2.0 * k + 1) * math.factorial(2 * k - 1) for k in range(11, 0, -1)]


def sinc_derivative(order: float, x: float) -> float:
    """The derivative of this order of s(x) = sin(pi x) / (pi x).

    For |x| < 1 by the Taylor series of s, term by term. Elsewhere by the derivatives of both sides
    of x s(x) = sin(pi x) / pi: x s^(m) + m s^(m-1) = pi^(m-1) sin(pi x + m pi / 2).
    """
    n = int(order)
    if fabs(x) < 1:
        out, first = 0.0, (n + 1) // 2
        coefficient = (-1.0) ** first * math.pi ** (2 * first) * (x if n % 2 else 1.0)
        for k in range(first, first + 20 + n):  # (-1)^k pi^2k x^(2k-n) / (2k-n)!, over 2k + 1
            out += coefficient / (2 * k + 1)
            coefficient *= -((math.pi * x) ** 2) / ((2 * k + 1 - n) * (2 * k + 2 - n))
        return out
    sine, cosine = sinpi(x), cospi(x)
    out = sine / (math.pi * x)
    for m in range(1, n + 1):
        turned = (sine, cosine, -sine, -cosine)[m % 4]
        out = (math.pi ** (m - 1) * turned - m * out) / x
    return out


def lgamma(x: float) -> float:
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):
        return inf  # the poles at 0, -1, -2, ...


def polygamma(order: float, x: float) -> float:
    """The derivative of order `order + 1` of lgamma: digamma for 0, trigamma for 1, ...

    The recurrence carries x up to where the asymptotic series converges (Abramowitz and Stegun,
    6.4.6 and 6.4.11); reflection (6.4.7) brings large negative x back for the first two orders.
    """
    n = int(order)
    if x != x or x == -inf:
        return nan
    if x == 0:
        return inf if n % 2 else copysign(inf, -x)
    if x < 0 and x == math.floor(x):
        return inf if n % 2 else nan  # a pole: one-sided limits agree for odd orders only
    if x == inf:
        return inf if n == 0 else 0.0
    if x < 0 and n < 2:  # both functions have the period 1; the remainder is exact
        angle = math.pi * math.remainder(x, 1.0)
        if n == 0:
            return polygamma(0, 1 - x) - math.pi / tan(angle)
        return power(math.pi / sin(angle), 2.0) - polygamma(1, 1 - x)
    if n > 100 or x < -1e4:
        return nan  # n! near the largest double, or a recurrence of |x| steps: refuse

    sign, factorial = (-1.0) ** (n + 1), float(math.factorial(n))
    steps = []
    while x < 20 + n:
        steps.append(power(x, -n - 1.0))
        x += 1
    near = sign * factorial * math.fsum(steps)  # exact, as steps below 0 cancel those above it
    far = -log(x) if n == 0 else 0.0
    for coefficient, exponent in polygamma_series(n):
        far += coefficient * power(x, exponent)
    return near + sign * far


def polygamma_series(n: int) -> list[tuple[float, float]]:
    """The (coefficient, exponent) of each term of the asymptotic series of (-1)^(n+1) polygamma.

    (n-1)!/x^n + n!/(2 x^(n+1)) + the sum of B_2k (2k+n-1)!/((2k)! x^(2k+n)); for n = 0, -log(x)
    stands in place of the first term.
    """
    factorial = float(math.factorial(n))
    terms = [(factorial / n, -float(n))] if n else []
    terms.append((factorial / 2, -n - 1.0))
    for k, bernoulli in enumerate(BERNOULLI, start=1):
        rising = math.factorial(2 * k + n - 1) / math.factorial(2 * k)
        terms.append((bernoulli * rising, -2.0 * k - n))
    return terms


BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
