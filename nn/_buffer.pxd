# What _buffer.py does, in C.
from cpython cimport array


cdef inline double *doubles(array.array owner) noexcept:
    return owner.data.as_doubles
