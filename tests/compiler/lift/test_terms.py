"""Terms that are looked up for many groups at once are those of each."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite.compiler.lift import terms
from autograd_lite.compiler.lift.terms import Terms
from autograd_lite.compiler.tape.ranges import rows_of


@given(st.lists(st.integers(0, 3), max_size=40), st.integers(1, 9), st.randoms())
def test_terms_of_each_group_in_any_order(counts, members, random):
    offsets = np.cumsum([0, *counts])
    nodes = random.sample(range(len(counts)), len(counts))
    cuts = sorted(random.choices(range(len(nodes) + 1), k=3))
    groups = [np.array(part, np.int64) for part in np.split(np.array(nodes, np.int64), cuts)]
    batches = []

    def columns(found, which, rows):
        batches.append(len(found))
        return found, np.stack([found, -found])

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(terms, "MEMBERS", members)
        table = Terms(offsets, groups, columns)
        for i in random.choices(range(len(groups)), k=8):
            places, lengths = rows_of(offsets, groups[i])
            row, found, both = table.of(i)
            assert row.tolist() == np.repeat(np.arange(len(groups[i])), lengths).tolist()
            assert found.tolist() == places.tolist()
            assert both.tolist() == [places.tolist(), (-places).tolist()]


def test_groups_in_order_are_looked_up_once_a_batch():
    batches = []
    groups = list(np.arange(1000).reshape(100, 10))
    table = Terms(np.arange(1001), groups, lambda found, *_: batches.append(len(found)) or [found])
    for i in range(100):
        assert table.of(i)[1].tolist() == groups[i].tolist()
    assert batches == [1000]
