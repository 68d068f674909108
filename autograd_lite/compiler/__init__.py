"""Record a scalar program once, then replay it natively or as array operations.

In the order in which it is best read:

- `function.py`, what `compile` makes of a function: `_flatten.py` takes a call's arguments apart
  (`tokens.py`), `record.py` watches one call (`generators.py`), `captures.py` compares what the
  function reads, `program.py` is what is kept of a recording, with what it calls back
  (`callbacks.py`), and `lines.py` looks for its lines; `eager.py` calls it where it is recorded no
  longer, and `messages.py` has the form in which that is said
- `tape.py`, the form from which all begins (`codes.py`, `_trace.py`), and `executors.py`, which
  chooses what runs it in `workspaces.py`: `interpret.py` node by node (`_sweep.py`,
  `_arrays.py`), or arrays
- the lift to arrays, up to `arrays.py`: `canonical.py` (`formulas.py`), `adjoint.py`, `groups.py`
  in the order of `stages.py` (`levels.py`, `hashes.py`), and addresses by `layout.py`; then from
  address tables by `affine.py` to instructions, `lower.py` and `reverse.py` with `sums.py`,
  `contractions.py` and `maps.py`
- `bulk.py`, the instructions: `calls.py` makes operations on views of them (`ufuncs.py`,
  `special.py`), `native.py` runs those on small arrays in C, `explain.py` says them in words, and
  `order.py` makes sure that nothing is read before it is there
- `forks.py`, locks that a forked process makes anew
- `batch.py` is `vmap`, with the tape of `copies.py`; `travel.py` takes programs elsewhere
"""

import autograd_lite

try:
    import numpy as _numpy  # noqa: F401
except ModuleNotFoundError as problem:
    if problem.name != "numpy":
        raise
    raise ModuleNotFoundError(
        "compile and vmap need NumPy: pip install numpy", name="numpy"
    ) from None

if not autograd_lite.compiled:
    from autograd_lite._pure import import_source

    import_source("autograd_lite.compiler._sweep")
    import_source("autograd_lite.compiler._flatten")
    import_source("autograd_lite.compiler._trace")
