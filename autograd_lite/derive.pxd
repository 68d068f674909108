# C types for derive.py.
cimport cython


cdef class Nodes:
    cdef public list codes, parents, static, slots, numbers
    cdef public dict marks
    cdef dict _known, _tangents

    cpdef object add(self, object code, tuple parents=*, object static=*, object slot=*)
    @cython.locals(i=object)
    cdef object _append(self, object code, tuple parents, object static, object slot)
    cpdef object number(self, object number)
    @cython.locals(key=tuple)
    cpdef object made(self, object code, tuple parents, object static=*)
    cpdef object mark(self, object node, str what, object of)
    @cython.locals(parents=tuple)
    cpdef list partials(self, object i)
    @cython.locals(n=Py_ssize_t, k=Py_ssize_t)
    cpdef list products(self, object i)


@cython.locals(half=Py_ssize_t, k=Py_ssize_t)
cdef object send_products(tuple parents, object g, list active, list sent)
@cython.locals(terms=list)
cdef object send_term(object p, object g, object d, list sent)
@cython.locals(pair=tuple, constant=double)
cdef double sort_terms(list numbers, object pairs, list plain, list rest) except? -1.5

cpdef object _simpler_add(Nodes self, object x, object y)
cpdef object _simpler_sub(Nodes self, object x, object y)
cpdef object _simpler_mul(Nodes self, object x, object y)
cpdef object _simpler_div(Nodes self, object x, object y)
cpdef object _simpler_neg(Nodes self, object x)
cpdef object _simpler_where(Nodes self, object condition, object yes, object no)
