"""copy, deepcopy, pickle and weak references: of graphs, subclasses, and users' operations."""

import copy
import gc
import itertools
import pickle
import weakref

import pytest

import autograd_lite as al
from autograd_lite import Value, operation, topological_order

DUPLICATES = {
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda thing, protocol=protocol: pickle.loads(
            pickle.dumps(thing, protocol)
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}
every_duplicate = pytest.mark.parametrize("duplicate", DUPLICATES.values(), ids=DUPLICATES)


@operation(lambda x, out: 2 * x)
def squared(x):
    return x * x


class Named(Value):
    def __init__(self, data, name):
        super().__init__(data)
        self.name = name


class Slotted(Value):
    __slots__ = ("__secret", "friend", "unset")

    def __init__(self, data, friend):
        super().__init__(data)
        self.friend, self.__secret = friend, "secret"

    def reveal(self):
        return self.__secret


def everything(x, y):
    """A graph with nodes of every kind, and x in many places."""
    parts = [x * y, x**2, -x, al.sum([x, 2, y]), al.dot([x, y], [3, 4]), al.dot([x, 1], [y, y])]
    parts += [al.where(1.0, x, y), al.norm([x, y]), squared(x), x.leaky_relu(0.5), x + 0]
    return al.mean(parts)


def state(root):
    """All there is to a graph, node by node."""
    order = topological_order(root)
    place = {node: i for i, node in enumerate(order)}
    return [
        (type(n), n.data, n.grad, n.label, n._op, n.partials, n.is_constant,
         [place[parent] for parent in n.parents])
        for n in order
    ]  # fmt: skip


@every_duplicate
class TestGraphs:
    def test_a_graph(self, duplicate):
        x, y = Value(3.0, label="x"), Value(4.0)
        root = everything(x, y)
        root.label = "root"
        root.backward()
        twin = duplicate(root)
        assert state(twin) == state(root)
        assert not set(topological_order(twin)) & set(topological_order(root))

    def test_the_duplicate_differentiates_by_itself(self, duplicate):
        x, y = Value(3.0), Value(4.0)
        root = everything(x, y)
        twin = duplicate(root)
        root.backward()
        x_twin = next(n for n in topological_order(twin) if n.is_leaf and n.data == 3.0)
        assert x_twin.grad == 0.0
        twin.backward()
        assert x_twin.grad == x.grad != 0.0

    def test_a_list_shares_what_the_original_shares(self, duplicate):
        x = Value(3.0)
        y = x * 2
        z = y + x
        for nodes in ([x, y, z], [z, y, x], [y, z, y]):
            twins = duplicate(nodes)
            place = {id(node): i for i, node in enumerate(nodes)}
            assert [state(node) for node in twins] == [state(node) for node in nodes]
            assert twins[place[id(y)]] in (twins[place[id(z)]]).parents

    def test_the_grad_of_a_leaf(self, duplicate):
        x = Value(3.0)
        x.grad = 5.0
        assert (duplicate(x).data, duplicate(x).grad) == (3.0, 5.0)

    def test_a_subclass(self, duplicate):
        leaf = Named(3.0, "leaf")
        twin = duplicate(leaf * 2).parents[0]
        assert (type(twin), twin.name, twin.data) == (Named, "leaf", 3.0)

    def test_a_subclass_with_slots(self, duplicate):
        leaf = Slotted(3.0, friend=Value(4.0))
        twin = duplicate(leaf)
        assert (type(twin), twin.friend.data, twin.reveal()) == (Slotted, 4.0, "secret")
        assert not hasattr(twin, "unset")

    def test_a_cycle_through_a_subclass(self, duplicate):
        a, b = Named(1.0, None), Named(2.0, None)
        c = a * b
        a.name, b.name = c, b
        twin = duplicate(c)
        assert twin.parents[0].name is twin
        assert twin.parents[1].name is twin.parents[1]

    def test_a_node_by_hand_is_refused(self, duplicate):
        x = Value(1.0)
        out = Value(2.0, (x,), "double")
        out._backward = lambda: None
        with pytest.raises(TypeError, match=r"node 'double'.*autograd_lite\.operation"):
            duplicate(out * 3)
        assert state(duplicate(x)) == state(x)

    def test_a_node_by_hand_without_a_closure(self, duplicate):
        out = Value(2.0, (Value(1.0),), "double", label="out")
        assert [s[:5] for s in state(duplicate(out))] == [s[:5] for s in state(out)]


class TestCopy:
    def test_a_copy_has_the_same_parents(self):
        x = Value(3.0, label="x")
        y = x * x
        y.label = "y"
        twin = copy.copy(y)
        assert twin is not y
        assert (twin.data, twin.label, twin.parents, twin._op) == (9.0, "y", (x, x), "*")
        twin.backward()
        assert (x.grad, y.grad) == (6.0, 0.0)

    def test_of_a_sequence_node(self):
        x = Value(3.0)
        twin = copy.copy(al.dot([x, 1], [2, x]))
        twin.backward()
        assert x.grad == 3.0

    def test_of_a_subclass_is_shallow(self):
        friend = Value(1.0)
        twin = copy.copy(Slotted(3.0, friend))
        assert twin.friend is friend

    def test_a_node_by_hand_is_refused(self):
        out = Value(2.0, (Value(1.0),), "double")
        out._backward = lambda: None
        with pytest.raises(TypeError, match="cannot copy the node 'double'"):
            copy.copy(out)


def test_deepcopy_honours_the_memo():
    x, stand_in = Value(3.0), Value(7.0)
    twin = copy.deepcopy(x * 2, {id(x): stand_in})
    assert twin.parents[0] is stand_in


def test_a_pickle_of_an_unknown_operation_says_so():
    @operation(lambda x, out: 1.0)
    def soon_gone(x):
        return x

    pickled = pickle.dumps(soon_gone(Value(1.0)), 2)
    assert b"soon_gone" in pickled
    with pytest.raises(ValueError, match="'soon_lost', which is not defined here; import"):
        pickle.loads(pickled.replace(b"soon_gone", b"soon_lost"))


def test_a_pickle_of_an_earlier_version():
    """Of x * x with the label "x", when graph.py had the functions that pickles name."""
    y = pickle.loads(
        b"cautograd_lite.graph\n_unpickled\np0\n(cautograd_lite.value\nValue\np1\n"
        b"c__builtin__\ntuple\np2\n(tRp3\n(lp4\ng0\n(g1\ng3\n(lp5\nVleaf\np6\n((I0\n"
        b"NNF3.0\nF0.0\nF0.0\ntp7\nF0.0\nVx\np8\ntp9\ntp10\nRp11\naVmul\np12\n((I2\ng11\n"
        b"g11\nF9.0\nF3.0\nF3.0\ntp13\nF0.0\nNtp14\ntp15\nRp16\n."
    )
    (x, same) = y.parents
    assert x is same
    assert (x.data, x.label, y.data, y._op) == (3.0, "x", 9.0, "*")
    y.backward()
    assert x.grad == 6.0


def test_a_failed_pickle_leaves_no_state_behind():
    x = Named(1.0, lambda: None)  # a lambda cannot be pickled
    root = (x * 2) + x
    for _ in range(2):
        with pytest.raises((pickle.PicklingError, AttributeError)):
            pickle.dumps(root)
    x.name = "fine"
    assert state(pickle.loads(pickle.dumps(root))) == state(root)


class Counting(Value):
    """Counts how often its parents are looked up."""

    looks = 0

    @property
    def parents(self):
        Counting.looks += 1
        return super().parents


def test_deepcopy_of_a_list_of_many_nodes_of_one_graph():
    """The work grows with the graph, not with its square."""
    nodes = [Counting(0.0)]
    for i in range(400):
        nodes.append(Counting(float(i), (nodes[-1],), "next"))
    Counting.looks = 0
    twins = copy.deepcopy(nodes)
    assert Counting.looks < 20 * len(nodes)
    assert all(twin.parents == (before,) for before, twin in itertools.pairwise(twins))


class TestMemory:
    def test_weak_references(self):
        x = Value(1.0)
        y = x * 2
        watched = weakref.WeakSet([x, y])
        assert len(watched) == 2
        del y
        assert len(watched) == 1

    def test_a_dropped_graph_is_freed_at_once(self):
        x = Value(1.0)
        y = x * 2
        freed = [weakref.ref(node) for node in (y, y.parents[1])]
        z = al.sum([y, y + 1])
        z.backward()
        gc.disable()
        try:
            del y, z
            assert [ref() for ref in freed] == [None, None]
        finally:
            gc.enable()

    def test_a_node_keeps_its_parents(self):
        y = Value(1.0) * 2
        assert [parent.data for parent in y.parents] == [1.0, 2.0]

    def test_a_finaliser_may_build_and_drop_graphs(self):
        class Last(Value):
            def __del__(self):
                y = Value(1.0)
                for _ in range(300):
                    y = y + 1
                seen.append(y.data)

        seen = []
        chain = Last(1.0)
        for _ in range(1000):
            chain = chain * Last(1.0)
        del chain
        assert seen == [301.0] * 1001
