"""The codes of what a node of a scalar program does besides the operations of the rule table."""

__all__ = ["BLOCK", "CONSTANT", "DETACH", "INDEX", "LARGEST", "LEAF", "NAMES", "RESULT", "TAKE"]

# Those of the table are positive.
LEAF = 0  # a number that each call gives: its slot says which one
CONSTANT = -1  # a number that is the same in every call: its static
INDEX = -2  # an int that each call gives: its slot among the ints says which one
TAKE = -3  # parents (index, x0, x1, ...): the one of the x that the index names
DETACH = -4  # its parent's number, through which no gradient flows
LARGEST = -5  # the first of the largest of its parents, a NaN if there is one
BLOCK = -6  # computes several numbers of its parents': its slot says which of the tape's blocks
RESULT = -7  # one of its parent's, a BLOCK: its slot says which
NAMES = "leaf", "constant", "index", "take", "detach", "largest", "block", "result"  # 0, -1, ...
