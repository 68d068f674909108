# C types for nary.py.
cimport cython
cimport autograd_lite.extra as extra
cimport autograd_lite.kinds as kinds
cimport autograd_lite.memory as memory
cimport autograd_lite.operations.kernels as kernels
cimport autograd_lite.value as engine
from autograd_lite.extra cimport Extra
from autograd_lite.value cimport Node, Value


cdef class Vector:
    cdef tuple values
    cdef bytes numbers
    cdef bint only_leaves
    cdef Py_ssize_t n


# rules of a fixed number of operands
cpdef double number_for(int code, object x) except? -1.5
cpdef object unary_of(int code, object x, double c)
cpdef object binary_of(int code, object x, object y)
cpdef object power(object x, object y)
cpdef object ternary_of(int code, object x, object y, object z)

# rules of any number of operands
@cython.locals(
    xs=tuple, n=Py_ssize_t, i=Py_ssize_t, partials=bytes, d="double*", values=Py_ssize_t,
    deep=Py_ssize_t, shift=double, out=double, partial=double
)
cpdef object nary(int code, object operands)
@cython.locals(xs=list, i=Py_ssize_t)
cpdef list checked(object operands, str name)
cpdef Node constant(double number)
@cython.locals(peak=Node, numbers=list)
cpdef list log_softmax(list xs, bint shift)
cpdef list exps(list xs)
cpdef object dot(object xs, object ys)
@cython.locals(left=Vector, right=Vector, more=Extra)
cpdef object in_pairs(int code, list xs, list ys)
@cython.locals(i=Py_ssize_t, out=double, x="double*", y="double*")
cdef double chain_of(Vector left, Vector right) noexcept
@cython.locals(rights=list)
cpdef list dots(object xs, object ys)
@cython.locals(
    first=Vector, second=Vector, third=Vector, fourth=Vector, right=Vector, outs=list,
    n=Py_ssize_t, i=Py_ssize_t, k=Py_ssize_t, x="double*", y0="double*", y1="double*",
    y2="double*", y3="double*", out0=double, out1=double, out2=double, out3=double
)
cdef list dots_with(Vector left, list rights)
@cython.locals(xs=tuple, this=Vector, values=Py_ssize_t, deep=Py_ssize_t)
cpdef Vector read_vector(object operands)
@cython.locals(i=Py_ssize_t, out=double, x="double*", y="double*")
cdef object dot_of(Vector left, Vector right)
@cython.locals(more=Extra)
cdef object node_of_dot(Vector left, Vector right, double out)
cdef int check_lengths(str name, Vector left, Vector right) except -1
cdef tuple values_of(tuple operands)
@cython.locals(i=Py_ssize_t, values=Py_ssize_t, deep=Py_ssize_t)
cdef (Py_ssize_t, Py_ssize_t) read(tuple xs, double *d, int code) except *
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
