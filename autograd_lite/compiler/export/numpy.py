"""NumPy: the value, and its gradients line by line, as one writes backpropagation by hand."""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.export.module import head, module
from autograd_lite.compiler.export.module_run import run_in_numpy
from autograd_lite.compiler.export.python import NUMPY as DIALECT
from autograd_lite.compiler.export.python_step import module_with_step
from autograd_lite.compiler.export.stepped import Stepped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.compiler.export.exported import Exported, Numbers
    from autograd_lite.compiler.export.language import Written

__all__ = ["DIALECT", "fence", "head", "run", "write"]

fence = "python"


def write(exported: Exported, *, optimizer: Any = None) -> Written:
    """The functions of a loss, or a whole step.

    optimizer  one that makes a step of the loss, below it: see `stepped`
    """
    if isinstance(exported, Stepped):
        return module_with_step(exported, DIALECT, gradients=True)
    return module(exported, DIALECT, gradients=True)


def run(text: str, exported: Exported, *, optimizer: Any = None) -> tuple[Numbers, str]:
    return run_in_numpy(text, exported), f"NumPy {np.__version__}"
