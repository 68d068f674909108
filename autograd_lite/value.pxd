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
cdef object equal(Value x, object other)
cpdef object compared(Value x, str op, object y, bint outcome)

# nodes that stand for plain numbers
cpdef int number_kind(Value node) except -1
cpdef bint is_plain_number(object x) except -1
@cython.locals(node=Value)
cpdef Value number_node(
    int number, int kind, int code, Value x, Value y, double data, double dx, double dy, object more
)
@cython.locals(node=Value)
cdef Value filled_number(
    int number, int kind, int code, Value x, Value y, double data, double dx, double dy, object more
)
cpdef Value as_number(Value node, int number)
cpdef object forget_parents(Value node)
@cython.locals(number=int, many=Extra)
cdef int number_made(int kind, int code, Value x, Value y, object more) except -1
@cython.locals(number=int, i=Py_ssize_t)
cdef int number_among(tuple xs) except -1
@cython.locals(more=Extra, number=int)
cpdef Value chosen(double data, tuple parents, object op, tuple among, int least)
@cython.locals(more=Extra)
cpdef object choice_of(Value node)
@cython.locals(larger=int)
cdef inline int joined(int number, int other) noexcept

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
