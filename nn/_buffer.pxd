# What _buffer.py does, in C.
from cpython cimport array
from cpython.tuple cimport PyTuple_GET_ITEM
from libc.math cimport sqrt
from autograd_lite.value cimport Value


cdef inline double *doubles(array.array owner) noexcept:
    return owner.data.as_doubles


cdef inline double divide(double x, double y) noexcept nogil:
    return x / y


cdef inline double grad_of(tuple values, Py_ssize_t i) noexcept:
    return (<Value> PyTuple_GET_ITEM(values, i))._grad


cdef inline void set_grad(tuple values, Py_ssize_t i, double grad) noexcept:
    (<Value> PyTuple_GET_ITEM(values, i))._grad = grad


cdef inline double data_of(tuple values, Py_ssize_t i) noexcept:
    return (<Value> PyTuple_GET_ITEM(values, i))._data


cdef inline void set_data(tuple values, Py_ssize_t i, double data) noexcept:
    (<Value> PyTuple_GET_ITEM(values, i))._data = data
