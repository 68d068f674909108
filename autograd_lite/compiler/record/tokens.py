"""The tokens in which the shape of a call's arguments is written.

`flatten.py` writes them, and `tracers.py` reads them. That of a number is ~kind, and that of an
array ~(ARRAY | kind), of its kind of number.
"""

import autograd_lite.kinds as kinds

ARRAY = 16

VALUE, BOOL, INT, FLOAT = ~kinds.NO_NUMBER, ~kinds.BOOL, ~kinds.INT, ~kinds.FLOAT
OBJECTS, _NUMPY = ~ARRAY, ARRAY | kinds.NUMPY
BOOLS, INTEGERS, FLOATS = [~(_NUMPY | x) for x in (kinds.BOOL, kinds.INT, kinds.FLOAT)]
STATIC = -33  # the next static
LIST, TUPLE, DICT = -34, -35, -36  # a length, then the elements; of a dict, keys and elements
NAMED = -37  # a named tuple: a length, its type as a static, then the elements
CLASS = -38  # the next static is the class of the Values from here on

# An array has its axes behind it; one of numbers with no axes is a number of NumPy's. The axes are
# written as their number n and their lengths. If they do not lie in memory in this order, it is -n,
# the lengths, and the axes as they lie there.
