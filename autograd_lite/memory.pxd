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
    int PyDict_Next(object, Py_ssize_t *, PyObject **, PyObject **)


cdef inline bint alike(object x, object y) noexcept:
    cdef size_t size
    cdef Py_ssize_t i = 0, j = 0
    cdef PyObject *key
    cdef PyObject *other_key
    cdef PyObject *thing
    cdef PyObject *other
    if type(x) is not type(y):
        return False
    if type(x) is list:
        size = len(<list> x) * sizeof(PyObject *)
        return len(<list> x) == len(<list> y) and (
            size == 0
            or not memcmp((<PyListObject *> x).ob_item, (<PyListObject *> y).ob_item, size)
        )
    if type(x) is not dict or len(<dict> x) != len(<dict> y):
        return False
    while PyDict_Next(x, &i, &key, &thing) and PyDict_Next(y, &j, &other_key, &other):
        if key != other_key or thing != other:
            return False
    return True
