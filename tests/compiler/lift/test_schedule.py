"""The order in which a program is computed: before, in, and behind its recurrences."""

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, dot
from autograd_lite.compiler.lift.canonical import ELEMENTWISE, SUM, CanonicalProgram
from autograd_lite.compiler.lift.schedule import Schedule, has_few_levels
from tests.support.lifting import Lifted
from tests.support.scalar_programs import KINDS, program


def form_of(function, *args):
    return CanonicalProgram(Lifted(function, *args).tape)


@pytest.mark.parametrize("seed", range(3 * len(KINDS)))
def test_every_node_comes_once_and_after_its_operands(seed):
    function, args = program(seed)
    form = form_of(function, *args)
    levels = Schedule(form).levels
    nodes = np.flatnonzero(form.kind >= SUM)
    assert sorted(np.concatenate([nodes[:0], *levels]).tolist()) == nodes.tolist()
    level = np.full(len(form), -1)
    for i, members in enumerate(levels):
        level[members] = i
    assert (level[form.owner] > level[form.a]).all()
    assert (level[form.owner] > level[form.b]).all()


W, U, V = ([Value(0.1 * i + j) for i in range(3)] for j in (0.1, 0.2, 0.3))
STEPS = 6


def recurrence(xs, h):
    """A gate and a head are both a product with h: but only the gate is waited for."""
    seen = []
    for x in xs:
        h = [ag.tanh(dot(W, x) + w * dot(U, h)) for w in W]
        seen.append(dot(V, h))
    return sum(s * s for s in seen)


def test_a_recurrence_alone_is_computed_step_by_step():
    form = form_of(recurrence, [[0.1, 0.2, 0.3]] * STEPS, [Value(1.0)] * 3)
    schedule = Schedule(form)
    sizes = [len(level) for level in schedule.levels]
    assert sizes[0] == 3 * STEPS + 3  # W x of all steps, and U h of the first
    assert sizes[-2:] == [STEPS, 1]  # V h of all steps, and the sum of squares
    within = [level for level in schedule.levels if schedule.recurrent[level[0]] >= 0]
    assert [len(level) for level in within] == [3] * 3 * (STEPS - 1)  # U h, W x + w U h, tanh
    assert sum((form.kind[level] == ELEMENTWISE).all() for level in within) == STEPS - 1


@pytest.mark.parametrize("lengths", [(3, 5, 4), (6, 2, 2, 1)])
def test_sequences_of_different_lengths_take_their_steps_together(lengths):
    sequences = [[[0.1, 0.2, 0.3]] * n for n in lengths]
    form = form_of(
        lambda all_xs, h: ag.sum([recurrence(xs, h) for xs in all_xs]), sequences, [Value(1.0)] * 3
    )
    schedule = Schedule(form)
    within = [level for level in schedule.levels if schedule.recurrent[level[0]] >= 0]
    tanh = [len(level) for level in within if (form.kind[level] == ELEMENTWISE).all()]
    assert tanh == [3 * sum(n > step for n in lengths) for step in range(1, max(lengths))]
    assert len(within) == 3 * len(tanh)


def test_levels_are_counted_as_far_as_they_may_go():
    form = form_of(lambda x: ag.tanh(ag.exp(ag.sin(x))), Value(1.0))
    assert has_few_levels(form, 3)
    assert not has_few_levels(form, 2)
