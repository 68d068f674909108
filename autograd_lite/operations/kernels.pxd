# What kernels.py does, in C. kernels.h and kernels_codes.pxi are written by setup.py from the
# table in rules.py.
from cpython cimport array
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.math cimport copysign, erf, erfc, exp, fabs, lgamma, log1p, sqrt

from cpython.object cimport PyObject
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from autograd_lite.value cimport Value

include "kernels_codes.pxi"

cdef extern from "kernels.h":
    const bint COMPILED
    const unsigned int DIGEST
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


cdef inline bytes buffer(Py_ssize_t n):
    return PyBytes_FromStringAndSize(NULL, n * sizeof(double))


cdef inline double *doubles(bytes owner) noexcept:
    return <double *> PyBytes_AS_STRING(owner)


cdef inline tuple numbers(bytes owner):
    cdef Py_ssize_t i
    cdef double *d = doubles(owner)
    return tuple([d[i] for i in range(PyBytes_GET_SIZE(owner) // <Py_ssize_t> sizeof(double))])


cdef inline Py_hash_t address(Value node) noexcept:
    return <Py_hash_t> ((<size_t> <PyObject *> node) >> 4)


cdef inline double *elements(array.array owner) noexcept:
    return owner.data.as_doubles


cdef inline Value value_at(tuple values, Py_ssize_t i):
    return <Value> PyTuple_GET_ITEM(values, i)


cdef inline Value listed(list values, Py_ssize_t i):
    return <Value> PyList_GET_ITEM(values, i)


cdef extern from *:
    """
    #if defined(__GNUC__)
    #define PREFETCH(address) __builtin_prefetch(address)
    #else
    #define PREFETCH(address)
    #endif
    """
    void PREFETCH(const void *address) noexcept


cdef inline void prefetch(list values, Py_ssize_t i) noexcept:
    cdef Py_ssize_t last = PyList_GET_SIZE(values) - 1
    PREFETCH(&(<Value> PyList_GET_ITEM(values, min(i + 16, last)))._kind)
    PREFETCH(<void *> (<Value> PyList_GET_ITEM(values, min(i + 8, last)))._more)


cdef inline bint is_value(tuple operands, Py_ssize_t i) noexcept:
    return isinstance(<object> PyTuple_GET_ITEM(operands, i), Value)


cdef inline double data_of(tuple values, Py_ssize_t i) noexcept:
    return (<Value> PyTuple_GET_ITEM(values, i))._data


cdef inline bint is_deep(tuple values, Py_ssize_t i) noexcept:
    return (<Value> PyTuple_GET_ITEM(values, i))._kind > 0


cdef inline bint all_values(tuple operands) noexcept:
    cdef Py_ssize_t i
    for i in range(PyTuple_GET_SIZE(operands)):
        if not is_value(operands, i):
            return False
    return True


cdef inline bint is_float(tuple operands, Py_ssize_t i) noexcept:
    return PyFloat_CheckExact(<object> PyTuple_GET_ITEM(operands, i))


cdef inline double float_at(tuple floats, Py_ssize_t i) noexcept:
    return PyFloat_AS_DOUBLE(<object> PyTuple_GET_ITEM(floats, i))


cdef inline void receive(tuple leaves, Py_ssize_t i, double cotangent) noexcept:
    (<Value> PyTuple_GET_ITEM(leaves, i))._dx += cotangent


cdef inline void add_to_grad(tuple leaves, Py_ssize_t i, double number) noexcept:
    (<Value> PyTuple_GET_ITEM(leaves, i))._grad += number


cdef inline void settle(tuple leaves, Py_ssize_t i) noexcept:
    cdef PyObject *leaf = <PyObject *> PyTuple_GET_ITEM(leaves, i)
    (<Value> leaf)._grad += (<Value> leaf)._dx
    (<Value> leaf)._dx = 0.0
