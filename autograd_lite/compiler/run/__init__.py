"""A lifted program, run as operations on arrays by NumPy or in C.

Begin with `arrays.py`, the executor. `binder.py` makes operations of instructions, on views of one
memory: those of a formula by `ufuncs.py`, and `special_functions.py` has the functions that NumPy
has not. An operation (`operations.py`) is a call of NumPy, or a row of ints (`native.py`), which
`native.h` runs.
"""
