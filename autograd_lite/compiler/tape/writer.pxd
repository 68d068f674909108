# C types for writer.py.
cimport cython
cimport autograd_lite.fields as fields
cimport autograd_lite.kinds as kinds
cimport autograd_lite.memory as memory
cimport autograd_lite.value as value
from autograd_lite.value cimport Node
from cpython.array cimport array as numbers

cdef int LEAF, CONSTANT, DETACH, INDEX, TAKE, BLOCK, RESULT, POW_C


cdef class TapeWriter:
    cdef public numbers codes, offsets, parents, static, slots
    cdef public dict leaves, position, now, versions, marks
    cdef public list captured, blocks
    @cython.locals(i=int)
    cdef int position_of(self, Node node) except -1
    @cython.locals(i=int)
    cpdef int add(self, int code, double c, list operands, int slot) except -1
    cdef int end(self, int code, double c, int slot) except -1
    @cython.locals(x=int, y=int, c=double)
    cdef int add_node(self, Node node) except -1
    cdef int operand_of(self, Node node) except -1
    @cython.locals(node=Node)
    cdef list operands_of(self, object nodes)
    @cython.locals(found=list)
    cdef list positions_of(self, object operands)
    cdef int add_block(self, Node node, Node hub, object call) except -1


@cython.locals(
    tape=TapeWriter, living=set, index_nodes=dict, node=Node, code=int, c=double, operands=list,
    w=double, i=Py_ssize_t, written=Py_ssize_t, next_write=Py_ssize_t, changes=list, place=int, calls=list, left=Py_ssize_t, ends=bint
)
cpdef TapeWriter write_tape(
    list nodes, list outputs, dict leaves, dict indices, dict computed_from, object writes=*,
    object passes=*, object append_pass=*
)
@cython.locals(i=Py_ssize_t, written=Py_ssize_t, left=Py_ssize_t, living=set, node=Node)
cdef set alive(list nodes, list outputs, dict computed_from, list writes, list passes)
