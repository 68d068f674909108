"""Cycles through nodes are collected, whatever closes them, and what is held is never touched."""

import copy
import functools
import gc
import pickle
import random
import sys
import threading
import weakref

import pytest

import autograd_lite as al
from autograd_lite import Value


class Holder(Value):
    """A Value whose instances have attributes."""


class Slotted(Value):
    __slots__ = ("thing",)


def by_attribute():
    a = Holder(1.0)
    a.thing = a * 2
    return a


def by_slot():
    a = Slotted(1.0)
    a.thing = al.sum([a, 2.0])
    return a


def by_containers():
    a = Holder(1.0)
    a.thing = [{"losses": (al.dot([a, a], [1.0, a]).exp(),)}]
    return a


def by_each_other():
    a, b = Holder(1.0), Holder(2.0)
    a.thing, b.thing = b * 1, a * 1
    return a


def by_attribute_and_parent():
    a = Holder(1.0)
    a.thing = Holder(2.0, (a * 1,), "by hand")
    return a


def by_attributes_alone_too():
    a = by_attribute()
    a.me = [a]
    return a


def by_deepcopy():
    return copy.deepcopy(by_attribute())


def by_pickle():
    return pickle.loads(pickle.dumps(by_attribute()))


def node_by_hand(backward):
    out = Value(2.0, (Value(1.0),), "by hand")
    out._backward = backward(out)
    return out


def by_partial():
    return node_by_hand(lambda out: functools.partial(print, out))


def by_bound_method():
    return node_by_hand(lambda out: [out].clear)


def by_a_list_in_a_closure():
    def backward(out):
        nodes = [out]
        return lambda: nodes[0].grad

    return node_by_hand(backward)


def by_a_default():
    return node_by_hand(lambda out: lambda nodes=(out,): nodes[0].grad)


def by_a_function_that_names_it():
    def backward(out):
        def inner():
            return out.grad

        return lambda: inner()

    return node_by_hand(backward)


def by_an_attribute_of_a_function():
    def backward(out):
        def inner():
            return inner.out.grad

        inner.out = out
        return inner

    return node_by_hand(backward)


class SaysItIsAFloat:
    __class__ = property(lambda self: float)


def by_what_says_it_is_a_float():
    def backward(out):
        thing = SaysItIsAFloat()
        thing.out = out
        return lambda: thing.out.grad

    return node_by_hand(backward)


CYCLES = [
    by_attribute,
    by_slot,
    by_containers,
    by_each_other,
    by_attribute_and_parent,
    by_attributes_alone_too,
    by_deepcopy,
    by_pickle,
    by_partial,
    by_bound_method,
    by_a_list_in_a_closure,
    by_a_default,
    by_a_function_that_names_it,
    by_an_attribute_of_a_function,
    by_what_says_it_is_a_float,
]


@pytest.fixture
def errors(monkeypatch):
    """What collections raise, which nobody can catch."""
    found = []
    monkeypatch.setattr(sys, "unraisablehook", lambda error: found.append(error.exc_value))
    return found


@pytest.fixture
def collections_all_the_time():
    """Full ones, at about every object that is made."""
    threshold = gc.get_threshold()
    gc.collect()
    gc.freeze()  # Python puts off a full collection until enough of what it has seen is new
    gc.set_threshold(1, 1, 1)
    yield
    gc.set_threshold(*threshold)


@pytest.mark.usefixtures("collections_all_the_time")
@pytest.mark.parametrize("make", [by_a_list_in_a_closure, by_partial, by_attribute, by_deepcopy])
def test_a_collection_may_come_at_any_moment(make, errors):
    dropped = [weakref.ref(make()) for _ in range(200)]
    gc.collect()
    assert errors == []
    assert [ref for ref in dropped if ref() is not None] == []


@pytest.mark.skipif(Value.__flags__ >> 9 & 1, reason="interpreted, Python's collector does it all")
def test_one_search_follows_a_collection(python):
    """Though two threads may find at once that there is none yet."""
    count = """
import gc
from autograd_lite import Value, handmade
class Holder(Value): pass
for _ in range(2):
    handmade._watched = False
    Holder(1.0)
print(len(gc.callbacks))
"""
    assert python("-c", count) == "1\n"


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_finaliser_of_an_instance_whose_init_failed(when, errors):
    seen = []

    class Fails(Value):
        def __init__(self):
            if when == "after":
                super().__init__(3.0, (Value(1.0),), "by hand")
                self.thing = self * 2
            raise ValueError(when)

        def __del__(self):
            self.backward()
            seen.append((self.data, len(self.parents), self.grad))

    with pytest.raises(ValueError, match=when):
        Fails()
    gc.collect()
    assert seen == [(0.0, 0, 1.0) if when == "before" else (3.0, 1, 1.0)]
    assert errors == []


class RaisesWhenAsked:
    @property
    def __class__(self):
        raise RuntimeError("asked for its class")


class Unhashable(type):
    def __eq__(cls, other):
        return cls is other


class OfAnUnhashableType(metaclass=Unhashable):
    pass


def dead_proxy():
    return weakref.proxy(Holder(1.0))


@pytest.mark.parametrize("awkward", [RaisesWhenAsked, OfAnUnhashableType, dead_proxy])
def test_no_object_is_too_awkward_for_the_search(awkward, errors):
    def backward(out):
        thing, nodes = awkward(), [out]
        return lambda: (thing, nodes)

    def backward_in_a_list(out):
        things = [out, awkward()]
        return lambda: things

    dropped = [weakref.ref(node_by_hand(b)) for b in (backward, backward_in_a_list)]
    gc.collect()
    assert errors == []
    assert [ref() for ref in dropped] == [None, None]


@pytest.mark.parametrize("make", CYCLES)
def test_a_cycle_is_collected(make):
    dropped = weakref.ref(make())
    gc.collect()
    assert dropped() is None


def parents_near(node):
    """The parents of a node and of the one that its attribute names."""
    thing = getattr(node, "thing", None)
    return node.parents, thing.parents if isinstance(thing, Value) else None


@pytest.mark.parametrize("make", CYCLES)
def test_a_cycle_that_is_held_is_left_alone(make):
    node = make()
    before = parents_near(node)
    gc.collect()
    assert parents_near(node) == before


def test_a_graph_that_is_held_at_its_end_keeps_everything():
    a = Holder(3.0)
    a.thing = a * a
    root = a.thing * 2
    a = weakref.ref(a)
    gc.collect()
    root.backward()
    assert a().grad == 12.0


def test_the_finaliser_of_an_instance_finds_a_whole_graph():
    seen = []

    class Last(Value):
        def __del__(self):
            seen.append((self.data, self.thing.data, self.thing.parents[0] is self))

    a = Last(1.0)
    a.thing = a * 2
    del a
    gc.collect()
    assert seen == [(1.0, 2.0, True)]


def test_what_a_finaliser_takes_hold_of_lives():
    kept, runs = [], []

    class Last(Value):
        def __del__(self):
            runs.append(len(kept))
            kept.append(self)

    a = Last(3.0)
    a.thing = a * a
    del a
    gc.collect()
    (a,) = kept
    a.thing.backward()
    assert a.grad == 6.0
    kept.clear()
    dropped = weakref.ref(a)
    del a
    gc.collect()
    assert dropped() is None
    assert runs == [0]


def test_a_finaliser_may_reach_another_instance_by_a_weak_reference():
    kept = []

    class Last(Value):
        def __del__(self):
            kept.append(other())

    a, b = Last(3.0), Holder(2.0)
    a.thing, b.thing = b * 1, a * b
    other = weakref.ref(b)
    del a, b
    gc.collect()
    if kept[0] is not None:  # Python's own collector, interpreted, clears weak references first
        kept[0].thing.backward()
        assert kept[0].grad == 3.0


def test_a_long_cycle_is_cut_without_recursion():
    a = Holder(1.0)
    node = a
    for _ in range(100_000):
        node = -node
    a.thing = node
    dropped = weakref.ref(a)
    del a, node
    gc.collect()
    assert dropped() is None


MAKE = [
    lambda a, b: a * b,
    lambda a, b: al.sum([a, b, b]),
    lambda a, b: al.dot([a], [b]),
    lambda a, b: Holder(1.0, (a, b), "by hand"),
    lambda a, b: Holder(1.0),
]


def random_graph(seed):
    """Nodes with attributes that refer to older and younger ones: those that are held, weak
    references to all, what each refers to by number, and which are held.
    """
    rng = random.Random(seed)
    nodes, refers = [Holder(0.0)], [[]]
    for i in range(1, rng.randint(2, 12)):
        x, y = rng.randrange(i), rng.randrange(i)
        nodes.append(rng.choice(MAKE)(nodes[x], nodes[y]))
        refers.append([] if nodes[i].is_leaf else [x, y])
    for node, targets in zip(nodes, refers, strict=True):
        if isinstance(node, Holder):
            more = rng.choices(range(len(nodes)), k=rng.randrange(3))
            node.things = [nodes[j] for j in more]
            targets += more
    held = rng.sample(range(len(nodes)), rng.randrange(2))
    return [nodes[i] for i in held], [weakref.ref(node) for node in nodes], refers, held


def test_what_is_reachable_lives_and_the_rest_dies():
    graphs = [random_graph(seed) for seed in range(2000)]
    parents = [
        [[id(p) for p in ref().parents] if ref() is not None else None for ref in refs]
        for _, refs, _, _ in graphs
    ]
    gc.collect()
    died = 0
    for (_, refs, refers, held), before in zip(graphs, parents, strict=True):
        reachable = list(held)
        for i in reachable:
            reachable += [j for j in refers[i] if j not in reachable]
        assert {i for i, ref in enumerate(refs) if ref() is not None} == set(reachable)
        assert [[id(p) for p in refs[i]().parents] for i in reachable] == [
            before[i] for i in reachable
        ]
        died += len(refs) - len(set(reachable))
    assert died > len(graphs)


@pytest.mark.usefixtures("threads_switch_often")
def test_other_threads_may_work_meanwhile():
    wrong, at_work = [], 3

    def work():
        nonlocal at_work
        while collections < 3:
            a = Holder(2.0)
            a.thing = a * 3
            for _ in range(20):
                a.thing = a.thing * 1.0
            a.thing.backward()
            if a.grad != 3.0:
                wrong.append(a.grad)
        at_work -= 1

    collections = 0
    threads = [threading.Thread(target=work) for _ in range(at_work)]
    for thread in threads:
        thread.start()
    for collections in range(1, 4):  # noqa: B007 (the threads read it)
        gc.collect()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_collection_within_a_pass():
    """Leaves that a pass has met refer to one another then, and the references do not count."""
    leaves = [Holder(float(i)) for i in range(5)]
    for x in leaves:
        x.thing = leaves
    out = Value(1.0, (leaves[0],), "by hand")

    def backward():
        del leaves[3:]  # held by the graph alone
        gc.collect()
        leaves[0].grad += out.grad

    met_first = leaves[4] * 2.0 + leaves[3] * 3.0 + leaves[1] * 4.0
    root = met_first + out.exp().log()
    out._backward = backward
    root.backward()
    gc.collect()
    x4 = root.parents[0].parents[0].parents[0].parents[0]
    x3 = root.parents[0].parents[0].parents[1].parents[0]
    assert [x4.grad, x3.grad, leaves[1].grad, leaves[2].grad] == [2.0, 3.0, 4.0, 0.0]
    assert leaves[0].grad == 1.0
    assert (x4.data, x3.data) == (4.0, 3.0)
