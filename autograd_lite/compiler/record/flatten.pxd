# C types for flatten.py.
cimport cython
cimport autograd_lite.memory as memory
cimport autograd_lite.value as engine
from cpython.array cimport array

cdef int FLOAT, VALUE, STATIC, LIST, TUPLE, DICT, FLOATS, INTEGERS, OBJECTS, NAMED, CLASS, DEEPEST
cdef int INT, BOOL, BOOLS
cdef long long EXACT, LEAST
cdef array _SHAPE, _FLOATS, _INTEGERS
cdef tuple _EXACT, _WRITTEN


cdef class FlatArguments:
    cdef public list values, slots, statics, ints, owners
    cdef public array shape, floats, integers
    cdef public bint moving, own, typed
    cdef object value_class
    cdef int depth


cpdef object flatten(object thing, FlatArguments flat)
@cython.locals(i=Py_ssize_t)
cpdef FlatArguments flatten_call(tuple args, dict kwargs, object moving, object own=*)
cdef object flatten_argument(object key, object thing, FlatArguments flat, object moving, object own)
cdef object flatten_class(object cls, FlatArguments flat)
cdef object flatten_named(object thing, FlatArguments flat)
cdef object flatten_each(object things, FlatArguments flat)
cdef object flatten_static(object thing, FlatArguments flat)
cdef object flatten_numpy(object thing, FlatArguments flat)
cdef object flatten_fixed(object thing, FlatArguments flat)
cdef object flatten_shape(object thing, FlatArguments flat)
cpdef bint is_plain(object thing) except -1
@cython.locals(numbers="long long*", i=Py_ssize_t, exact=bint)
cdef bint are_exact(array integers, Py_ssize_t start) except -1
