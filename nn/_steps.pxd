# C types for _steps.py.
cimport cython
cimport nn._buffer as buffer
from cpython.array cimport array as doubles

@cython.locals(i=Py_ssize_t)
cpdef object zero_grad(tuple parameters)
@cython.locals(i=Py_ssize_t, g=double, total=double)
cpdef double grad_norm(tuple parameters) except? -1.0
@cython.locals(i=Py_ssize_t)
cpdef object scale_grad(tuple parameters, double factor)
@cython.locals(i=Py_ssize_t, p=double, vs="double*", g=double, v=double)
cpdef object sgd(
    tuple parameters, doubles velocity, bint first, double lr, double momentum,
    double dampening, double weight_decay, bint nesterov, double sign
)
@cython.locals(
    i=Py_ssize_t, p=double, ms="double*", vs="double*", tops="double*", g=double, m=double,
    v=double, root=double, rate=double, floor=double
)
cpdef object adam(
    tuple parameters, doubles mean, doubles square, doubles largest, double lr, double beta1,
    double beta2, double eps, double weight_decay, bint amsgrad, bint decoupled, double sign,
    double correction1, double correction2
)
@cython.locals(
    i=Py_ssize_t, p=double, ss="double*", ms="double*", vs="double*", g=double, m=double, s=double,
    v=double
)
cpdef object rmsprop(
    tuple parameters, doubles square, doubles mean, doubles velocity, double lr, double alpha,
    double eps, double weight_decay, double momentum, bint centered, double sign
)
