# C types for value.py.
cimport cython

cdef int CONSTANT, LEAF, UNARY, BINARY, UNIFORM, NARY, DOT, BY_HAND, REPLAYED
cdef int _blocks, _blocks_asked, _depth
cdef list _graveyard


cdef class Value:
    # First what a pass reads of a parent, so that this lies in one line of the cache.
    cdef int _kind, _users
    cdef double _data, _grad, _dx, _dy
    cdef Value _x, _y
    cdef object _more, __weakref__
    cdef int _code


# The C twin of kernels.py; it knows the fields of Value, so it comes after them.
cimport autograd_lite.operations.kernels as kernels


cdef class Many:
    cdef public tuple xs, ys
    cdef bint flat_xs, flat_ys
    cdef public object dxs, dys, op, backward, replay, label


cdef class Side:
    cdef tuple values
    cdef bytes numbers
    cdef bint flat
    cdef Py_ssize_t n


# operands
cpdef bint is_number(object thing) except -1
cpdef double number_for(int code, object x) except? -1.5
cpdef object unary_of(int code, object x, double c)
cpdef object power(object x, object y)
cpdef object binary_of(int code, object x, object y)
cpdef object ternary_of(int code, object x, object y, object z)
cdef Value constant(object other, str operator)
cpdef Value required(object other, str name)
@cython.locals(value=Value)
cdef object comparable(object other)

# making nodes
@cython.locals(more=Many)
cdef inline Many many(
    tuple xs, tuple ys=*, object dxs=*, object dys=*, bint flat_xs=*, bint flat_ys=*
)
@cython.locals(node=Value)
cdef inline Value new_node(
    int kind, int code, Value x, Value y, double data, double dx, double dy
)
cdef Value many_node(int kind, int code, double data, double dx, Many more)
@cython.locals(node=Value)
cdef Value filled_node(
    int kind, int code, Value x, Value y, double data, double dx, double dy, object more
)
cdef Value observed_node(
    int kind, int code, Value x, Value y, double data, double dx, double dy, object more
)
@cython.locals(more=Many, source=Value)
cdef object observed_by_hand(Value node, tuple parents, object op)
@cython.locals(node=Value)
cdef Value detached(Value source, object watching)
cpdef bint blocks_open() except -1
cpdef bint grad_enabled() except -1
cdef Py_ssize_t place_of(Value result) noexcept
@cython.locals(more=Many, node=Value, i=Py_ssize_t)
cpdef list replayed_nodes(
    object op, tuple parents, bint flat, object numbers, object gradient
)
cdef object compare(Value x, str op, object other)
cdef object equal(Value x, object other)
cpdef bint is_plain_number(object x) except -1
cpdef double number_of(Value node) except? -1.5
cpdef double static_of(Value node) except? -1.5
@cython.locals(more=Many)
cpdef tuple weights_of(Value node)
cdef Value leaf(int kind, double number)
@cython.locals(data=double, dx=double)
cdef inline Value unary(int code, Value x, double c)
@cython.locals(data=double, dx=double, dy=double)
cdef inline Value binary(int code, Value x, Value y)
@cython.locals(partials=bytes, d="double*", data=double)
cdef Value ternary(int code, Value x, Value y, Value z)
@cython.locals(
    xs=tuple, n=Py_ssize_t, i=Py_ssize_t, partials=bytes, d="double*", values=Py_ssize_t,
    deep=Py_ssize_t, shift=double, out=double, partial=double
)
cpdef object nary(int code, object operands)
@cython.locals(xs=list, i=Py_ssize_t)
cpdef list checked(object operands, str name)
@cython.locals(constant=Value, numbers=list)
cpdef list log_softmax(list xs, bint shift)
cpdef list exps(list xs)
cpdef object dot(object xs, object ys)
@cython.locals(left=Side, right=Side, rights=list)
cpdef list dots(object xs, object ys)
@cython.locals(xs=tuple, this=Side, values=Py_ssize_t, deep=Py_ssize_t)
cpdef Side side(object operands)
@cython.locals(i=Py_ssize_t, out=double, x="double*", y="double*", more=Many)
cdef object product(Side left, Side right)
cdef tuple values_of(tuple operands)
@cython.locals(i=Py_ssize_t, values=Py_ssize_t, deep=Py_ssize_t)
cdef (Py_ssize_t, Py_ssize_t) read(tuple xs, double *d, int code) except *
@cython.locals(owner=bytes)
cdef bytes filled(tuple numbers)
cdef object by_formulas(
    int code, tuple xs, tuple numbers, Py_ssize_t values, Py_ssize_t deep
)
cdef bint has_loop(int code) noexcept
cdef (double, double) reduction(int code, double *d, Py_ssize_t n) noexcept
@cython.locals(i=Py_ssize_t, out=double)
cdef double sum_of(double *d, Py_ssize_t n) noexcept
@cython.locals(i=Py_ssize_t, largest=double, size=double, scale=double, squares=double)
cdef double norm_of(double *d, Py_ssize_t n) noexcept
@cython.locals(i=Py_ssize_t, first=Py_ssize_t, largest=double, others=double)
cdef (double, double) logsumexp_of(double *d, Py_ssize_t n) noexcept

# backpropagation
cdef list _passes


cdef class Pass:
    cdef list flat, order, replayed
    cdef Py_ssize_t ready
    cdef Value leaves, root


@cython.locals(
    this=Pass, order=list, before_by_hand=list, watching=tuple, node=Value, grad=double, i=Py_ssize_t
)
cdef int backpropagate(Value root) except -1
cdef inline int meet(Value node, Pass this) except -1
@cython.locals(more=Many)
cdef inline int meet_parents(Value node, Pass this) except -1
@cython.locals(i=Py_ssize_t)
cdef int meet_each(tuple parents, Pass this) except -1
@cython.locals(g=double)
cdef inline int send(Value node, Pass this) except -1
cdef int send_to_many(Value node, double g, Many more, Pass this) except -1
@cython.locals(i=Py_ssize_t)
cdef int send_alike(tuple parents, bint flat, double cotangent, Pass this) except -1
@cython.locals(i=Py_ssize_t)
cdef int send_each(tuple parents, bint flat, double *partials, double g, Pass this) except -1
@cython.locals(first=Value, place=Py_ssize_t)
cdef inline int take_flat(tuple leaves, Pass this) except -1
cdef inline double times(double g, double partial) noexcept
cdef inline int receive(Value node, double cotangent, Pass this) except -1
@cython.locals(node=Value, leaves=tuple, i=Py_ssize_t, numbers="double*")
cdef int settle(Pass this) except -1
@cython.locals(node=Value)
cdef set met_leaves(Pass this)
@cython.locals(node=Value, leaves=tuple)
cdef void forget(Pass this) noexcept
@cython.locals(node=Value, this=Pass)
cdef bint is_under_way(Value root) except -1

# dropping a graph
cdef void drop_parents(Value node) noexcept
