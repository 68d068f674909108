# C types for backward.py.
cimport cython
cimport autograd_lite.kinds as kinds
cimport autograd_lite.memory as memory
from autograd_lite.extra cimport Extra
from autograd_lite.value cimport Node as CNode  # whose type for mypy is named Node

cdef list _passes


cdef class Pass:
    cdef list by_block, leaf_tuples, order
    cdef Py_ssize_t ready
    cdef CNode leaves, root
    cdef list kept
    cdef tuple watching


@cython.locals(
    this=Pass, order=list, before_by_hand=list, below=set, node=CNode, i=Py_ssize_t
)
cpdef tuple backpropagate(CNode root, tuple watching, tuple inputs=*)
cdef inline int meet(CNode node, Pass this) except -1
@cython.locals(more=Extra)
cdef inline int meet_parents(CNode node, Pass this) except -1
@cython.locals(i=Py_ssize_t)
cdef int meet_each(tuple parents, Pass this) except -1
@cython.locals(g=double)
cdef inline int send(CNode node, Pass this) except -1
cdef int send_to_many(CNode node, double g, Extra more, Pass this) except -1
@cython.locals(i=Py_ssize_t)
cdef int send_alike(tuple parents, bint only_leaves, double cotangent, Pass this) except -1
@cython.locals(i=Py_ssize_t)
cdef int send_each(tuple parents, bint only_leaves, double *partials, double g, Pass this) except -1
@cython.locals(first=CNode, n=Py_ssize_t)
cdef inline int take_leaves(tuple leaves, Pass this) except -1
cdef inline double times(double g, double partial) noexcept
cdef inline int receive(CNode node, double cotangent, Pass this) except -1
@cython.locals(node=CNode, leaves=tuple, i=Py_ssize_t, numbers="double*")
cdef int settle(Pass this) except -1
@cython.locals(leaves=tuple, numbers="double*", node=CNode, i=Py_ssize_t)
cdef list taken_out(tuple inputs, Pass this)
@cython.locals(
    found=dict, order=list, node=CNode, parent=CNode, i=Py_ssize_t
)
cdef list frontier(tuple inputs, Pass this)
@cython.locals(node=CNode, leaves=tuple)
cdef bint meets_values(Pass this) except -1
@cython.locals(is_deep=bint)
cdef inline bint is_made(CNode node) except -1
@cython.locals(more=Extra)
cdef inline bint is_made_of(CNode node) except -1
@cython.locals(made=Py_ssize_t, i=Py_ssize_t)
cdef bint any_is_made(tuple nodes) except -1
@cython.locals(more=Extra)
cdef inline tuple parents_of(CNode node)
@cython.locals(x=CNode)
cdef list by_hand_leaves(CNode node, bint clear)
@cython.locals(node=CNode, grad=double)
cdef object put_back(list grads)
@cython.locals(order=list, i=Py_ssize_t)
cdef object restore(Pass this)
@cython.locals(node=CNode)
cdef set met_leaves(Pass this)
@cython.locals(node=CNode, leaves=tuple)
cdef void forget(Pass this) noexcept
cpdef bint under_way() except -1
@cython.locals(node=CNode, this=Pass)
cdef bint is_under_way(CNode root) except -1
@cython.locals(node=CNode)
cpdef object send_alone(CNode node)
