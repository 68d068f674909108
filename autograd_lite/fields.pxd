# C types for fields.py.
cimport cython
cimport autograd_lite.extra as extra
cimport autograd_lite.kinds as kinds
cimport autograd_lite.memory as memory
cimport autograd_lite.operations.kernels as kernels
cimport autograd_lite.plain as plain
from autograd_lite.extra cimport Extra
from autograd_lite.value cimport Node as CNode, Value  # whose type for mypy is named Node


# making nodes
@cython.locals(node=Value)
cdef CNode filled_node(
    int kind, int code, CNode x, object y, double data, double dx, double dy
)
cdef inline void fill(
    CNode node, int kind, int code, CNode x, object y, double data, double dx, double dy
) noexcept
@cython.locals(number=int, node=CNode)
cdef CNode observed_node(
    int kind, int code, CNode x, object y, double data, double dx, double dy
)
cdef tuple found_here()
cdef bint is_traced(tuple watching) except -1
@cython.locals(more=Extra, source=CNode)
cdef object observed_by_hand(CNode node, tuple parents, object op, object tracer)
@cython.locals(node=CNode)
cdef CNode detached(CNode source, object watching)

# nodes that stand for plain numbers
cpdef CNode number_leaf(int number, double data)
@cython.locals(node=CNode, x=double, watching=tuple)
cpdef list number_leaves(int number, object data)
@cython.locals(node=CNode)
cpdef CNode number_node(
    int number, int kind, int code, CNode x, object y, double data, double dx, double dy
)
@cython.locals(node=CNode)
cpdef CNode copied(CNode x)
@cython.locals(node=CNode)
cdef CNode filled_number(
    int number, int kind, int code, CNode x, object y, double data, double dx, double dy
)

# what is read of nodes
@cython.locals(static=double)
cpdef double static_of(CNode node) except? -1.5
cpdef tuple weights_of(CNode node)
@cython.locals(more=Extra, hub=CNode)
cpdef tuple block_of(CNode node)
@cython.locals(more=Extra)
cdef object through_hub(CNode node)
cdef object label_of(CNode node)
@cython.locals(made=Extra)
cdef object set_label(CNode node, object name)
@cython.locals(more=Extra, i=Py_ssize_t)
cpdef object choose(CNode node, Py_ssize_t k)
@cython.locals(more=Extra)
cpdef object choice_of(CNode node)
