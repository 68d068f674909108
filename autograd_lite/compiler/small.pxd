# C types for small.py.
cimport cython
cimport autograd_lite.compiler.tape.loops as loops
cimport autograd_lite.extra as extra
cimport autograd_lite.fields as fields
cimport autograd_lite.kinds as kinds
cimport autograd_lite.memory as memory
cimport autograd_lite.operations.kernels as kernels
cimport autograd_lite.value as engine
from autograd_lite.compiler.replay cimport Given, Replay
from autograd_lite.extra cimport Extra
from cpython.array cimport array as numbers

cdef int VALUE
cdef object _MISSED
cdef list _NO_CALLS
cdef tuple _NO_BLOCKS
cdef numbers _NO_INTS, _NO_DOUBLES


cdef class Space(Given):
    cdef numbers values, partials, cotangents, gradient, outputs


cdef class SmallReplay(Replay):
    cdef public object origin, template
    cdef numbers codes, constants, finite, guards, offsets, outputs, parents, slots, static, wrt
    cdef tuple parameters
    cdef Space spare
    cdef str name
    cdef bint is_float, is_node, leaves_all, only_values
    cdef Py_ssize_t integers, n_leaves, out

    @cython.locals(space=Space)
    cdef object result(self, tuple args, bint connected)
    @cython.locals(space=Space)
    cdef Space space(self)
    @cython.locals(
        n=Py_ssize_t, xs=tuple, leaf="double*", values=list, i=Py_ssize_t, n_parameters=Py_ssize_t,
        n_leaves=Py_ssize_t, value="double*", data=double, cotangent="double*", gradient="double*",
        partials=bytes, d="double*", where="long long*", deep=Py_ssize_t, more=Extra
    )
    cdef object result_in(self, Space space, tuple args, bint connected)
    @cython.locals(outputs=numbers, found=numbers)
    cdef object plain(self, Space space, double data)
