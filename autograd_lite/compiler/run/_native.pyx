"""Runs rows that `native.py` wrote, in C."""

from cpython cimport array
from libc.stdint cimport int32_t, int64_t

cdef extern from "native.h":
    ctypedef struct call_t:
        pass
    const int _LANES "LANES", _LONGEST_SUM "LONGEST_SUM", _FUNCTIONS "FUNCTIONS"
    const int FIRST_FROM_LIBM, AFTER_LIBM
    const char **NAMES
    void run_calls(const call_t *calls, int64_t n) noexcept nogil
    bint copy_stretches(const double *, const int64_t *, int64_t n, double *out) noexcept nogil
    bint copy_numbers(const double *, const int32_t *, int64_t n, double *out) noexcept nogil

LANES, LONGEST_SUM = _LANES, _LONGEST_SUM
FUNCTIONS = [NAMES[i].decode() for i in range(_FUNCTIONS)]
LIBM = FUNCTIONS[FIRST_FROM_LIBM:AFTER_LIBM]

ctypedef void (*function_t)(double *, const int64_t *) noexcept nogil


def call(size_t function, size_t memory, size_t indices, library):
    """Call a function of a library at its address, unchecked, with addresses of arrays."""
    with nogil:
        (<function_t> function)(<double *> memory, <const int64_t *> indices)


def collect(array.array numbers, array.array places, array.array out):
    """Write numbers to out, if it is not None; True if all are finite. `stretches_of` made places.
    """
    cdef const double *first = numbers.data.as_doubles
    cdef double *written = NULL if out is None else out.data.as_doubles
    if places.ob_descr.typecode == b"i":
        return copy_numbers(first, <const int32_t *> places.data.as_ints, len(places), written)
    cdef const int64_t *stretches = <const int64_t *> places.data.as_longlongs
    return copy_stretches(first, stretches, len(places) // 2, written)


def run(array.array rows, owners):
    """Run the rows one after the other, unchecked: their addresses lie in arrays of the owners."""
    cdef const call_t *first = <const call_t *> rows.data.as_longlongs
    cdef int64_t n = len(rows) * sizeof(int64_t) // sizeof(call_t)
    with nogil:
        run_calls(first, n)
