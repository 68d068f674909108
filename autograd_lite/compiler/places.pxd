# C types for places.py.
cimport cython
cimport autograd_lite.memory as memory
from autograd_lite.placement cimport Placement
from cpython.array cimport array as doubles


cdef doubles _NONE

cdef doubles room(Py_ssize_t n)
cdef doubles array_in(dict space, str name, Py_ssize_t length)


cdef class Access:
    cdef tuple data, grads
    cdef Placement data_in, grads_in
    cdef list arrays, array_names, lengths, spaces, names, types
    cdef readonly Py_ssize_t length
    cdef Py_ssize_t begun, stretch

    @cython.locals(out="double*", i=Py_ssize_t, n=Py_ssize_t, each=doubles)
    cpdef bint read(self, doubles numbers, Py_ssize_t start) except -1
    @cython.locals(
        arrays=list, data_in=Placement, each=doubles, first=Py_ssize_t, found=list,
        grads_in=Placement, i=Py_ssize_t, n=Py_ssize_t, read="double*", some=doubles,
        where="long long*"
    )
    cpdef bint write(self, doubles numbers, doubles stretches, doubles last) except -1
    @cython.locals(count=Py_ssize_t, done=Py_ssize_t, first=Py_ssize_t, left=Py_ssize_t)
    cdef void fill(self, double *out, Py_ssize_t n, double *read, long long *where) noexcept


@cython.locals(i=Py_ssize_t)
cpdef object set_grads(tuple values, list numbers)
@cython.locals(i=Py_ssize_t)
cpdef list grads_of(tuple values)
