"""A warning says what happened, shows the user's line below, and then what to write instead."""

import itertools
import math
import random
import re
import types
import warnings

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile

W = [Value(0.5), Value(-1.5), Value(2.0)]


def on_an_element(xs):
    total = W[0]
    for x in xs:
        if x > 0:  # positive part only
            total = total + x
    return total


def an_index(k):
    return W[k[0]] * W[k[1]] * W[k[2]] + 1  # by hand


def a_number(x):
    return W[0] * float(x.data)  # read


def a_truth(xs):
    return ag.sum([W[0] for x in xs if x]) + 1  # of a number


def ints(tokens, x):
    return ag.sum([W[t] for t in tokens]) * x


def names(x, *, how):
    return W[0] * x * len(how)


def math_of_a_float(x):
    return W[0] * math.sin(x)  # reads the number


def of_numpy(x):
    return W[0] * np.from_dlpack(x)[0]  # fails in NumPy


def decided_in_numpy(x):
    return W[0] * np.sort(x)[0]  # reads the array


def an_array_as_index(x, k):
    return W[0] * x * np.eye(80)[k].sum()


def changes(x, xs):
    xs[0] = x
    return W[0] * xs[0]


STATE, NUMBERS = types.SimpleNamespace(calls=0, rate=0.0), itertools.count()


def counts(x):
    STATE.calls += 1
    return W[0] * x


def a_rate(x):
    return W[0] * x * STATE.rate


def an_iterator(x):
    return W[0] * x * next(NUMBERS)


def random_number(x):
    return W[0] * x * random.random()


def a_gradient(x):
    return x * (W[0] * W[1]).partials[0]  # looks


def which_value(x):
    return x * 2 if x == W[0] else x * 3  # asks


def bits(i, n):
    return [1.0 if i >> k & 1 else 0.0 for k in range(n)]


def with_rate(i):
    STATE.rate = float(i)
    return (1.0,)


RELU = (
    "Write where(x > y, a, b) for a if x > y else b, or maximum, minimum, clip or largest, "
    "which decide anew at each call; or vmap a function of one element"
)
READ = (
    "Write autograd_lite.exp for math.exp and the like, x for float(x), and a Value for its "
    ".data; or read the number outside"
)
WAYS = "it took 16 different ways through its decisions on numbers, such as this one"
WHERE = " where no program fits, and is recorded at most at every eighth call"
STAND_INS = "it fails on what stands for the numbers it is passed "


@pytest.mark.parametrize(
    ("function", "arguments", "what", "line", "instead"),
    [
        (on_an_element, lambda i: (bits(i, 6),), WAYS, "if x > 0:  # positive part only", RELU),
        (
            an_index,
            lambda i: (np.array([i % 3, i // 3 % 3, i // 9 % 3]),),
            WAYS,
            "return W[k[0]] * W[k[1]] * W[k[2]] + 1  # by hand",
            "Write take(table, i) for table[i], which reads the index anew at each call",
        ),
        (
            a_number,
            lambda i: (Value(float(i)),),
            WAYS,
            "return W[0] * float(x.data)  # read",
            READ,
        ),
        (
            a_truth,
            lambda i: (bits(i, 6),),
            WAYS,
            "return ag.sum([W[0] for x in xs if x]) + 1  # of a number",
            "Decide it outside, and pass what was decided, such as a bool",
        ),
        (
            ints,
            lambda i: ([i % 3, i // 3 % 3, i // 9 % 3, i // 27], 1.0),
            "it asks for each int of tokens, so that it is recorded for each, such as here",
            "return ag.sum([W[t] for t in tokens]) * x",
            "Write take(table, i) for table[i], which reads the index anew at each call, or pass "
            "fewer different ints",
        ),
        (
            lambda x, how: names(x, how=how),
            lambda i: (1.0, str(i)),
            "it was recorded for many different values of how (of type str)",
            "",
            "Compile a function for each of them, or pass it numbers",
        ),
        (
            math_of_a_float,
            lambda i: (float(i),),
            WAYS,
            "return W[0] * math.sin(x)  # reads the number",
            READ,
        ),
        (
            of_numpy,
            lambda i: (np.array([1.0, 2.0]),),
            STAND_INS + "(AttributeError: ",
            "return W[0] * np.from_dlpack(x)[0]  # fails in NumPy",
            "Compute it outside, and pass the result",
        ),
        (
            decided_in_numpy,
            lambda i: (np.roll(np.arange(30.0), i),),
            WAYS,
            "return W[0] * np.sort(x)[0]  # reads the array",
            READ,
        ),
        (
            an_array_as_index,
            lambda i: (1.0, np.array([0, i])),
            WAYS,
            "return W[0] * x * np.eye(80)[k].sum()",
            "Write take(table, i) for table[i], which reads the index anew at each call",
        ),
        (
            changes,
            lambda i: (1.0, [0.0]),
            "it changes an argument, a list, which a program would not",
            "",
            "Return what is new instead",
        ),
        (
            counts,
            lambda i: (1.0,),
            "each call changes the global STATE.calls, which a program would not",
            "",
            "Keep what changes outside; or change it by autograd_lite.callback, in a Value or in a "
            "global that nothing else names",
        ),
        (
            a_rate,
            with_rate,
            "it reads what changed before each of 16 recordings, such as the global STATE.rate",
            "",
            "Pass it as an argument",
        ),
        (
            an_iterator,
            lambda i: (1.0,),
            "it reads the global NUMBERS, a count, which may change unseen",
            "",
            "Pass what it reads of it as an argument",
        ),
        (
            random_number,
            lambda i: (1.0,),
            "it draws random numbers, which a recording would repeat for ever",
            "",
            "Write autograd_lite.sample(random.random) for random.random()",
        ),
        (
            a_gradient,
            lambda i: (1.0,),
            "it reads .partials, which a recording would repeat for ever",
            "return x * (W[0] * W[1]).partials[0]  # looks",
            "Do it outside, or in autograd_lite.callback",
        ),
        (
            which_value,
            lambda i: (Value(1.0),),
            "it compares a Value that it is passed, and each call may pass another one",
            "return x * 2 if x == W[0] else x * 3  # asks",
            "Pass a flag that says which one it is",
        ),
    ],
)
def test_what_happened_where_and_what_to_write(function, arguments, what, line, instead):
    f = compile(function)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for i in range(80):
            f(*arguments(i))
    messages = [str(warning.message) for warning in caught]
    assert len(messages) == 1
    assert caught[0].filename == __file__
    lines = messages[0].split("\n")
    eagerly = f"{f.__name__} runs eagerly from now on"
    first = lines[0].replace(WHERE, "")
    assert first.startswith(f"{eagerly}: {what}")
    if line:
        assert re.fullmatch(rf"  {__file__}:\d+", lines[-3])
        assert lines[-2:] == [f"    {line}", instead]
    else:
        assert [first, *lines[1:]] == [f"{eagerly}: {what}. {instead}"]


@pytest.mark.parametrize("change", ["w.data = 2.0", "w.grad = 0.0", "(w * 1).backward()"])
def test_errors_have_the_same_form(change):
    w = Value(1.0)

    def body(carry, x):
        if "data" in change:
            w.data = 2.0
        elif "grad" in change:
            w.grad = 0.0
        else:
            (w * 1).backward()
        return carry * w, None

    with pytest.raises(RuntimeError) as caught:
        ag.scan(body, 1.0, [1.0, 2.0])
    first, place, code, instead = str(caught.value).split("\n")
    assert first.startswith("what is run but once, as the body of a loop, may not ")
    assert re.fullmatch(rf"  {__file__}:\d+", place)
    assert code == f"    {change}"
    assert instead == "Do it outside"
