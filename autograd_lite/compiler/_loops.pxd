# C types for _loops.py.
cimport cython
cimport autograd_lite.kernels as kernels

@cython.locals(i=Py_ssize_t)
cpdef object erf(double[::1] x, double[::1] out)
@cython.locals(i=Py_ssize_t)
cpdef object erfc(double[::1] x, double[::1] out)
@cython.locals(i=Py_ssize_t)
cpdef object lgamma(double[::1] x, double[::1] out)
