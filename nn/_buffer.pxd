# What _buffer.py does, in C.
from cpython cimport array
from cpython.tuple cimport PyTuple_GET_ITEM
from libc.math cimport sqrt
from autograd_lite.value cimport Value

cdef extern from *:
    """
    #include "machines.h"
    FOR_EACH_MACHINE
    static void over_roots(const double *m, double *s, Py_ssize_t n, double rate, double eps) {
        for (Py_ssize_t i = 0; i < n; i++) s[i] = rate * m[i] / (sqrt(s[i]) + eps);
    }
    """
    void over_roots(const double *m, double *s, Py_ssize_t n, double rate, double eps) noexcept


cdef inline double *doubles(array.array owner) noexcept:
    return owner.data.as_doubles


cdef inline double *part(double *numbers, Py_ssize_t start) noexcept:
    return numbers + start


cdef inline double grad_of(tuple values, Py_ssize_t i) noexcept:
    return (<Value> PyTuple_GET_ITEM(values, i))._grad


cdef inline void set_grad(tuple values, Py_ssize_t i, double grad) noexcept:
    (<Value> PyTuple_GET_ITEM(values, i))._grad = grad


cdef inline double data_of(tuple values, Py_ssize_t i) noexcept:
    return (<Value> PyTuple_GET_ITEM(values, i))._data


cdef inline void set_data(tuple values, Py_ssize_t i, double data) noexcept:
    (<Value> PyTuple_GET_ITEM(values, i))._data = data
