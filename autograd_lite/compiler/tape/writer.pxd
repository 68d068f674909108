# C types for _trace.py.
cimport cython
cimport autograd_lite.memory as arrays
cimport autograd_lite.value as engine
from autograd_lite.value cimport Value as Node
from cpython.array cimport array as numbers

cdef int LEAF, CONSTANT, INDEX, TAKE, DETACH, LARGEST


cdef class Trace:
    cdef public numbers codes, offsets, parents, static, slots
    cdef public dict place, leaves
    cdef public list captured


@cython.locals(
    tape=Trace, living=set, place_of_index=dict, node=Node, parent=Node, i=int, w=double
)
cpdef Trace trace(
    list nodes, list outputs, dict leaves, dict indices, set takes, set largest, dict detached_from
)
@cython.locals(i=Py_ssize_t, living=set, node=Node)
cdef set alive(list nodes, list outputs, dict detached_from)
@cython.locals(i=int)
cdef int place_of(Trace tape, Node node) except -1
@cython.locals(i=int)
cdef object end(Trace tape, Node node, int code, list operands)
cdef int add(Trace tape, int code, double c, int slot) except -1
