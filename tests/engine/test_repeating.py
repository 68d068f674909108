"""`repeat`, whose body runs once."""

import math
from types import SimpleNamespace

import pytest

from autograd_lite import Value, compile, observers
from autograd_lite.loops import repeat, scan
from tests.support.pendulum import G, runge_kutta


def test_repeat_runs_its_body_once():
    x0, v0 = Value(1.0), Value(0.0)
    for s in repeat(1000, x=x0, v=v0):
        (s.x, s.v), _ = runge_kutta((s.x, s.v))
    (x, v), _ = scan(runge_kutta, (x0, v0), length=1000)
    assert (s.x.data, s.v.data) == (x.data, v.data)
    for value in (x0, v0, G):
        value.grad = 0.0
    (s.x + 3 * s.v).backward()
    found = [value.grad for value in (x0, v0, G)]
    for value in (x0, v0, G):
        value.grad = 0.0
    (x + 3 * v).backward()
    assert found == [value.grad for value in (x0, v0, G)]


def test_repeat_with_numbers_containers_and_no_steps():
    for s in repeat(3, x=1.0, pair=[1.0, 2.0]):
        s.x, s.pair = s.x * 2, [s.pair[1], s.pair[0]]
    assert (s.x, s.pair) == (8.0, [2.0, 1.0])
    for s in repeat(0, x=1.0):
        s.x = s.x * 2
    assert s.x == 1.0


def test_break_in_a_loop_of_repeat():
    for s in repeat(10, x=1.0):
        s.x = inside = s.x * 2
        if s.x > 1e9:
            continue
        break
    with pytest.raises(RuntimeError, match="was left before its end, by break, return or an error"):
        s.x  # noqa: B018
    assert math.isnan(inside.data)
    assert Value(1.0).exp().data == math.e  # nothing is watched any more


def test_what_the_body_of_repeat_computes_besides_is_nan():
    """It ran once, so that a number of it would be that of the first step."""
    for s in repeat(10, x=1.0):
        local = s.x * 3
        s.x = local - s.x
    assert s.x == 1024.0
    assert math.isnan(local.data)
    for s in repeat(10, i=1):
        i = s.i * 3
        s.i = s.i + 1
    with pytest.raises(ValueError, match="cannot convert float NaN to integer"):
        int(i)


def counts():
    n = 0
    for s in repeat(10, x=1.0):
        n = n + 1
        s.x = s.x * 2


def appends():
    history = []
    for s in repeat(10, x=1.0):
        history.append(s.x)
        s.x = s.x * 2


def sets_another_state():
    for s in repeat(10, x=1.0):
        s.y = s.x * 2


def changes_its_form():
    for s in repeat(10, x=1.0):
        s.x = [s.x, 1.0]


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (counts, "the body changes n, but it runs once; make it a state of the loop, repeat"),
        (appends, "repeat: the body changes history, but it runs once"),
        (sets_another_state, r"s.y is no state of the loop; write repeat\(T, ..., y=...\)"),
        (changes_its_form, r"after a step the carry\['x'\] is a list of 2, not a number"),
    ],
)
def test_what_the_body_of_repeat_changes_must_be_a_state(run, message):
    with pytest.raises(TypeError, match=message):
        run()
    assert not observers.active()


def test_a_loop_of_repeat_in_another_loop():
    """Its body meets in its variables what the last loop has left there."""

    def run():
        totals = []
        for n in range(1, 4):
            for s in repeat(n, x=1.0):
                half, pair = s.x * 0.5, [s.x, s.x * 2.0]
                factor = 0.5 * 3
                for inner in repeat(2, y=s.x):
                    inner.y = inner.y * factor
                s.x = half + pair[1] + inner.y
            totals.append(s.x)
        return totals

    assert run() == [4.75, 4.75**2, 4.75**3]


def reads_an_iterator():
    numbers = iter([1.0, 2.0, 3.0])
    for s in repeat(3, x=0.0):
        s.x = s.x + next(numbers)


def counts_in_an_object():
    counter = SimpleNamespace(factor=1.0)
    for s in repeat(3, x=0.0):
        counter.factor += 1.0
        s.x = s.x + counter.factor


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (reads_an_iterator, "repeat: the body reads the variable numbers, a list_iterator, which"),
        (counts_in_an_object, "repeat: the body changes the variable counter.factor, but it runs"),
    ],
)
def test_what_the_body_of_repeat_moves_on(run, message):
    with pytest.raises(TypeError, match=message):
        run()
    assert not observers.active()


def test_an_iterator_that_only_others_read():
    numbers = iter([1.0])
    for s in repeat(3, x=0.0):
        s.x = s.x + 2.0
    assert s.x + next(numbers) == 7.0


def test_an_error_in_the_body_of_repeat_goes_through():
    def run():
        for s in repeat(10, x=1.0):
            s.x = s.x * 2
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run()
    assert not observers.active()


def test_repeat_in_a_compiled_function():
    def f(a):
        for s in repeat(5, x=a):
            s.x = s.x * a + 1.0
        return s.x

    compiled = compile(f)
    for k in range(5):
        a, b = Value(0.3 * k), Value(0.3 * k)
        compiled(a).backward()
        f(b).backward()
        assert a.grad == b.grad
    assert compiled.recordings == 1
