/* Functions of C's library once more, without branches, calls and tables: a compiler computes several
   at once in a loop. To two or three units in the last place, and at infinities, NaN and zeros as
   there. Read by compiler/run: native.h, and C that is written for one program. */
#ifndef AUTOGRAD_LITE_LANES_H
#define AUTOGRAD_LITE_LANES_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* 2^n for a normal number. */
INLINE double power_of_two(int64_t n)
{
    uint64_t bits = (uint64_t)(n + 1023) << 52;
    double out;
    memcpy(&out, &bits, sizeof out);
    return out;
}

/* x = n ln(2) + r with |r| <= ln(2) / 2, and exp(r) - 1 by the series up to r^13. */
typedef struct {
    int64_t n;
    double less_one;
} powers_t;

INLINE powers_t powers_of(double x)
{
    const double shift = 0x1.8p52; /* a number of this size has no digits behind the point */
    double shifted = x * 0x1.71547652b82fep0 + shift, n = shifted - shift;
    double r = x - n * 0x1.62e42feep-1 - n * 0x1.a39ef35793c76p-33;
    double sum = 1.0 / 6227020800;
    sum = sum * r + 1.0 / 479001600;
    sum = sum * r + 1.0 / 39916800;
    sum = sum * r + 1.0 / 3628800;
    sum = sum * r + 1.0 / 362880;
    sum = sum * r + 1.0 / 40320;
    sum = sum * r + 1.0 / 5040;
    sum = sum * r + 1.0 / 720;
    sum = sum * r + 1.0 / 120;
    sum = sum * r + 1.0 / 24;
    sum = sum * r + 1.0 / 6;
    sum = sum * r + 0.5;
    int64_t bits, zero;
    memcpy(&bits, &shifted, sizeof bits);
    memcpy(&zero, &shift, sizeof zero);
    return (powers_t){(int64_t)((uint64_t)bits - (uint64_t)zero), sum * r * r + r};
}

/* 2^n exp(r); 2^n in two factors, as the result may be subnormal. */
INLINE double exp_of(double x)
{
    powers_t p = powers_of(x < -746 ? -746 : x > 710 ? 710 : x);
    int64_t half = p.n >> 1;
    return (p.less_one + 1.0) * power_of_two(half) * power_of_two(p.n - half);
}

/* exp(x) - 1 = 2^n (exp(r) - 1 + 1 - 2^-n) */
INLINE double expm1_of(double x)
{
    powers_t p = powers_of(x < -40 ? -40 : x > 710 ? 710 : x);
    int64_t half = p.n >> 1;
    double less_one = p.less_one + (1.0 - power_of_two(p.n > 1000 ? -1000 : -p.n));
    double out = less_one * power_of_two(half) * power_of_two(p.n - half);
    return fabs(x) < 0x1p-54 ? x : out;
}

/* x = 2^n m with sqrt(1/2) <= m < sqrt(2); with f = m - 1 and s = f / (2 + f), so that 2 s = f - s f,
   log(m) = 2 atanh(s) = f - s (f - r), r = 2 (s^2 / 3 + s^4 / 5 + ...). */
INLINE double log_of(double x)
{
    const uint64_t root = 0x3fe6a09e667f3bcd; /* the bits of sqrt(1/2) */
    const double shift = 0x1.8p52;
    int is_small = x < 0x1p-1022;
    double scaled = is_small ? x * 0x1p54 : x;
    uint64_t bits, zero;
    memcpy(&bits, &scaled, sizeof bits);
    memcpy(&zero, &shift, sizeof zero);
    uint64_t n = ((bits - root + ((uint64_t)2000 << 52)) >> 52) - 2000, whole = zero + n;
    bits -= n << 52;
    double m, k;
    memcpy(&m, &bits, sizeof m);
    memcpy(&k, &whole, sizeof k);
    k -= shift;
    k = is_small ? k - 54 : k;
    double f = m - 1, s = f / (2 + f), z = s * s, half = 0.5 * f * f;
    double sum = 2.0 / 23;
    sum = sum * z + 2.0 / 21;
    sum = sum * z + 2.0 / 19;
    sum = sum * z + 2.0 / 17;
    sum = sum * z + 2.0 / 15;
    sum = sum * z + 2.0 / 13;
    sum = sum * z + 2.0 / 11;
    sum = sum * z + 2.0 / 9;
    sum = sum * z + 2.0 / 7;
    sum = sum * z + 2.0 / 5;
    sum = sum * z + 2.0 / 3;
    double out = k * 0x1.62e42feep-1 - ((half - (s * (half + sum * z) + k * 0x1.a39ef35793c76p-33)) - f);
    out = x < INFINITY ? out : x;
    return x > 0 ? out : x == 0 ? -INFINITY : NAN;
}

/* With u = 1 + x as it is rounded, log(1 + x) = log(u) + (what rounding took) / u. */
INLINE double log1p_of(double x)
{
    double u = 1 + x, out = log_of(u) + (x - (u - 1)) / u;
    out = fabs(x) < 0x1p-54 ? x : out;
    return x > -1 && x < INFINITY ? out : x == -1 ? -INFINITY : x > 0 ? x : NAN;
}

/* tanh(x) = (exp(2 x) - 1) / (exp(2 x) + 1) */
INLINE double tanh_of(double x)
{
    double size = fabs(x), e = expm1_of(2 * (size > 22 ? 22 : size));
    return copysign(e / (e + 2), x);
}

#endif
