"""Record a scalar program once, then replay it natively or as array operations.

Begin with `Compiled.__call__` in `function.py`, and follow a call down:

    record/   one call, recorded as a graph: arguments, tracers, guards, what the function reads
    tape/     the scalar program of the graph, and its interpreter
    lift/     the tape as instructions on arrays
    run/      the executor of these instructions

`program.py` has what is kept of a recording, `choice.py` the choice of its executor, `explain.py`
its words. `vmap.py` runs a program for many samples at once, which `batch.py` takes apart.
"""

try:
    import numpy as _numpy  # noqa: F401
except ModuleNotFoundError as problem:
    if problem.name != "numpy":
        raise
    raise ModuleNotFoundError(
        "compile and vmap need NumPy: pip install numpy", name="numpy"
    ) from None

from autograd_lite._pure import import_source, is_compiled

if not is_compiled():
    import_source("autograd_lite.compiler.places")
    import_source("autograd_lite.compiler.results")
    import_source("autograd_lite.compiler.replay")
    import_source("autograd_lite.compiler.small")
    import_source("autograd_lite.compiler.stepping")
