# C types for placement.py.
cimport cython
from cpython.array cimport array
from autograd_lite.extra cimport Extra


cdef bint _any

cpdef bint any_placed() noexcept


cdef class Placement:
    cdef readonly array numbers, grads
    cdef public bint intact
    cdef object locks
    cdef list order
    cdef double *first_number
    cdef double *first_grad


cimport autograd_lite.extra as extra
cimport autograd_lite.fields as fields
cimport autograd_lite.memory as memory
from autograd_lite.value cimport Node as CNode  # whose type for mypy is named Node


@cython.locals(here=Placement, leaf=CNode, n=Py_ssize_t, i=Py_ssize_t)
cpdef Placement place(tuple leaves)
cdef int move(CNode leaf, Py_ssize_t i, Placement here, Extra more) except -1
@cython.locals(
    here=Placement, leaf=CNode, n=Py_ssize_t, i=Py_ssize_t, elsewhere=Py_ssize_t
)
cpdef Placement placed(tuple leaves)
@cython.locals(i=Py_ssize_t)
cdef list addresses(tuple leaves)
cpdef Placement placement_of(CNode leaf)
