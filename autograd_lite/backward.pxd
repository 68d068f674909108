# C types for backward.py.
cimport cython
cimport autograd_lite.fields as fields
cimport autograd_lite.kinds as kinds
cimport autograd_lite.memory as memory
cimport autograd_lite.operations.kernels as kernels
from autograd_lite.extra cimport Extra
from autograd_lite.memory cimport Borrowed
from autograd_lite.value cimport Node as CNode  # whose type for mypy is named Node
from cpython.array cimport array

cdef array _LONGS
cdef list _passes
cdef double _FAR


cdef class Pass:
    cdef list by_block, leaf_tuples
    cdef array order
    cdef Py_ssize_t met, ready
    cdef Borrowed *leaves
    cdef Borrowed *no_leaf
    cdef CNode root
    cdef list kept
    cdef tuple watching


@cython.locals(
    this=Pass, order=array, before_by_hand=list, below=set, node="Borrowed*", each=CNode,
    i=Py_ssize_t
)
cpdef tuple backpropagate(CNode root, tuple watching, tuple inputs=*)
@cython.locals(more=Extra, d="double*", i=Py_ssize_t)
cpdef bint sent_at_once(CNode root) except -1
cdef inline int meet(Borrowed *node, Pass this) except -1
@cython.locals(more=Extra)
cdef inline int meet_parents(Borrowed *node, Pass this) except -1
@cython.locals(i=Py_ssize_t)
cdef int meet_each(tuple parents, Pass this) except -1
@cython.locals(g=double)
cdef inline int send(Borrowed *node, Pass this) except -1
cdef int send_to_many(CNode node, double g, Extra more, Pass this) except -1
@cython.locals(i=Py_ssize_t)
cdef int send_alike(tuple parents, bint only_leaves, double cotangent, Pass this) except -1
@cython.locals(i=Py_ssize_t)
cdef int send_each(tuple parents, bint only_leaves, double *partials, double g, Pass this) except -1
@cython.locals(first="Borrowed*", n=Py_ssize_t)
cdef inline int take_leaves(tuple leaves, Pass this) except -1
cdef inline double times(double g, double partial) noexcept
cdef inline int receive(Borrowed *node, double cotangent, Pass this) except -1
@cython.locals(node="Borrowed*", leaves=tuple, i=Py_ssize_t, numbers="double*")
cdef int settle(Pass this) except -1
@cython.locals(leaves=tuple, numbers="double*", node=CNode, i=Py_ssize_t)
cdef list taken_out(tuple inputs, Pass this)
@cython.locals(
    found=dict, order=array, node=CNode, parent=CNode, i=Py_ssize_t
)
cdef list frontier(tuple inputs, Pass this)
@cython.locals(node="Borrowed*", leaf=CNode, leaves=tuple)
cdef bint meets_values(Pass this) except -1
@cython.locals(is_deep=bint)
cdef inline bint is_made(CNode node) except -1
@cython.locals(more=Extra)
cdef inline bint is_made_of(CNode node) except -1
@cython.locals(made=Py_ssize_t, i=Py_ssize_t)
cdef bint any_is_made(tuple nodes) except -1
@cython.locals(more=Extra)
cdef inline tuple parents_of(CNode node)
@cython.locals(x=CNode, more=Extra)
cdef list by_hand_leaves(CNode node, bint clear)
@cython.locals(x=CNode, before=list)
cdef list cleared(tuple inputs)
@cython.locals(node=CNode, grad=double)
cdef object put_back(list grads)
@cython.locals(order=array, i=Py_ssize_t)
cdef object restore(Pass this)
@cython.locals(node="Borrowed*", x=CNode)
cdef list met_leaves(Pass this)
@cython.locals(node="Borrowed*", leaf=CNode, leaves=tuple)
cdef void forget(Pass this) noexcept
cpdef bint under_way() except -1
@cython.locals(node=CNode, this=Pass, i=Py_ssize_t)
cdef bint is_under_way(CNode root) except -1
@cython.locals(node=CNode, more=Extra)
cpdef object send_alone(CNode node)
