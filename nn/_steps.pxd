# C types for _steps.py.
cimport cython
cimport autograd_lite.memory as memory
cimport autograd_lite.placement as placement
cimport nn._roots as roots
from cpython.array cimport array as doubles

cdef Py_ssize_t BLOCK

@cython.locals(placed=bint, i=Py_ssize_t)
cpdef object zero_grad(tuple parameters)
cpdef double grad_norm(tuple parameters) except? -1.0
@cython.locals(placed=bint, i=Py_ssize_t, g=double, total=double)
cdef double sum_of_squares(tuple parameters) noexcept
@cython.locals(placed=bint, i=Py_ssize_t)
cpdef object scale_grad(tuple parameters, double factor)
@cython.locals(placed=bint, i=Py_ssize_t, p=double, vs="double*", g=double, v=double)
cpdef object sgd(
    tuple parameters, doubles velocity, bint first, double lr, double momentum,
    double dampening, double weight_decay, bint nesterov, double sign
)
@cython.locals(
    placed=bint,
    start=Py_ssize_t, n=Py_ssize_t, i=Py_ssize_t, ms="double*", vs="double*", tops="double*",
    steps=doubles, xs="double*", root=double, rate=double, floor=double, shrink=double, g=double,
    m=double, v=double, p=double
)
cpdef object adam(
    tuple parameters, doubles mean, doubles square, doubles largest, double lr, double beta1,
    double beta2, double eps, double weight_decay, bint amsgrad, bint decoupled, double sign,
    double correction1, double correction2
)
@cython.locals(
    placed=bint,
    start=Py_ssize_t, n=Py_ssize_t, i=Py_ssize_t, ss="double*", ms="double*", vs="double*",
    slopes=doubles, steps=doubles, gs="double*", xs="double*", g=double, s=double, m=double,
    v=double, p=double
)
cpdef object rmsprop(
    tuple parameters, doubles square, doubles mean, doubles velocity, double lr, double alpha,
    double eps, double weight_decay, double momentum, bint centered, double sign
)
@cython.locals(
    placed=bint,
    start=Py_ssize_t, n=Py_ssize_t, i=Py_ssize_t, ss="double*", slopes=doubles, steps=doubles,
    gs="double*", xs="double*", g=double, s=double, p=double
)
cpdef object adagrad(
    tuple parameters, doubles total, double rate, double eps, double weight_decay, double sign
)
cdef doubles block()
