# C types for rows.py.
cimport cython


cdef class Rows:
    cdef readonly object nodes, targets, inputs
    cdef readonly bint lower
    cdef readonly list lengths
    cdef Py_ssize_t _n
    cdef list _active, _sizes
    cdef tuple _ways

    @cython.locals(
        last=list, uses=list, active=list, parents=list, i=Py_ssize_t, row=Py_ssize_t,
        p=Py_ssize_t
    )
    cdef tuple _last_rows(self, object of)
    @cython.locals(
        last=list, uses=list, active=list, parents=list, held=dict, own=set, sizes=list,
        ps=list, mine=set, i=Py_ssize_t, mutable=bint
    )
    cdef list _counted(self)
    @cython.locals(
        lower=bint, active=list, last=list, uses=list, held=dict, i=Py_ssize_t, row=Py_ssize_t,
        found=dict, terms=list, pairs=dict, x=dict, numbers=list
    )
    cdef dict _forward(self, object of, object tell=*)
