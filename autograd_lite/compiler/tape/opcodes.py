"""Codes that Python shares with the compiled loops: they write tapes, run them, check guards."""

__all__ = [
    "CONSTANT",
    "DETACH",
    "GREATER",
    "INDEX",
    "LARGEST",
    "LEAF",
    "LESS",
    "NAMES",
    "OPPOSITE",
    "SAME",
    "TAKE",
    "UNORDERED",
]

# What a node of a tape does besides the operations of the rule table, whose codes are positive.
LEAF = 0  # a number that each call gives: its slot says which one
CONSTANT = -1  # a number that is the same in every call: its static
INDEX = -2  # an int that each call gives: its slot among the ints says which one
TAKE = -3  # parents (index, x0, x1, ...): the one of the x that the index names
DETACH = -4  # its parent's number, through which no gradient flows
LARGEST = -5  # the first of the largest of its parents, a NaN if there is one
NAMES = "leaf", "constant", "index", "take", "detach", "largest"  # of 0, -1, -2, ...

# How two numbers compare: OPPOSITE are 0.0 and -0.0, UNORDERED is a pair with a NaN.
LESS, SAME, GREATER, UNORDERED, OPPOSITE = 1, 2, 4, 8, 16
