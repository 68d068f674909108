"""Leaves in blocks: every reader and writer finds the number there, and a copy has its own."""

import copy
import gc
import os
import pickle
from array import array
from math import nan

import pytest

import autograd_lite as al
import nn
from autograd_lite import Value
from autograd_lite.placement import place, placed, placement_of


@pytest.fixture
def leaves():
    xs = Value(2.0), Value(3.0, label="y"), Value(-1.0)
    xs[0].grad = 0.5
    return xs


def test_numbers_and_gradients_move(leaves):
    here = place(leaves)
    assert list(here.numbers) == [2.0, 3.0, -1.0]
    assert list(here.grads) == [0.5, 0.0, 0.0]
    assert [x.data for x in leaves] == [2.0, 3.0, -1.0]
    assert [x.grad for x in leaves] == [0.5, 0.0, 0.0]
    assert [x.label for x in leaves] == ["", "y", ""]
    assert [placement_of(x) for x in leaves] == [here] * 3
    assert placement_of(Value(1.0)) is None
    assert here.intact


def test_what_is_set_is_in_the_block_and_what_is_in_the_block_is_read(leaves):
    here = place(leaves)
    x, y, z = leaves
    x.data, y.grad, z.label = 5.0, 7.0, "z"
    assert list(here.numbers) == [5.0, 3.0, -1.0]
    assert list(here.grads) == [0.5, 7.0, 0.0]
    here.numbers[2] = 11.0
    here.grads[2] = nan
    assert (z.data, z.label) == (11.0, "z")
    assert z.grad != z.grad
    z.grad = None
    assert here.grads[2] == 0.0


OPERATIONS = {
    "unary": lambda x, y, z: x.exp() * x**2.0,
    "binary": lambda x, y, z: x * y - z / x + y**x,
    "constants": lambda x, y, z: 2 * x - y / 3 + 1,
    "ternary": lambda x, y, z: al.where(x, y, z) + al.clip(x, z, y),
    "sum": lambda x, y, z: al.sum([x, y, z, x]),
    "max": lambda x, y, z: al.logsumexp([x, y, z]) + al.prod([x, y, z]),
    "dot": lambda x, y, z: al.dot([x, y, z], [z, x, 4.0]),
    "constant dot": lambda x, y, z: al.dot([x, y, z], [1.0, 2.0, 3.0]),
    "floor": lambda x, y, z: x // y + y % z + abs(z) + -x,
}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_operations_and_derivatives(operation, leaves):
    alone = [Value(x.data) for x in leaves]
    expected = operation(*alone)
    expected.backward()
    here = place(leaves)
    for x in leaves:
        x.grad = 0.0
    found = operation(*leaves)
    found.backward()
    assert found.data == expected.data
    assert list(here.grads) == [x.grad for x in alone]
    found.backward()  # gradients add up
    assert list(here.grads) == [2 * x.grad for x in alone]
    points = [x.data for x in leaves]
    before = list(here.grads)
    assert al.grad(lambda xs: operation(*xs))(points) == [x.grad for x in alone]
    pulled = al.pullback([operation(*leaves)], [1.0], list(leaves))
    assert [getattr(g, "data", g) for g in pulled] == pytest.approx([x.grad for x in alone])
    assert list(here.grads) == before


def test_comparisons_and_texts(leaves):
    place(leaves)
    x, y, z = leaves
    assert x < y
    assert z <= x
    assert x == 2.0
    assert x != 3
    assert bool(z)
    assert f"{x:.1f}" == "2.0"
    assert repr(x) == "Value(data=2.0, grad=0.5)"
    assert x.item() == 2.0
    assert x.detach().data == 2.0
    assert placement_of(x.detach()) is None


def test_a_pass_from_a_leaf(leaves):
    here = place(leaves)
    leaves[1].backward()
    assert list(here.grads) == [0.5, 1.0, 0.0]


def test_nodes_by_hand_read_and_write_the_block(leaves):
    here = place(leaves)
    x = leaves[0]
    out = Value(x.data * 3, (x,), "triple")

    def backward():
        x.grad += 3 * out.grad

    out._backward = backward
    out.backward()
    assert here.grads[0] == 3.5

    def fails():
        x.grad += 100.0
        raise ZeroDivisionError

    out._backward = fails
    with pytest.raises(ZeroDivisionError):
        (out * leaves[1]).backward()
    assert list(here.grads) == [3.5, 0.0, 0.0]


def test_optimisers_write_the_block(leaves):
    twins = [Value(x.data) for x in leaves]
    here = place(leaves)
    for xs in (leaves, twins):
        optimizer = nn.optim.Adam(list(xs), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            al.dot(xs, xs).backward()
            nn.optim.clip_grad_norm_(xs, 1.0)
            optimizer.step()
    assert list(here.numbers) == [x.data for x in twins]
    assert list(here.grads) == [x.grad for x in twins]


@pytest.mark.parametrize(
    "twin_of", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_a_copy_has_its_own_numbers(twin_of, leaves):
    here = place(leaves)
    y = leaves[1]
    y.grad = 6.0
    twin = twin_of(y)
    assert (twin.data, twin.grad, twin.label) == (3.0, 6.0, "y")
    assert placement_of(twin) is None
    twin.data = twin.grad = 8.0
    assert (here.numbers[1], here.grads[1]) == (3.0, 6.0)
    assert here.intact


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_has_its_own_block(leaves):
    here = place(leaves)
    child = os.fork()
    if child == 0:
        here.numbers[0] = 9.0
        os._exit(0 if leaves[0].data == 9.0 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert leaves[0].data == 2.0


def test_leaves_move_on(leaves):
    first = place(leaves)
    leaves[1].data = 4.0
    second = place(leaves[1:])
    assert (first.intact, second.intact) == (False, True)
    assert list(second.numbers) == [4.0, -1.0]
    assert [placement_of(x) for x in leaves] == [first, second, second]
    leaves[0].data, leaves[2].data = 6.0, 7.0
    assert list(first.numbers) == [6.0, 4.0, -1.0]
    assert list(second.numbers) == [4.0, 7.0]
    first.numbers[1] = 100.0  # a place that nobody has any more
    assert leaves[1].data == 4.0


def test_a_leaf_keeps_its_block(leaves):
    x = leaves[0]
    place(leaves)
    del leaves
    gc.collect()
    fill = [array("d", [7.0] * 3) for _ in range(100)]
    assert (x.data, x.grad) == (2.0, 0.5)
    assert fill


def test_a_block_outlives_its_leaves():
    xs = Value(1.0), Value(2.0)
    here = place(xs)
    del xs
    gc.collect()
    assert list(here.numbers) == [1.0, 2.0]


@pytest.mark.parametrize("name", ["numbers", "grads"])
def test_a_block_is_not_resized(name, leaves):
    here = place(leaves)
    with pytest.raises(BufferError):
        getattr(here, name).append(1.0)


def test_what_cannot_be_placed(leaves):
    x = leaves[0]
    with pytest.raises(ValueError, match="given twice"):
        place((x, x))
    with pytest.raises(ValueError, match="result of an operation"):
        place((x, x * 2))
    with pytest.raises(TypeError, match="expected Values"):
        place((x, 2.0))
    assert placement_of(x) is None
    assert place(()).intact


def test_a_leaf_in_a_block_is_not_made_anew(leaves):
    here = place(leaves)
    with pytest.raises(TypeError, match="initialised twice"):
        leaves[0].__init__(5.0)
    assert list(here.numbers) == [2.0, 3.0, -1.0]


def test_instances_of_subclasses():
    class Parameter(Value):
        pass

    x = Parameter(2.0)
    x.thing = x  # a cycle
    here = place((x,))
    (x * 3).backward()
    assert (here.numbers[0], here.grads[0]) == (2.0, 3.0)
    del x
    gc.collect()
    assert here.numbers[0] == 2.0


def test_programs_share_blocks(leaves):
    here = placed(leaves)
    assert here is not None
    assert placed(leaves) is here
    x, y, z = leaves
    assert [placed(xs) for xs in ((y, x, z), (x, y), (x, y, Value(1.0)), (x, x, y))] == [None] * 4
    assert [placed(xs) for xs in ((), (Value(1.0) * 2,), (Value(2.0), x))] == [None] * 3
    assert here.intact
    other = place((y,))
    assert not here.intact
    assert placed(leaves) is None
    assert placed((y,)) is other
