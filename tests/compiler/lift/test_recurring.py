"""Sums that recur are lowered once and moved, to the same instructions as each by itself."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler.lift import lift
from autograd_lite.compiler.lift.blocks import Memory
from autograd_lite.compiler.lift.instructions import Contraction, Ref
from autograd_lite.compiler.lift.recurring import Recurring
from tests.support import networks
from tests.support.lifting import Lifted
from tests.support.scalar_programs import KINDS, program


def lower_all(monkeypatch):
    """Lower each table by itself from now on."""
    monkeypatch.setattr(
        Recurring,
        "lowered",
        lambda self, lower, _, block, operands, *moved: lower(self.memory, block, operands),
    )


def described(lifted):
    """The instructions, with their formulas and tables as text."""
    with np.printoptions(threshold=10**6):
        return [
            repr({name: str(value) for name, value in vars(it).items()} | {"is": type(it)})
            for it in (*lifted.forward, *lifted.backward)
        ]


def recurrence(steps, n=3, weights=None):
    """Of a drift that differs from step to step, and of constants that do."""
    w = weights or [[Value(0.1 * i - 0.2 * j + 0.05) for i in range(n)] for j in range(n)]

    def function(xs):
        h = [0.1 * (i + 1) for i in range(n)]
        total = 0.0
        for t, x in enumerate(xs):
            sums = [sum(a * b for a, b in zip(row, h, strict=True)) for row in w]
            h = [ag.tanh(s + x - 0.3 * t * v) for s, v in zip(sums, h, strict=True)]
            total = total + h[0] * (1 if t % 3 else 2)
        return total, *h

    return function, ([0.01 * t for t in range(steps)],)


CASES = {f"kind {seed}": program(seed) for seed in range(len(KINDS))}
CASES |= {name: getattr(networks, name)() for name in ("microgpt", "lstm", "transformer")}
CASES["recurrence"] = recurrence(12)


@pytest.mark.parametrize("name", CASES)
def test_moved_instructions_are_those_of_their_place(name, monkeypatch):
    function, args = CASES[name]
    lifted = Lifted(function, *args)
    moved = described(lifted.program)
    lower_all(monkeypatch)
    assert moved == described(lift(lifted.tape, lifted.wrt))


def test_the_steps_of_a_recurrence_are_lowered_a_few_times(monkeypatch):
    calls, right = [], Recurring.lowered

    def counted(self, lower, *args):
        return right(self, lambda *xs: calls.append(1) or lower(*xs), *args)

    monkeypatch.setattr(Recurring, "lowered", counted)
    counts = []
    for steps in (10, 40):
        function, args = recurrence(steps)
        lifted = Lifted(function, *args)
        calls.clear()
        assert len(lifted.program.forward) > 3 * steps
        counts.append(len(calls))
    assert counts[1] <= counts[0] + 5


def test_how_addresses_move_is_not_taken_for_which_constants_are_equal():
    """Both are ints, and either may be 0, 0, 0 or 0, 1, 2."""
    memory = Memory(60)
    memory.constants = SimpleNamespace(base=0, size=4, values=np.array([0.0, 0.25, 0.5, 0.75]))
    memory.one = memory.zero = 0
    recurring = Recurring(memory)

    def lower(_, block, operands):
        refs = [Ref(int(x[0]), (int(x[1] - x[0]),)) for x in operands]
        out = Ref(block.base, (1,))
        return [
            Contraction((3,), (), out, a, b) for a, b in zip(refs[::2], refs[1::2], strict=True)
        ]

    one = [[10, 10, 10], [1, 1, 1], [20, 21, 22], [30, 31, 32]]
    other = [[10, 10, 10], [11, 11, 11], [20, 20, 20], [1, 2, 3]]
    for operands in (one, one, other):
        tables, block = [np.array(x) for x in operands], memory.block(3)
        shape = tuple((x - x[0]).tobytes() for x in tables)
        found = recurring.lowered(lower, shape, block, tables)
        assert found == lower(memory, block, tables)


@given(st.data())
def test_constants_that_change_from_step_to_step(data):
    """1, -1 and 0 are no factors but signs, and nothing."""
    numbers = st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.0, 0.5, float("nan")])
    steps = data.draw(st.lists(st.tuples(numbers, numbers, numbers), min_size=4, max_size=12))
    w = [Value(0.3), Value(-0.4)]

    def function(x):
        h = [x, x + 1]
        for a, b, c in steps:
            h = [a * h[0] + b * h[1] + w[0] * h[0] + c, b * h[1] - c * w[1] * h[0] + a * w[1]]
        return h

    lifted = Lifted(function, 0.7)
    moved = described(lifted.program)
    with pytest.MonkeyPatch.context() as monkeypatch:
        lower_all(monkeypatch)
        assert moved == described(lift(lifted.tape, lifted.wrt))


def test_constants_that_are_0_in_the_first_steps_only(monkeypatch):
    drifts = [0.0] * 6 + [0.5, 0.0, -1.0, 1.0, 0.5, 0.25]

    def function(x):
        h = [x, x * 2]
        for c in drifts:
            h = [ag.tanh(h[0] + c), ag.tanh(h[1] + c)]
        return h[0] * h[1]

    lifted = Lifted(function, 0.7)
    moved = described(lifted.program)
    lower_all(monkeypatch)
    assert moved == described(lift(lifted.tape, lifted.wrt))
