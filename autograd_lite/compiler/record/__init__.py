"""One call of a function, recorded as a graph: its arguments, tracers, guards and callbacks."""

from autograd_lite._pure import import_source, is_compiled

if not is_compiled():
    import_source("autograd_lite.compiler.record.flatten")
