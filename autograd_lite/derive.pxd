# C types for derive.py.
cimport cython


@cython.locals(half=Py_ssize_t, k=Py_ssize_t)
cdef object send_products(tuple parents, object g, list active, list sent)
@cython.locals(terms=list)
cdef object send_term(object p, object g, object d, list sent)
@cython.locals(pair=tuple, constant=double)
cdef double sort_terms(list numbers, object pairs, list plain, list rest) except? -1.5
