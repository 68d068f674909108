# What kernels.py does, in C. kernels.h and kernels_codes.pxi are written by setup.py from the
# table in rules.py.
from libc.math cimport copysign, erf, erfc, exp, fabs, lgamma, log1p, sqrt

include "kernels_codes.pxi"

cdef extern from "kernels.h":
    const bint COMPILED
    const unsigned int TABLE_CHECKSUM
    ctypedef double (*kernel_t)(const double *operands, double *partials) noexcept nogil
    const kernel_t *KERNELS
    const int N_KERNELS


cdef inline bint in_c(int code) noexcept nogil:
    return code < N_KERNELS and KERNELS[code] is not NULL


cdef inline (double, double) unary(int code, double x, double c) noexcept nogil:
    cdef double operands[2]
    cdef double partials[1]
    operands[0] = x
    operands[1] = c
    cdef double out = KERNELS[code](operands, partials)
    return out, partials[0]


cdef inline (double, double, double) binary(int code, double x, double y) noexcept nogil:
    cdef double operands[2]
    cdef double partials[2]
    operands[0] = x
    operands[1] = y
    cdef double out = KERNELS[code](operands, partials)
    return out, partials[0], partials[1]


cdef inline (double, double, double, double) ternary(
    int code, double x, double y, double z
) noexcept nogil:
    cdef double operands[3]
    cdef double partials[3]
    operands[0] = x
    operands[1] = y
    operands[2] = z
    cdef double out = KERNELS[code](operands, partials)
    return out, partials[0], partials[1], partials[2]


cdef inline double partial(int code, double x, double n, double out) noexcept nogil:
    cdef double operands[3]
    operands[0] = x
    operands[1] = n
    operands[2] = out
    return KERNELS[code](operands, NULL)
