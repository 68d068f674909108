"""A loss and its optimiser as one whole step: the gradient of the first is what the second reads.

Each is recorded by itself. So the loss keeps the reverse sweep of its matrices, which is shorter
than the same sweep recorded scalar by scalar in a compiled step.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from autograd_lite.compiler.choice import cotangents_for
from autograd_lite.compiler.export.exported import Exported, Numbers
from autograd_lite.compiler.export.reading import read
from autograd_lite.compiler.export.recorded import ExportError
from autograd_lite.compiler.lift.instructions import Gather
from autograd_lite.compiler.messages import said
from autograd_lite.compiler.plan import Plan
from autograd_lite.compiler.plan.relocate import moved_plan
from autograd_lite.compiler.tape.interpreter import Interpreter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.compiler.tape.ranges import Ints

__all__ = ["Stepped", "gradient_slots", "stepped"]


def stepped(loss: Exported, optimizer: Any) -> Exported:
    """The step of a loss and an optimiser: zero_grad(), backward(), step().

    Raises ExportError for a function that is no loss.
    """
    if not loss.differentiable:
        raise ExportError(
            said(
                f"export: {loss.name} gives no gradients, which an optimizer needs",
                "Return one Value, the loss, and change nothing",
            )
        )
    if not callable(getattr(optimizer, "step", None)):
        raise TypeError(f"export: optimizer must have a step(), not be {optimizer!r}")
    named = {p.name: p.values.tolist() for p in loss.parameters if p.values is not None}

    def update() -> None:
        _ = named  # the names that the loss has for them
        optimizer.step()

    step = read(update, ())
    known = {id(x) for p in loss.parameters if p.values is not None for x in p.values.flat}
    if not any(id(x) in known for p in step.parameters for x in p.values.flat):
        raise ExportError(
            said(
                f"export: the optimizer trains none of the parameters of {loss.name}, which are "
                f"{', '.join(p.name for p in loss.parameters)}",
                "Pass one that was made of these",
            )
        )
    return _joined(loss, step)


def _joined(loss: Exported, update: Exported) -> Stepped:
    """The two as one, whose leaves are those of the loss, then those of the update."""
    first, outputs = loss.tape.leaves, len(loss.tape.outputs)
    # Of each Value, by its id, its slot in the update and its new number.
    of_update = {
        id(x): (int(slot), int(new))
        for p in update.parameters
        for x, slot, new in zip(p.values.flat, p.slots.flat, p.new.flat, strict=True)
    }
    parameters, again, known = [], [], set[int]()
    for p in loss.parameters:
        ids = [id(x) for x in p.values.flat]
        known |= set(ids)
        found = np.array([of_update.get(i, (-1, -1)) for i in ids], np.int64).reshape(*p.shape, 2)
        parameters.append(replace(p, new=_later(found[..., 1], outputs)))
        again.append(_later(found[..., 0], first))
    for p in update.parameters:  # those that the loss does not read
        if not known.intersection(id(x) for x in p.values.flat):
            parameters.append(replace(p, slots=p.slots * 0 - 1, new=_later(p.new, outputs)))
            again.append(_later(p.slots, first))
    state = [
        replace(s, slots=_later(s.slots, first), new=_later(s.new, outputs))
        for s in update.state
        if not s.name.endswith(".grad")
    ]
    return Stepped(
        name=loss.name,
        title=loss.title,
        tape=loss.tape,
        parameters=parameters,
        arguments=loss.arguments,
        fixed=loss.fixed,
        results=loss.results,
        state=state,
        loss=loss,
        update=update,
        again=again,
        graded=_graded(loss, update),
    )


def _later(indices: Ints, n: int) -> Ints:
    """The indices, n more; -1 stays."""
    return np.where(indices >= 0, indices + n, -1)


def gradient_slots(update: Exported) -> dict[int, int]:
    """{id of a Value: the slot in which the update reads its gradient, or -1}."""
    grads = {s.name: s for s in update.state}
    found: dict[int, int] = {}
    for p in update.parameters:
        held = grads.get(f"{p.name}.grad")
        if held is not None:
            found |= {id(x): int(i) for x, i in zip(p.values.flat, held.slots.flat, strict=True)}
    return found


def _graded(loss: Exported, update: Exported) -> Ints:
    """`Stepped.graded`."""
    found = np.full(update.tape.leaves, -1)
    slot_of = gradient_slots(update)
    for p in loss.parameters:
        for x, k in zip(p.values.flat, loss.gradient(p).flat, strict=True):
            if slot_of.get(id(x), -1) >= 0:
                found[slot_of[id(x)]] = k
    return found


@dataclass(eq=False)
class Stepped(Exported):
    """A loss and the update of an optimiser.

    again   of each parameter [shape] the slots in which the update reads its numbers
    graded  [update.tape.leaves] the index of the gradient that it is, or -1
    """

    loss: Exported
    update: Exported
    again: list[Ints]
    graded: Ints

    @cached_property
    def plan(self) -> Plan:
        """The plan of the loss, forward and backward, then that of the update.

        Gradients lie where the update reads them.
        """
        one, two = self.loss.plan, self.update.plan
        size = one.size + two.size
        two, _ = moved_plan(two, one.size + np.arange(two.size), size)
        slots = np.flatnonzero(self.graded >= 0)
        source, to = one.gradients[self.graded[slots]], two.leaves[slots]
        fixed = np.concatenate([one.leaves, one.constants, one.cotangents])
        _, alone = np.unique(source, return_index=True)
        moving = np.zeros(len(source), bool)
        moving[alone] = True
        moving &= ~np.isin(source, fixed)
        while True:
            new = np.arange(one.size)
            new[source[moving]] = to[moving]
            moved, failures = moved_plan(one, new, size)
            if not failures:
                break
            moving &= ~np.isin(source, np.concatenate(failures))
        order = np.flatnonzero(~moving)[np.argsort(to[~moving])]
        cuts = np.flatnonzero(np.diff(to[order]) != 1) + 1
        copies = [
            Gather(int(to[part[0]]), source[part]) for part in np.split(order, cuts) if len(part)
        ]
        return Plan(
            size=size,
            leaves=np.concatenate([moved.leaves, two.leaves]),
            constants=np.concatenate([moved.constants, two.constants]),
            numbers=np.concatenate([moved.numbers, two.numbers]),
            outputs=np.concatenate([moved.outputs, two.outputs]),
            deciding=np.concatenate([moved.deciding, two.deciding]),
            cotangents=moved.cotangents,
            gradients=moved.gradients[:0],
            forward=[*moved.forward, *moved.backward, *copies, *two.forward],
            backward=[],
            origins=moved.origins,
        )

    @property
    def array_program(self) -> Any:
        """That of the loss, by whose names the arrays of the plan are called."""
        return self.loss.array_program

    @cached_property
    def reference(self) -> tuple[Numbers, float]:
        """What the interpreter gives for the recorded call: the loss, then the update."""
        loss, update = self.loss, self.update
        one = Interpreter(loss.tape, loss.wrt.tolist())
        run = one.forward(array("d", loss.leaves), array("q", loss.indices.tolist()))
        found, magnitude = one.gradient_and_magnitude(run, cotangents_for(1))
        leaves = update.leaves.copy()
        for s in update.state:
            if s.name.endswith(".grad"):  # of what the loss does not read it is 0
                leaves[s.slots[s.slots >= 0]] = 0.0
        graded = self.graded >= 0
        leaves[graded] = np.array(found)[self.graded[graded]]
        two = Interpreter(update.tape, []).forward(array("d", leaves), array("q", []))
        outputs = np.concatenate([run.outputs, two.outputs])
        return self.numbers(outputs, np.empty(0)), magnitude
