# C types for value.py.
cimport cython
from autograd_lite.extra cimport Extra

cdef int _blocks, _depth
cdef list _graveyard


cdef class Value:
    # First what a pass reads of a parent, so that this lies in one line of the cache.
    cdef int _kind, _users
    cdef double _data, _grad, _dx, _dy
    cdef Value _x, _y
    cdef object _extra, __weakref__
    cdef int _code, _number


cimport autograd_lite.extra as extra
cimport autograd_lite.kinds as kinds
cimport autograd_lite.operations.kernels as kernels
# The C twin of memory.py knows the fields of Value, so it comes after them.
cimport autograd_lite.memory as memory
cimport autograd_lite.plain as plain


# operands
cpdef bint is_number(object thing) except -1
cdef Value constant(object other, str operator)
@cython.locals(node=Value)
cdef Value constant_leaf(object number)
cpdef Value required(object other, str name)
@cython.locals(value=Value)
cdef object comparable(object other)

# making nodes
@cython.locals(node=Value)
cdef inline Value new_node(
    int kind, int code, Value x, Value y, double data, double dx, double dy
)
cdef Value node_of_many(int kind, int code, double data, double dx, Extra more)
cdef Value filled_node(
    int kind, int code, Value x, Value y, double data, double dx, double dy, object more
)
cdef inline Value fill(
    Value node, int kind, int code, Value x, Value y, double data, double dx, double dy, object more
)
@cython.locals(number=int, node=Value)
cdef Value observed_node(
    int kind, int code, Value x, Value y, double data, double dx, double dy, object more
)
@cython.locals(more=Extra, source=Value)
cdef object observed_by_hand(Value node, tuple parents, object op, object tracer)
@cython.locals(node=Value)
cdef Value detached(Value source, object watching)
cpdef bint blocks_open() except -1
cpdef bint grad_enabled() except -1
cdef object compare(Value x, str op, object other)
@cython.locals(value=Value)
cdef object equal(Value x, object other)
cpdef object compared(Value x, str op, object y, bint outcome)

# nodes that stand for plain numbers
@cython.locals(value=Value)
cpdef bint is_plain_number(object x) except -1
cpdef Value number_leaf(int number, double data)
@cython.locals(node=Value)
cpdef Value number_node(
    int number, int kind, int code, Value x, Value y, double data, double dx, double dy, object more
)
@cython.locals(node=Value)
cdef Value filled_number(
    int number, int kind, int code, Value x, Value y, double data, double dx, double dy, object more
)
@cython.locals(more=Extra)
cpdef object choice_of(Value node)

cpdef double number_of(Value node) except? -1.5
cpdef double static_of(Value node) except? -1.5
@cython.locals(more=Extra)
cpdef tuple weights_of(Value node)
cdef Value leaf(int kind, double number)
@cython.locals(data=double, dx=double)
cdef inline Value unary(int code, Value x, double c)
@cython.locals(data=double, dx=double, dy=double)
cdef inline Value binary(int code, Value x, Value y)
@cython.locals(partials=bytes, d="double*", data=double)
cdef Value ternary(int code, Value x, Value y, Value z)
cpdef tuple gradient(Value root, tuple inputs, tuple watching)
# dropping a graph
cdef void drop_parents(Value node) noexcept
