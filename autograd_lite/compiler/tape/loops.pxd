# C types for loops.py.
cimport cython
cimport autograd_lite.memory as memory
cimport autograd_lite.operations.kernels as kernels
cimport autograd_lite.nary as nary
from cpython.array cimport array as numbers

cdef int LEAF, CONSTANT, INDEX, TAKE, DETACH, LARGEST, BLOCK, RESULT
cdef int LESS, SAME, GREATER, UNORDERED, OPPOSITE
cdef numbers _DOUBLES

@cython.locals(
    code_of="int*", first="int*", parent="int*", c="double*", slot="int*", leaf="double*",
    index="long long*", v="double*", d="double*", i=Py_ssize_t, j=Py_ssize_t, p=Py_ssize_t,
    n=Py_ssize_t, half=Py_ssize_t, code=int, out=double, x=double, y=double, z=double,
    given=numbers, x_of="double*", found=numbers
)
cpdef object forward(
    numbers codes, numbers offsets, numbers parents, numbers slots, numbers values, numbers partials,
    numbers static, numbers leaves, numbers user_results, tuple blocks, list calls, numbers indices,
    bint known
)
@cython.locals(where="long long")
cdef Py_ssize_t normalized_index(long long index, Py_ssize_t n) except -1
@cython.locals(i=Py_ssize_t, x=double)
cdef int largest_of(double *v, int *parent, Py_ssize_t start, Py_ssize_t end) noexcept
@cython.locals(j=Py_ssize_t, shift=double, out=double)
cdef double reduced(int code, Py_ssize_t n, double *d) noexcept
@cython.locals(n=Py_ssize_t, place=Py_ssize_t)
cdef double in_python(
    int code, list xs, double c, numbers partials, Py_ssize_t start, numbers user_results, bint known
) except? -1.5
@cython.locals(
    code_of="int*", first="int*", parent="int*", slot="int*", index="long long*", v="double*",
    d="double*", cotangent="double*", i=Py_ssize_t, j=Py_ssize_t, p=Py_ssize_t,
    half=Py_ssize_t, code=int, g=double, out="double*", left=list,
    bars=numbers, sent=numbers, x_bar="double*"
)
cpdef object backward(
    numbers codes, numbers offsets, numbers parents, numbers slots, numbers values, numbers partials,
    numbers cotangents, numbers gradient, tuple blocks, list calls, numbers indices
)
@cython.locals(
    first="int*", parent="int*", level="int*", i=Py_ssize_t, j=Py_ssize_t, highest=int
)
cpdef object levels(numbers offsets, numbers parents, numbers found)
cpdef numbers room(Py_ssize_t n)
@cython.locals(values=numbers)
cpdef numbers zeros(Py_ssize_t n)
@cython.locals(out="double*", i=Py_ssize_t)
cpdef object clear(numbers values)
@cython.locals(
    out="double*", where="long long*", leaf="double*", i=Py_ssize_t, n=Py_ssize_t, start=Py_ssize_t
)
cpdef object spread(
    numbers leaves, tuple parameters, numbers values, numbers places, Py_ssize_t in_place
)
@cython.locals(
    read="double*", where="long long*", write="double*", i=Py_ssize_t, number=double, finite=bint
)
cpdef bint collect(numbers values, numbers places, numbers out) except -1
@cython.locals(index="long long*", most="long long*", i=Py_ssize_t)
cpdef Py_ssize_t outside(numbers indices, numbers among) except -2
@cython.locals(
    v="double*", guard="long long*", c="double*", i=Py_ssize_t, x=double, y=double,
    place="long long", way=int
)
cpdef Py_ssize_t broken(numbers outputs, numbers guards, numbers constants) except -2
