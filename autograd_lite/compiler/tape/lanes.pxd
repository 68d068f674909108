# C types for lanes.py.
cimport cython
cimport autograd_lite.compiler.tape.instructions as do
cimport autograd_lite.compiler.tape.loops as loops
cimport autograd_lite.compiler.tape.scan as scan
cimport autograd_lite.memory as memory
from cpython.array cimport array as arrays


cdef class Lanes:
    cdef readonly scan.Steps steps
    cdef readonly Py_ssize_t n, first, width
    cdef readonly arrays values, cotangents, bars

    @cython.locals(
        steps=scan.Steps, n_carry=Py_ssize_t, n_own=Py_ssize_t, behind=Py_ssize_t, size=Py_ssize_t,
        x="double*", v="double*", one="double*", at=Py_ssize_t, j=Py_ssize_t, k=Py_ssize_t
    )
    cpdef object load(self, arrays numbers, Py_ssize_t first, Py_ssize_t width, bint keeps)
    @cython.locals(
        v="double*", c="double*", width=Py_ssize_t, j=Py_ssize_t, k=Py_ssize_t
    )
    cpdef object restore(self, arrays carries, Py_ssize_t row)


@cython.locals(
    steps=scan.Steps, n=Py_ssize_t, first=Py_ssize_t, width=Py_ssize_t, n_carry=Py_ssize_t,
    n_x=Py_ssize_t, n_y=Py_ssize_t, size=Py_ssize_t, n_results=Py_ssize_t, guarded=bint,
    keeps_y=bint, after=arrays, compared=arrays, x="double*", v="double*",
    y="double*", c="double*", out="int*", a="double*", of_lane="double*", t=Py_ssize_t,
    j=Py_ssize_t, k=Py_ssize_t, at=Py_ssize_t
)
cpdef bint forward(
    Lanes lanes, arrays numbers, arrays results, arrays carries, Py_ssize_t every, Py_ssize_t begin,
    Py_ssize_t end
) except -1
@cython.locals(
    steps=scan.Steps, width=Py_ssize_t, carry_bar=arrays, bar="double*", given="double*",
    j=Py_ssize_t, k=Py_ssize_t, at=Py_ssize_t
)
cpdef arrays begin_backward(Lanes lanes, arrays cotangents)
@cython.locals(
    steps=scan.Steps, n=Py_ssize_t, first=Py_ssize_t, width=Py_ssize_t, n_carry=Py_ssize_t,
    n_x=Py_ssize_t, n_y=Py_ssize_t, size=Py_ssize_t, n_results=Py_ssize_t, behind=Py_ssize_t,
    x="double*", v="double*", c="double*", out="int*", g="double*", bar="double*", given="double*",
    s="double*", t=Py_ssize_t, j=Py_ssize_t, k=Py_ssize_t, at=Py_ssize_t
)
cpdef object backward(
    Lanes lanes, arrays numbers, arrays carries, arrays carry_bar, arrays cotangents,
    arrays sent, Py_ssize_t begin, Py_ssize_t end
)
@cython.locals(
    steps=scan.Steps, n=Py_ssize_t, op="int*", parent="int*", v="double*", d="double*", g="double*",
    bar="double*", at=Py_ssize_t, i=Py_ssize_t, node=Py_ssize_t, some=int, k=Py_ssize_t,
    kind=int, x=Py_ssize_t, y=Py_ssize_t, z=Py_ssize_t, half=Py_ssize_t, j=Py_ssize_t
)
cdef int send(Lanes lanes) except -1
@cython.locals(k=Py_ssize_t)
cdef inline void add(double *g, Py_ssize_t x, double *bar, Py_ssize_t n) noexcept
@cython.locals(k=Py_ssize_t)
cdef inline void subtract(double *g, Py_ssize_t x, double *bar, Py_ssize_t n) noexcept
@cython.locals(k=Py_ssize_t, number=double)
cdef inline void add_times(
    double *g, Py_ssize_t x, double *bar, double *d, Py_ssize_t y, Py_ssize_t n
) noexcept
@cython.locals(k=Py_ssize_t, number=double)
cdef inline void subtract_times(
    double *g, Py_ssize_t x, double *bar, double *d, Py_ssize_t y, Py_ssize_t n
) noexcept
