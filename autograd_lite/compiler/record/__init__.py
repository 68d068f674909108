"""One call of a function, recorded as a graph.

Begin with `record()` in `recorder.py`. `flatten.py` takes the arguments apart, in the `tokens` that
both sides know; `tracers.py` puts others like them together, of the tracers in `numbers.py` and
`arrays.py`. `guards.py` and `generators.py` are what a graph does not show: decisions and random
numbers. `captured.py` is what the function reads besides its arguments, and `template.py` what it
returns.
"""

from autograd_lite._pure import import_source, is_compiled

if not is_compiled():
    import_source("autograd_lite.compiler.record.held")
    import_source("autograd_lite.compiler.record.flatten")
