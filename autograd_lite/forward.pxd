# C types for forward.py.
cimport cython
cimport autograd_lite.kinds as kinds
cimport autograd_lite.memory as memory
cimport autograd_lite.operations.kernels as kernels
from autograd_lite.extra cimport Extra
from autograd_lite.value cimport Node as CNode  # whose type for mypy is named Node
from cpython.array cimport array as numbers

cdef list _silent


cdef class Order:
    cdef list nodes
    cdef Py_ssize_t ready


@cython.locals(nodes=list)
cpdef object pushforward(tuple outputs, tuple inputs, object directions)
@cython.locals(nodes=list)
cpdef list active_nodes(tuple outputs, tuple inputs)
@cython.locals(nodes=list, node=CNode, others=Py_ssize_t)
cpdef object depends_on_others(tuple outputs, tuple inputs)
@cython.locals(found=Py_ssize_t, i=Py_ssize_t)
cdef bint any_by_hand(list nodes) except -1
@cython.locals(order=Order, nodes=list, node=CNode, i=Py_ssize_t)
cdef list ordered(tuple outputs, tuple inputs)
cdef inline int meet(CNode node, Order order) except -1
cdef inline int leave(CNode node, Order order) except -1
@cython.locals(more=Extra, i=Py_ssize_t)
cdef inline int meet_parents(CNode node, Order order) except -1
@cython.locals(more=Extra, i=Py_ssize_t)
cdef inline int leave_parents(CNode node, Order order) except -1
@cython.locals(is_leaf=bint)
cdef inline bint is_other(CNode node) noexcept
@cython.locals(more=Extra, others=Py_ssize_t, i=Py_ssize_t)
cdef bint has_other(CNode node) noexcept
@cython.locals(nodes=list, node=CNode, place=int, n=Py_ssize_t, i=Py_ssize_t)
cdef list placed(tuple outputs, tuple inputs)
@cython.locals(more=Extra, found=Py_ssize_t, i=Py_ssize_t)
cdef inline bint depends(CNode node) noexcept
@cython.locals(is_placed=bint)
cdef inline bint has_place(CNode node) noexcept
cdef bint is_silent(int code) except -1
@cython.locals(node=CNode, i=Py_ssize_t)
cdef object forget(list nodes, tuple inputs)
cdef object forget_all(tuple outputs, tuple inputs)
@cython.locals(tangents=numbers, t="double*", node=CNode, i=Py_ssize_t)
cdef list swept(list nodes, tuple outputs, Py_ssize_t n, object direction)
@cython.locals(more=Extra, y=CNode, d="double*", out=double, i=Py_ssize_t)
cdef inline double tangent(CNode node, double *t) noexcept
cdef inline double times(double tangent, double partial) noexcept
