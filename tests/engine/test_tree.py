"""Nested containers: what they hold, where, and what `rebuild` makes of other things."""

from collections import Counter, OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass

import pytest

from autograd_lite import Value
from autograd_lite.tree import children, is_made_of_fields, items, rebuild, rebuildable

Point = namedtuple("Point", "x y")


@dataclass
class Pair:
    one: object
    other: object


@dataclass(frozen=True, slots=True)
class Frozen:
    one: object
    other: object


CONTAINERS = [
    ([1, 2], ["[0]", "[1]"]),
    ((1, 2), ["[0]", "[1]"]),
    (Point(1, 2), ["[0]", "[1]"]),
    ({"w": 1, 3: 2}, ["['w']", "[3]"]),
    (OrderedDict(w=1, b=2), ["['w']", "['b']"]),
    (defaultdict(int, w=1, b=2), ["['w']", "['b']"]),
    (Pair(1, 2), [".one", ".other"]),
    (Frozen(1, 2), [".one", ".other"]),
]


@pytest.mark.parametrize(("container", "paths"), CONTAINERS)
def test_a_container_is_taken_apart_and_made_again(container, paths):
    assert children(container) == [1, 2]
    assert items(container) == list(zip(paths, [1, 2], strict=True))
    assert rebuildable(container)
    again = rebuild(container, [3, 4])
    assert type(again) is type(container)
    assert children(again) == [3, 4]
    assert children(container) == [1, 2]
    assert rebuild(container, [1, 2]) == container


def test_a_default_stays():
    assert rebuild(defaultdict(list, w=1), [2])["b"] == []


def test_a_path_leads_to_its_thing():
    for container, _ in CONTAINERS:
        for path, thing in items(container):
            assert eval(f"container{path}", {"container": container}) is thing


def test_arrays_hold_objects():
    np = pytest.importorskip("numpy")
    array = np.array([[1, "two"]], object)
    assert items(array) == [("[0, 0]", 1), ("[0, 1]", "two")]
    again = rebuild(array, [3, 4])
    assert again.dtype == object
    assert again.tolist() == [[3, 4]]
    assert array.tolist() == [[1, "two"]]
    assert items(np.array(None, object)) == [("", None)]


def test_an_array_of_numbers_holds_nothing_and_is_copied():
    np = pytest.importorskip("numpy")
    array = np.array([1.0, 2.0])
    assert children(array) == items(array) == []
    again = rebuild(array, [])
    assert again is not array
    assert again.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("leaf", [1.0, "text", b"bytes", None, {1, 2}, Value(1.0), Pair, range(3)])
def test_leaves(leaf):
    assert children(leaf) == items(leaf) == []
    assert not rebuildable(leaf)
    assert rebuild(leaf, []) is leaf


class Vector(list):
    """May hold more than its elements."""


def test_a_method_of_that_name_makes_no_named_tuple():
    class Module:
        def _make(self):
            return 0

    assert children(Module()) == items(Module()) == []
    assert not rebuildable(Module())


def test_subclasses_count_as_plain_ones_that_are_not_made_again_alike():
    assert children(Vector([1, 2])) == [1, 2]
    assert type(rebuild(Vector([1, 2]), [3, 4])) is list
    assert items(Counter("aab")) == [("['a']", 2), ("['b']", 1)]
    assert type(rebuild(Counter("a"), [3])) is dict
    assert not rebuildable(Vector())
    assert not rebuildable(Counter())


def test_an_object_with_more_than_its_fields_is_a_leaf():
    pair = Pair(1, 2)
    assert is_made_of_fields(pair)
    pair.more = 3
    assert not is_made_of_fields(pair)
    assert children(pair) == []
    assert not rebuildable(pair)
