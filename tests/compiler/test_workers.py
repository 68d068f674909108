"""Compiled functions of a script or a notebook, of `__main__`, work in other processes."""

import collections
import pickle
import sys
import types

import pytest

from autograd_lite import compile, vmap
from tests.support import travelling

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


def test_a_name_that_is_missing_is_an_error_that_names_it(monkeypatch):
    pickled = pickle.dumps(travelling.score)
    monkeypatch.delattr(travelling, "score")
    message = f"score was pickled by its name, and the module {travelling.__name__} has no 'score'"
    with pytest.raises(AttributeError, match=message):
        pickle.loads(pickled)


def tripled(x):
    return x * tripled_by.rate


tripled_by = compile(tripled)
tripled_by.rate = 3.0


def test_attributes_travel_with_a_function_that_is_not_its_name():
    other = pickle.loads(pickle.dumps(tripled_by))
    assert other is not tripled_by
    assert (other.rate, other(2.0).data) == (3.0, 6.0)
    assert pickle.loads(pickle.dumps(vmap(tripled))).__name__ == "tripled"


def pair_of(x):
    return sys.modules["pairs"].kinds[0](x * 2, x)


def test_a_program_that_cannot_be_unpacked_is_recorded_again(monkeypatch):
    pairs = types.ModuleType("pairs")
    pairs.Pair = collections.namedtuple("Pair", "x y", module="pairs")
    pairs.kinds = [pairs.Pair]
    monkeypatch.setitem(sys.modules, "pairs", pairs)
    function = compile(pair_of)
    function(1.0)
    pickled = pickle.dumps(function)
    assert pickle.loads(pickled)(2.0).x.data == 4.0
    del pairs.Pair
    other = pickle.loads(pickled)
    assert (other(2.0).x.data, other.recordings) == (4.0, 1)
