# C types for held.py.
cimport cython
cimport autograd_lite.memory as memory


cdef class Names:
    cdef public object space
    cdef public list names


cdef class Slots:
    cdef public object thing
    cdef public list slots


@cython.locals(i=Py_ssize_t)
cpdef Py_ssize_t first_changed(list things, list held, Py_ssize_t start) except -2
cdef bint holds(object thing, tuple held) except -1
@cython.locals(i=Py_ssize_t, known=list)
cdef bint stand_for(Names names, tuple held) except -1
@cython.locals(i=Py_ssize_t, slots=list)
cdef bint has_in_slots(Slots of, tuple held) except -1
