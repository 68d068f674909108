"""The scalar program of one recorded call, and the interpreter that runs it node by node.

Begin with `tape.py`, the program as arrays, whose codes stand in `opcodes.py`; `writer.py` reads it
off a graph. `interpreter.py` is the executor that others are compared with; its loops (`loops.py`)
compute the nodes, and add up their cotangents. In `executor.py` is all that executors have in
common: runs, and the workspaces that these share.
"""

from autograd_lite._pure import import_source, is_compiled

if not is_compiled():
    import_source("autograd_lite.compiler.tape.writer")
    import_source("autograd_lite.compiler.tape.loops")
    import_source("autograd_lite.compiler.tape.scan")
    import_source("autograd_lite.compiler.tape.lanes")
