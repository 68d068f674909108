# C types for scan.py.
cimport cython
cimport autograd_lite.compiler.tape.instructions as do
cimport autograd_lite.compiler.tape.loops as loops
cimport autograd_lite.memory as memory
cimport autograd_lite.operations.kernels as kernels
from cpython.array cimport array as numbers


cdef class Steps:
    cdef readonly Py_ssize_t n_carry, n_x, n_y, n_captured, lanes
    cdef readonly numbers once, each, back, parents, static, outputs, guards, constants
    cdef readonly numbers values, partials, user_results, cotangents
    cdef readonly tuple blocks
    cdef readonly list calls


@cython.locals(
    n_carry=Py_ssize_t, n_x=Py_ssize_t, n_y=Py_ssize_t, after=numbers, guarded=bint, keeps_y=bint,
    keeps=bint, n_after=Py_ssize_t, v="double*", x="double*", y="double*", c="double*", out="int*",
    a="double*", t=Py_ssize_t, k=Py_ssize_t
)
cpdef Py_ssize_t forward(
    Steps steps, numbers xs, numbers ys, numbers carries, Py_ssize_t begin, Py_ssize_t end
) except -1
@cython.locals(
    n_carry=Py_ssize_t, n_x=Py_ssize_t, n_y=Py_ssize_t, lanes=Py_ssize_t, from_ys=bint,
    values=numbers, v="double*", x="double*", c="double*", out="int*", g="double*", bar="double*",
    of_y="double*", of_x="double*", first=Py_ssize_t, last=Py_ssize_t, t=Py_ssize_t, j=Py_ssize_t,
    k=Py_ssize_t
)
cpdef object backward(
    Steps steps, numbers xs, numbers carries, numbers carry_bar, numbers y_bar, numbers x_bar,
    Py_ssize_t begin, Py_ssize_t end
)
@cython.locals(
    lanes=Py_ssize_t, many=numbers, v="double*", one="double*", j=Py_ssize_t, k=Py_ssize_t
)
cdef numbers in_lanes(Steps steps)
cdef int compute_in_lanes(
    Steps steps, numbers code, numbers values, Py_ssize_t n, bint keeps
) except -1
@cython.locals(
    op="int*", parent="int*", c="double*", v="double*", d="double*", at=Py_ssize_t, i=Py_ssize_t,
    j=Py_ssize_t, k=Py_ssize_t, kind=int, node=Py_ssize_t, out=Py_ssize_t, x=Py_ssize_t, y=Py_ssize_t,
    z=Py_ssize_t, p=Py_ssize_t, n=Py_ssize_t, half=Py_ssize_t, number=double, partial=double,
    total=double
)
cdef inline int compute(
    Steps steps, numbers code, numbers values, Py_ssize_t lanes, Py_ssize_t n_lanes, bint keeps
) except -1
@cython.locals(
    left=dict, op="int*", parent="int*", v="double*", d="double*", g="double*", at=Py_ssize_t,
    i=Py_ssize_t, j=Py_ssize_t, node=Py_ssize_t, bar=double, kind=int, x=Py_ssize_t, y=Py_ssize_t, z=Py_ssize_t,
    sent=numbers
)
cdef inline int send(Steps steps, numbers values, Py_ssize_t lanes, Py_ssize_t lane) except -1
cpdef bint in_c(int code) noexcept
cdef inline long long truncated(double number) noexcept
