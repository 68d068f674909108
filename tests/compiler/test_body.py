"""The body of a loop, recorded as the tape of a step."""

import pytest

from autograd_lite import Value
from autograd_lite.compiler.body import recorded_body
from autograd_lite.compiler.record.recorder import Recorder
from autograd_lite.compiler.record.tracers import ValueTracer, end
from autograd_lite.observers import observe


def recorded(function, numbers, n_carry):
    """The body of a function of a carry and xs that gives the carry after it, and ys."""
    tracers, watch = [ValueTracer(x) for x in numbers], Recorder()
    with observe(watch):
        after, ys = function(*tracers)
    end([*tracers, *watch.recording.made])
    watch.ended()
    return recorded_body("f", watch.recording, tracers[:n_carry], tracers[n_carry:], after, ys)


@pytest.mark.parametrize("keep_all", [True, False])
def test_the_block_of_many_steps(keep_all):
    w = Value(3.0)
    body = recorded(lambda c, d, x: ([d, c * w + x], [c + d]), [1.0, 1.0, 1.0], 2)
    assert (body.n_carry, body.n_x, body.n_y, body.captured) == (2, 1, 1, [w])
    operands = [Value(x) for x in (1.0, 2.0, 10.0, 20.0, 30.0, 40.0, 50.0)]
    results = body.block(5, keep_all)([*operands, w])
    c, d, ys = *operands[:2], []
    for x in operands[2:]:
        ys.append(c + d)
        c, d = d, c * w + x
    expected = [c, d, *ys]
    assert [y.data for y in results] == [y.data for y in expected]
    gradients = []
    for total in (results, expected):
        for x in (*operands, w):
            x.grad = 0.0
        sum((k + 1) * y for k, y in enumerate(total)).backward()
        gradients.append([x.grad for x in (*operands, w)])
    assert gradients[0] == gradients[1]


def test_constants_and_what_is_passed_through():
    body = recorded(lambda c, d: ([d, 5.0], [c, 7.0]), [1.0, 2.0], 2)
    assert body.block(2, True)([1.0, 2.0]) == [5.0, 5.0, 1.0, 7.0, 2.0, 7.0]


def test_a_decision_is_looked_at_in_each_step():
    body = recorded(lambda c: ([c + 1.0 if c < 3.0 else c], []), [0.0], 1)
    assert body.block(3, False)([0.0]) == [3.0]
    with pytest.raises(RuntimeError, match=r"(?s)f: a decision goes another way at step 3 .*c < 3"):
        body.block(4, False)([0.0])


def test_too_few_numbers():
    body = recorded(lambda c, x: ([c + x], []), [1.0, 1.0], 1)
    with pytest.raises(ValueError, match="f: 3 steps take 4 numbers, not 3"):
        body.block(3, True)([1.0, 2.0, 3.0])


def test_bodies_that_are_alike():
    w, u = Value(3.0), Value(3.0)
    bodies = [
        recorded(f, [1.0, 2.0], 1)
        for f in (
            lambda c, x: ([c * w + 2.0 * x], [c]),
            lambda c, x: ([c * w + 2.0 * x], [c]),
            lambda c, x: ([c * u + 2.0 * x], [c]),
            lambda c, x: ([c * w + 3.0 * x], [c]),
            lambda c, x: ([c * w + 2.0 * c], [c]),
            lambda c, x: ([c * w + 2.0 * x], [x]),
            lambda c, x: ([c * w + 2.0 * x], []),
            lambda c, x: ([c * w + 2.0 * x if c < 5.0 else c], [c]),
        )
    ]
    assert [bodies[0].is_like(body) for body in bodies] == [True, True] + [False] * 6
