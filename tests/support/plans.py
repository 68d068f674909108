"""Plans run slowly, group by group in NumPy, to compare them with the interpreter of the tape."""

from array import array

import numpy as np

from autograd_lite.compiler.lift.instructions import (
    Contraction,
    Elementwise,
    Gather,
    Ref,
    Scatter,
    ScatterAdd,
    SegmentSum,
    Take,
    ZeroPadding,
)
from autograd_lite.compiler.plan import plan
from autograd_lite.compiler.plan.check import check
from autograd_lite.compiler.plan.groups import Loop, Repeat, turns_of
from autograd_lite.compiler.run.binder import Binder
from autograd_lite.compiler.run.operations import compile_calls
from autograd_lite.compiler.run.special_functions import FUNCTIONS as SPECIAL
from autograd_lite.compiler.run.special_functions import OF_AN_ORDER
from autograd_lite.compiler.tape.executor import UserResults
from autograd_lite.operations.formulas import CONSTANTS, FUNCTIONS

OPERATORS = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "<": np.less,
    "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal,
    "!=": np.not_equal,
}  # fmt: skip


def value(tree, numbers):
    """The value of a formula for arrays of numbers by their names."""
    match tree:
        case int() | float():
            return float(tree)
        case str():
            return CONSTANTS[tree] if tree in CONSTANTS else numbers[tree]
        case ("-", x):
            return -value(x, numbers)
        case ("where", condition, yes, no):
            return np.where(*(value(x, numbers) for x in (condition, yes, no)))
        case (function, order, x) if function in OF_AN_ORDER:
            operand = np.atleast_1d(np.array(value(x, numbers), float))
            out = np.empty(operand.shape)
            OF_AN_ORDER[function](value(order, numbers), out, operand)
            return out.reshape(np.shape(value(x, numbers)))
        case (function, *operands):
            call = OPERATORS.get(function)
            if call is None:
                name = FUNCTIONS[function].numpy
                call = SPECIAL[name] if name in SPECIAL else getattr(np, name)
            return np.asarray(call(*(value(x, numbers) for x in operands)), float)


class Runner:
    """Runs a plan, statement by statement.

    memory  what the plan works on; what is written in it is nan until then
    """

    def __init__(self, plan, indices, places):
        self.plan, self.indices = plan, indices
        self.user_results = UserResults(array("d", bytes(8 * places)))
        self.memory = np.zeros(plan.size)
        self.memory[plan.constants] = plan.numbers

    def view(self, ref, sizes):
        strides = tuple(8 * s for s in ref.strides)
        return np.ndarray(sizes, float, self.memory, 8 * ref.base, strides)

    def loop(self, loop):
        computed = {}
        late = []
        for s in loop.statements:
            numbers = {
                name: computed[ref] if ref in computed else self.view(ref, loop.sizes)
                for name, ref in s.operands.items()
            }
            found = np.array(np.broadcast_to(value(s.tree, numbers), loop.sizes), float)
            if s.sums:
                found = (np.sum if s.kind == "sum" else np.max)(found, axis=s.sums)
            if not s.stored:
                computed[s.out] = found
                continue
            moving = [i for i in range(len(loop.sizes)) if i not in s.sums]
            out = Ref(s.out.base, tuple(s.out.strides[i] for i in moving))
            target = self.view(out, tuple(loop.sizes[i] for i in moving))
            if s.add:
                found = target + s.add * found
            if s.kind == "map":
                computed[s.out] = found
            late.append((target, found))
        for target, found in late:
            target[...] = found

    def group(self, group):
        match group:
            case Loop():
                self.loop(group)
            case Repeat():
                for turn in turns_of(group):
                    self.group(turn)
            case (
                Contraction() | Elementwise() | Gather() | Scatter() | SegmentSum()
                | ZeroPadding() | Take() | ScatterAdd()
            ):  # fmt: skip
                binder = Binder(self.memory, self.indices, self.user_results)
                compile_calls(binder.bind([group]))()

    def run(self, leaves, cotangents):
        """The outputs, the gradient, and the numbers that decide.

        The gradient is asked for twice, first for other cotangents, of which nothing may be left.
        """
        plan = self.plan
        self.memory[plan.leaves] = leaves
        with np.errstate(all="ignore"):
            for group in plan.forward:
                self.group(group)
            outputs, deciding = self.memory[plan.outputs], self.memory[plan.deciding]
            for each in (1 - 2 * np.asarray(cotangents), cotangents):
                self.memory[plan.cotangents] = each
                for group in plan.backward:
                    self.group(group)
        return outputs, self.memory[plan.gradients], deciding


def plan_agrees(lifted, made=None, seed=0, runs=3):
    """Whether the plan of a lifted function gives finite numbers; see `Lifted.agrees`.

    Raises AssertionError where the interpreter of the tape gives others. A plan that is run twice
    gives the same numbers, and its gradient may be asked for again.
    """
    made = made or plan(lifted.program)
    check(made)
    rng = np.random.default_rng(seed)
    _, starts = lifted.tape.user_results()
    runner = Runner(made, lifted.indices, int(starts[-1]))
    finite = True
    for run in range(runs):
        leaves = lifted.leaves + (0.5 * rng.normal(size=len(lifted.leaves)) if run else 0)
        cotangents = rng.normal(size=lifted.tape.results)
        outputs, gradient, deciding = runner.run(leaves, cotangents)
        found = np.concatenate([outputs, gradient])
        if not np.isfinite(np.concatenate([found, deciding])).all():
            finite = False
            continue
        expected = lifted.by_reference(leaves, cotangents)
        close = 1e-9 * (1 + np.abs(expected))
        known = np.ones(len(expected), bool)
        for _ in range(4):
            moved = leaves * (1 + 1e-15 * rng.normal(size=len(leaves)))
            known &= np.abs(expected - lifted.by_reference(moved, cotangents)) < 0.01 * close
        wrong = np.flatnonzero(known & ~(np.abs(found - expected) < close))
        assert not len(wrong), f"{wrong}: {found[wrong]} for {expected[wrong]}"
    return finite
