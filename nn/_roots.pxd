# What _roots.py does, in C.
from libc.math cimport sqrt

cdef inline double maximum(double x, double y) noexcept:
    return x if x >= y else y if y >= x else x + y


cdef extern from *:
    """
    #include "machines.h"
    FOR_EACH_MACHINE
    static void over_roots(const double *m, double *s, Py_ssize_t n, double rate, double eps) {
        for (Py_ssize_t i = 0; i < n; i++) s[i] = rate * m[i] / (sqrt(s[i]) + eps);
    }
    """
    void over_roots(const double *m, double *s, Py_ssize_t n, double rate, double eps) noexcept
