"""One call of a function, recorded as a graph: its arguments, tracers, guards and callbacks."""

import autograd_lite

if not autograd_lite.compiled:
    from autograd_lite._pure import import_source

    import_source("autograd_lite.compiler.record.flatten")
