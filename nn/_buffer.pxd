# What _buffer.py does, in C.
from cpython cimport array
from libc.math cimport sqrt


cdef inline double *doubles(array.array owner) noexcept:
    return owner.data.as_doubles


cdef inline double divide(double x, double y) noexcept nogil:
    return x / y
