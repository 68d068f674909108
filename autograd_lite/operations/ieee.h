/* The functions of ieee.py that differ from C's, or that C spells differently: their twins, bit for
   bit. */
#include <math.h>

static inline double ieee_power(double x, double y) { return y == 2.0 ? x * x : pow(x, y); }
static inline double ieee_exp2(double x) { return ieee_power(2.0, x); }
static inline double ieee_cbrt(double x) {
    const double root = ieee_power(fabs(x), 1.0 / 3.0);
    if (root == 0.0 || !(root < INFINITY)) return root == root ? copysign(root, x) : NAN;
    return copysign(root - (root - fabs(x) / root / root) / 3.0, x);
}
static inline double product_error(double x, double y, double product) {
    const double x_high = 134217729.0 * x - (134217729.0 * x - x);
    const double y_high = 134217729.0 * y - (134217729.0 * y - y);
    const double x_low = x - x_high, y_low = y - y_high;
    return ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low;
}
static inline double ieee_gaussian(double x, double c) {
    const double square = x * x, out = exp(-c * square);
    if (!(1.0 < square && square < 1600.0)) return out;
    return out - out * (c * product_error(x, x, square));
}
static inline double ieee_normal_cdf(double x) {
    const double sqrt2 = 1.4142135623730951, sqrt2_low = -9.667293313452913e-17;
    const double z = -x / sqrt2, out = erfc(z) / 2.0;
    if (!(0.5 < z && z < 28.0)) return out;
    const double product = z * sqrt2;
    const double left = (-x - product) - product_error(z, sqrt2, product) - z * sqrt2_low;
    return out - exp(-z * z) * (left / sqrt2) * 0.5641895835477563;
}
static inline double ieee_times_sigmoid(double a, double x) {
    if (x < -700.0) return a * exp(x / 2.0) * exp(x / 2.0);
    return a / (1.0 + exp(-x));
}
static inline double ieee_floor_mod(double x, double y) {
    const double left = fmod(x, y);
    if (left == 0.0) return copysign(left, y);
    return (left < 0.0) != (y < 0.0) ? left + y : left;
}
static inline double ieee_floor_divide(double x, double y) {
    if (y == 0.0) return x / y;
    const double left = fmod(x, y);
    double quotient = (x - left) / y;
    if (left != 0.0 && (left < 0.0) != (y < 0.0)) quotient -= 1.0;
    return quotient != 0.0 ? nearbyint(quotient) : copysign(0.0, x / y);
}
static inline double ieee_sinpi(double x) {
    const double turn = remainder(x, 2.0);
    return sin(3.141592653589793 * (fabs(turn) <= 0.5 ? turn : copysign(1.0, turn) - turn));
}
static inline double ieee_cospi(double x) {
    return sin(3.141592653589793 * (0.5 - fabs(remainder(x, 2.0))));
}
static inline double ieee_sinc_slope(double x) {
    /* (2 k + 1) (2 k - 1)! for k = 11, 10, ..., 1 */
    static const double divisors[] = {
        1175091669949317120000.0, 2554547108585472000.0, 6758061133824000.0, 22230464256000.0,
        93405312000.0, 518918400.0, 3991680.0, 45360.0, 840.0, 30.0, 3.0,
    };
    const double angle = 3.141592653589793 * x, square = angle * angle;
    double total = 0.0;
    for (int i = 0; i < 11; i++) total = 1.0 / divisors[i] - square * total;
    return -3.141592653589793 * angle * total;
}
