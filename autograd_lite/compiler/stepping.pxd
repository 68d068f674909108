# C types for stepping.py.
cimport cython
cimport autograd_lite.block as block
cimport autograd_lite.compiler.tape.loops as loops
cimport autograd_lite.memory as memory
from autograd_lite.compiler.places cimport Access
from autograd_lite.compiler.replay cimport Given, Replay
from cpython.array cimport array as doubles

cdef object _MISSED


cdef class StepReplay(Replay):
    cdef Access reads
    cdef Given given
    cdef doubles begin, choices, constants, finite, fixed, guards, last, new, numbers, results
    cdef object arena, ended, name, run, template, writes
    cdef tuple above, parameters
    cdef bint is_node, passes
    cdef Py_ssize_t n_results

    cdef object result(self, tuple args, bint connected)
    @cython.locals(
        given=Given, is_mine=bint, i=Py_ssize_t, n=Py_ssize_t, leaf="double*", found=doubles,
        last=doubles, nodes=list, number="double*"
    )
    cdef object stepped(self, tuple args, bint connected)
