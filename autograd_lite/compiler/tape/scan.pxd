# C types for scan.py.
cimport cython
cimport autograd_lite.memory as memory
cimport autograd_lite.compiler.tape.loops as loops
from cpython.array cimport array as numbers


@cython.locals(
    codes=numbers, offsets=numbers, parents=numbers, slots=numbers, values=numbers,
    partials=numbers, static=numbers, user_results=numbers, blocks=tuple, calls=list,
    n_carry=Py_ssize_t, n_x=Py_ssize_t, n_y=Py_ssize_t, start=Py_ssize_t, outputs=numbers,
    guards=numbers, constants=numbers, index_slots=numbers, indices=numbers, after=numbers,
    guarded=bint, keeps_y=bint, keeps=bint, n_after=Py_ssize_t, v="double*", x="double*",
    y="double*", c="double*", out="int*", a="double*", index="long long*", place="long long*",
    t=Py_ssize_t, k=Py_ssize_t, n_indices=Py_ssize_t
)
cpdef Py_ssize_t forward(
    object steps, numbers xs, numbers ys, numbers carries, Py_ssize_t begin, Py_ssize_t end
) except -1
@cython.locals(
    codes=numbers, offsets=numbers, parents=numbers, slots=numbers, values=numbers,
    partials=numbers, static=numbers, user_results=numbers, blocks=tuple, calls=list,
    n_carry=Py_ssize_t, n_x=Py_ssize_t, n_y=Py_ssize_t, start=Py_ssize_t, n_leaves=Py_ssize_t,
    outputs=numbers, cotangents=numbers, index_slots=numbers, indices=numbers, n=Py_ssize_t,
    from_ys=bint, v="double*", x="double*", c="double*", out="int*", g="double*", bar="double*",
    of_y="double*", of_x="double*", index="long long*", place="long long*", t=Py_ssize_t,
    k=Py_ssize_t, n_indices=Py_ssize_t
)
cpdef object backward(
    object steps, numbers xs, numbers carries, numbers carry_bar, numbers y_bar, numbers x_bar,
    Py_ssize_t begin, Py_ssize_t end
)
cdef inline long long truncated(double number) noexcept
