"""The tokens in which the shape of a call's arguments is written.

`flatten.py` writes them, and `tracers.py` reads them.
"""

FLOAT, VALUE, INTEGER, STATIC = -1, -2, -3, -4  # the next number, or the next static
LIST, TUPLE, DICT = -5, -6, -7  # a length, then the elements; of a dict, keys and elements
FLOATS, INTEGERS, OBJECTS = -8, -9, -10  # an array: its axes, as below
NAMED = -11  # a named tuple: a length, its type as a static, then the elements
INT, BOOL = -12, -13  # the next number, of Python's int or bool; INTEGER is NumPy's
BOOLS = -14  # an array of NumPy's bools as other arrays

# Of FLOATS and BOOLS with no axes it is one number of NumPy's.
#
# The axes of an array are written as their number n and their lengths. If they do not lie in memory
# in this order, it is -n, the lengths, and the axes as they lie there.
