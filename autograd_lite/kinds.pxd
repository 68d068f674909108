# What kinds.py says, as a C enum, which compilers inline.
cdef enum:
    CONSTANT = -1
    LEAF = 0
    UNARY = 1
    BINARY = 2
    UNIFORM = 3
    NARY = 4
    DOT = 5
    BY_HAND = 6
    BLOCK = 7
    REPLAYED = 8

cdef enum:
    NO_NUMBER = 0
    BOOL = 1
    INT = 3
    FLOAT = 7
    NUMPY = 8
