"""Record a scalar program once, then replay it natively or as array operations.

Begin with `function.py`, what `compile` makes of a function, and follow a call down:

    record/   one call, recorded as a graph: arguments, tracers, guards
    tape/     the scalar program of the graph, and its interpreter
    lift/     the tape as instructions on arrays
    run/      what runs the instructions

`program.py` is what is kept of a recording, `choice.py` chooses what runs it, `explain.py` says it
in words, and `vmap.py` runs it for many samples at once.
"""

try:
    import numpy as _numpy  # noqa: F401
except ModuleNotFoundError as problem:
    if problem.name != "numpy":
        raise
    raise ModuleNotFoundError(
        "compile and vmap need NumPy: pip install numpy", name="numpy"
    ) from None
