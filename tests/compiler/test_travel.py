"""Compiled functions travel with their programs, to other processes and into copies."""

import collections
import copy
import copyreg
import functools
import multiprocessing
import pickle
import random
import sys
import threading
import warnings
from fractions import Fraction

import numpy as np
import pytest

import autograd_lite as ag
import nn
from autograd_lite import Value, callback, compile, draw, vmap
from tests.support import travelling
from tests.support.travelling import ARGUMENTS, results

CASES = [
    (travelling.loss, ARGUMENTS),
    (travelling.score, ARGUMENTS[:1]),
    (travelling.product, (2.0, Value(3.0))),
]


def test_another_process_records_nothing():
    expected = [results(function, *args) for function, args in CASES]
    assert [recordings for _, recordings in expected] == [1, 1, 1]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        for (function, args), (numbers, _) in zip(CASES, expected, strict=True):
            found, recordings = pool.apply(results, (function, *args))
            assert recordings == 0
            assert found == pytest.approx(numbers, rel=1e-12)


def fresh(function):
    """One without programs, as another process has it."""
    return type(function)(*function._arguments())


@pytest.mark.parametrize(("function", "args"), CASES)
def test_there_are_no_code_objects_in_it(function, args):
    function = fresh(function)
    results(function, *args)
    _, parcels = function.__reduce__()[2]
    assert len(parcels) == 1
    for word in (b"CodeType", b"marshal", b"FunctionType"):
        assert word not in pickle.dumps(parcels)


def times(x):
    return x * travelling.scale


def test_a_copy_runs_the_programs_of_the_original():
    def f(x, flag):
        return x * travelling.scale if flag else -x

    function = compile(f)
    for flag in (True, False):
        function(2.0, flag)
    for other in (copy.copy(function), copy.deepcopy(function)):
        assert other is not function
        assert [other(3.0, flag).data for flag in (True, False)] == [6.0, -3.0]
        assert other.recordings == 0
        assert other(Value(3.0), True).data == 6.0
        assert (other.recordings, function.recordings) == (1, 2)


def test_a_function_that_is_not_its_name_travels_with_its_programs():
    function = compile(times)
    function(2.0)
    other = pickle.loads(pickle.dumps(function))
    assert (other(4.0).data, other.recordings, other.executor) == (8.0, 0, "auto")
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(compile(lambda x: x))


def test_a_model_travels_with_its_parameters():
    model = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Dropout(0.5, rng=3))
    function = compile(model)
    function([1.0, 2.0])
    for other in (pickle.loads(pickle.dumps(function)), copy.deepcopy(function)):
        parameters = list(other.function.parameters())
        parameters[0].data = 7.0  # its own
        expected = copy.deepcopy(other.function)([1.0, 2.0])
        found = other([1.0, 2.0])
        assert [v.data for v in found] == [v.data for v in expected]
        assert other.recordings == 0
        ag.sum(found).backward()
        assert any(p.grad for p in parameters)
    assert not any(p.grad for p in model.parameters())


def test_running_statistics_are_those_of_the_copy():
    norm = nn.BatchNorm1d(2)
    function, x = compile(norm), np.array([[1.0, 2.0], [3.0, 5.0]])
    function(x)
    other = copy.deepcopy(function)
    other(x)
    assert (norm.num_batches_tracked.data, other.function.num_batches_tracked.data) == (1.0, 2.0)
    assert other.recordings == 0


class Scaled:
    def __init__(self):
        self.scale, self.double = [Value(2.0)], False

    def __call__(self, x):
        return x * self.scale[0] * (2 if self.double else 1)


def test_where_it_is_bound_to_other_things_it_is_recorded_anew():
    function = compile(Scaled())
    function(1.0)
    for change in ("double", "scale", "label"):
        other = copy.deepcopy(function)
        if change == "double":
            other.function.double = True
        elif change == "scale":
            other.function.scale.append(Value(1.0))
        else:
            other.function.label = "new"
        assert other(3.0).data == other.function(3.0).data
        assert other.recordings == 1


def test_what_python_writes_into_a_class_does_not_matter(monkeypatch):
    """copyreg notes its slots there; a script's is of __main__, and elsewhere of __mp_main__."""

    class Named(Scaled):
        pass

    function = compile(Named())
    function(1.0)
    copyreg._slotnames(Named)
    arrived = copy.copy(function)
    monkeypatch.setattr(Named, "__module__", "main_elsewhere")
    del Named.__slotnames__
    for one, recordings in ((arrived, 0), (function, 2)):
        assert (one(3.0).data, one.recordings) == (6.0, recordings)


class Slotted:
    __slots__ = ("double", "names", "sizes", "ways")

    def __init__(self):
        self.double, self.ways, self.names = False, collections.deque([1.0]), {"a"}
        self.sizes = (np.float64(1.0), Fraction(1), frozenset([1]))

    def __call__(self, x):
        a, b, c = self.sizes
        number = float(a) * float(b) * sum(c) * len(self.names) * self.ways[0]
        return x * (2 if self.double else 1) * number


def test_flags_of_all_kinds_are_compared_on_arrival():
    function = compile(Slotted())
    function(1.0)
    one, whole, few = function.function.sizes
    for change, expected in (
        (lambda thing: None, (1.0, 0)),
        (lambda thing: setattr(thing, "double", True), (2.0, 1)),
        (lambda thing: thing.ways.appendleft(2.0), (2.0, 1)),
        (lambda thing: thing.names.add("b"), (2.0, 1)),
        (lambda thing: setattr(thing, "sizes", (np.float64(2.0), whole, few)), (2.0, 1)),
        (lambda thing: setattr(thing, "sizes", (one, Fraction(2), few)), (2.0, 1)),
        (lambda thing: setattr(thing, "sizes", (one, whole, frozenset([2]))), (2.0, 1)),
    ):
        other = copy.deepcopy(function)
        change(other.function)
        assert (other(1.0).data, other.recordings) == expected


def test_a_function_that_was_edited_meanwhile_is_recorded_anew(monkeypatch):
    function = compile(times)
    function(2.0)
    edits = (lambda x: x * travelling.scale * 2), (lambda x: x * travelling.scale * 3)
    unchanged, *others = (copy.copy(function) for _ in range(3))
    assert (unchanged(3.0).data, unchanged.recordings) == (6.0, 0)
    for other, edited in zip(others, edits, strict=True):
        monkeypatch.setattr(times, "__code__", edited.__code__)
        assert (other(3.0).data, other.recordings) == (edited(3.0).data, 1)


@pytest.mark.parametrize("kind", [set, frozenset])
def test_the_order_of_a_set_does_not_travel(kind):
    function = compile(functools.partial(difference, kind([Value(1.0), Value(3.0)])))
    function(1.0)
    for other, recordings in ((copy.copy(function), 0), (copy.deepcopy(function), 1)):
        assert other(2.0).data == other.function(2.0).data
        assert other.recordings == recordings


def difference(pair, x):
    first, second = pair
    return first * x - second


def test_a_copy_has_programs_before_its_first_call():
    function = compile(Scaled())
    function(1.0)
    once = copy.copy(function)
    twice = pickle.loads(pickle.dumps(once))
    assert "z1 = p0 * x" in copy.copy(once).explain()
    assert len(twice.programs()) == 1
    assert [once(3.0).data, twice(3.0).data] == [6.0, 6.0]
    assert once.recordings == twice.recordings == 0


def test_what_arrives_again_is_not_kept_twice():
    for _ in range(3):
        assert pickle.loads(pickle.dumps(travelling.loss)) is travelling.loss
    assert not travelling.loss._parcels


def test_operations_of_the_users_are_known_by_their_names(monkeypatch):
    @ag.operation(lambda x, out: 2 * x)
    def squared(x):
        return x * x

    function = compile(functools.partial(call, squared))
    function(3.0)
    parcel = copy.copy(function)
    assert (parcel(4.0).data, parcel.recordings) == (16.0, 0)
    parcel = copy.copy(function)
    monkeypatch.setattr(ag.operations.rules.RULES[-1], "name", "another")
    assert (parcel(4.0).data, parcel.recordings) == (16.0, 1)


def call(function, x):
    return function(x)


class Log:
    def __init__(self, rate):
        self.rate = rate

    def write(self, number):
        pass


def logs_by_its_own(x):
    callback(Log(Value(0.5, label="rate")).write, x)
    return x * 2


@pytest.mark.parametrize(
    ("function", "args", "problem"),
    [
        (lambda x: x * draw(lambda: random.random()), (2.0,), "lambda"),
        (lambda model, x: model(x), (Scaled(), 2.0), "of type Scaled is known by its identity"),
        (logs_by_its_own, (2.0,), "a Value 'rate' to which no global, closure or attribute"),
    ],
)
def test_what_cannot_travel_is_named_and_recorded_again(function, args, problem):
    function = compile(function)
    function(*args)
    function(*args[:-1], Value(2.0))  # another program, with the same problem
    with pytest.warns(
        RuntimeWarning, match=rf"does not travel, and will be recorded(.|\n)*{problem}"
    ) as warned:
        other = copy.copy(function)
    assert len(warned) == 1
    other(*args)
    assert other.recordings == 1


def test_a_function_is_pickled_while_threads_call_it():
    f = compile(lambda xs: ag.sum(xs))
    lengths = range(1, 30)
    for n in lengths:
        f([1.0] * n)
    done, interval = threading.Event(), sys.getswitchinterval()

    def play():
        while not done.is_set():
            for n in lengths:
                f([1.0] * n)

    thread = threading.Thread(target=play)
    sys.setswitchinterval(1e-6)
    try:
        thread.start()
        for _ in range(10):
            assert len(f.__reduce__()[2][1]) == len(f.programs()) == len(lengths)
    finally:
        sys.setswitchinterval(interval)
        done.set()
        thread.join()


def test_programs_that_are_there_already_are_kept():
    travelling.product(2.0, 3.0)
    recordings = travelling.product.recordings
    assert pickle.loads(pickle.dumps(travelling.loss)) is travelling.loss
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = pickle.loads(pickle.dumps(vmap(times)))
    assert [v.data for v in again([1.0, 2.0])] == [2.0, 4.0]
    assert travelling.product.recordings == recordings


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_result_says_why_it_cannot_be_copied(copied):
    w = Value(2.0)
    scaled = ag.compile(lambda x: w * x)
    result = scaled(3.0) + 1
    with pytest.raises(TypeError, match=r"result of the compiled function <lambda>.*detach"):
        copied(result.parents[0] if copied is copy.copy else result)
    assert copied(result.detach()) is not None
