"""Which kind of number a rule makes of which, while a recording is open."""

import threading

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile, kinds, plain
from autograd_lite.fields import number_leaf
from autograd_lite.value import is_plain_number

BOOL, INT, FLOAT, NUMPY = kinds.BOOL, kinds.INT, kinds.FLOAT, kinds.NUMPY


def test_eager_nodes_stand_for_no_number():
    for node in (Value(1.0), Value(1.0) * 2, ag.dot([Value(1.0)], [2.0])):
        assert plain.number_kind(node) == kinds.NO_NUMBER
        assert not is_plain_number(node)
    assert is_plain_number(1.0)


CONSTANTS_ALONE = """
from autograd_lite import Value, detect_anomaly, exp, grad, hessian, no_grad, pullback
from autograd_lite.graph import topological_order

def f(x):
    return exp(x / 3.0)  # its partial is 1 / 3, a node of two constants

x = Value(0.0)
with detect_anomaly():
    (slope,) = pullback([f(x)], [1.0], [x])
    print({type(node) for node in topological_order(slope)} == {Value}, slope.data * 3)
    print(round(hessian(f)(0.0) * 9, 12), round(grad(grad(f))(0.0) * 9, 12))
with no_grad():
    print(round(hessian(f)(0.0) * 9, 12), round(grad(grad(f))(0.0) * 9, 12))
"""


def test_a_node_of_constants_alone_stands_for_no_number_where_nothing_is_recorded(python):
    """Before the first recording such classes are not there, and after it they are tracers'."""
    recorded = "from autograd_lite import compile\ncompile(lambda x: x)(1.0)\n"
    for before in ("", recorded):
        assert python("-c", before + CONSTANTS_ALONE) == "True 1.0\n1.0 1.0\n1.0 1.0\n"


def test_the_types_of_numbers_are_known():
    compile(lambda x: x)(1.0)  # the first recording fills the table
    types = (
        (True, BOOL),
        (1, INT),
        (1.0, FLOAT),
        (np.True_, NUMPY | BOOL),
        (np.int8(1), NUMPY | INT),
    )
    for number, kind in (*types, (np.float32(1), NUMPY | FLOAT)):
        assert plain.by_type[type(number)] == kind


@pytest.mark.parametrize(
    ("kinds_of", "rule", "made"),
    [
        ((INT, INT), lambda x, y: Value.__add__(x, y), INT),
        ((BOOL, INT), lambda x, y: Value.__mul__(x, y), INT),
        ((INT, FLOAT), lambda x, y: Value.__sub__(x, y), FLOAT),
        ((INT, NUMPY | BOOL), lambda x, y: Value.__add__(x, y), NUMPY | INT),
        ((INT, INT), lambda x, y: Value.__truediv__(x, y), FLOAT),
        ((NUMPY | INT, INT), lambda x, y: ag.maximum(x, y), FLOAT),
        ((INT, INT), lambda x, y: ag.exp(x), FLOAT),
        ((INT, INT), lambda x, y: Value.__neg__(x), INT),
        ((INT, NUMPY | INT), lambda x, y: ag.dot([x], [y]), FLOAT),
        ((NUMPY | INT, INT), lambda x, y: Value.__truediv__(x, y), NUMPY | FLOAT),
        ((INT, INT), lambda x, y: ag.sum([x, y, 1.5]), FLOAT),
        ((INT, INT), lambda x, y: ag.where(x, y, Value(1.0)), kinds.NO_NUMBER),
        ((INT, INT), lambda x, y: ag.dot([x], [Value(1.0)]), kinds.NO_NUMBER),
        ((INT, INT), lambda x, y: Value(1.0, (x, y), "by hand"), kinds.NO_NUMBER),
    ],
)
def test_the_kind_of_a_node_follows_from_its_parents(kinds_of, rule, made):
    found = []

    def f(z):
        node = rule(*[number_leaf(kind, 1.0) for kind in kinds_of])
        found.append((plain.number_kind(node), type(node)))
        return z

    compile(f)(Value(1.0))
    assert found[0][0] == made
    assert found[0][1] is (plain.classes[made] or Value)


def test_a_node_may_be_made_a_number_of_another_kind_and_a_constant():
    found = []

    def f(z):
        node = Value.__add__(number_leaf(INT, 1.0), 2)
        assert plain.as_number(node, FLOAT) is node
        found.append((plain.number_kind(node), type(node), len(Value.parents.__get__(node))))
        plain.forget_parents(node)
        found.append(len(Value.parents.__get__(node)))
        return z

    compile(f)(Value(1.0))
    assert found[:2] == [(FLOAT, plain.classes[FLOAT], 2), 0]


def test_a_block_of_another_thread_makes_no_plain_numbers_of_constants():
    """Two leaves of 2.0 are two, where nothing is recorded."""
    opened, done = threading.Event(), threading.Event()

    def elsewhere():
        with ag.no_grad():
            opened.set()
            done.wait()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    try:
        opened.wait()
        constants = [x for x in (2.0 - Value(0.0)).parents if x.is_constant]
    finally:
        done.set()
        thread.join()
    assert len(constants) == 1
    assert constants[0] != Value(2.0)
