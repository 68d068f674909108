"""The kinds of node: a C enum in `kinds.pxd`, as imported C ints would cost 6% of building a graph.

The kind of a node says what its slots hold.

          _x      _y                          _dx            _dy
LEAF              label
UNARY     parent  label                       partial        static parameter
BINARY    parent  parent                      partial        partial
UNIFORM           Extra: xs                   their partial
NARY              Extra: xs, dxs
DOT               Extra: xs, ys, dxs, dys
BY_HAND           Extra: xs, op, backward                    result's index
BLOCK             Extra: xs, op, block
REPLAYED          Extra: xs, dxs, op, block                   0

A node of two parents that is given a label becomes NARY, of the same rule.

In a recording, a node may stand for a plain number. The kind of that number is NO_NUMBER, BOOL, INT
or FLOAT, with NUMPY if it is NumPy's. Each has the bits of those before it, so that the kind of the
sum of two numbers is kind | kind.
"""

CONSTANT = -1  # a leaf that an expression made of a plain number
LEAF = 0
UNARY = 1
BINARY = 2
UNIFORM = 3
NARY = 4
DOT = 5
BY_HAND = 6
BLOCK = 7
REPLAYED = 8  # the result of a compiled function, with its partials: a hub comes when asked for

NO_NUMBER = 0
BOOL = 1
INT = 3
FLOAT = 7
NUMPY = 8
