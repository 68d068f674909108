"""Which executor runs a program."""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler.arrays import Arrays, is_finite
from autograd_lite.compiler.interpret import Interpreter
from autograd_lite.compiler.lower import is_regular

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Mapping, Sequence
    from typing import Any

    from autograd_lite.compiler.tape import Tape

    Numbers = Sequence[float] | array[float]

__all__ = ["EXECUTORS", "Executor"]

EXECUTORS = ("auto", "interpret", "numpy")


class Run:
    """One run of a program: by arrays, or by the interpreter where `lifted` is None."""

    def __init__(self, leaves: array[float], indices: array[int]) -> None:
        self.leaves, self.indices = leaves, indices
        self.lifted: Any = None
        self.reference: Any = None
        self.outputs: list[float] = []


class Executor:
    """Runs a tape by the interpreter, by arrays, or by what is faster ("auto").

    The interpreter makes the first run, so that a program which is never called again is not
    lifted. It is also asked wherever arrays give a number that is not finite: in them 0 times
    infinity is nan, while a cotangent of 0 stays 0.

    tape   the program
    wrt    the slots of the leaves whose gradients are wanted
    exact  whether its results must be those of eager execution bit for bit
    """

    def __init__(self, tape: Tape, wrt: Sequence[int], kind: str, exact: bool) -> None:
        self.tape, self.wrt = tape, list(wrt)
        self.interpreter = Interpreter(tape, wrt)
        self._kind = "interpret" if exact else kind
        self._arrays: Arrays | None = None
        self._runs = 0

    def arrays(self) -> Arrays | None:
        """The lifted program, if it is to run as such."""
        if self._kind == "auto" and self._arrays is None:
            self._kind = "numpy" if is_regular(self.tape, np.array(self.wrt)) else "interpret"
        if self._kind == "numpy" and self._arrays is None:
            self._arrays = Arrays(self.tape, np.array(self.wrt, np.int64))
        return self._arrays

    def explain(self, names: Mapping[range, str]) -> str:
        """The program as operations on arrays, and which executor runs it.

        names  of ranges of leaves, by their slots
        """
        how = "these calls" if self.arrays() is not None else "the interpreter, node by node"
        return f"{self.lifted().explain(names)}\n\nrun by {how}"

    def lifted(self) -> Arrays:
        """The program as operations on arrays, whether it runs as such or not."""
        return self._arrays or Arrays(self.tape, np.array(self.wrt, np.int64))

    def forward(self, leaves: array[float], indices: array[int]) -> Run:
        """The run on these leaves' numbers and these indices; its `outputs` are the results."""
        run = Run(leaves, indices)
        self._runs += 1
        arrays = self.arrays() if self._runs > 1 or self._kind == "numpy" else None
        if arrays is not None:
            run.lifted = arrays.forward(np.frombuffer(leaves), _ints(indices))
            run.outputs = run.lifted.outputs.tolist()
            if is_finite(run.lifted.outputs):
                return run
        run.lifted = None
        self._refer(run)
        return run

    def _refer(self, run: Run) -> None:
        run.reference = self.interpreter.forward(run.leaves, run.indices)
        run.outputs = run.reference.outputs

    def gradient(self, run: Run, cotangents: list[float]) -> bytes:
        """Sum of cotangent times d output / d leaf over the outputs, as doubles, one for each of
        the leaves in wrt.
        """
        if run.lifted is not None:
            gradient = self._arrays.gradient(run.lifted, np.array(cotangents))  # type: ignore[union-attr]
            if is_finite(gradient):
                return gradient.tobytes()
        if run.reference is None:
            self._refer(run)
        return self.interpreter.gradient(run.reference, cotangents).tobytes()


def _ints(indices: array[int]) -> Any:
    return np.frombuffer(indices, np.int64) if len(indices) else np.zeros(0, np.int64)
