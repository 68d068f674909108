"""The instructions of a loop's body: a C enum in `instructions.pxd`, of which C makes one jump.

An instruction is SIZE ints: what it does, the node that it computes, and four that say of what.
`x`, `y`, `z` are nodes; `at` is where the node's parents begin, and where its partials are.

PRODUCT        x, y          x * y
SCALED         x, y          x * y of a constant y, which has no cotangent
TOTAL          x, y          x + y
DIFFERENCE     x, y          x - y
PLUS_PRODUCT   x, y, z       x + y * z, rounded twice, as of two nodes
MINUS_PRODUCT  x, y, z       x - y * z
PLUS_SCALED, MINUS_SCALED    the same of a constant z
SINE, COSINE   x, at         their partials are computed only where they are needed
UNARY          x, at, code   a rule of the table that has a function in C
BINARY         x, y, at, code
TERNARY        at, code      the parents are x, y, z
COMPARISON     x, y, at, code  a rule through which no cotangent flows, even times infinity
DOT, CHAIN     at, half
SAME           x             x, through which no cotangent flows
TAKE           at, n, slot   the parent that the int among carry and x names
LARGEST        at, n
NARY           at, n, code   a rule of any number of operands that has a loop
IN_PYTHON      at, n, code   a rule without a function in C
BLOCK          at, n, number among the tape's blocks
RESULT         number, slot  a result of a block
"""

SIZE = 6
LANES = 64  # how many steps are computed at once where their carries are known

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
