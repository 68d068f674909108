"""What a node of a tape does besides the operations of the rule table, whose codes are positive.

Here once, for `tape.py` and for the compiled loops that write a tape and run it.
"""

__all__ = ["BEST", "CONSTANT", "DETACH", "INDEX", "LEAF", "TAKE"]

LEAF = 0  # a number that each call gives: its slot says which one
CONSTANT = -1  # a number that is the same in every call: its static
INDEX = -2  # an int that each call gives: its slot among the ints says which one
TAKE = -3  # parents (index, x0, x1, ...): the one of the x that the index names
DETACH = -4  # its parent's number, through which no gradient flows
BEST = -5  # the first of the largest of its parents, a NaN if there is one
