"""The reverse sweep on scalars: the nodes that have cotangents, and the terms of each."""

import numpy as np
import pytest

from autograd_lite import Value, exp
from autograd_lite.compiler.lift.adjoint import Uses, active_nodes
from autograd_lite.compiler.lift.canonical import DETACH, LEAF, CanonicalProgram
from autograd_lite.compiler.lift.schedule import Schedule
from tests.support.lifting import Lifted
from tests.support.scalar_programs import KINDS, program


def canonical(function, *args):
    """The canonical program of a call, and the slots of the leaves in wrt."""
    lifted = Lifted(function, *args)
    return CanonicalProgram(lifted.tape), np.array(lifted.wrt)


def leaf(form, slot):
    (node,) = np.flatnonzero(np.logical_and(form.slot == slot, form.kind == form.kind[0]))
    return int(node)


def test_what_depends_on_no_leaf_in_wrt_has_no_cotangent():
    w = Value(2.0)
    form, wrt = canonical(lambda x, y: x * w + exp(y) * y, Value(3.0), 5.0)
    active = active_nodes(form, wrt)
    x, y, w = (leaf(form, slot) for slot in range(3))
    assert active[[x, w]].all()
    assert not active[y]  # a float, whose gradient nobody can ask for
    assert active[form.results].all()


def test_a_product_sends_each_factor_the_other_one():
    form, wrt = canonical(lambda x, w: x * w, Value(3.0), Value(5.0))
    x, w = leaf(form, 0), leaf(form, 1)
    (result,) = form.results
    uses = Uses(form, wrt)
    terms = zip(uses.user, uses.node, uses.partial, uses.side, strict=True)
    assert sorted(terms) == sorted([(result, x, w, 0), (result, w, x, 1)])


def test_a_square_is_one_use_of_twice_its_operand():
    form, wrt = canonical(lambda x: x * x, Value(3.0))
    uses = Uses(form, wrt)
    assert uses.node.tolist() == [leaf(form, 0)]
    (partial,) = uses.partial
    assert str(form.formulas[form.formula[partial]]) == "2 * x"


def test_a_partial_that_several_uses_share_is_one_node():
    """1 / y, for all x / y of a softmax."""
    y = Value(7.0)
    form, wrt = canonical(lambda xs: [x / y for x in xs], [Value(1.0), Value(2.0), Value(3.0)])
    uses = Uses(form, wrt)
    of_xs = uses.partial[np.isin(uses.node, [leaf(form, slot) for slot in range(3)])]
    assert len(of_xs) == 3
    assert len(set(of_xs.tolist())) == 1


def test_the_offsets_are_those_of_each_node():
    form, wrt = canonical(lambda x, w: [x * w, exp(x), x + w], Value(3.0), Value(5.0))
    uses = Uses(form, wrt)
    for node in range(len(form)):
        here = slice(uses.offsets[node], uses.offsets[node + 1])
        assert (uses.node[here] == node).all()
    assert uses.offsets[-1] == len(uses.node)


@pytest.mark.parametrize("seed", range(len(KINDS)))
def test_active_is_what_a_walk_in_order_reaches(seed):
    function, args = program(seed)
    form, wrt = canonical(function, *args)
    for some in (wrt, wrt[::2], wrt[:0]):
        expected = (form.kind == LEAF) & np.isin(form.slot, some)
        for nodes in Schedule(form).levels:
            for node in nodes[(form.kind[nodes] != DETACH) & ~form.compares[nodes]]:
                terms = slice(form.offsets[node], form.offsets[node + 1])
                expected[node] = expected[form.a[terms]].any() or expected[form.b[terms]].any()
        assert np.array_equal(active_nodes(form, some), expected)
