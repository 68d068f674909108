"""Fields of nodes: what is filled while observers look on, and what other modules read."""

import copy
import pickle

import pytest

import autograd_lite as al
from autograd_lite import Value, compile, no_grad
from autograd_lite.fields import choice_of, copied, number_leaf, number_node, static_of, weights_of
from autograd_lite.kinds import FLOAT, INT, UNARY
from autograd_lite.observers import Observer, observe
from autograd_lite.operations.rules import CODES
from autograd_lite.plain import number_kind


class Notes(Observer):
    def __init__(self):
        self.nodes, self.sources = [], []

    def made(self, node):
        self.nodes.append(node)

    def detached(self, leaf, source):
        self.sources.append((leaf, source))


def test_static_parameters_and_plain_weights_are_read_where_they_are():
    x, y = Value(2.0), Value(3.0)
    assert static_of(x**3) == 3.0
    assert [static_of(node) for node in (x, x * y, al.exp(x))] == [0.0, 0.0, 0.0]
    assert weights_of(al.dot([x, y], [4.0, 5.0])) == (4.0, 5.0)
    assert [weights_of(node) for node in (x, al.dot([x], [y]), al.sum([x, y]))] == [(), (), ()]


LABELLED = {
    "leaf": lambda x: x,
    "constant": lambda x: (x * 2).parents[1],
    "unary": lambda x: x**2,
    "binary": lambda x: x * x,
    "quotient": lambda x: x / (x + 3.0),
    "sum": lambda x: al.sum([x, x]),
    "by hand": lambda x: Value(2.0, (x,), "twice"),
}


@pytest.mark.parametrize("make", LABELLED.values(), ids=LABELLED)
def test_a_label_changes_nothing_else(make):
    def seen(v):
        return v.data, v.parents, str(v.partials), v._op, v.rule, v.is_leaf, v.is_constant

    def gradients(v):
        x.grad = 0.0
        (v * 5.0).backward()
        return x.grad, v.grad

    x = Value(3.0)
    node = make(x)
    before = seen(node)
    node.label = ""
    assert node.label == ""
    node.label = "a"
    assert node.label == "a"
    assert seen(node) == before
    assert gradients(node) == gradients(make(x))
    for twin in (copy.copy(node), copy.deepcopy(node), pickle.loads(pickle.dumps(node))):
        assert (twin.label, twin.data, twin._op) == ("a", node.data, node._op)
    node.label = ""
    assert node.label == ""


def test_second_derivatives_of_a_labelled_product():
    def f(x):
        y = x * x
        y.label = "y"
        z = y / x
        z.label = "z"
        return y * z

    assert al.grad(al.grad(f))(2.0) == 12.0
    assert al.jvp(f, [2.0], [1.0])[1] == 12.0


def test_how_a_node_was_chosen_is_known_in_a_recording():
    seen = []

    @compile
    def f(xs):
        seen.append(choice_of(al.largest(xs)))
        return al.sum(xs)

    f([Value(1.0), Value(2.0)])
    assert seen == ["largest"]
    by_hand = Value(1.0, (Value(2.0),), "take")
    by_hand._backward = lambda: None
    assert [choice_of(node) for node in (Value(1.0), Value(1.0) * 2.0, by_hand)] == ["", "", ""]


def test_numbers_are_nodes_of_which_observers_are_told():
    notes = Notes()
    with observe(notes):
        leaf = number_leaf(INT, 3.0)
        node = number_node(FLOAT, UNARY, CODES["exp"], leaf, None, 20.0, 20.0, 0.0)
    assert [number_kind(node) for node in notes.nodes] == [INT, FLOAT]
    assert not isinstance(node, Value)
    assert Value.parents.__get__(node) == (leaf,)


def test_what_observers_are_told():
    notes = Notes()
    x = Value(2.0)
    with observe(notes):
        y = x * x
        total = al.sum([x, y])
        with no_grad():
            leaf = x * y
        mine = Value(5.0, (x,), "mine")
        copy = y.detach()
    product = notes.nodes[2]
    assert [id(node) for node in notes.nodes] == [id(node) for node in (y, total, product, mine)]
    assert [(a is leaf or a is copy, b is product or b is y) for a, b in notes.sources] == [
        (True, True),
        (True, True),
    ]
    assert leaf.is_leaf
    assert leaf.data == 8.0


def test_a_copy_of_a_number_is_a_value():
    notes = Notes()
    with observe(notes):
        leaf = number_leaf(INT, 3.0)
        copy = copied(leaf)
    assert isinstance(copy, Value)
    assert [id(node) for node in notes.nodes] == [id(leaf), id(copy)]
    assert (copy.data, copy.parents, static_of(copy)) == (3.0, (leaf,), 1.0)
