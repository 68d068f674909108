"""What the shape of a call's arguments is written with: a token, and what its comment says.

Here once, for `flatten.py`, which takes arguments apart, and `record.py`, which puts tracers in
the places of their numbers.
"""

__all__ = [
    "DICT",
    "FLOAT",
    "FLOATS",
    "INTEGER",
    "INTEGERS",
    "LIST",
    "NAMED",
    "OBJECTS",
    "STATIC",
    "TUPLE",
    "VALUE",
]

FLOAT, VALUE, INTEGER, STATIC = -1, -2, -3, -4  # STATIC: its place among the statics
LIST, TUPLE, DICT = -5, -6, -7  # a length, then the elements; of a dict, keys and elements
FLOATS, INTEGERS, OBJECTS = -8, -9, -10  # an array: number of axes, their lengths
NAMED = -11  # a named tuple: a length, its type as a static, then the elements
