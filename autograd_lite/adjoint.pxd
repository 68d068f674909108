# C types for adjoint.py.
cimport cython
cimport autograd_lite.kinds as kinds
cimport autograd_lite.memory as memory
cimport autograd_lite.nary as nary
cimport autograd_lite.operations.kernels as kernels
cimport autograd_lite.value as engine
from autograd_lite.extra cimport Extra
from autograd_lite.value cimport Node

cdef double _inf


@cython.locals(nodes=list, sent=dict, node=Node, i=Py_ssize_t)
cpdef list adjoint(object outputs, object cotangents, object inputs)
@cython.locals(code=int, kind=int, more=Extra, i=Py_ssize_t, x=Node, y=Node)
cdef object send(Node node, object g, dict sent)
@cython.locals(pairs=list)
cdef inline bint is_square(Node node) except -1
@cython.locals(place=object)
cdef inline object give(Node node, object g, object partial, dict sent)
@cython.locals(of_results=dict, more=Extra)
cdef object send_through(Node hub, list pairs, dict sent)
@cython.locals(plain=list, rest=list, constant=double)
cdef object combine(object pairs)
cdef bint all_finite(list pairs) except -1
@cython.locals(number=double)
cdef inline bint is_finite(object x) except -1
@cython.locals(code=int)
cdef object partials(Node node)
@cython.locals(more=Extra)
cdef tuple operands(Node node)
cdef list softmax(tuple xs)
cpdef tuple user_partials(int code, object operands)
