"""PyTorch: the value of tensors, which PyTorch differentiates."""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.export.check import CannotRunError
from autograd_lite.compiler.export.module import head, module
from autograd_lite.compiler.export.module_names import function_name
from autograd_lite.compiler.export.module_run import called, value_of
from autograd_lite.compiler.export.python import BINDS, NUMPY, WHOLE, Dialect, Printer
from autograd_lite.compiler.export.recorded import ExportError
from autograd_lite.compiler.messages import said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from autograd_lite.compiler.export.exported import Exported, Numbers
    from autograd_lite.compiler.export.expressions import Cut, Expression
    from autograd_lite.compiler.export.language import Written
    from autograd_lite.compiler.export.lines import Assign

__all__ = ["fence", "head", "run", "write"]

fence = "python"

OTHERS = {"fabs": "abs", "lgamma": "lgamma", "max": "amax", "power": "pow", "round_even": "round"}
LACKS = {"cbrt", "sinc_derivative"}


class TorchPrinter(Printer):
    """Writes tensors of doubles: PyTorch makes some numbers float32, and indexes forwards alone."""

    def _bound(self, x: Expression) -> tuple[int, str]:
        match x.op:
            case "<" | "<=" | ">" | ">=" if not any(arg.names() for arg in x.args):
                binds = BINDS[x.op]  # of numbers it would be a bool, and no tensor
                return binds, f"{self.operand(x.args[0])} {x.op} {self.text(x.args[1], binds + 1)}"
            case "polygamma":
                order, operand = x.args
                return WHOLE, f"torch.polygamma({self.text(order)}, {self.operand(operand)})"
            case "floor_divide":  # whose derivative PyTorch lacks under its own name
                operands = ", ".join(map(self.operand, x.args))
                return WHOLE, f'torch.div({operands}, rounding_mode="floor")'
            case "repeat":
                operands = f"{self.text(x.args[0])}, {self.size(x.params[0])}"
                return WHOLE, f"torch.repeat_interleave({operands})"
            case "lower":
                sizes = ", ".join(map(self.size, x.params))
                return WHOLE, f"torch.ones({sizes}, dtype=torch.bool).tril()"
            case "segments":
                numbers, starts = x.args
                rows = f"{self.text(numbers, WHOLE)}.tensor_split({self.text(starts)})[1:]"
                return WHOLE, f"torch.stack([row.sum() for row in {rows}])"
            case "copy":
                return WHOLE, f"{self.text(x.args[0], WHOLE)}.clone()"
            case "detached":
                return WHOLE, f"{self.text(x.args[0], WHOLE)}.detach()"
        return super()._bound(x)

    def operand(self, x: Expression) -> str:
        return self.double(x.params[0]) if x.op == "number" else self.text(x)

    def double(self, x: float) -> str:
        return self._array(self.real(x))

    def _array(self, numbers: str, exact: bool = False) -> str:
        return f"torch.tensor({numbers}{'' if exact else ', dtype=torch.float64'})"

    def _vector(self, numbers: Sequence[Expression]) -> str:
        return f"torch.stack([{', '.join(map(self.operand, numbers))}])"

    def _full(self, x: Expression) -> str:
        (operand,), sizes = x.args, ", ".join(map(self.size, x.params))
        if operand.op != "number":
            return f"{self.text(operand, WHOLE)}.expand({sizes})"
        if operand.params[0] in (0, 1):
            kind = "ones" if operand.params[0] else "zeros"
            return f"torch.{kind}({sizes}, dtype=torch.float64)"
        return f"{self.double(operand.params[0])}.repeat({sizes})"

    def _order(self, order: Sequence[int]) -> str:
        return ".T" if list(order) == [1, 0] else f".permute({', '.join(map(str, order))})"

    def _relu(self, x: Expression) -> str:
        return f"torch.relu({self.text(x)})"

    def _cut(self, cut: Cut) -> str:
        if cut.step > 0:
            return super()._cut(cut)
        return f"torch.arange({cut.start}, {cut.start + cut.step * cut.count}, {cut.step})"

    def shape(self, known: str) -> str:
        return f"{known}.shape"

    def as_array(self, known: str) -> str:
        return f"torch.as_tensor({known}, dtype=torch.float64)"

    def assign(self, it: Assign) -> str:
        """A line that leaves the tensors that others were computed from as they are."""
        value, changed = self.text(it.value, 4), self.text(it.target)
        if it.makes:
            return super().assign(it)
        if it.op == "at":
            raise ExportError("export: torch has no sum at places that come again")
        value = self.text(it.value) if it.op == "=" else f"{changed} {it.op[0]} {value}"
        if it.target.op == "name":
            return f"{changed} = {value}"
        rows = ".contiguous()" if it.reshapes else ""  # of others, what is reshaped is a copy
        return f"{it.name}, {changed} = {it.name}{rows}.clone(), {value}"


DIALECT = Dialect(
    "torch",
    {
        name: OTHERS.get(name, known.removeprefix("special."))
        for name, known in {**NUMPY.functions, "power": "pow"}.items()
        if name not in LACKS
    },
    imports=("import torch",),
    floats="torch.as_tensor({}, dtype=torch.float64)",
    ints="torch.as_tensor({})",
    axis="dim",
    in_place=False,
    softplus="torch.nn.functional.softplus({}, threshold=40)",
    sigmoid="torch.sigmoid({})",
    printer=TorchPrinter,
)


def write(exported: Exported) -> Written:
    if exported.is_step:
        raise ExportError(
            said(
                f"export: {exported.name} changes what it reads, as a step of training does, which "
                "PyTorch has its own optimizers for",
                "Export the loss",
            )
        )
    return module(exported, DIALECT, gradients=False)


def run(text: str, exported: Exported) -> tuple[Numbers, str]:
    try:
        import torch
    except ImportError:
        raise CannotRunError("PyTorch is not installed") from None

    def gradients(space: dict[str, Any], given: list[Any]) -> Any:
        parameters = {known: x.clone().requires_grad_() for known, x in given[0].items()}
        results = space[function_name(exported)](parameters, *given[1:])
        value, wrt = value_of(exported, results), [*parameters.values()]
        found = [torch.zeros_like(x) for x in wrt]
        if value.requires_grad:  # not all of it is detached
            found = [*torch.autograd.grad(value, wrt, allow_unused=True, materialize_grads=True)]
        one = len(exported.results) == 1
        again = [torch.as_tensor(x).detach() for x in ([results] if one else results)]
        return again[0] if one else again, dict(zip(parameters, found, strict=True))

    def array(x: Any) -> Any:
        return torch.tensor(x)

    numbers = called(text, exported, array, gradients)
    doubles = [np.asarray(x, float) for x in numbers.results]  # float32 would be compared as such
    return numbers._replace(results=doubles), f"PyTorch {torch.__version__}"
