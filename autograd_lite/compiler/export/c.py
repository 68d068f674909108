"""C99: one file, header and implementation, which allocates nothing and needs <math.h> alone.

A loss is NAME_value_and_grad, a whole step NAME_step, any other function NAME_value. Arrays have
the names of the user's code, products are calls of one function, and all else is loops.
"""

from __future__ import annotations

import ctypes
import re
from functools import lru_cache

import numpy as np

from autograd_lite.compiler.export.c_file import File
from autograd_lite.compiler.export.check import CannotRunError
from autograd_lite.compiler.export.language import Written
from autograd_lite.compiler.export.recorded import ExportError
from autograd_lite.compiler.messages import said
from autograd_lite.compiler.run.compiler import Library, command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    from autograd_lite.compiler.export.exported import Exported, Numbers

__all__ = ["by_wrt", "called", "fence", "file_of", "head", "run", "write"]

fence = "c"


def head(lines: Sequence[str]) -> str:
    """A comment."""
    text = "\n".join(f"   {line}".rstrip() for line in lines)
    return f"/*{text[2:].replace('*/', '* /')} */\n"


def write(exported: Exported, *, optimizer: Any = None) -> Written:
    """The C of a loss, of a whole step, or of any other function.

    optimizer  one that makes a step of the loss, which is then no loss any more: see `stepped`
    """
    return Written(file_of(exported).text())


@lru_cache(maxsize=1)
def file_of(exported: Exported) -> File:
    """The file of an export; `write` and `run` ask for it one after the other."""
    return File(exported)


# ---------------------------------------------------------------------------------- the check


def run(text: str, exported: Exported, *, optimizer: Any = None) -> tuple[Numbers, str]:
    """What the C gives for the recorded numbers, compiled here. Raises CannotRunError."""
    if command() is None:
        raise CannotRunError("there is no C compiler")
    file = file_of(exported)
    library = Library(f"#define {file.upper}_IMPLEMENTATION\n{text}")
    library.wait()
    if re.search(r"(?<!fatal )error:", library.problem):  # fatal is a header that is not there
        raise ExportError(
            said(
                f"export: the C of {exported.name} is refused: {library.problem}",
                "Please report it",
            )
        )
    if library.problem:
        raise CannotRunError(f"the C compiler does not work ({library.problem.splitlines()[0]})")
    return called(library.address(file.function), exported), "a C compiler"


def called(address: int, exported: Exported, dtype: type[np.floating[Any]] = np.float64) -> Numbers:
    """What the function at this address gives for the recorded numbers, in this type of number."""
    file = file_of(exported)
    parameters, state = (_numbers(x).astype(dtype) for x in (exported.parameters, exported.state))
    gradients, results = np.zeros(len(parameters), dtype), np.zeros(file.n_results, dtype)
    given: list[Any] = [x for x in (parameters, state) if len(x)]
    for name, argument in zip(file.arguments, exported.arguments, strict=True):
        kind = np.int32 if name in file.integers else dtype
        numbers = np.array(argument.numbers, kind, order="C")
        given.append(numbers if argument.shape else numbers.item())
    given += [results] if len(results) else []
    given += [gradients] if exported.differentiable else []
    given.append(np.full(file.laid.regions[-1].size + 1, np.nan, dtype))
    real = ctypes.c_float if dtype is np.float32 else ctypes.c_double
    kinds = {np.ndarray: ctypes.c_void_p, int: ctypes.c_int32, float: real}
    prototype = ctypes.CFUNCTYPE(ctypes.c_int, *(kinds[type(x)] for x in given))
    call = prototype(address)
    call(*(x.ctypes.data if isinstance(x, np.ndarray) else x for x in given))
    outputs: NDArray[Any] = np.zeros(file.n_outputs, dtype)
    _put(outputs, [r.outputs for r in exported.results], results)
    if exported.is_step:
        _put(outputs, [p.new for p in exported.parameters], parameters)
        _put(outputs, [s.new for s in exported.state], state)
    return exported.numbers(outputs, by_wrt(exported, gradients))


def by_wrt(exported: Exported, gradients: NDArray[Any]) -> NDArray[Any]:
    """The gradients in the order of `exported.wrt`."""
    found = np.zeros(len(exported.wrt), gradients.dtype)
    if exported.differentiable:
        _put(found, [exported.gradient(p) for p in exported.parameters], gradients)
    return found


def _numbers(tensors: Sequence[Any]) -> NDArray[np.float64]:
    """The recorded numbers, one tensor behind the other."""
    return np.concatenate([np.zeros(0), *(x.numbers.ravel() for x in tensors)])


def _put(to: NDArray[Any], places: Sequence[Any], numbers: NDArray[Any]) -> None:
    """to[places] = numbers, but where a place is -1."""
    at = np.concatenate([np.zeros(0, np.int64), *(x.ravel() for x in places)])
    to[at[at >= 0]] = numbers[at >= 0]
