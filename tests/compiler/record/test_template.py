"""Templates of results: taken apart with holes for numbers, and put together with others."""

from array import array

import numpy as np
import pytest

from autograd_lite import Value
from autograd_lite.compiler.record.captured import CapturedState
from autograd_lite.compiler.record.template import (
    Array,
    Hole,
    as_number,
    compact,
    put_together,
    taken_apart,
)
from autograd_lite.compiler.record.tracers import NotRecordedError

W = Value(1.0)


def template_of(thing, *reached):
    """The template of a thing, and the nodes in it."""
    nodes = []

    def hole(node):
        nodes.append(node)
        return Hole(len(nodes) - 1)

    return taken_apart(thing, hole, CapturedState([("W", W), *reached]).leads_to), nodes


@pytest.mark.parametrize(
    "form",
    [
        lambda x: x(1.0),
        lambda x: [x(1.0), x(2.0), x(3.0)],
        lambda x: (x(1.0), {"a": x(2.0), "b": ["text", None, 3]}),
        lambda x: [[x(1.0), x(2.0)], (x(3.0),), []],
        lambda x: {"pairs": [(x(1.0), 2.0), (x(3.0), 4.0)]},
    ],
)
def test_it_is_put_together_with_nodes_and_with_holes(form):
    template, nodes = template_of(form(Value))
    numbers = [node.data for node in nodes]
    assert put_together(template, numbers, []) == form(float)
    holes = put_together(template, [Hole(i) for i in range(len(nodes))], [])
    assert (
        put_together(holes, numbers, []) == put_together(compact(holes), numbers, []) == form(float)
    )


def test_an_array_keeps_its_shape():
    template, nodes = template_of(np.array([[Value(1.0)], [Value(2.0)]]))
    found = put_together(template, nodes, [])
    assert found.tolist() == [[nodes[0]], [nodes[1]]]


def test_what_was_there_before_comes_as_itself():
    log = [1.0]
    template, nodes = template_of([W, log, {"log": log}], ("log", log))
    found = put_together(template, nodes, [])
    assert nodes == []
    assert found[0] is W
    assert found[1] is found[2]["log"] is log


def test_what_cannot_be_made_again_is_refused():
    with pytest.raises(NotRecordedError, match="it returns a object"):
        template_of(object())


@pytest.mark.parametrize(
    ("cls", "number"), [(int, 3), (bool, True), (float, 2.5), (np.int64, np.int64(3))]
)
def test_numbers_have_the_type_that_the_function_gave(cls, number):
    found = as_number(cls, float(number))
    assert (type(found), found) == (cls, number)
    assert as_number(cls, Hole(4)).number is cls


@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_of_doubles_in_order_is_taken_at_once_and_as_with_each_hole(order, constant):
    holes = np.asarray(np.empty((2, 3), object), order=order)
    results = iter(range(1, 7))
    for place in np.ndindex(2, 3):
        holes[place] = 4.5 if constant and place == (0, 1) else Hole(next(results), float)
    template = Array(holes, np.dtype(np.float64))
    assert template.first == 1
    numbers = [0.5, 1.5, -0.0, np.nan, np.inf, 2.5, 3.5]
    one_by_one = put_together(template, [], numbers)
    at_once = put_together(template, [], array("d", numbers))
    assert at_once.tobytes("A") == one_by_one.tobytes("A")
    assert at_once.flags.f_contiguous == one_by_one.flags.f_contiguous == (order == "F")
    at_once[...] = 0.0  # it is the caller's own
    assert put_together(template, [], array("d", numbers)).tobytes() == one_by_one.tobytes()


@pytest.mark.parametrize(
    ("holes", "number"),
    [
        ([Hole(0, float), Hole(2, float)], np.float64),  # others are between them
        ([Hole(1, float), Hole(0, float)], np.float64),
        ([Hole(0, np.float32), Hole(1, np.float32)], np.float32),
        ([Hole(0, int), Hole(1, int)], np.int64),
    ],
)
def test_any_other_array_is_put_together_hole_by_hole(holes, number):
    objects = np.empty(2, object)
    objects[:] = holes
    found = put_together(Array(objects, np.dtype(number)), [], array("d", [1.0, 2.0, 3.0]))
    expected = [float(x.i + 1) if isinstance(x, Hole) else x for x in holes]
    assert found.dtype == number
    assert found.tolist() == expected
