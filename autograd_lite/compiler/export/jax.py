"""JAX: the value, which JAX differentiates, compiles, and maps over batches and devices."""

from __future__ import annotations

from autograd_lite.compiler.export.check import CannotRunError
from autograd_lite.compiler.export.module import head, module
from autograd_lite.compiler.export.module_names import function_name
from autograd_lite.compiler.export.module_run import called, value_of
from autograd_lite.compiler.export.python import NUMPY, SCIPY, Dialect
from autograd_lite.compiler.export.python_step import module_with_step
from autograd_lite.compiler.export.stepped import Stepped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.compiler.export.exported import Exported, Numbers
    from autograd_lite.compiler.export.language import Written

__all__ = ["fence", "head", "run", "write"]

fence = "python"

DIALECT = Dialect(
    "jnp",
    {**NUMPY.functions, **{name: f"special.{known}" for name, known in SCIPY.items()}},
    imports=("import jax", "import jax.numpy as jnp"),
    floats="1.0 * jnp.asarray({})",  # float32 and bfloat16 stay what they are
    ints="jnp.asarray({})",
    special="from jax.scipy import special",
    in_place=False,
    traced=True,
    relu="jax.nn.relu",
    loop="jax.lax.fori_loop",
    softplus="jax.nn.softplus({})",
    sigmoid="jax.nn.sigmoid({})",
    detached="jax.lax.stop_gradient({})",
    gradient="jax.value_and_grad",
)


def write(exported: Exported, *, optimizer: Any = None) -> Written:
    if isinstance(exported, Stepped):
        return module_with_step(exported, DIALECT, gradients=False)
    return module(exported, DIALECT, gradients=False)


def run(text: str, exported: Exported, *, optimizer: Any = None) -> tuple[Numbers, str]:
    try:
        import jax
    except ImportError:
        raise CannotRunError("JAX is not installed") from None

    def gradients(space: dict[str, Any], given: list[Any]) -> Any:
        def value(*given: Any) -> Any:
            results = space[function_name(exported)](*given)
            return value_of(exported, results), results

        (_, results), found = jax.jit(jax.value_and_grad(value, has_aux=True))(*given)
        return results, found

    with jax.enable_x64(True):
        numbers = called(text, exported, jax.numpy.asarray, gradients, jax.jit)
    return numbers, f"JAX {jax.__version__}"
