"""NumPy: the value, and its gradients line by line, as one writes backpropagation by hand."""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.export.module import head, module, run_in_numpy
from autograd_lite.compiler.export.python import NUMPY as DIALECT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd_lite.compiler.export.exported import Exported, Numbers
    from autograd_lite.compiler.export.language import Written

__all__ = ["DIALECT", "fence", "head", "run", "write"]

fence = "python"


def write(exported: Exported) -> Written:
    return module(exported, DIALECT, gradients=True)


def run(text: str, exported: Exported) -> tuple[Numbers, str]:
    return run_in_numpy(text, exported), f"NumPy {np.__version__}"
