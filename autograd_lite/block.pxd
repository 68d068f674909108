# C types for block.py.
cimport cython
cimport autograd_lite.extra as extra
cimport autograd_lite.kinds as kinds
cimport autograd_lite.memory as memory
cimport autograd_lite.fields as fields
cimport autograd_lite.plain as plain
cimport autograd_lite.value as engine
from autograd_lite.extra cimport Extra
from autograd_lite.value cimport Node


@cython.locals(deep=Py_ssize_t, i=Py_ssize_t)
cpdef bint are_leaves(tuple nodes) except -1
cpdef Py_ssize_t index_of(Node result) except -1
@cython.locals(more=Extra)
cpdef Node hub_of(object op, tuple parents, bint only_leaves, object call)
@cython.locals(more=Extra)
cdef Node result_of(
    tuple hub, object op, object call, Py_ssize_t i, double data, int number=*
)
@cython.locals(hub=Node, number=int, detaching=bint, i=Py_ssize_t)
cpdef list nodes_of_call(
    object op, tuple parents, bint only_leaves, object numbers, object gradient, object block=*,
    tuple operands=*
)
