"""The reference executor: a compiled sweep over the tape, node by node."""

from __future__ import annotations

from array import array

from autograd_lite.compiler import _sweep
from autograd_lite.compiler.tape import Tape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd_lite.value import Value

__all__ = ["Interpreter"]


class State:
    """One run: all nodes' numbers, and the local partials by their parents."""

    def __init__(self, indices: array[int], n: int, m: int) -> None:
        self.indices = indices
        self.values, self.partials = _sweep.room(n), _sweep.room(m)
        self.outputs: list[float] = []


class Interpreter:
    """Runs a tape as it stands, with the numbers of the eager engine bit for bit.

    tape  the program
    wrt   the slots of the leaves whose gradients are wanted
    """

    def __init__(self, tape: Tape, wrt: Sequence[int]) -> None:
        self.codes = array("i", tape.codes.tolist())
        self.offsets = array("i", tape.offsets.tolist())
        self.parents = array("i", tape.parents.tolist())
        self.static = array("d", tape.static.tolist())
        self.slots = array("i", tape.slots.tolist())
        self.results = tape.outputs.tolist()
        self.leaves = tape.leaves
        self.wrt = array("q", wrt)
        self._in_order = array("q", range(tape.leaves))

    def forward(
        self, leaves: array[float], indices: array[int], parameters: tuple[Value, ...] = ()
    ) -> State:
        """The run on these numbers; its `outputs` are the results.

        leaves      those of the leaves
        indices     the ints that `take` reads
        parameters  Values whose numbers are those of the leaves that follow

        Raises IndexError for an index that is out of range.
        """
        if parameters:
            given, leaves = leaves, _sweep.room(self.leaves)
            _sweep.spread(given, parameters, leaves, self._in_order)
        state = State(indices, len(self.codes), len(self.parents))
        _sweep.forward(
            self.codes,
            self.offsets,
            self.parents,
            self.static,
            self.slots,
            leaves,
            indices,
            state.values,
            state.partials,
        )
        state.outputs = [state.values[i] for i in self.results]
        return state

    def gradient(self, state: State, cotangents: Sequence[float]) -> array[float]:
        """Sum of cotangent times d output / d leaf over the outputs, for the leaves in wrt."""
        received = array("d", bytes(8 * len(self.codes)))
        for node, cotangent in zip(self.results, cotangents, strict=True):
            received[node] += cotangent
        by_leaf = array("d", bytes(8 * self.leaves))
        _sweep.backward(
            self.codes,
            self.offsets,
            self.parents,
            self.slots,
            state.indices,
            state.values,
            state.partials,
            received,
            by_leaf,
        )
        gradient = _sweep.room(len(self.wrt))
        _sweep.collect(by_leaf, self.wrt, gradient)
        return gradient
