"""Groups become instructions, each once, and those that only gradients need not in front."""

import numpy as np

from autograd_lite import Value, exp, take, tanh
from autograd_lite.compiler.lift.addresses import Layout
from autograd_lite.compiler.lift.adjoint import Uses
from autograd_lite.compiler.lift.canonical import CanonicalProgram
from autograd_lite.compiler.lift.groups import groups_of
from autograd_lite.compiler.lift.instructions import Elementwise, Take
from autograd_lite.compiler.lift.lower import Lowering
from autograd_lite.compiler.lift.schedule import Schedule
from tests.support.lifting import Lifted


def lowered(function, *args):
    lifted = Lifted(function, *args)
    form, wrt = CanonicalProgram(lifted.tape), np.array(lifted.wrt)
    primal = len(form)
    Uses(form, wrt)
    schedule = Schedule(form)
    groups, group_of = groups_of(form, schedule, wrt, primal)
    return Lowering(form, Layout(form, schedule, groups, group_of, wrt, primal, lifted.tape.leaves))


def curve(xs):
    return [exp(tanh(x)) for x in xs]


XS = [Value(0.1 * i) for i in range(5)]


def test_the_forward_pass_has_no_partials():
    """1 - a1 * a1 waits for the backward pass."""
    lowering = lowered(curve, XS)
    assert [str(it.formula) for it in lowering.forward] == ["tanh(x)", "exp(x)"]
    assert sorted(array.name for array in lowering.arrays().values()) == ["", "a1", "a2"]


def test_a_group_is_lowered_when_it_is_first_asked_for():
    lowering = lowered(curve, XS)
    groups = lowering.layout.groups
    (partial,) = (i for i, group in enumerate(groups) if group.backward_only)
    (instruction,) = lowering.group(partial)
    assert isinstance(instruction, Elementwise)
    assert [lowering.group(i) for i in range(len(groups))] == [[]] * len(groups)


def test_a_group_of_takes_is_one_instruction():
    lowering = lowered(lambda i, j: take(XS, i) * take(XS, j), np.int64(1), np.int64(2))
    assert [type(it) for it in lowering.forward][:1] == [Take]
    assert "t1" in {array.name for array in lowering.arrays().values()}
