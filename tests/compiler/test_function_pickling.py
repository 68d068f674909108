"""Copies and pickles take the function, not its programs: in one process, and in others.

Compiled functions of a script or a notebook, of `__main__`, work in other processes.
"""

import copy
import functools
import pickle
import sys
import threading

import numpy as np
import pytest

import autograd_lite as ag
import nn
from autograd_lite import Value, compile, vmap

SCALE = Value(2.0)


@compile
def scaled(x):
    """Scales."""
    return x * SCALE


@vmap
def scaled_each(x):
    return x * SCALE


class Model:
    @compile
    def loss(self, x):
        return x * SCALE * 2

    @staticmethod
    @compile
    def still(x):
        return x * SCALE * 3

    @compile
    @classmethod
    def of_class(cls, x):
        return x * SCALE * 4


@compile
@functools.lru_cache
def cached(x):
    return x * 5.0


TWINS = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda f, protocol=protocol: pickle.loads(pickle.dumps(f, protocol))
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}
each_twin = pytest.mark.parametrize("twin_of", TWINS.values(), ids=TWINS)


@each_twin
@pytest.mark.parametrize("f", [scaled, scaled_each, Model.loss, Model.still, cached])
def test_a_function_that_its_name_finds_stays_itself(f, twin_of):
    assert twin_of(f) is f


@each_twin
def test_bound_methods(twin_of):
    model = Model()
    assert twin_of(model.loss)(3.0).data == 12.0
    assert twin_of(Model.of_class)(3.0).data == 24.0


def test_a_name_that_is_missing_is_an_error_that_names_it(monkeypatch):
    pickled = pickle.dumps(scaled)
    monkeypatch.delattr(sys.modules[__name__], "scaled")
    with pytest.raises(AttributeError, match="scaled"):
        pickle.loads(pickled)


# --------------------------------------------------- a function that is not what its name finds


def tripled(x):
    return x * tripled_by.rate


tripled_by = compile(tripled, executor="interpret")
tripled_by.rate = 3.0


@each_twin
def test_another_one_of_the_same_function_with_its_attributes(twin_of):
    tripled_by(1.0)
    other = twin_of(tripled_by)
    assert other is not tripled_by
    assert other.function is tripled
    assert (other.rate, other.executor, other.recordings) == (3.0, "interpret", 0)
    assert [other(x) for x in (2.0, 3.0)] == [6.0, 9.0]
    assert other.recordings == 1


def times(x, y):
    return x * y


@each_twin
def test_a_function_of_a_sample_with_its_axes(twin_of):
    other = twin_of(vmap(times, in_axes=[0, None]))
    assert (other.__name__, other.in_axes) == ("times", (0, None))
    assert other([1.0, 2.0], 3.0) == [3.0, 6.0]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copies_of_a_function_without_a_name(copied):
    function = compile(lambda x: x * SCALE)
    function(1.0)
    one, two = copied(function), copied(function)
    assert len({one, two, function}) == 3
    one.rate = 1.0
    assert not hasattr(two, "rate")
    assert [one(3.0).data, two(Value(3.0)).data, function(3.0).data] == [6.0, 6.0, 6.0]
    assert (one.recordings, two.recordings, function.recordings) == (1, 1, 1)


def test_pickle_says_of_what_has_no_name_that_it_has_none():
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(compile(lambda x: x))


@pytest.mark.parametrize("twin_of", [v for k, v in TWINS.items() if k != "copy"])
def test_a_model_comes_with_its_parameters(twin_of):
    model = nn.Sequential(nn.Linear(2, 2, rng=0), nn.BatchNorm1d(2), nn.Dropout(0.5, rng=3))
    function, x = compile(model), np.array([[1.0, 2.0], [3.0, 5.0]])
    function(x)
    other = twin_of(function)
    parameters = list(other.function.parameters())
    parameters[0].data = 7.0  # its own
    expected = copy.deepcopy(other.function)(x)
    found = other(x)
    assert [v.data for row in found for v in row] == [v.data for row in expected for v in row]
    assert model[1].num_batches_tracked.data == 1.0
    assert other.function[1].num_batches_tracked.data == 2.0
    ag.sum(ag.sum(row) for row in found).backward()
    assert any(p.grad for p in parameters)
    assert not any(p.grad for p in model.parameters())


def total(scale, xs):
    return ag.sum(xs) * scale


def test_a_function_is_pickled_and_asked_for_its_programs_while_threads_call_it():
    f, lengths, done = compile(functools.partial(total, 3.0)), range(1, 30), threading.Event()
    for n in lengths:
        f([1.0] * n)

    def play():
        while not done.is_set():
            for n in lengths:
                f([1.0] * n)

    thread, interval = threading.Thread(target=play), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        thread.start()
        for _ in range(10):
            assert pickle.loads(pickle.dumps(f))([1.0, 2.0]) == 9.0
            assert len(f.programs()) == len(lengths)
    finally:
        sys.setswitchinterval(interval)
        done.set()
        thread.join()


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_result_says_why_it_cannot_be_copied(copied):
    f = ag.compile(lambda x: SCALE * x, check="never")
    f(3.0)
    result = f(3.0) + 1
    with pytest.raises(TypeError, match=r"result of <lambda>.*detach"):
        copied(result.parents[0] if copied is copy.copy else result)
    assert copied(result.detach()) is not None


# ------------------------------------------------------------------------- in other processes


SCRIPT = """
import copy, pickle, sys, warnings
from autograd_lite import Value, compile, vmap

w = Value(2.0)

@compile
def f(x):
    "Says what it does."
    return w * x * f.rate if x > 0 else f(-x)

f.rate = 3.0

@compile(executor="interpret")
def g(x, k=[4.0], *, more=1.0):
    return w * x * k[0] + more

@vmap
def batched(x):
    return w * x

unnamed = compile(lambda x: w * x * 5.0)

def made(c):
    return compile(lambda x: w * x * c)

closed = made(6.0)

class Model:
    @compile
    def loss(self, x):
        return w * x * 7.0

    @staticmethod
    @compile
    def still(x):
        return w * x * 8.0

    @compile
    @classmethod
    def of_class(cls, x):
        return w * x * 9.0

def job(x):
    warnings.filterwarnings("error", ".*runs eagerly")
    w.grad = 0.0
    f(x).backward()  # adds to the w of this process
    numbers = f(x), g(x), batched([x])[0], Model().loss(x), Model.still(x), Model.of_class(x)
    return [v.data for v in numbers] + [w.grad, f.__doc__, g.executor]

def unnamed_job(x):
    return [unnamed(x).data, closed(x).data]
"""

RIGHT = [6.0, 9.0, 2.0, 14.0, 16.0, 18.0, 3.0, "Says what it does.", "interpret"]
RIGHT_UNNAMED = [10.0, 12.0]

PROCESSES = """
if __name__ == "__main__":
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    for x in (1.0, -1.0):
        job(x)  # so that there are programs
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(1) as pool:
        assert [pool.apply(job, (1.0,)), pool.map(job, [1.0])[0]] == [eval(sys.argv[2])] * 2
        assert pool.apply(unnamed_job, (1.0,)) == eval(sys.argv[3])
    with ProcessPoolExecutor(1, context) as executor:
        assert list(executor.map(job, [1.0])) == [eval(sys.argv[2])]
    for thing in (f, g, batched, Model.loss, Model.still):
        assert pickle.loads(pickle.dumps(thing)) is thing
        assert copy.copy(thing) is copy.deepcopy(thing) is thing
    print("right")
"""

BY_VALUE = """
import cloudpickle
for _ in range(2):
    for file, thing in zip(sys.argv[1:], (job, unnamed_job, f), strict=True):
        with open(file, "wb") as stream:
            cloudpickle.dump(thing, stream)
    job(1.0), unnamed_job(1.0)  # the second time with programs
"""

ELSEWHERE = """
import pickle, sys
job, unnamed_job, f = (pickle.load(open(file, "rb")) for file in sys.argv[1:])
print([job(1.0), unnamed_job(1.0), f(-2.0).data, f.rate, f.__qualname__])
"""

JOBLIB = """
if __name__ == "__main__":
    from joblib import Parallel, delayed
    for _ in range(2):
        print(Parallel(n_jobs=2)(delayed(job)(x) for x in (1.0, 1.0)))
        print(Parallel(n_jobs=2)(delayed(unnamed_job)(x) for x in (1.0, 1.0)))
        job(1.0), unnamed_job(1.0)
"""


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_processes_find_a_function_of_a_script_by_its_name(start, python, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT + PROCESSES)
    assert python(str(script), start, repr(RIGHT), repr(RIGHT_UNNAMED)) == "right\n"


def test_cloudpickle_takes_a_function_of_a_script_by_value(python, tmp_path):
    pytest.importorskip("cloudpickle")
    files = [str(tmp_path / name) for name in ("job", "unnamed", "f")]
    python("-c", SCRIPT + BY_VALUE, *files)
    found = python("-c", ELSEWHERE, *files)
    assert eval(found) == [RIGHT, RIGHT_UNNAMED, 12.0, 3.0, "f"]


WITH_AN_OPERATION = """
import cloudpickle, sys
from autograd_lite import Value, compile, operation

w, rate = Value(2.0), 0.0

@operation(lambda x, out: 2 * x * rate)
def scaled(x):
    return x * x * rate

@compile
def f(x):
    return scaled(w) * x

for file in sys.argv[1:]:
    rate += 1.0
    f(3.0)
    with open(file, "wb") as stream:
        cloudpickle.dump((w, f), stream)
"""

OPERATIONS_ELSEWHERE = """
import pickle, sys
from autograd_lite import operation

def other(name):
    def function(x):
        return 100 * x
    function.__name__ = name
    return operation(lambda x, out: 100.0)(function)

others = [other(name) for name in sys.argv[1].split()]
found = []
for file in sys.argv[2:]:
    w, f = pickle.load(open(file, "rb"))
    for g in (f.function, f, f):
        w.grad = 0.0
        result = g(3.0)
        result.backward()
        found.append((result.data, w.grad))
print(found)
"""


@pytest.mark.parametrize("others", ["", "another", "another scaled"])
def test_operations_of_a_script_travel_with_what_applies_them(others, python, tmp_path):
    pytest.importorskip("cloudpickle")
    files = [str(tmp_path / name) for name in ("one", "two")]
    python("-c", WITH_AN_OPERATION, *files)
    found = python("-c", OPERATIONS_ELSEWHERE, others, *files)
    assert eval(found) == [(12.0, 12.0)] * 3 + [(24.0, 24.0)] * 3


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_joblib(python, tmp_path):
    pytest.importorskip("joblib")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT + JOBLIB)
    right, right_unnamed = str([RIGHT] * 2), str([RIGHT_UNNAMED] * 2)
    assert python(str(script)).splitlines() == [right, right_unnamed] * 2
