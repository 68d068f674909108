"""The ten sentences of docs/compile.md: what a compiled function promises."""

import contextlib
import copy
import functools
import io
import math
import operator
import pickle
import random
import re
import sys
import threading
import types
import warnings
import weakref
from pathlib import Path

import numpy as np
import pytest

import autograd_lite as ag
import nn
from autograd_lite import Value, callback, compile, mean, sample, take, vmap, where

SENTENCES = [
    "A compiled function gives what the function gives, to rounding; numbers in arrays are "
    "doubles.",
    "A number stays a number in it, and a Value a Value; so do its results, recorded, replayed or "
    "eager.",
    "The first call of a shape is recorded; later calls run the program.",
    "It is recorded anew if a variable, global, attribute or container that its code leads to has "
    "changed, or if a decision went another way.",
    "Comparisons and ints are data until Python asks for their truth or uses them as an index.",
    "At calls 2, 4, 8 ... the function runs too. If the numbers differ, its result counts, you are "
    "warned, and it runs eagerly from then on; `explain()` names the node and the line.",
    '`check="always"`, or `AUTOGRAD_LITE_CHECK=1`, does so at every call, gradients included: use '
    'it once on new code. `check="never"` exists.',
    "Between checks, a change that no name leads to (a weak reference, a thread local, the state "
    "of a C library) is not seen: pass it as an argument.",
    "Random numbers come from `sample`, effects go into `callback`; state that is set, such as "
    "`p.data`, is set at each call; other effects happen only when the function runs.",
    "Copies and pickles take the function, not its programs.",
]


def test_the_page_has_these_sentences():
    page = Path(__file__).parents[2] / "docs" / "compile.md"
    contract = page.read_text(encoding="utf-8").partition("## The contract\n")[2]
    listed = re.findall(r"^\d+\. (.*(?:\n +.*)*)", contract.partition("\n#")[0], re.MULTILINE)
    assert [" ".join(sentence.split()) for sentence in listed] == SENTENCES


W = [Value(0.5), Value(-1.5), Value(2.0)]

CALLS = 9
"""So many calls there are in a row: recorded, checked and unchecked ones."""


def kinds(thing):
    """The types in a result."""
    if isinstance(thing, (list, tuple)):
        return type(thing), [kinds(x) for x in thing]
    if isinstance(thing, dict):
        return dict, {key: kinds(x) for key, x in thing.items()}
    return float if isinstance(thing, float) else type(thing)  # np.float64 is a float, too


def numbers(thing):
    """The numbers in a result."""
    if isinstance(thing, dict):
        thing = list(thing.values())
    if isinstance(thing, (list, tuple)):
        return [number for x in thing for number in numbers(x)]
    return [thing.data if isinstance(thing, Value) else float(thing)]


def gradients(result, values):
    """The derivatives of the sum of a result's Values with respect to these Values."""
    for value in values:
        value.grad = 0.0
    parts = result if isinstance(result, (list, tuple)) else [result]
    parts = [part for part in parts if isinstance(part, Value)]
    if parts:
        ag.sum(parts).backward()
    return [value.grad for value in values]


@pytest.fixture
def caught():
    """The warnings of a test, which raise no exception."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        yield found


class Hidden:
    """What no name leads to: it is read through a weak reference."""

    rate = 1.0
    through = True


HIDDEN = weakref.ref(Hidden)


@pytest.fixture
def hidden():
    Hidden.rate, Hidden.through, Hidden.runs = 1.0, True, []
    return Hidden


@pytest.fixture
def now_and_then(monkeypatch):
    """No environment asks for a check at every call."""
    monkeypatch.delenv("AUTOGRAD_LITE_CHECK", raising=False)


# ---------------------------------------------------------------- 1. what the function gives


def polynomial(x, y):
    return W[0] * x**2 + W[1] * x * y - W[2] / y


def some_layers(xs):
    return nn.mse_loss([LAYERS(x) for x in xs], [[0.5], [-0.5]])


LAYERS = nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(4, 1, rng=1))


@pytest.mark.parametrize("executor", ["auto", "interpret", "numpy"])
def test_results_and_gradients_are_those_of_the_function(executor):
    compiled = compile(polynomial, executor=executor)
    for i in range(CALLS):
        x, y = Value(0.1 * i), Value(1.5 - 0.1 * i)
        found, expected = compiled(x, y), polynomial(x, y)
        assert found.data == pytest.approx(expected.data, rel=1e-12)
        ours, its = (gradients(result, [x, y, *W]) for result in (found, expected))
        assert ours == pytest.approx(its, rel=1e-12)


@pytest.mark.parametrize("executor", ["auto", "interpret", "numpy"])
def test_training_is_the_same(executor):
    compiled = compile(some_layers, executor=executor)
    rng = random.Random(0)
    for _ in range(CALLS):
        xs = [[rng.gauss(0, 1) for _ in range(3)] for _ in range(2)]
        found, expected = compiled(xs), some_layers(xs)
        assert found.data == pytest.approx(expected.data, rel=1e-12)
        ours, its = (gradients(result, LAYERS.parameters()) for result in (found, expected))
        assert ours == pytest.approx(its, rel=1e-9)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.uint8, np.int64])
def test_numbers_in_arrays_are_doubles(dtype):
    compiled = compile(lambda xs: W[0] * (xs[0] * xs[0] + xs[1]))
    for i in range(CALLS):
        xs = np.array([16.1 + i, 255], dtype)
        wide = [float(x) for x in xs]
        assert compiled(xs).data == 0.5 * (wide[0] * wide[0] + wide[1])
    assert compiled.recordings == 1


# ---------------------------------------------------------------- 2. numbers and Values

OF_FLOATS = {
    "arithmetic": lambda x: 2 * x**2 - 1 / (x + 9),
    "a function of autograd_lite": lambda x: ag.sin(x) + ag.exp(x),
    "a function of math": lambda x: math.sin(x) + math.floor(x),
    "isinstance": lambda x: x + 1 if isinstance(x, float) else None,
    "round": lambda x: round(x, 1) + round(x),
    "an int of it": lambda x: int(x) * x,
    "its text": lambda x: len(f"{x:.3f} {x!r} {x}") + x,
    "equal to a number": lambda x: 10.0 if x == 1.5 else x,
    "among numbers": lambda x: 10.0 if x in (0.5, 1.5) else x,
    "a key": lambda x: {0.5: 1.0, 1.5: 2.0}.get(x, x),
    "in a set": lambda x: x if x in {0.5, 2.5} else -x,
    "counted": lambda x: [x, 2 * x, 3.0].count(3.0) + x,
    "sorted": lambda x: sorted([x, 1.0, 2.0])[1],
    "its largest": lambda x: max(x, 1.0),
    "quotient and rest": lambda x: x // 0.4 + x % 0.4,
    "a comparison": lambda x: x > 1,
    "a NaN": lambda x: 0.0 if x != x else x,
    "methods of floats": lambda x: x.is_integer() + x.hex().count("1") + x,
    "several": lambda x: (x, 2 * x, [x + 1], {"half": x / 2}),
    "nothing of it": lambda x: 3.0,
    "None": lambda x: (x, None),
    "a Value made of it": lambda x: Value(x) * W[0],
}


@pytest.mark.parametrize("name", OF_FLOATS)
def test_a_float_stays_a_float(name):
    function = OF_FLOATS[name]
    compiled = compile(function)
    for x in (0.5, 1.5, 2.5, 0.5, 1.5, 2.5, -3.0, float("nan"), float("inf")):
        try:
            expected = function(x)
        except (ValueError, OverflowError) as error:
            with pytest.raises(type(error)):
                compiled(x)
            continue
        found = compiled(x)
        assert kinds(found) == kinds(expected)
        if name != "None":
            assert numbers(found) == pytest.approx(numbers(expected), rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("argument", [1.5, Value(1.5), 3, np.float64(1.5), [1.0, Value(2.0)], True])
@pytest.mark.parametrize("function", [lambda x: x, lambda x: (x, [x])])
def test_what_is_passed_through_keeps_its_type(argument, function):
    compiled = compile(function)
    for _ in range(4):
        assert kinds(compiled(argument)) == kinds(function(argument))


def square(x):
    x = x if isinstance(x, Value) else Value(x)  # as micrograd writes it
    return x * x


def named(x):
    match x:
        case Value():
            return "Value"
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"


@pytest.mark.parametrize(
    "argument", [1.5, 3, True, np.float64(1.5), Value(1.5), np.array([1.5, 2.0]), [1, 2.0, W[0]]]
)
@pytest.mark.parametrize(
    "function",
    [
        square,
        named,
        lambda x: isinstance(x, Value),
        lambda x: isinstance(2 * x, Value),
        lambda x: isinstance(x > 1, Value),
        lambda x: isinstance(x * W[0], Value),
        lambda x: isinstance(x, nn.Parameter),
        lambda x: isinstance(x, (Value, float)),
    ],
)
def test_a_number_is_no_value(argument, function, caught):
    def each(x):
        return [function(e) for e in x] if isinstance(x, (list, np.ndarray)) else function(x)

    compiled = compile(each)
    for i in range(4):
        x = argument + i if type(argument) in (int, float) else argument
        found, expected = compiled(x), each(x)
        assert kinds(found) == kinds(expected)
        assert str(found) == str(expected)
    assert not caught


@pytest.mark.parametrize("form", [float, Value])
def test_recorded_replayed_and_eager_have_the_same_types(form, caught):
    def function(x, n):
        return x * x * int(n), x + W[0], [len(n) * 2]

    compiled = compile(function)
    for n in map(str, range(80)):  # each is another shape
        found, expected = compiled(form(2.0), n), function(form(2.0), n)
        assert kinds(found) == kinds(expected)
        assert numbers(found) == numbers(expected)
    assert 64 <= compiled.recordings < 80


def test_newtons_method_ends():
    def root(a):
        x, new = a, (a + 1) / 2
        while new != x:
            x, new = new, (new + a / new) / 2
        return x

    compiled = compile(root)
    for a in (9.0, 16.0, 9.0, 25.0, 9.0, 16.0):
        assert compiled(a) == root(a)


def test_a_float_has_no_methods_of_values():
    for function in (compile(lambda x: x.exp()), lambda x: x.exp()):
        for _ in range(2):
            with pytest.raises(AttributeError, match="exp"):
                function(1.0)
    with pytest.raises(AttributeError, match=r"write autograd_lite\.exp\(x\)"):
        compile(lambda x: x.exp())(1.0)


def test_a_comparison_with_a_number_of_numpys_gives_a_bool_of_numpys():
    limit = np.array([0.5, 2.0]).max()
    functions = [
        lambda x: ~(x < limit) * 1.0,
        lambda x: (x == limit) + (x != limit) + (x != limit),
        lambda x: (x < np.int64(3)) + (x <= np.int64(3)),
        lambda x: (limit > x) + (x < limit),
        lambda x: (x > W[0]) + (x != W[0]) + (W[0] < x),  # of a Value it is Python's
    ]
    for function in functions:
        compiled = compile(function)
        for x in (1.0, 1.5, np.float64(1.0), 3.5):
            found, expected = compiled(x), function(x)
            assert (type(found), found) == (type(expected), expected)
        assert compiled.recordings <= 3  # two types, two ways


@pytest.mark.parametrize("x", [np.float64(0.5), np.int64(1)])
def test_functions_give_floats_of_numpys_numbers_as_they_do_eagerly(x):
    """And np.sin gives a number of NumPy's, and 1 / 0 is an error of Python's floats alone."""
    functions = [
        lambda x: ag.sin(x),
        lambda x: ag.sum([x, 1.0]),
        lambda x: ag.maximum(x, 2.0),
        lambda x: ag.dot([x], [x]) * 2,
        lambda x: ag.norm([x]) ** -1,
        lambda x: np.sin(x),
        lambda x: np.maximum(x, 2.0) / x,
        lambda x: x / 3,
    ]
    for function in functions:
        compiled = compile(function)
        for _ in range(3):
            assert type(compiled(x)) is type(function(x))
            assert compiled(x) == function(x)
    with pytest.raises(ZeroDivisionError):
        compile(lambda x: 1.0 / ag.sum([x, -x]))(x)


def test_an_int_that_is_0_has_no_sign():
    zeros = [
        lambda n: n * 0,
        lambda n: n % -3,
        lambda n: -(n - n),
        lambda n: (n - n) // n,
        lambda n: (np.array([n, 0]) * 0)[0],
        lambda n: (-np.array([n, 0]))[1],
    ]
    for zero in zeros:
        compiled = compile(lambda n, zero=zero: (ag.atan2(zero(n), -1.0), W[0] / zero(n), zero(n)))
        for n in (3, -3, -6, 9, np.int64(-3), np.int64(6)):
            angle, quotient, found = compiled(n)
            assert angle == math.pi
            assert quotient.data == math.inf
            assert (type(found), found) == (type(zero(n)), 0)


def test_an_error_of_pythons_names_the_type_of_a_number():
    def f(x):
        return operator.lt([], x)

    for x in (1.0, True):
        with pytest.raises(TypeError) as eager:
            f(x)
        with pytest.raises(TypeError) as compiled:
            compile(f)(x)
        assert str(compiled.value) == str(eager.value)


@pytest.mark.parametrize("x", [np.float64(2), 2.0])
def test_a_missing_attribute_is_called_missing_as_it_is_eagerly(x):
    def f(x):
        return x.bit_length()

    with pytest.raises(AttributeError) as eager:
        f(x)
    with pytest.raises(AttributeError, match="pass a Value") as compiled:
        compile(f)(x)
    assert str(compiled.value).startswith(str(eager.value))


# ---------------------------------------------------------------- 3. recording and running


def test_each_shape_is_recorded_once(hidden):
    def total(xs, scale=1.0):
        HIDDEN().runs.append(len(xs))
        return sum(xs) * scale

    compiled = compile(total, check="never")
    for xs in ([1.0, 2.0], [3.0, 4.0], [1.0] * 3, [1.0, 2.0], [5.0] * 3):
        assert compiled(xs) == sum(xs)
        assert compiled(xs, scale=2.0) == 2 * sum(xs)
    assert compiled.recordings == len(hidden.runs) == 4


# ---------------------------------------------------------------- 4. what is recorded anew


class Meta(type):
    rate = 2.0


class Settings(metaclass=Meta):
    def __init__(self):
        self.rates = {"now": 2.0}


class Slotted:
    __slots__ = ("rate",)


RATE = 2.0
MODULE = types.ModuleType("contract_settings")


def changes():
    """Functions that read a rate of 2, and what sets it, by where the rate stands."""
    rate = 2.0

    def of_closure(x):
        return x * rate

    def set_closure(new):
        nonlocal rate
        rate = new

    yield "a variable of an enclosing function", of_closure, set_closure

    def set_global(new):
        globals()["RATE"] = new

    yield "a global", lambda x: x * RATE, set_global

    def set_missing(new):
        globals()["float"] = lambda x: new
        if new == 2.0:
            del globals()["float"]

    yield "a global that hides a builtin", lambda x: x * float("2"), set_missing

    MODULE.rate = 2.0
    yield (
        "an attribute of a module",
        lambda x: x * MODULE.rate,
        functools.partial(setattr, MODULE, "rate"),
    )

    def imports(x):
        import contract_settings

        return x * contract_settings.rate

    yield "an import in the function", imports, functools.partial(setattr, MODULE, "rate")

    settings = Settings()
    yield (
        "a dict in an attribute",
        lambda x: x * settings.rates["now"],
        functools.partial(settings.rates.__setitem__, "now"),
    )
    yield "a metaclass", lambda x: x * Settings.rate, functools.partial(setattr, Meta, "rate")
    other = Settings()
    other.rate = 2.0
    yield "an attribute", lambda x: x * other.rate, functools.partial(setattr, other, "rate")
    slotted = Slotted()
    slotted.rate = 2.0
    yield "a slot", lambda x: x * slotted.rate, functools.partial(setattr, slotted, "rate")
    rates = [1.0, 2.0]
    yield "a list", lambda x: x * rates[1], functools.partial(rates.__setitem__, 1)
    array = np.array([1.0, 2.0])
    yield "an array", lambda x: x * array[1], functools.partial(array.__setitem__, 1)

    def of_default(x, rate=2.0):
        return x * rate

    def set_default(new):
        of_default.__defaults__ = (new,)

    yield "a default", of_default, set_default

    def helper(x):
        return x * helper.rate

    helper.rate = 2.0
    yield "a function's attribute", lambda x: helper(x), functools.partial(setattr, helper, "rate")
    kept = [2.0]
    part = functools.partial(lambda kept, x: x * kept[0], kept)
    yield "an argument of a partial", lambda x: part(x), functools.partial(kept.__setitem__, 0)


CHANGES = {name: (function, change) for name, function, change in changes()}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_seen_at_the_next_call(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "contract_settings", MODULE)
    function, change = CHANGES[name]
    compiled = compile(function, check="never")
    try:
        for rate in (2.0, 2.0, 3.0, 3.0, 2.0, 5.0):
            change(rate)
            assert compiled(1.5) == 1.5 * rate
        assert compiled.recordings <= 4
    finally:
        change(2.0)


def test_a_name_that_did_not_exist_is_seen():
    def rate_or_one(x):
        try:
            return x * LATER
        except NameError:
            return x

    compiled = compile(rate_or_one, check="never")
    assert [compiled(2.0), compiled(3.0)] == [2.0, 3.0]
    globals()["LATER"] = 5.0
    try:
        assert compiled(2.0) == 10.0
    finally:
        del globals()["LATER"]
    assert compiled(2.0) == 2.0


def test_numbers_of_parameters_are_read_at_each_call():
    w = Value(2.0)
    compiled = compile(lambda x: w * x, check="never")
    for number in (2.0, 3.0, -1.0):
        w.data = number
        assert compiled(1.5).data == 1.5 * number
    assert compiled.recordings == 1


def test_another_parameter_is_recorded_anew():
    weights = [Value(2.0)]
    compiled = compile(lambda x: weights[0] * x, check="never")
    assert [compiled(x).data for x in (1.0, 2.0)] == [2.0, 4.0]
    weights[0] = Value(2.0)
    assert gradients(compiled(3.0), weights) == [3.0]


def test_each_way_of_a_decision_is_recorded_once():
    compiled = compile(lambda x: x * x if x > 1 else -x, check="never")
    xs = (2.0, 0.5, 3.0, -1.0, 0.5, 4.0)
    assert [compiled(x) for x in xs] == [x * x if x > 1 else -x for x in xs]
    assert compiled.recordings == 2


def test_too_many_ways_are_eager_after_a_warning_of_the_line(caught):
    def positive(xs):
        return sum(x for x in xs if x > 0)

    compiled = compile(positive)
    for i in range(64):
        xs = [1.5 if i >> k & 1 else -1.0 for k in range(6)]
        assert compiled(xs) == positive(xs)
    (warning,) = caught
    lines = str(warning.message).splitlines()
    assert any(line.strip() == "return sum(x for x in xs if x > 0)" for line in lines)
    assert "where(x > y, a, b)" in lines[-1]
    assert compiled.recordings >= 16


# ---------------------------------------------------------------- 5. comparisons and ints

COMPARISONS = {
    "where": lambda x, y: where(x > y, x, 2 * y),
    "where of another": lambda x, y: where(x <= 0, -x, where(y < x, y, x * y)),
    "times": lambda x, y: (x > 0) * x + (y >= x) * y,
    "a sum": lambda x, y: (x > 0) + (y > 0) + x,
    "and": lambda x, y: where((x > 0) & (y > 0), x, y),
    "or": lambda x, y: where((x > 0) | (y > 0), x, y),
    "not": lambda x, y: where(~(x > 0) + 2, x, y) + x,
    "a count": lambda x, y: sum([x > 0, y > 0, x > y]) + x,
    "a mean": lambda x, y: mean([x > 0, y > 0, x > y]) * x,
    "a difference": lambda x, y: 1 - (x > y) + x,
}


@pytest.mark.filterwarnings("ignore:Bitwise inversion:DeprecationWarning")  # since Python 3.12
@pytest.mark.parametrize("form", [float, Value])
@pytest.mark.parametrize("name", COMPARISONS)
def test_a_comparison_is_data(name, form):
    function = COMPARISONS[name]
    compiled = compile(function, check="never")
    for x, y in (1.0, 2.0), (2.0, 1.0), (-1.0, 2.0), (-1.0, -2.0), (0.0, 0.0), (1.0, 1.0):
        x, y = form(x), form(y)
        found, expected = compiled(x, y), function(x, y)
        assert kinds(found) == kinds(expected)
        assert numbers(found) == numbers(expected)
        if form is Value:
            assert gradients(found, [x, y]) == gradients(expected, [x, y])
    assert compiled.recordings == 1


@pytest.mark.parametrize("form", [float, Value])
def test_its_truth_is_a_decision(form):
    def function(x):
        return x if x > 0 and not x >= 2 else 2 * x

    compiled = compile(function, check="never")
    for x in (1.0, -1.0, 3.0, 1.5, -2.0, 5.0):
        assert numbers(compiled(form(x))) == numbers(function(form(x)))
    assert compiled.recordings == 3


def test_the_accuracy_of_a_batch_needs_one_recording():
    def accuracy(scores, labels):
        return mean([(W[0] * s > 0) == (y > 0) for s, y in zip(scores, labels, strict=True)])

    compiled = compile(accuracy, check="never")
    rng = random.Random(0)
    for _ in range(CALLS):
        scores, labels = ([rng.gauss(0, 1) for _ in range(8)] for _ in range(2))
        assert numbers(compiled(scores, labels)) == numbers(accuracy(scores, labels))
    assert compiled.recordings == 1


TABLE = [Value(float(i)) for i in range(40)]

OF_INTS = {
    "an index of take": lambda x, i: x * take(TABLE, i),
    "a divisor": lambda x, i: x / (i + 1),
    "an exponent": lambda x, i: x**i,
    "a factor": lambda x, i: x * i,
    "a difference": lambda x, i: where(i > 5, x, 2 * x),
}


@pytest.mark.parametrize("form", [float, Value])
@pytest.mark.parametrize("name", OF_INTS)
def test_ints_move(name, form):
    function = OF_INTS[name]
    compiled = compile(function, check="never")
    for i in range(40):
        found, expected = compiled(form(1.25), i), function(form(1.25), i)
        assert kinds(found) == kinds(expected)
        assert numbers(found) == pytest.approx(numbers(expected), rel=1e-12)
    assert compiled.recordings == 2


@pytest.mark.parametrize("form", [list, np.array])
def test_lists_of_ints_move(form):
    embedding = nn.Embedding(5, 3, rng=0)

    def loss(tokens, targets):
        logits = [LAYERS[0](embedding(token)) for token in tokens]
        return nn.cross_entropy(logits, targets)

    compiled = compile(loss, check="never")
    rng = random.Random(0)
    for _ in range(40):
        tokens, targets = (form([rng.randrange(4) for _ in range(3)]) for _ in range(2))
        assert compiled(tokens, targets).data == pytest.approx(loss(tokens, targets).data)
    assert compiled.recordings <= 2


def test_an_int_that_python_uses_is_a_guard():
    functions = (
        lambda x, k: sum([x * j for j in range(k)], 0.0),
        lambda x, k: x if k % 2 else -x,
        lambda x, k: x * [1.0, 2.0, 3.0, 4.0][k],
        lambda x, k: x * take([1.0, 2.0, 3.0, 4.0], 3 - k),
    )
    for function in functions:
        compiled = compile(function, check="never")
        for k in (3, 1, 2, 3, 0, 1, 2, 3):
            assert compiled(1.5, k) == function(1.5, k)
        assert compiled.recordings <= 5


@pytest.mark.parametrize("i", [2**53, 2**53 + 1, 2**70, -(2**64) - 1])
def test_large_ints_keep_all_digits(i):
    def function(x, i):
        return x, i + 1, i % 10

    compiled = compile(function)
    for k in (1, 2, i, i + 2, 3, i):
        assert compiled(1.0, k) == function(1.0, k)


# ---------------------------------------------------------------- 6. checks


def read_hidden(x):
    return HIDDEN().rate * x + 1


def test_the_function_runs_at_calls_2_4_8_16(hidden, now_and_then):
    def noted(x):
        HIDDEN().runs.append(1)
        return W[0] * x

    compiled, ran = compile(noted), []
    for call in range(1, 20):
        hidden.runs.clear()
        compiled(float(call))
        ran += [call] * len(hidden.runs)
    assert ran == [1, 2, 4, 8, 16]


@pytest.mark.parametrize("form", [float, Value])
def test_a_difference_warns_and_the_function_counts(form, hidden, caught, now_and_then):
    compiled = compile(read_hidden)
    results = []
    for call in range(1, 12):
        if call == 5:
            hidden.rate = 3.0
        results += numbers(compiled(form(1.0)))
    assert results == [2.0] * 7 + [4.0] * 4
    (warning,) = caught
    assert warning.category is RuntimeWarning
    assert "read_hidden" in str(warning.message)
    assert all(told in str(warning.message) for told in ("2.0", "4.0", "8"))
    assert "return HIDDEN().rate * x + 1" in compiled.explain()


def test_narrow_numbers_are_no_difference(caught):
    compiled = compile(lambda xs: W[0] * sum(x * x for x in xs))
    for i in range(CALLS):
        compiled(np.array([0.1 * i, 0.7, 1e-3], np.float32))
        compiled(np.array([0.1 * i, 0.7, 1e-3], np.float16))
    assert not caught
    assert compiled.recordings <= 2


def test_terms_that_cancel_are_no_difference(caught):
    compiled = compile(lambda xs: sum(W[0] * x for x in xs), executor="numpy")
    rng = random.Random(0)
    for _ in range(CALLS):
        xs = [rng.gauss(0, 1e8) for _ in range(50)]
        compiled([*xs, *[-x for x in xs], 1e-3])
    assert not caught


def test_a_check_draws_no_more_numbers_and_calls_back_once(caught):
    def noisy(x):
        noise = sample(rng.random)
        callback(seen.append, noise)
        return W[0] * x + noise

    rng, seen, compiled = random.Random(0), [], compile(noisy)
    ours = [compiled(1.0).data for _ in range(CALLS)]
    rng, seen = random.Random(0), []
    assert [noisy(1.0).data for _ in range(CALLS)] == pytest.approx(ours, rel=1e-12)
    assert not caught


def test_an_exception_of_the_check_comes_out(hidden):
    def guarded(x):
        if not HIDDEN().through:
            raise KeyError("through")
        return x * 2

    compiled = compile(guarded)
    compiled(1.0)
    hidden.through = False
    with pytest.raises(KeyError, match="through"):
        compiled(1.0)


def test_a_check_in_a_vmap(hidden, caught, now_and_then):
    batched = vmap(lambda x: HIDDEN().rate * W[0] * x)
    for call in range(1, 12):
        if call == 5:
            hidden.rate = 3.0
        results = numbers(batched([1.0, 2.0]))
    assert results == [1.5, 3.0]
    assert len(caught) == 1


def test_a_checked_result_has_gradients():
    compiled = compile(lambda x: W[0] * x)
    for _ in range(CALLS):
        assert gradients(compiled(3.0), W[:1]) == [3.0]


# ---------------------------------------------------------------- 7. always and never


def test_always_gives_no_wrong_number(hidden, caught):
    compiled = compile(read_hidden, check="always")
    for call in range(1, 12):
        hidden.rate = float(call // 4)
        assert compiled(2.0) == read_hidden(2.0)
    assert len(caught) == 1


def test_always_compares_gradients(hidden, caught):
    def part(x):
        y = W[0] * x
        return y if HIDDEN().through else y.detach() + 0 * W[0]

    compiled = compile(part, check="always")
    for call in range(1, 8):
        hidden.through = call < 3
        expected = 2.0 if call < 3 else 0.0
        assert gradients(compiled(2.0), W[:1]) == [expected]
    assert len(caught) == 1


def test_never_is_never(hidden):
    compiled = compile(read_hidden, check="never")
    compiled(1.0)
    hidden.rate = 3.0
    assert [compiled(1.0) for _ in range(20)] == [2.0] * 20


def test_the_environment_checks_always_but_where_it_is_never(python):
    program = """
import weakref
from autograd_lite import compile

class Hidden:
    rate = 1.0

hidden = weakref.ref(Hidden)
for check in ("auto", "never"):
    Hidden.rate = 1.0
    f = compile(lambda x: hidden().rate * x, check=check)
    results = [f(1.0) for _ in range(4)]
    Hidden.rate = 3.0
    print(results + [f(1.0)])
"""
    printed = python("-W", "ignore", "-c", program, AUTOGRAD_LITE_CHECK="1").splitlines()
    assert printed == ["[1.0, 1.0, 1.0, 1.0, 3.0]", "[1.0, 1.0, 1.0, 1.0, 1.0]"]
    printed = python("-W", "ignore", "-c", program, AUTOGRAD_LITE_CHECK="").splitlines()
    assert printed == ["[1.0, 1.0, 1.0, 1.0, 1.0]", "[1.0, 1.0, 1.0, 1.0, 1.0]"]


def test_a_type_that_is_asked_for_is_the_known_loss(caught, now_and_then):
    """type(x) of a stand-in is no float: isinstance is what it can answer."""
    asked = compile(lambda x: x if type(x) is float else None)
    assert [asked(1.0) for _ in range(4)] == [None, 1.0, 1.0, 1.0]
    assert len(caught) == 1
    asked = compile(lambda x: x if type(x) is float else None, check="always")
    assert [asked(1.0) for _ in range(4)] == [1.0] * 4


def test_other_words_for_check_are_refused():
    with pytest.raises(ValueError, match="check must be one of"):
        compile(lambda x: x, check="often")


# ---------------------------------------------------------------- 8. what no name leads to

LOCAL = threading.local()


def of_weak_reference(new):
    Hidden.rate = new


def of_thread_local(new):
    LOCAL.rate = new


def of_library(new):
    sys.setswitchinterval(new / 100)


UNSEEN = {
    "a weak reference": (lambda x: x * HIDDEN().rate, of_weak_reference),
    "a thread local": (lambda x: x * LOCAL.rate, of_thread_local),
    "the state of a C library": (lambda x: x * (100 * sys.getswitchinterval()), of_library),
}


@pytest.mark.parametrize("name", UNSEEN)
def test_the_next_check_finds_what_no_guard_sees(name, hidden, caught):
    function, change = UNSEEN[name]
    before = sys.getswitchinterval()
    try:
        change(0.5)
        compiled = compile(function)
        right = []
        for call in range(1, 18):
            if call == 6:
                change(0.75)
            right.append(compiled(2.0) == pytest.approx(function(2.0), rel=1e-9))
        assert all(right[:5])
        assert all(right[7:])
        assert len(caught) <= 1
    finally:
        sys.setswitchinterval(before)


def test_what_is_passed_is_seen():
    compiled = compile(lambda x, rate: x * rate, check="never")
    assert [compiled(2.0, rate) for rate in (1.0, 5.0, 2.0)] == [2.0, 10.0, 4.0]
    assert compiled.recordings == 1


# ---------------------------------------------------------------- 9. random numbers and effects


def test_other_effects_happen_only_when_the_function_runs(now_and_then):
    called = []

    def noted(x):
        print("runs")
        callback(called.append, x)
        return x + 1

    compiled = compile(noted)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        for i in range(1, 11):
            compiled(float(i))
    assert called == [float(i) for i in range(1, 11)]
    assert out.getvalue().count("runs") == 4  # calls 1, 2, 4 and 8


def test_sample_gives_the_numbers_that_the_function_draws():
    xs = [1.0, 2.0, 3.0]
    rng, compiled = random.Random(1), compile(lambda xs: [x + sample(rng.random) for x in xs])
    ours = [compiled(xs) for _ in range(CALLS)]
    rng = random.Random(1)
    assert ours == [[x + rng.random() for x in xs] for _ in range(CALLS)]


def test_a_generator_without_sample_runs_eagerly(caught):
    rng = random.Random(0)
    compiled = compile(lambda x: x + rng.random())
    ours = [compiled(1.0) for _ in range(CALLS)]
    rng = random.Random(0)
    assert ours == [1.0 + rng.random() for _ in range(CALLS)]
    (warning,) = caught
    assert "sample" in str(warning.message)


def test_an_iterator_runs_eagerly(caught):
    numbers = iter(range(100))
    compiled = compile(lambda x: x + next(numbers))
    assert [compiled(1.0) for _ in range(CALLS)] == [1.0 + i for i in range(CALLS)]
    assert len(caught) == 1


# ---------------------------------------------------------------- 10. copies and pickles


@compile
def module_level(x):
    return W[0] * x


def test_copies_and_pickles_have_no_programs():
    module_level(1.0)
    assert pickle.loads(pickle.dumps(module_level)) is module_level
    layer = compile(nn.Linear(1, 1, rng=0))
    layer([1.0])
    for made in (copy.copy(layer), copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert made.recordings == 0
        assert made([2.0])[0].data == layer([2.0])[0].data
        assert made.recordings == 1


def test_a_copy_keeps_its_options():
    made = copy.deepcopy(compile(nn.Linear(1, 1, rng=0), executor="interpret", check="never"))
    assert (made.executor, made.check) == ("interpret", "never")
