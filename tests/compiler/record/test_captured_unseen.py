"""What docs/contract.md says that a recording cannot see: each line is pinned as it is.

If one of these fails because the compiled function does what the function does, strike the line.
"""

import ctypes
import decimal
import functools
import importlib
import io
import os
import random
import sys
import threading
import time
import types
import weakref
from queue import SimpleQueue

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value

compile = functools.partial(ag.compile, check="never")
RATE = 1.0
W = Value(2.0)


def differs(function, *calls):
    """Compiled, the last call gives another number, or it differs already when recorded."""
    expected = [function(*args) for args in calls]
    compiled = compile(function)
    found = [compiled(*args) for args in calls]
    assert compiled.recordings > 0
    return number(expected[-1]) != number(found[-1])


def number(result):
    return result.data if isinstance(result, Value) else result


def test_the_clock_and_generators_made_inside_or_of_other_libraries():
    f = compile(lambda x: x * time.perf_counter() * random.Random().random())
    assert f(1.0) == f(1.0)
    f = compile(lambda x: x * int.from_bytes(os.urandom(8), "big"))
    assert f(1.0) == f(1.0)


def test_effects(capsys):
    f = compile(lambda x: print("called") or x * 2)
    for _ in range(3):
        f(1.0)
    assert capsys.readouterr().out == "called\n"


def test_the_type_of_what_stands_for_a_float():
    assert differs(lambda x: W * (1 if type(x) is float else 2), (1.0,))


def test_a_value_is_another_one():
    assert differs(lambda x: W * (1 if x is W else 2), (W,))


def test_memory_that_arrays_share():
    array = np.ones(2)
    assert differs(lambda x, y: W * (1 if np.shares_memory(x, y) else 2), (array, array))


@pytest.mark.parametrize(
    ("function", "number"),
    [
        (lambda x: W * (x + 1 - x), np.float32(1e8)),
        (lambda x: W * (x + x)[0], np.array([200], np.uint8)),
    ],
)
def test_arithmetic_is_that_of_doubles(function, number):
    assert differs(function, (number,))


def test_how_many_random_numbers_are_drawn():
    rng = random.Random()

    def f(x):
        return x if ag.sample(rng.random) < 0.5 else x * ag.sample(rng.random)

    def numbers(function):
        rng.seed(1)
        found = [function(1.0) for _ in range(10)]
        return [x.data if isinstance(x, Value) else x for x in found]

    compiled = compile(f)
    assert numbers(f)[0] == numbers(compiled)[0]
    assert numbers(f) != numbers(compiled)


def test_decisions_in_other_threads():
    def f(x):
        found = []
        thread = threading.Thread(target=lambda: found.append(x > 0))
        thread.start()
        thread.join()
        return W * (1 if found[0] else 2) * x

    assert differs(f, (1.0,), (-1.0,))


class Settings:
    rate = 1.0


def unseen_changes():
    """Functions that give x, and what has them give 5 x from then on."""
    yield "globals", lambda x: x * globals()["RATE"], lambda m: m.setitem(globals(), "RATE", 5.0)
    later = types.ModuleType("later")
    yield (
        "a name that a module is given later",
        lambda x: x * getattr(later, "rate", 1.0),
        lambda m: m.setattr(later, "rate", 5.0, raising=False),
    )
    module = types.ModuleType("module_of_tests")
    module.rate = 1.0
    sys.modules["module_of_tests"] = module
    yield (
        "a module imported by a string",
        lambda x: x * importlib.import_module("module_of_tests").rate,
        lambda m: m.setattr(module, "rate", 5.0),
    )
    kept = functools.cache(lambda: {"rate": 1.0})
    yield "a cache", lambda x: x * kept()["rate"], lambda m: m.setitem(kept(), "rate", 5.0)
    reference = weakref.ref(Settings)
    yield "weak", lambda x: x * reference().rate, lambda m: m.setattr(Settings, "rate", 5.0)
    local = threading.local()
    local.rate = 1.0
    yield "thread", lambda x: x * local.rate, lambda m: m.setattr(local, "rate", 5.0)
    named = Value(1.0)
    yield (
        "label",
        lambda x: x * named * (1 + len(named.label)),
        lambda m: m.setattr(named, "label", "four"),
    )
    large = np.ones(1 << 18)
    yield "large array", lambda x: x * large[0], lambda m: large.fill(5.0)
    file = io.StringIO("1")
    yield "file", lambda x: x * int(file.getvalue()), lambda m: file.write("5")
    queue = SimpleQueue()
    yield "queue", lambda x: x * (1 + queue.qsize()), lambda m: [queue.put(0) for _ in range(4)]
    number = ctypes.c_double(1.0)
    yield "memory of C", lambda x: x * number.value, lambda m: m.setattr(number, "value", 5.0)
    yield "a module of C", lambda x: x * locale_rate(), lambda m: decimal.getcontext().__init__(5)


def locale_rate():
    return 1.0 if decimal.getcontext().prec == 28 else 5.0


NAMES = [name for name, _, _ in unseen_changes()]


def made(name):
    return next((f, change) for other, f, change in unseen_changes() if other == name)


@pytest.mark.parametrize("name", NAMES)
def test_a_change_that_no_name_leads_to_is_not_seen(name, monkeypatch):
    function, change = made(name)
    with decimal.localcontext():
        f = compile(function)
        assert number(f(2.0)) == 2.0
        change(monkeypatch)
        assert number(f(2.0)) == 2.0


@pytest.mark.parametrize("name", NAMES)
def test_and_a_check_finds_it(name, monkeypatch):
    monkeypatch.delenv("AUTOGRAD_LITE_CHECK", raising=False)
    function, change = made(name)
    with decimal.localcontext():
        f = ag.compile(function)
        assert [number(f(2.0)) for _ in range(2)] == [2.0] * 2
        change(monkeypatch)
        assert number(f(2.0)) == 2.0
        with pytest.warns(RuntimeWarning, match=r"its program gave 2\.0 .* 10\.0"):
            assert number(f(2.0)) == 10.0
        assert [number(f(x)) for x in (1.0, 2.0)] == [5.0, 10.0]


def test_what_a_callback_writes_into():
    seen = []
    f = compile(lambda x: ag.callback(seen.append, x) or x * (1 + len(seen)))
    assert [f(1.0) for _ in range(3)] == [2.0, 2.0, 2.0]
