# C types for replay.py.
cimport cython
cimport autograd_lite.compiler.record.flatten as flatten
cimport autograd_lite.compiler.record.held as held
cimport autograd_lite.memory as memory
cimport autograd_lite.value as engine
from cpython.array cimport array as numbers

cdef int FLOAT, FLOATS, INT, INTEGERS, LIST, STATIC, TUPLE, VALUE
cdef object _MISSED, _opened, _ndarray, _float64


cdef class Given:
    cdef numbers leaves, integers
    cdef Py_ssize_t at, counted, filled

    cdef object begin(self)


cdef class Replay:
    cdef public object captured, executor, program, signature
    cdef public long long due, calls
    cdef numbers shape
    cdef list held, statics, things
    cdef Py_ssize_t n_args

    cdef object result(self, tuple args, bint connected)
    cdef bint is_current(self) except -1
    @cython.locals(
        shape="int*", leaf="double*", ints="long long*", token=int, n=Py_ssize_t, size=Py_ssize_t
    )
    cdef bint takes(self, object thing, Given space, list values) except -1


cdef class Replaying:
    cdef public tuple replays

    @cython.locals(replays=tuple, connected=bint, i=Py_ssize_t, replay=Replay)
    cdef object replayed(self, tuple args)
