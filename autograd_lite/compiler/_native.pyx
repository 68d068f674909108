"""Runs the calls that `native.py` writes down, in C."""

from cpython cimport array
from libc.stdint cimport int64_t

cdef extern from "native.h":
    ctypedef struct call_t:
        pass
    void run_calls(const call_t *calls, int64_t n) noexcept nogil


def run(array.array calls):
    """Run them one after the other. Nothing is checked: they are addresses."""
    cdef const call_t *first = <const call_t *> calls.data.as_longlongs
    cdef int64_t n = len(calls) * sizeof(int64_t) // sizeof(call_t)
    with nogil:
        run_calls(first, n)
