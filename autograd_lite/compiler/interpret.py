"""The reference executor: a compiled sweep over the tape, node by node."""

from __future__ import annotations

from array import array

from autograd_lite.compiler import _sweep
from autograd_lite.compiler.tape import Tape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Interpreter"]


class State:
    """One run: all nodes' numbers, and the local partials by their parents."""

    def __init__(self, indices: array[int], n: int, m: int) -> None:
        self.indices = indices
        self.values = array("d", bytes(8 * n))
        self.partials = array("d", bytes(8 * m))
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
        self.wrt = list(wrt)

    def forward(self, leaves: array[float], indices: array[int]) -> State:
        """The run on these leaves' numbers; its `outputs` are the results.

        Raises IndexError for an index that is out of range.
        """
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
        return array("d", [by_leaf[slot] for slot in self.wrt])
