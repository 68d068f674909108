"""Record a scalar program once, then replay it natively or as array operations.

`record.py` watches one call; `tape.py` is what it leaves; `interpret.py` runs a tape node by node;
`function.py` is what `autograd_lite.compile` makes of a function.
"""

import autograd_lite

if not autograd_lite.compiled:
    from autograd_lite._pure import import_source

    import_source("autograd_lite.compiler._sweep")
    import_source("autograd_lite.compiler._flatten")
    import_source("autograd_lite.compiler._trace")
