# C types for extra.py.
cimport cython


cdef class Extra:
    cdef public tuple xs, ys
    cdef bint only_leaves_x, only_leaves_y
    cdef public object dxs, dys, op, backward, block, label


@cython.locals(more=Extra)
cdef Extra make(
    tuple xs, tuple ys=*, object dxs=*, object dys=*, bint only_leaves_x=*, bint only_leaves_y=*
)
