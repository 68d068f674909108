# C types for results.py.
cimport cython
cimport autograd_lite.extra as extra
cimport autograd_lite.kinds as kinds
cimport autograd_lite.value as engine
from autograd_lite.extra cimport Extra
from autograd_lite.value cimport Value

cdef class Run:
    cdef public object executor, outputs, indices
    cdef public list lease, free


cdef Py_ssize_t index_of(Value result) noexcept
@cython.locals(more=Extra, node=Value, i=Py_ssize_t)
cpdef list replayed_nodes(
    object op, tuple parents, bint only_leaves, object numbers, object gradient
)
@cython.locals(more=Extra, node=Value)
cpdef give_parents(dict sources, list nodes)
