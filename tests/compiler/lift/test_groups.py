"""Groups: alike scalars are computed together, after all that they are computed from."""

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, dot, exp
from autograd_lite.compiler.lift import lift, lift_if_regular
from autograd_lite.compiler.lift.canonical import SUM, CanonicalProgram
from autograd_lite.compiler.lift.groups import groups_of
from autograd_lite.compiler.lift.schedule import Schedule
from tests.support.lifting import Lifted
from tests.support.scalar_programs import KINDS, program


def grouped(function, *args):
    """The canonical program of a call, its groups, and the group of each node."""
    lifted = Lifted(function, *args)
    form = CanonicalProgram(lifted.tape)
    return form, *groups_of(form, Schedule(form), np.array(lifted.wrt), len(form))


@pytest.mark.parametrize("seed", range(len(KINDS)))
def test_each_node_is_in_one_group_of_its_operation_behind_its_operands(seed):
    function, args = program(seed)
    form, groups, group_of = grouped(function, *args)
    members = np.concatenate([group.members for group in groups])
    assert sorted(members.tolist()) == np.flatnonzero(group_of >= 0).tolist()
    assert (group_of[form.kind >= SUM] >= 0).all()
    for i, group in enumerate(groups):
        assert (group_of[group.members] == i).all()
        assert (form.kind[group.members] == group.kind).all()
        assert (form.formula[group.members] == group.formula).all()
    assert (group_of[form.a] < group_of[form.owner]).all()
    assert (group_of[form.b] < group_of[form.owner]).all()


def sizes(function, *args):
    """The numbers of members of the groups that are computed."""
    _, groups, _ = grouped(function, *args)
    return [len(group.members) for group in groups if group.kind >= SUM]


W = [[Value(0.1 * i - j) for i in range(3)] for j in range(4)]


def test_the_rows_of_a_layer_are_a_group_and_so_are_their_activations():
    assert sizes(lambda xs: [ag.tanh(dot(row, xs)) for row in W], [1.0, 2.0, 3.0]) == [4, 4]


def test_rows_of_different_lengths_are_a_group():
    def triangle(xs):
        return [dot(row[:n], xs[:n]) for n, row in enumerate(W[:3], 1)]

    assert sizes(triangle, [1.0, 2.0, 3.0]) == [3]


def test_the_order_of_two_factors_does_not_matter():
    assert sizes(lambda x, y: [x * W[0][0], W[0][1] * y], 1.0, 2.0) == [2]


def test_other_operations_and_other_operands_are_other_groups():
    assert sizes(lambda x, y: [exp(x), ag.sin(y)], 1.0, 2.0) == [1, 1]
    assert sizes(lambda x, y: [exp(x), exp(exp(y))], 1.0, 2.0) == [2, 1]


def test_a_program_of_more_groups_than_asked_for_is_not_lifted():
    lifted = Lifted(lambda x, y: [exp(x) * y, ag.sin(y) * x], Value(1.0), Value(2.0))
    assert lift_if_regular(lifted.tape, lifted.wrt, -1) is None
    groups = next(
        most for most in range(20) if lift_if_regular(lifted.tape, lifted.wrt, most) is not None
    )
    assert groups == 7  # leaves in wrt, others, constants; exp, sin, and a product with each
    program = lift_if_regular(lifted.tape, lifted.wrt, groups)
    assert str(program) == str(lift(lifted.tape, lifted.wrt))


def test_a_group_is_of_one_pass():
    """z and R{z} are alike but for the pass."""

    def function(w, v, xs):
        return ag.jvp(lambda w: [ag.tanh(dot(w, x)) for x in xs], (w,), (v,))

    w, v, xs = (np.ones(3), np.ones(3), np.ones((5, 3)))
    form, groups, _ = grouped(function, w, v, xs)
    passes = [set(form.passes[group.members].tolist()) for group in groups]
    assert {len(found) for found in passes if found} == {1}
    sums = [group for group in groups if group.kind == SUM and form.kind[group.members[0]] == SUM]
    tangents = [group for group in sums if form.passes[group.members].all()]
    assert tangents
    assert len(tangents) < len(sums)
