# C types for plain.py.
cimport cython
cimport autograd_lite.kinds as kinds
cimport autograd_lite.memory as memory
cimport autograd_lite.operations.kernels as kernels
from autograd_lite.extra cimport Extra
from autograd_lite.value cimport Node as CNode  # whose type for mypy is named Node


cpdef int number_kind(CNode node) except -1
cpdef CNode as_number(CNode node, int kind)
@cython.locals(node=CNode)
cpdef list change_classes(list nodes, dict others)
@cython.locals(node=CNode)
cpdef object leave_numbers(list numbers, dict others)
cpdef object forget_parents(CNode node)
@cython.locals(number=int, other=CNode, more=Extra)
cpdef int kind_made(int kind, int code, CNode x, object y) except -1
@cython.locals(number=int, i=Py_ssize_t)
cpdef int kind_among(tuple xs) except -1
cdef inline int joined(int number, int other) noexcept
