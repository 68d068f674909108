# C types for value.py.
cimport cython
from autograd_lite.extra cimport Extra

cdef int _blocks, _depth
cdef list _graveyard


cdef class Node:
    # First what a pass reads of a parent, so that this mostly lies in one line of the cache.
    cdef signed char _kind, _number
    cdef short _code
    cdef int _users
    cdef double _data, _grad, _dx, _dy
    cdef Node _x
    cdef object _y, __weakref__


cdef class Value(Node):
    pass


cimport autograd_lite.extra as extra
cimport autograd_lite.kinds as kinds
cimport autograd_lite.operations.kernels as kernels
# The C twin of memory.py knows the fields of Node, so it comes after them.
cimport autograd_lite.memory as memory
cimport autograd_lite.fields as fields


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
    int kind, int code, Node x, object y, double data, double dx, double dy
)
@cython.locals(node=Value)
cdef Node node_of_many(int kind, int code, double data, double dx, Extra more)
cpdef bint blocks_open() except -1
cpdef bint grad_enabled() except -1
cdef object compare(Node x, str op, object other)
@cython.locals(node=Node)
cdef object equal(Node x, object other)
cpdef object compared(Node x, str op, object y, bint outcome)

@cython.locals(node=Node)
cpdef bint is_plain_number(object x) except -1
cpdef double number_of(Node node) except? -1.5
cdef Node leaf(int kind, double number)
@cython.locals(data=double, dx=double)
cdef inline Node unary(int code, Node x, double c)
@cython.locals(data=double, dx=double, dy=double)
cdef inline Node binary(int code, Node x, Node y)
@cython.locals(a=double, b=double, c=double, partials=bytes, d="double*", data=double)
cdef Node ternary(int code, Node x, Node y, Node z)
cpdef tuple gradient(Node root, tuple inputs, tuple watching)
# dropping a graph
cdef void drop_parents(Node node) noexcept
