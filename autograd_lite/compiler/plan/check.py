"""What groups.py says of every plan, checked address by address; for tests, as it takes time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from autograd_lite.compiler.lift.instructions import (
    Contraction,
    Instruction,
    Ref,
    ScatterAdd,
    operands_of,
    target_of,
)
from autograd_lite.compiler.plan.groups import (
    Group,
    Loop,
    Repeat,
    kept,
    reads_of,
    turns_of,
    writes_of,
)
from autograd_lite.compiler.plan.result import Plan
from autograd_lite.compiler.tape.ranges import Ints
from autograd_lite.operations.formulas import CONSTANTS, names_of

__all__ = ["check"]


def check(plan: Plan) -> None:
    """Raise AssertionError, with the group, unless the plan is as groups.py says.

    And each number is complete when it is read, and begins with something where it is added to.
    """
    groups = [*_single(plan.forward), *_single(plan.backward)]
    for group in groups:
        if isinstance(group, Loop):
            _check_loop(group, plan.size)
        elif not isinstance(group, Repeat):
            _check_instruction(group, plan.size)
    _check_order(groups, plan)


def _single(groups: Iterable[Group]) -> Iterator[Group]:
    """The groups, with repetitions turn by turn."""
    for group in groups:
        if isinstance(group, Repeat):
            assert group.count > 0, group
            assert all(isinstance(x, (Loop, Contraction)) for x in group.groups), group
            yield from turns_of(group)
        else:
            yield group


def _check_loop(loop: Loop, size: int) -> None:
    sizes = loop.sizes
    assert loop.statements, loop
    assert all(n > 1 for n in sizes), loop
    assert len({s.sums for s in loop.statements if s.kind != "map"}) <= 1, loop
    written = np.zeros(size, bool)
    for s in loop.statements:
        assert (s.kind == "map") == (not s.sums), s
        assert s.add == 0 or s.kind != "max", s
        assert names_of(s.tree) - CONSTANTS.keys() == set(s.operands), s
        for ref in (s.out, *s.operands.values()):
            assert len(ref.strides) == len(sizes), s
        if s.stored:
            out = s.out.spread(*kept(sizes, s))
            assert all(s.out.strides[i] == 0 for i in s.sums), s
            assert _inside(out, size), s
            assert len(np.unique(out)) == len(out), s
            assert not written[out].any(), loop
            written[out] = True
        else:
            assert (s.kind, s.add) == ("map", 0), s
            assert s.out.base < 0, s
            assert not any(s.out.strides), s
    unstored = [s.out for s in loop.statements if not s.stored]
    assert len(set(unstored)) == len(unstored), loop
    maps = [s.out for s in loop.statements if s.kind == "map"]
    computed: set[Ref] = set()
    for s in loop.statements:
        for ref in s.operands.values():
            if ref.base < 0:
                assert ref in computed, loop
            elif ref not in computed:
                read = ref.addresses(*sizes)
                assert _inside(read, size), s
                assert ref in maps or not written[read].any(), loop
        if s.kind == "map":
            computed.add(s.out)


def _check_instruction(group: Instruction, size: int) -> None:
    written = target_of(group)
    assert _inside(written, size), group
    assert isinstance(group, ScatterAdd) or len(np.unique(written)) == len(written), group
    for read in operands_of(group):
        assert _inside(read, size), group
        assert not np.isin(read, written).any(), group


def _check_order(groups: list[Group], plan: Plan) -> None:
    """No number is read that is written behind; none is added to one that nothing began.

    What a sum is added to must be written before, as memory keeps what the run before has left.
    """
    known = np.zeros(plan.size, bool)  # written in this run
    stale = np.ones(plan.size, bool)  # never written: 0, as the memory is at first
    for each in (plan.leaves, plan.cotangents, plan.constants):
        known[each] = True
    for group in groups:
        for written in writes_of(group):
            stale[written] = False
    for group in groups:
        for read in reads_of(group):
            assert (known | stale)[read].all(), group
        for written in writes_of(group):
            known[written] = True
    for each in (plan.outputs, plan.deciding, plan.gradients):
        assert (known | stale)[each].all(), each


def _inside(addresses: Ints, size: int) -> bool:
    return bool(((addresses >= 0) & (addresses < size)).all())
