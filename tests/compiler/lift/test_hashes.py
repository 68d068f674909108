"""Hashes of sets: they tell small sets apart, and neither order nor repetition matters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite.compiler.lift import hashes as module
from autograd_lite.compiler.lift.hashes import mixed, numbered, of_pairs, of_sets

sets = st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=5), min_size=1, max_size=8)
pairs = st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=2), min_size=1, max_size=8)


def hashes(lists, counts=lambda x: True):
    """One for each list, of the elements that count."""
    elements = np.array([x for each in lists for x in each])
    starts = np.cumsum([0, *map(len, lists)])[:-1]
    counted = np.array([counts(x) for x in elements.tolist()])
    return of_sets(mixed(elements), counted, starts).tolist()


@given(sets)
def test_neither_order_nor_repetition_matters(lists):
    assert hashes(lists) == hashes([each[::-1] + each[:1] for each in lists])


@given(pairs)
def test_two_are_equal_if_the_sets_are(lists):
    found = hashes(lists)
    for one, x in zip(lists, found, strict=True):
        for other, y in zip(lists, found, strict=True):
            assert (x == y) == (set(one) == set(other))


@given(sets)
def test_what_does_not_count_is_left_out_beside_what_does(lists):
    def is_odd(x):
        return x % 2 == 1

    lists = [[*each, 1] for each in lists]
    assert hashes(lists, is_odd) == hashes([[*filter(is_odd, each)] for each in lists])


def test_neighbours_differ_in_half_of_the_bits():
    x = mixed(np.arange(1000))
    differing = [int(bits).bit_count() for bits in x[1:] ^ x[:-1]]
    assert 30 < np.mean(differing) < 34


def test_pairs_are_told_apart_in_their_order():
    x, y = np.divmod(np.arange(10_000), 100)
    found = of_pairs(x, y)
    assert len(np.unique(found)) == len(found)
    assert len(np.unique(np.append(found, of_pairs(found, y)))) == 2 * len(found)


@pytest.mark.parametrize("kinds", [1, 7, 300, 100_000])
@pytest.mark.parametrize("many", [0, 10**6])
def test_marks_are_numbered_by_hashes_or_in_order(monkeypatch, kinds, many):
    """With 100,000 kinds, two have the same bits."""
    monkeypatch.setattr(module, "_MANY", many)
    marks = mixed(np.random.default_rng(0).integers(0, kinds, 200_000))
    for each in (marks, marks.astype(np.int64)):
        found, n = numbered(each)
        order = np.unique(each, return_index=True, return_inverse=True)
        assert n == len(order[0])
        assert np.array_equal(found[order[1]][order[2]], found)
        assert len(np.unique(found)) == n == found.max() + 1
