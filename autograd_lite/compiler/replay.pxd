# C types for replay.py.
cimport cython
cimport autograd_lite.compiler.record.flatten as flatten
cimport autograd_lite.compiler.record.held as held
cimport autograd_lite.compiler.tape.loops as loops
cimport autograd_lite.extra as extra
cimport autograd_lite.fields as fields
cimport autograd_lite.kinds as kinds
cimport autograd_lite.memory as memory
cimport autograd_lite.operations.kernels as kernels
cimport autograd_lite.value as engine
from autograd_lite.extra cimport Extra
from cpython.array cimport array as numbers

cdef int FLOAT, FLOATS, INT, LIST, STATIC, TUPLE, VALUE
cdef object _opened, _ndarray, _float64
cdef list _NO_CALLS
cdef tuple _NO_BLOCKS
cdef numbers _NO_INTS, _NO_DOUBLES


cdef class Replay


cdef class Replaying:
    cdef public tuple replays

    @cython.locals(replays=tuple, connected=bint, i=Py_ssize_t, replay="Replay")
    cdef object replayed(self, tuple args)


cdef class Space:
    cdef numbers values, partials, cotangents, leaves, gradient, outputs
    cdef Py_ssize_t at, filled


cdef class Replay:
    cdef public object captured, origin, template, program, signature
    cdef public long long due, calls
    cdef numbers codes, constants, finite, guards, offsets, outputs, parents, shape, slots, static, wrt
    cdef list held, statics, things
    cdef tuple parameters
    cdef Space spare
    cdef str name
    cdef bint is_float, is_node, leaves_all, only_values
    cdef Py_ssize_t n_args, n_leaves, out

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
    @cython.locals(shape="int*", leaf="double*", token=int, n=Py_ssize_t, size=Py_ssize_t)
    cdef bint takes(self, object thing, Space space, list values) except -1
