# C types for value.py.
cimport cython
from autograd_lite.extra cimport Extra

cdef int _blocks, _depth
cdef list _graveyard


cdef class Node:
    # First what a pass reads of a parent, so that this lies in one line of the cache.
    cdef int _kind, _users
    cdef double _data, _grad, _dx, _dy
    cdef Node _x, _y
    cdef object _extra, __weakref__
    cdef int _code, _number


cdef class Value(Node):
    pass


cimport autograd_lite.extra as extra
cimport autograd_lite.kinds as kinds
cimport autograd_lite.operations.kernels as kernels
# The C twin of memory.py knows the fields of Node, so it comes after them.
cimport autograd_lite.memory as memory
cimport autograd_lite.plain as plain


# operands
cpdef bint is_number(object thing) except -1
cdef Node constant(object other, str operator)
@cython.locals(node=Node)
cdef Node constant_leaf(object number)
cpdef Node required(object other, str name)
@cython.locals(node=Node)
cdef object comparable(object other)

# making nodes
@cython.locals(node=Value)
cdef inline Node new_node(
    int kind, int code, Node x, Node y, double data, double dx, double dy
)
cdef Node node_of_many(int kind, int code, double data, double dx, Extra more)
@cython.locals(node=Value)
cdef Node filled_node(
    int kind, int code, Node x, Node y, double data, double dx, double dy, object more
)
cdef inline void fill(
    Node node, int kind, int code, Node x, Node y, double data, double dx, double dy, object more
) noexcept
@cython.locals(number=int, node=Node)
cdef Node observed_node(
    int kind, int code, Node x, Node y, double data, double dx, double dy, object more
)
cdef bint is_traced(tuple watching) except -1
@cython.locals(more=Extra, source=Node)
cdef object observed_by_hand(Node node, tuple parents, object op, object tracer)
@cython.locals(node=Node)
cdef Node detached(Node source, object watching)
cpdef bint blocks_open() except -1
cpdef bint grad_enabled() except -1
cdef object compare(Node x, str op, object other)
@cython.locals(node=Node)
cdef object equal(Node x, object other)
cpdef object compared(Node x, str op, object y, bint outcome)

# nodes that stand for plain numbers
@cython.locals(node=Node)
cpdef bint is_plain_number(object x) except -1
cpdef Node number_leaf(int number, double data)
@cython.locals(node=Node)
cpdef Node number_node(
    int number, int kind, int code, Node x, Node y, double data, double dx, double dy, object more
)
@cython.locals(node=Node)
cdef Node filled_number(
    int number, int kind, int code, Node x, Node y, double data, double dx, double dy, object more
)
@cython.locals(more=Extra)
cpdef object choice_of(Node node)

cpdef double number_of(Node node) except? -1.5
cpdef double static_of(Node node) except? -1.5
@cython.locals(more=Extra)
cpdef tuple weights_of(Node node)
cdef Node leaf(int kind, double number)
@cython.locals(data=double, dx=double)
cdef inline Node unary(int code, Node x, double c)
@cython.locals(data=double, dx=double, dy=double)
cdef inline Node binary(int code, Node x, Node y)
@cython.locals(partials=bytes, d="double*", data=double)
cdef Node ternary(int code, Node x, Node y, Node z)
cpdef tuple gradient(Node root, tuple inputs, tuple watching)
# dropping a graph
cdef void drop_parents(Node node) noexcept
