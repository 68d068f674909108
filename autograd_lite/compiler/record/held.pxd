# C types for held.py.
cimport cython
cimport autograd_lite.memory as memory

cdef object CellType, FunctionType


cdef class Part:
    cdef public object of
    cdef public list keys


cdef class Look:
    cdef public object of, look


@cython.locals(i=Py_ssize_t)
cpdef Py_ssize_t first_changed(list things, list held, Py_ssize_t start) except -2
cdef bint holds(object thing, tuple held) except -1
@cython.locals(i=Py_ssize_t, keys=list)
cdef bint is_there(Part part, tuple held) except -1
