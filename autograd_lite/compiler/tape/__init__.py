"""The scalar program of one recorded call, and the interpreter that runs it node by node."""

import autograd_lite

if not autograd_lite.compiled:
    from autograd_lite._pure import import_source

    import_source("autograd_lite.compiler.tape.writer")
    import_source("autograd_lite.compiler.tape.loops")
