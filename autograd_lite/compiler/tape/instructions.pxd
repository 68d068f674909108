# What instructions.py says, as a C enum, of which a compiler makes one jump.
cdef enum:
    SIZE = 6
    LANES = 64

cdef enum:
    PRODUCT = 0
    SCALED = 1
    TOTAL = 2
    DIFFERENCE = 3
    PLUS_PRODUCT = 4
    MINUS_PRODUCT = 5
    PLUS_SCALED = 6
    MINUS_SCALED = 7
    SINE = 8
    COSINE = 9
    UNARY = 10
    BINARY = 11
    TERNARY = 12
    COMPARISON = 13
    DOT = 14
    CHAIN = 15
    SAME = 16
    TAKE = 17
    LARGEST = 18
    NARY = 19
    IN_PYTHON = 20
    BLOCK = 21
    RESULT = 22
