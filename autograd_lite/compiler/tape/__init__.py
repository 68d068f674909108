"""The scalar program of one recorded call, and the interpreter that runs it node by node."""

from autograd_lite._pure import import_source, is_compiled

if not is_compiled():
    import_source("autograd_lite.compiler.tape.writer")
    import_source("autograd_lite.compiler.tape.loops")
