"""A lifted program, run as operations on arrays by NumPy or in C.

Begin with `arrays.py`, the executor. `binder.py` makes operations of the groups of a plan, on views
of one memory. An operation (`operations.py`) is a call of NumPy, or a row of ints (`native.py`),
which `native.h` runs. A loop is several rows, which pass its numbers on strip by strip
(`strips.py`, by the steps of `lowering.py`); without C its statements are operations one by one
(`ufuncs.py`). `special_functions.py` has the functions that NumPy has not.
"""
