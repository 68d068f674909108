# C types for results.py.
cimport cython
cimport autograd_lite.extra as extra
from autograd_lite.extra cimport Extra
from autograd_lite.value cimport Node

cdef class Run:
    cdef public object executor, outputs, indices
    cdef public list lease, free


@cython.locals(more=Extra, node=Node, same=Node)
cpdef give_parents(dict sources, list nodes)
