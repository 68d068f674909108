# What _arrays.py does, in C.
from cpython cimport array
from cpython.object cimport PyObject
from libc.string cimport memcmp


cdef inline double *doubles(array.array owner) noexcept:
    return owner.data.as_doubles


cdef inline int *ints(array.array owner) noexcept:
    return owner.data.as_ints


cdef inline array.array room(array.array like, Py_ssize_t n):
    return array.clone(like, n, zero=False)


cdef inline double *part(double *numbers, Py_ssize_t start, Py_ssize_t n) noexcept:
    return numbers + start


cdef inline long long *longs(array.array owner) noexcept:
    return owner.data.as_longlongs


cdef inline int append(array.array owner, double number) except -1:
    cdef Py_ssize_t n = len(owner)
    array.resize_smart(owner, n + 1)
    owner.data.as_doubles[n] = number
    return 0


cdef inline int append_int(array.array owner, int number) except -1:
    cdef Py_ssize_t n = len(owner)
    array.resize_smart(owner, n + 1)
    owner.data.as_ints[n] = number
    return 0


cdef extern from "Python.h":
    ctypedef struct PyListObject:
        PyObject **ob_item


cdef inline bint alike(object x, object y) noexcept:
    if type(x) is not list or type(y) is not list or len(<list> x) != len(<list> y):
        return False
    cdef size_t size = len(<list> x) * sizeof(PyObject *)
    return size == 0 or not memcmp(
        (<PyListObject *> x).ob_item, (<PyListObject *> y).ob_item, size
    )
