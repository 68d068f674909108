# C types for places.py.
cimport cython
cimport autograd_lite.memory as memory
from autograd_lite.placement cimport Placement
from cpython.array cimport array as doubles


cdef doubles _NONE

@cython.locals(i=Py_ssize_t, found=list)
cdef list arrays_in(list spaces, list names, list lengths)
@cython.locals(i=Py_ssize_t, found=list)
cdef list numbers_in(list spaces, list names, list types)
cdef doubles room(Py_ssize_t n)
@cython.locals(i=Py_ssize_t, n=Py_ssize_t, out="double*", read="double*", each=doubles)
cdef object take(
    doubles numbers, doubles before, tuple data, Placement data_in, tuple grads,
    Placement grads_in, list arrays, list found
)
@cython.locals(
    i=Py_ssize_t, m=Py_ssize_t, n=Py_ssize_t, out="double*", read="double*", each=doubles
)
cpdef object put(
    doubles numbers, Py_ssize_t start, tuple data, Placement data_in, tuple grads,
    Placement grads_in, list arrays, list spaces, list names, list found
)
@cython.locals(i=Py_ssize_t)
cpdef object set_grads(tuple values, list numbers)
@cython.locals(i=Py_ssize_t)
cpdef list grads_of(tuple values)
