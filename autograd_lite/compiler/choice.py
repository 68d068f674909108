"""Which executor runs a program."""

from __future__ import annotations

from math import sin
from time import perf_counter

import numpy as np

from autograd_lite.compiler.lift import lift, lift_if_regular
from autograd_lite.compiler.messages import said, warn
from autograd_lite.compiler.plan import plan
from autograd_lite.compiler.run.arrays import ArrayExecutor
from autograd_lite.compiler.run.c_source import NotInCError
from autograd_lite.compiler.run.compiled import Compilation, CompiledExecutor
from autograd_lite.compiler.run.compiler import is_news, is_usable
from autograd_lite.compiler.tape.interpreter import Interpreter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

    from autograd_lite.compiler.lift import ArrayProgram
    from autograd_lite.compiler.tape.executor import Executor, Run
    from autograd_lite.compiler.tape.ranges import Ints
    from autograd_lite.compiler.tape.tape import Tape
    from autograd_lite.value import Value

__all__ = ["EXECUTORS", "ExecutorChoice", "most_groups", "preferred"]

EXECUTORS = ("auto", "interpret", "numpy", "c")

# Nanoseconds of a run and its gradient, to tell before a lift whether it may pay: what the
# interpreter takes for a node and for a parent, and arrays, besides arithmetic, for a group, and
# for the run.
NODE, PARENT, GROUP, RUN = 2, 1, 120, 1000

SLOWER = 1.1  # an executor may take so much more time than another one and still be preferred to it
FEWEST, LONGEST = 3, 1e-3  # runs of each that are measured: so many, then for so many seconds

PATIENCE = 0.3
"""Seconds that runs by arrays take in all before a program is compiled, and as many more for each
hundred groups of its plan: about as long as that takes."""

LONGEST_SOURCE = 1 << 21
"""Characters of C beyond which a compiler takes too long, and too much memory, for "auto"."""


def most_groups(tape: Tape) -> int:
    """As arrays a program of more groups is slower; negative if any is."""
    return (NODE * len(tape) + PARENT * len(tape.parents) - RUN) // GROUP


def preferred(executors: Sequence[Executor], run: Run, cotangents: Sequence[float]) -> Executor:
    """The first of these executors that is not slower than another one, as measured on this run.

    They take turns, and the least time of each counts: what it waits for other programs does not.
    No operation of the user's is called again.
    """
    leaves, user_results = run.executor.inputs_of(run)
    least = [float("inf")] * len(executors)
    start, n = perf_counter(), 0
    while n < FEWEST or perf_counter() - start < LONGEST:
        for k, executor in enumerate(executors):
            began = perf_counter()
            executor.forward(leaves, run.indices, (), user_results).gradient(cotangents)
            least[k] = min(least[k], perf_counter() - began)
        n += 1
    limit = SLOWER * min(least)
    return next(x for x, time in zip(executors, least, strict=True) if time <= limit)


class ExecutorChoice:
    """The choice between the interpreter and arrays; "auto" takes the faster one.

    With "auto" the interpreter makes the first run, unless the recorded call was that, so that a
    program which is never called again is not lifted; nor is one for which arrays are estimated to
    take longer. The first run by arrays is compared with the interpreter's, and, with "auto", both
    are timed: what wins makes all runs to come. Where that is arrays, the program is compiled in
    the background once they have taken some time in all. Its first run in C is compared and timed
    as well.

    tape         the scalar program
    wrt          the slots of the leaves whose gradients are wanted
    interpreter  the reference executor
    executor     the executor of all runs to come; None until it is chosen
    automatic    True if the faster one is taken
    mismatched   True if arrays gave other numbers than the interpreter, and are used no more
    """

    def __init__(
        self, tape: Tape, wrt: Sequence[int], kind: str, exact: bool, has_run: bool = False
    ) -> None:
        """A choice.

        kind     one of EXECUTORS
        exact    True if results must be those of eager execution bit for bit
        has_run  True if the call that was recorded was the program's first run
        """
        exact = exact or tape.equality_is_rounded()
        self.tape, self.wrt = tape, list(wrt)
        self.interpreter = Interpreter(tape, wrt)
        self.executor: Executor | None = None
        self.mismatched = False
        self.automatic, self._is_c = kind == "auto" and not exact, kind == "c"
        self._arrays: ArrayExecutor | None = None  # while its first run is to be compared, too
        self._patience: _Patience | None = None  # of arrays, until there is C
        self._has_run = has_run
        if exact or kind == "interpret" or tape.blocks:
            self.executor = self.interpreter

    @property
    def kind(self) -> str:
        """What makes the runs to come, one of EXECUTORS; "auto" until that is chosen."""
        if self.executor is None:
            return "auto"
        if self.executor is self.interpreter:
            return "interpret"
        return "c" if isinstance(self.executor, CompiledExecutor) else "numpy"

    @property
    def is_settled(self) -> bool:
        """True if `executor` makes all runs to come."""
        return self.executor is not None and self._patience is None

    def ran(self, runs: int) -> None:
        """Note runs of `executor` that were made beside `forward`."""
        if self._patience is not None:
            self._patience.ran(runs)

    def lifted(self) -> ArrayExecutor:
        """The executor of the lifted program, whether it is chosen or not.

        Raises ValueError for a program with blocks, which are no operations on arrays.
        """
        return self.arrays() or self._lift()

    def arrays(self) -> ArrayExecutor | None:
        """The executor of the lifted program, unless another one is chosen, or it cannot pay."""
        if self.executor is None and self._arrays is None:
            arrays = self._lift_if_regular() if self.automatic else self._lift()
            if arrays:
                self._arrays = arrays
            else:
                self.executor = self.interpreter
        return self._arrays

    def _lift(self) -> ArrayExecutor:
        if self.tape.blocks:
            raise ValueError(f"{self.tape.blocks[0].name} is no operation on arrays")
        program = lift(self.tape, self.wrt)
        compiled = _in_c(program, self.interpreter) if self._is_c else None
        return compiled or ArrayExecutor(program, self.interpreter)

    def _lift_if_regular(self) -> ArrayExecutor | None:
        program = lift_if_regular(self.tape, self.wrt, most_groups(self.tape))
        return ArrayExecutor(program, self.interpreter) if program else None

    def forward(
        self, leaves: array[float], indices: array[int], parameters: tuple[Value, ...]
    ) -> Run:
        """The run on these numbers of the leaves, then of the parameters, and these indices."""
        executor = self.executor
        if executor is None:
            executor = self.arrays() if self._has_run or not self.automatic else None
            self._has_run = True
            if executor is None:
                return self.interpreter.forward(leaves, indices, parameters)
        elif self._patience is not None:
            executor = self._compiled(self._patience) or executor
        run = executor.forward(leaves, indices, parameters)
        if executor is not self.executor and executor is run.executor:
            return self._compared(run)
        return run

    def _compiled(self, patience: _Patience) -> CompiledExecutor | None:
        """The executor in C, if it is there."""
        compiled = patience.compiled()
        if compiled is None and patience.is_over:
            self._patience = None
        return compiled

    def reference(self, run: Run, cotangents: Sequence[float]) -> tuple[Run, array[float], float]:
        """The run as the interpreter makes it, its gradient, and the largest number on the way."""
        reference = self._again(run)
        return reference, *self.interpreter.gradient_and_magnitude(reference, cotangents)

    def rounding(self, run: Run, output: int) -> float:
        """How far rounding may move an output of a run, to first order."""
        return self.interpreter.rounding(self._again(run), output)

    def _again(self, run: Run) -> Run:
        leaves, user_results = run.executor.inputs_of(run)
        return self.interpreter.forward(leaves, run.indices, (), user_results)

    def _compared(self, run: Run) -> Run:
        """The first run by arrays, or in C, if it gives what the interpreter does; else that one.

        Where numbers are equal but for rounding, a maximum may be another one of them in arrays;
        and where rounding is magnified, as in a chaotic system, nobody knows which is right.
        """
        cotangents = cotangents_for(self.tape.results)
        found = run.gradient(cotangents)
        reference, expected, magnitude = self.reference(run, cotangents)
        same = all_close(run.outputs, reference.outputs, magnitude)
        same = same and all_close(found, expected, magnitude)
        chosen = run.executor
        before = self.executor or self.interpreter
        if before is chosen:  # another thread was first
            before = self.interpreter
        patience = None
        if same and self.automatic and np.isfinite(found).all():  # else the reference was asked
            chosen = preferred([chosen, before], run, cotangents)
            if chosen is self._arrays is not before and is_usable():
                patience = _Patience(self._arrays, run, cotangents)
        with self.interpreter.lock:  # other threads compare until one of them is here
            if not same:
                self.executor, self._patience, self.mismatched = before, None, True
            elif self.executor is None or self.executor is before:
                self.executor, self._patience = chosen, patience
            if self.executor is self.interpreter:
                self._arrays = None
        if same:
            return run
        how = "in C it gave other numbers"
        if not isinstance(run.executor, CompiledExecutor):
            how = "as operations on arrays it gave other numbers"
        now = "node by node" if before is self.interpreter else "as operations on arrays"
        warn(
            said(
                f"a compiled function runs {now} from now on: {how}",
                "Please report it, unless rounding decides these numbers, as in a chaotic system",
            )
        )
        return reference


class _Patience:
    """Of arrays that run until it is worth while to compile their program, and until that is done.

    is_over  True if it will not be compiled
    """

    def __init__(self, arrays: ArrayExecutor, run: Run, cotangents: Sequence[float]) -> None:
        """A patience.

        run  one by these arrays, which is made once more to tell how long it takes
        """
        self.is_over, self._arrays = False, arrays
        leaves, user_results = arrays.inputs_of(run)
        began = perf_counter()
        arrays.forward(leaves, run.indices, (), user_results).gradient(cotangents)
        seconds = PATIENCE * (1 + sum(arrays.calls) / 100)
        self._runs = seconds / max(perf_counter() - began, 1e-9)
        self._compilation: Compilation | None = None
        self._compiled: CompiledExecutor | None = None

    def ran(self, runs: int) -> None:
        """Note runs by arrays."""
        self._runs -= runs

    def compiled(self) -> CompiledExecutor | None:
        """The executor in C, once it is there; to be asked before each run."""
        self.ran(1)
        if self._runs > 0 or self.is_over:
            return None
        with self._arrays.lock:
            if self._compilation is None:
                try:
                    self._compilation = Compilation(self._arrays.program, self._arrays.plan)
                except NotInCError:
                    self.is_over = True
                    return None
                self.is_over = len(self._compilation.library.source) > LONGEST_SOURCE
            if self.is_over:
                return None
            library = self._compilation.library
            library.begin()  # once more in a forked process
            if library.ready and self._compiled is None:
                if library.problem:
                    self.is_over = True
                    _warn_of(library.problem)
                else:
                    self._compiled = CompiledExecutor(self._compilation, self._arrays.reference)
            return self._compiled


def _in_c(program: ArrayProgram, reference: Executor) -> CompiledExecutor | None:
    """The executor of a program in C, once that is compiled; None if it is not."""
    try:
        compilation = Compilation(program, plan(program))
    except NotInCError:
        return None
    compilation.library.wait()
    if not compilation.library.problem:
        return CompiledExecutor(compilation, reference)
    _warn_of(compilation.library.problem)
    return None


def _warn_of(problem: str) -> None:
    """Say why a program does not run in C, once for each reason."""
    if is_news(problem):
        which = "a program runs" if is_usable() else "programs run"
        warn(
            said(
                f"{which} as operations on arrays, and not in C: {problem}",
                "Name another C compiler in the environment variable CC, or install ziglang",
            )
        )


def cotangents_for(results: int) -> list[float]:
    """Cotangents with which the gradients of two executors are compared: all different."""
    return [sin(k + 1.0) / sin(1.0) for k in range(results)]


def all_close(found: Sequence[float], expected: Sequence[float], magnitude: float) -> bool:
    """True if numbers are equal but for rounding, theirs and that of the magnitude before them."""
    return not len(others(found, expected, magnitude))


def others(found: Sequence[float], expected: Sequence[float], magnitude: float) -> Ints:
    """The indices at which numbers are not equal but for rounding."""
    x, y = np.array(found, float), np.array(expected, float)
    with np.errstate(invalid="ignore"):
        near = np.abs(x - y) <= 1e-6 * np.abs(y) + 1e-12 * magnitude
    same = (x == y) | ((x != x) & (y != y)) | (near & np.isfinite(y))
    return np.flatnonzero(~same)
