"""Which executor runs a program."""

from __future__ import annotations

from functools import cache
from math import sin

import numpy as np

from autograd_lite.compiler.explain import explain, explain_groups
from autograd_lite.compiler.lift import lift
from autograd_lite.compiler.lift.lower import is_regular, is_worth
from autograd_lite.compiler.messages import said, warn
from autograd_lite.compiler.run.arrays import ArrayExecutor
from autograd_lite.compiler.tape.interpreter import Interpreter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Mapping, Sequence

    from autograd_lite.compiler.tape.executor import Executor, State
    from autograd_lite.compiler.tape.tape import Tape
    from autograd_lite.value import Value

__all__ = ["EXECUTORS", "ExecutorChoice"]

EXECUTORS = ("auto", "interpret", "numpy")


class ExecutorChoice:
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
        self._chosen = self._kind == "auto"
        self._arrays: ArrayExecutor | None = None
        self._compared = False
        self._runs = 0

    def arrays(self) -> ArrayExecutor | None:
        """The lifted program, if it is to run as such."""
        if self._kind == "auto":
            arrays = self._lift() if is_regular(self.tape, np.array(self.wrt)) else None
            if arrays is not None and is_worth(self.tape, sum(arrays.calls)):
                self._arrays, self._kind = arrays, "numpy"
            else:
                self._kind = "interpret"
        elif self._kind == "numpy" and self._arrays is None:
            self._arrays = self._lift()
        return self._arrays

    def _lift(self) -> ArrayExecutor:
        return ArrayExecutor(lift(self.tape, self.wrt))

    def explain(self, names: Mapping[range, str], lines: Callable[[], Mapping[int, str]]) -> str:
        """The program as operations on arrays, and which executor runs it.

        names  of ranges of leaves, by their slots
        lines  gives of nodes where they were made
        """
        lifted, lines = self.lifted(), cache(lines)
        text = explain(lifted.program, lifted.calls, names, lines)
        if self._arrays is not None:
            return f"{text}\n\nrun by these operations"
        text += "\n\nrun by the interpreter, node by node"
        return f"{text}: {explain_groups(lifted.program, lines())}" if self._chosen else text

    def lifted(self) -> ArrayExecutor:
        """The program as operations on arrays, whether it runs as such or not."""
        return self.arrays() or self._lift()

    def forward(
        self, leaves: array[float], indices: array[int], parameters: tuple[Value, ...]
    ) -> Run:
        """The run on these leaves' numbers, the parameters' numbers, and these indices."""
        self._runs += 1
        compared = self._compared
        if self._kind == "numpy" or (self._kind == "auto" and self._runs > 1):
            arrays = self.arrays()
            if arrays is not None:
                state = arrays.forward(leaves, indices, parameters)
                if state.outputs is not None:
                    run = Run(arrays, state, self.interpreter)
                    if compared:
                        return run
                    kept = arrays.inputs_of(state).kept
                    reference = self._interpreted(leaves, indices, parameters, kept)
                    return self._compare(run, reference)
        return self._interpreted(leaves, indices, parameters)

    def _interpreted(
        self,
        leaves: array[float],
        indices: array[int],
        parameters: tuple[Value, ...],
        kept: array[float] | None = None,
    ) -> Run:
        state = self.interpreter.forward(leaves, indices, parameters, kept)
        return Run(self.interpreter, state, self.interpreter)

    def _compare(self, lifted: Run, reference: Run) -> Run:
        """The first run by arrays, if it gives what the interpreter does; else that one, for ever.

        Where numbers are equal but for rounding, a maximum may be another one of them in arrays;
        and where rounding is magnified, as in a chaotic system, nobody knows which is right.
        """
        cotangents = [sin(k + 1.0) for k in range(self.tape.results)]
        found = lifted.gradient(cotangents)
        expected, magnitude = self.interpreter.gradient_and_magnitude(reference.state, cotangents)
        same = _close(lifted.outputs, reference.outputs, magnitude)
        same = same and _close(found, expected, magnitude)
        if not same:
            self._kind, self._arrays = "interpret", None
        self._compared = True  # last, as other threads' runs are compared as long as it is not
        if same:
            return lifted
        warn(
            said(
                "a compiled function runs node by node from now on: as operations on arrays it "
                "gave other numbers",
                "Please report it, unless rounding decides these numbers, as in a chaotic system",
            )
        )
        return reference


class Run:
    """One run of a program.

    outputs    the results
    reference  is asked for gradients that the executor does not give
    """

    def __init__(self, executor: Executor, state: State, reference: Interpreter) -> None:
        assert state.outputs is not None
        self._run, self._reference = (executor, state), reference
        self.outputs = state.outputs

    @property
    def state(self) -> State:
        return self._run[1]

    def gradient(self, cotangents: list[float]) -> array[float]:
        """Sum of cotangent times d result / d leaf over the results, for the leaves in wrt.

        cotangents  those of the results, the first outputs
        """
        executor, state = self._run
        gradient = executor.gradient(state, cotangents)
        if gradient is None:
            leaves, kept = executor.inputs_of(state)
            executor, state = (
                self._reference,
                self._reference.forward(leaves, state.indices, kept=kept),
            )
            self._run = executor, state
            gradient = executor.gradient(state, cotangents)
            assert gradient is not None
        return gradient


def _close(found: Sequence[float], expected: Sequence[float], magnitude: float) -> bool:
    """Whether numbers are equal but for rounding, of the largest numbers on the way to them too."""
    x, y = np.array(found), np.array(expected)
    some = np.isfinite(y)
    return bool((np.abs(x[some] - y[some]) <= 1e-6 * np.abs(y[some]) + 1e-12 * magnitude).all())
