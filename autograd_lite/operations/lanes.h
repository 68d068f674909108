/* Functions of C's library once more, without branches, calls and tables: a compiler computes several
   at once in a loop. To two units in the last place, and at infinities, NaN and zeros as there. Read by
   compiler/run: native.h, and C that is written for one program. */
#ifndef AUTOGRAD_LITE_LANES_H
#define AUTOGRAD_LITE_LANES_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* ln(2) in two parts: a whole number of up to twenty bits times the first is exact. */
#define LN2_HIGH 0x1.62e42feep-1
#define LN2_LOW 0x1.a39ef35793c76p-33

/* A number of this size has no digits behind the point: what is added to it is rounded to a whole
   number, and stands in its last bits. */
#define SHIFT 0x1.8p52

INLINE uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

INLINE double double_of(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* 2^n for a normal number. */
INLINE double power_of_two(int64_t n) { return double_of((uint64_t)(n + 1023) << 52); }

/* The whole number that was added to SHIFT. */
INLINE int64_t whole(double shifted) { return (int64_t)(bits_of(shifted) - bits_of(SHIFT)); }

/* 2^n x, in two factors, as 2^n need not be a normal number. */
INLINE double scaled(double x, int64_t n)
{
    int64_t half = n >> 1;
    return x * power_of_two(half) * power_of_two(n - half);
}

/* x y + z, rounded once where a machine does that as fast. */
INLINE double times_plus(double x, double y, double z)
{
#ifdef __FP_FAST_FMA
    return __builtin_fma(x, y, z);
#else
    return x * y + z;
#endif
}

/* (exp(r) - 1 - r) / r^2 - 1/2 by the series up to r^13, for |r| <= ln(2) / 2. */
INLINE double tail_of_exp(double r)
{
    double sum = 1.0 / 6227020800;
    sum = times_plus(sum, r, 1.0 / 479001600);
    sum = times_plus(sum, r, 1.0 / 39916800);
    sum = times_plus(sum, r, 1.0 / 3628800);
    sum = times_plus(sum, r, 1.0 / 362880);
    sum = times_plus(sum, r, 1.0 / 40320);
    sum = times_plus(sum, r, 1.0 / 5040);
    sum = times_plus(sum, r, 1.0 / 720);
    sum = times_plus(sum, r, 1.0 / 120);
    sum = times_plus(sum, r, 1.0 / 24);
    return (sum * r + 1.0 / 6) * r;
}

/* exp(x) = 2^n exp(r) with |r| <= ln(2) / 2. */
INLINE double exp_of(double x)
{
    double inside = x < -746 ? -746 : x > 710 ? 710 : x;
    double shifted = inside * 0x1.71547652b82fep0 + SHIFT, n = shifted - SHIFT;
    double r = inside - n * LN2_HIGH - n * LN2_LOW;
    return scaled((tail_of_exp(r) + 0.5) * r * r + r + 1.0, whole(shifted));
}

typedef struct {
    double high, low; /* their sum, not rounded */
    int64_t exponent;
} parts_t;

/* exp(x) - 1 = 2^n ((1 - 2^-n) + (exp(r) - 1)), as parts times 2^n. The largest terms, 1 - 2^-n and r,
   are added without error, and r is the sum of two numbers. Below -40 it is -1, to rounding. */
INLINE parts_t parts_of_expm1(double x)
{
    double inside = x < -40 ? -40 : x > 710 ? 710 : x;
    double shifted = inside * 0x1.71547652b82fep0 + SHIFT, n = shifted - SHIFT;
    double first = inside - n * LN2_HIGH, r = first - n * LN2_LOW;
    double rest = (first - r) - n * LN2_LOW;
    double least = n > 64 ? 64 : n; /* beyond, 2^-n is nothing beside 1 */
    double one = 1.0 - power_of_two(whole(SHIFT - least));
    double sum = one + r, error = (one - sum) + r;
    double small = (tail_of_exp(r) + 0.5) * r * r + (rest + rest * r) + error;
    double high = sum + small;
    return (parts_t) {high, (sum - high) + small, whole(shifted)};
}

INLINE double expm1_of(double x)
{
    parts_t t = parts_of_expm1(x);
    return x == 0 ? x : scaled(t.high, t.exponent);
}

/* tanh(x) = -t / (2 + t) with t = exp(-2 |x|) - 1. Of the quotient q of the rounded numbers, the
   derivative by t is -1 / (2 + t) - q / (2 + t), and 1 / (2 + t) is (1 + q) / 2. */
INLINE double tanh_of(double x)
{
    parts_t parts = parts_of_expm1(-2.0 * fabs(x));
    double scale = power_of_two(parts.exponent), t = parts.high * scale, low = parts.low * scale;
    double below = 2.0 + t, left = ((2.0 - below) + t) + low, q = -t / below;
    return copysign(q - (low + q * left) * (0.5 + 0.5 * q), x);
}

/* log(x) + c = k ln(2) + log(1 + f) + c with 1 + f between the roots of 1/2 and 2, for a positive
   normal number x. With s = f / (2 + f), log(1 + f) = 2 atanh(s) = 2 s + s rest, and
   2 s = f - f^2 / 2 + s f^2 / 2; atanh by its series up to s^23. */
INLINE double log_of_normal(double x, double k, double c)
{
    /* the exponent, 1024 too large, of x / sqrt(1/2) */
    uint64_t root = 0x3fe6a09e667f3bcd, above = bits_of(x) - root + ((uint64_t)1024 << 52);
    uint64_t exponent = above >> 52;
    k += double_of(exponent | (uint64_t)0x433 << 52) - (0x1p52 + 1024);
    double f = double_of(bits_of(x) - ((exponent - 1024) << 52)) - 1.0;
    double s = f / (2.0 + f), z = s * s, half = 0.5 * f * f;
    double rest = 2.0 / 23;
    rest = times_plus(rest, z, 2.0 / 21);
    rest = times_plus(rest, z, 2.0 / 19);
    rest = times_plus(rest, z, 2.0 / 17);
    rest = times_plus(rest, z, 2.0 / 15);
    rest = times_plus(rest, z, 2.0 / 13);
    rest = times_plus(rest, z, 2.0 / 11);
    rest = times_plus(rest, z, 2.0 / 9);
    rest = times_plus(rest, z, 2.0 / 7);
    rest = times_plus(rest, z, 2.0 / 5);
    rest = (rest * z + 2.0 / 3) * z;
    return k * LN2_HIGH + (f - (half - (s * (half + rest) + (k * LN2_LOW + c))));
}

/* A logarithm of x, but for what is no positive finite number. */
INLINE double log_or_edge(double x, double log)
{
    double edge = x < 0 ? NAN : x == 0 ? -INFINITY : x; /* infinity and NaN are their own */
    return x > 0 && x < INFINITY ? log : edge;
}

INLINE double log_of(double x)
{
    int is_small = x < 0x1p-1022;
    return log_or_edge(x, log_of_normal(is_small ? x * 0x1p54 : x, is_small ? -54.0 : 0.0, 0.0));
}

/* log(1 + x) = log(u) + error / u, where u + error = 1 + x without rounding. */
INLINE double log1p_of(double x)
{
    double u = 1.0 + x, back = u - 1.0;
    double error = (1.0 - (u - back)) + (x - back);
    return x == 0 ? x : log_or_edge(u, log_of_normal(u, 0.0, error / u));
}

#endif
