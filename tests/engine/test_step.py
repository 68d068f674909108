"""A step of a loop, which is recorded once and known to later loops, and what is no step."""

import itertools
import math
import random
import time
from types import FunctionType

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, step
from autograd_lite.loops import fori_loop, scan


def test_the_body_is_recorded_again_when_what_it_reads_changes():
    factor, w = 2.0, Value(5.0)
    by_number, by_value = lambda c, x: (c * factor, None), lambda c, x: (c * w, None)
    assert scan(by_number, 1.0, length=3)[0] == 8.0
    assert scan(by_number, 1.0, length=2)[0] == 4.0
    factor = 3.0
    assert scan(by_number, 1.0, length=3)[0] == 27.0
    assert scan(by_value, 1.0, length=2)[0].data == 25.0
    w.data = 2.0
    assert scan(by_value, 1.0, length=2)[0].data == 4.0
    w = Value(10.0)
    assert scan(by_value, 1.0, length=2)[0].data == 100.0


def test_a_body_is_recorded_twice_at_first_and_then_when_it_is_checked(monkeypatch):
    recorded = []
    real = step._recorded
    monkeypatch.setattr(step, "_recorded", lambda *args: recorded.append(1) or real(*args))
    f = lambda c, x: (c * x, c)  # noqa: E731
    counts = []
    for n in range(1, 10):
        scan(f, 1.0, [2.0] * n)
        counts.append(len(recorded))
    assert counts == [2, 3, 3, 4, 4, 4, 4, 5, 5]  # checked at calls 2, 4 and 8
    scan(f, Value(1.0), [2.0])
    assert len(recorded) == 7


def test_state_that_no_name_leads_to_is_found_by_checks():
    large = np.ones(200_000)
    f = lambda c, x: (c * large[5] + x, None)  # noqa: E731
    found = []
    for x in (1.0, 2.0, 3.0, 3.0, 4.0):
        large[5] = x
        found.append(scan(f, 0.0, [1.0, 2.0, 3.0])[0])
    assert found == [6.0, 11.0, 18.0, 18.0, 27.0]


def test_such_state_within_a_loop_in_the_body_is_found_too():
    """It was not: loops of one name counted as alike."""
    large = np.ones(200_000)
    inner = lambda c, x: (c * large[5], None)  # noqa: E731
    bodies = {
        "number": lambda c, x: (scan(lambda c, x: (c * large[5], None), c, length=2)[0], None),
        "known": lambda c, x: (scan(inner, c, length=2)[0], None),
        "length": lambda c, x: (fori_loop(0, int(large[5]), lambda i, c: c * 3.0, c), None),
    }
    found = {name: [] for name in bodies}
    for n in (1.0, 2.0, 3.0):
        large[5] = n
        for name, f in bodies.items():
            found[name].append(scan(f, 1.0, length=2)[0])
    assert found == {
        "number": [1.0, 16.0, 81.0],
        "known": [1.0, 16.0, 81.0],
        "length": [9.0, 81.0, 729.0],
    }


def test_the_loops_that_are_known_are_few():
    """And what they hold is let go of."""
    for n in range(100):
        scan(lambda c, x: (c * n, None), 1.0, length=2)  # noqa: B023
    assert len(step._steps) == step.KEPT


@pytest.fixture
def recorded(monkeypatch):
    """A list that grows whenever a step is recorded."""
    found, real = [], step._recorded
    monkeypatch.setattr(step, "_recorded", lambda *args: found.append(1) or real(*args))
    step._steps.clear()
    return found


def test_a_body_that_is_made_anew_at_each_loop_is_known(recorded):
    def run(w, factor, *, name="a"):
        def scaled(c, by=factor):
            return c * by * {"a": 1.0, "b": 10.0}[name]

        return scan(lambda c, x, shift=0.5: (scaled(c) * w + shift, None), 1.0, length=2)[0]

    w, other = Value(2.0), Value(2.0)
    for _ in range(3):
        assert run(w, 3.0).data == 39.5
        assert run(w, 6.0 / 2.0).data == 39.5  # the same number in another float
    assert len(recorded) == 4  # at calls 1, twice, 2 and 4
    other_ways = [
        (other, 3.0, "a", 39.5),
        (w, 4.0, "a", 68.5),
        (w, 3, "a", 39.5),
        (w, 3.0, "b", 3630.5),
    ]
    for w_, factor, name, expected in other_ways:
        before = len(recorded)
        y = run(w_, factor, name=name)
        assert len(recorded) == before + 2
        assert y.data == expected
        w.grad = other.grad = 0.0
        y.backward()
        assert (w.grad == 0.0) == (w_ is other)
        assert (other.grad == 0.0) == (w_ is w)


def test_a_body_made_anew_whose_variables_change(recorded):
    table = [1.0]

    def run(sign):
        def body(c, x):
            return c * table[0] * sign, None

        first = scan(body, 1.0, length=1)[0]
        sign = -sign  # the variable that body reads
        return first, scan(body, 1.0, length=1)[0]

    assert run(1.0) == (1.0, -1.0)
    assert run(1.0) == (1.0, -1.0)
    table[0] = 2.0
    assert run(1.0) == (2.0, -2.0)
    assert [math.copysign(1.0, x) for x in run(0.0)] == [1.0, -1.0]
    assert [math.copysign(1.0, x) for x in run(-0.0)] == [-1.0, 1.0]


def test_functions_of_the_same_code_that_are_not_alike():
    def made(k):
        if k:
            later = 2.0

        def body(c, x):
            return c * (later if k else 3.0), None

        body.k = k
        return body

    for k in (1, 0, 1):
        assert scan(made(k), 1.0, length=2)[0] == (4.0 if k else 9.0)

    def countdown(n):
        def down(k, c):
            return c if k == 0 else down(k - 1, c * n)

        return lambda c, x: (down(2, c), None)

    assert [scan(countdown(n), 1.0, length=1)[0] for n in (2.0, 3.0, 2.0)] == [4.0, 9.0, 4.0]
    spaces = [{"factor": 2.0}, {"factor": 3.0}]
    code = (lambda c, x: (c * factor, None)).__code__  # noqa: F821
    bodies = [FunctionType(code, space) for space in spaces]
    assert [scan(f, 1.0, length=1)[0] for f in bodies] == [2.0, 3.0]


class Scaled:
    """Equal to any other one."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, c, x):
        return c * self.factor, None

    def __eq__(self, other):
        return isinstance(other, Scaled)

    def __hash__(self):
        return 0


def test_functions_that_are_equal_and_not_the_same():
    two, three = Scaled(2.0), Scaled(3.0)
    assert [scan(f, 1.0, length=3)[0] for f in (two, three, two)] == [8.0, 27.0, 8.0]


def test_one_function_in_scan_and_fori_loop():
    f = lambda a, b: (a + 1.0, b * 2.0)  # noqa: E731
    assert scan(f, 1.0, [1.0, 2.0]) == (3.0, [2.0, 4.0])
    with pytest.raises(TypeError, match="fori_loop: <lambda>: the carry must keep its form"):
        fori_loop(0, 2, f, 1.0)


def test_a_cache_that_the_body_fills():
    """What it keeps holds numbers that do not depend on the step."""
    w, cache = Value(3.0), {}

    def f(c, x):
        if not cache:
            cache["two"], cache["w"] = Value(2.0), w * 2
        return c * cache["two"] + cache["w"], None

    total, _ = scan(f, 1.0, length=3)
    total.backward()
    assert (cache["two"].data, cache["w"].data) == (2.0, 6.0)
    assert (total.data, w.grad, cache["two"].grad) == (50.0, 14.0, 42.0)


def test_a_captured_counter():
    n = [0]

    def f(c, x):
        n[0] += 1
        return c * n[0], None

    with pytest.raises(TypeError, match=r"scan: f: the body changes .*n\[0\], but it is run once"):
        scan(f, 1.0, length=5)

    m = 0

    def g(c, x):
        nonlocal m
        m += 1
        return c * 2.0, None

    with pytest.raises(TypeError, match="the body changes the variable m, but it is run once"):
        scan(g, 1.0, length=5)


def test_what_a_body_reads_and_moves_on():
    numbers, count = iter([1.0, 2.0, 3.0]), itertools.count()
    with pytest.raises(TypeError, match="reads the variable numbers, a list_iterator, which each"):
        scan(lambda c, x: (c + next(numbers), None), 0.0, length=3)
    with pytest.raises(TypeError, match="reads the variable count, a count, which each step may"):
        fori_loop(0, 3, lambda i, c: c + next(count), 0.0)
    assert (next(numbers), next(count)) == (1.0, 0)
    with pytest.raises(TypeError, match="does something else each time it runs, such as to read a"):
        scan(lambda c, x: (c + time.perf_counter(), None), 0.0, length=3)


@pytest.mark.parametrize(
    ("f", "init", "message"),
    [
        (
            lambda c, x: ([*c, 1.0], None),
            [1.0],
            "after a step the carry is a list of 2, not a list",
        ),
        (lambda c, x: ((c, c), None), 1.0, "after a step the carry is a tuple of 2, not a number"),
        (
            lambda c, x: ({"b": c["a"]}, None),
            {"a": 1.0},
            "is a dict with the keys 'b', not",
        ),
        (
            lambda c, x: ({"a": [c["a"][0], [1.0]]}, None),
            {"a": [1.0, 2.0]},
            r"the carry\['a'\]\[1\] is a list of 1, not a number",
        ),
        (lambda c, x: c, 1.0, "must give a pair, the carry after the step and a y; write"),
        (lambda c, x: (c, "a"), 1.0, "expected numbers and Values, not str"),
        (lambda c, x: (c + random.random(), None), 1.0, "it draws random numbers"),
        (lambda c, x: (c + ag.sample(random.random), None), 1.0, "the body draws random numbers"),
        (lambda c, x: (ag.callback(print, c) or c, None), 1.0, "the body calls back"),
    ],
)
def test_bodies_that_are_no_steps(f, init, message):
    with pytest.raises(TypeError, match=message):
        scan(f, init, length=3)


def test_a_decision_that_goes_another_way():
    def f(c, x):
        return (c * 2 if c < 10 else c), None

    with pytest.raises(RuntimeError, match=r"(?s)goes another way at step 4 .*if c < 10.*where\("):
        scan(f, 1.0, length=10)
    assert scan(f, 1.0, length=4)[0] == 16.0

    with pytest.raises(RuntimeError, match=r"(?s)another way at step 1 .*c.data"):
        scan(lambda c, x: (c * c.data, None), Value(2.0), length=10)


def test_a_loop_whose_first_step_goes_another_way_than_that_of_an_earlier_loop():
    f = lambda c, x: (c * 2 if c > 0 else c * 3, None)  # noqa: E731
    assert [scan(f, x, length=3)[0] for x in (1.0, -1.0, 1.0)] == [8.0, -27.0, 8.0]
    with pytest.raises(RuntimeError, match="another way at step 1 "):
        scan(lambda c, x: (c - 1 if c > 0 else c, None), 1.0, length=3)


def test_take_of_numbers_and_values_is_an_error_that_says_so():
    x = Value(1.0)
    with pytest.raises(RuntimeError, match=r"(?s)step 1 .*take of numbers only, or of Values only"):
        fori_loop(0, 3, lambda i, c: c + ag.take([x, 2.0, 3.0], i), 0.0)
    found = fori_loop(0, 3, lambda i, c: c + ag.take([x, Value(2.0), Value(3.0)], i), 0.0)
    assert found.data == 6.0
