"""NumPy: the value, and its gradients line by line, as one writes backpropagation by hand."""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.export.module import called, head, module
from autograd_lite.compiler.export.python import Dialect
from autograd_lite.operations.formulas import FUNCTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.compiler.export.exported import Exported, Numbers
    from autograd_lite.compiler.export.language import Written

__all__ = ["fence", "head", "run", "write"]

fence = "python"

SCIPY = {"erf": "erf", "erfc": "erfc", "lgamma": "gammaln", "polygamma": "polygamma"}

DIALECT = Dialect(
    "np",
    {
        **{name: function.numpy for name, function in FUNCTIONS.items() if function.numpy},
        **{name: f"special.{known}" for name, known in SCIPY.items()},
        **{name: name for name in ("sum", "max", "concatenate", "maximum", "minimum")},
        "fabs": "abs",
    },
    imports=("import numpy as np",),
    special="from scipy import special",
)


def write(exported: Exported) -> Written:
    return module(exported, DIALECT, gradients=True)


def run(text: str, exported: Exported) -> tuple[Numbers, str]:
    def gradients(space: dict[str, Any], given: list[Any]) -> Any:
        return space[f"{exported.name}_and_grad"](*given)

    with np.errstate(all="ignore"):
        numbers = called(text, exported, np.array, gradients)
    return numbers, f"NumPy {np.__version__}"
