"""The functions of a twin in C, read off its .pxd, beside those of the twin in Python."""

import inspect
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FUNCTION = re.compile(r"^cdef inline [^(\n]*?(\w+)\(([^)]*)\)[^\n]*:$", re.MULTILINE)


def in_c(path):
    """{name: number of parameters} of the functions that a .pxd defines."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return {name: len(parts.split(",")) if parts else 0 for name, parts in FUNCTION.findall(text)}


def in_python(module, names):
    """The same of those functions of a module, by these names."""
    functions = {
        name: getattr(module, name) for name in names if callable(getattr(module, name, 0))
    }
    return {name: len(parameters_of(function)) for name, function in functions.items()}


def parameters_of(function):
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return [parameter for parameter in parameters if parameter.kind not in kinds]
