"""Every executor gives the same, and a lifted program that does not is dropped at its first run."""

import math
import threading
from array import array
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import autograd_lite as ag
import nn
from autograd_lite import Value, compile
from autograd_lite.compiler import choice
from autograd_lite.compiler.choice import most_groups
from autograd_lite.compiler.lift import lift_if_regular
from autograd_lite.compiler.run import compiler
from autograd_lite.compiler.run.arrays import ArrayExecutor
from autograd_lite.compiler.run.compiled import CompiledExecutor
from autograd_lite.compiler.run.compiler import Library
from autograd_lite.compiler.tape.executor import MAX_WORKSPACES
from autograd_lite.compiler.tape.interpreter import Interpreter
from autograd_lite.operations import kernels
from tests.support.agreement import outcome
from tests.support.in_c import C, needs_compiler
from tests.support.lifting import Lifted
from tests.support.scalar_programs import KINDS, irregular, program

PREFERRED = choice.preferred  # which no test but those of it goes by, see conftest.py


def test_an_unknown_executor_is_named():
    with pytest.raises(ValueError, match=r"executor must be one of 'auto', .* not 'gpu'"):
        compile(executor="gpu")(lambda x: x)


@pytest.mark.parametrize("executor", ["auto", "interpret", "numpy", C])
def test_every_executor_gives_the_same(executor):
    model = nn.MLP(3, [6, 2], rng=0)

    def loss(points, labels):
        return nn.cross_entropy(model(points), labels)

    compiled = compile(executor=executor)(loss)
    rng = np.random.default_rng(0)
    for _ in range(3):
        args = rng.normal(size=(20, 3)), rng.integers(0, 2, size=20)
        assert outcome(compiled, [*args], model.parameters()) == pytest.approx(
            outcome(loss, [*args], model.parameters()), rel=1e-9, abs=1e-12
        )
    assert compiled.recordings == 1


@pytest.mark.parametrize("executor", ["interpret", "numpy", C])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_logits_that_are_infinite_and_logits_that_are_huge(name, executor):
    """Whose differences log sum exp(x) has lost."""

    def f(*xs):
        found = getattr(ag, name)(xs)
        return ag.dot(found, range(1, len(xs) + 1)) if isinstance(found, list) else found

    compiled, inf, nan = compile(executor=executor)(f), math.inf, math.nan
    rows = [(1.0, 2.0), (inf, 1.0), (1.0, inf), (-inf, 1.0), (-inf, -inf), (nan, 1.0), (1.0, nan)]
    rows += [(1e8, 1e8 + 1.0), (1e17, 1e17), (-1e17, -1e17), (1e300, -1e308)]
    for row in rows:
        assert outcome(compiled, [*map(Value, row)]) == pytest.approx(
            outcome(f, [*map(Value, row)]), rel=1e-12, nan_ok=True
        )
    assert compiled.recordings == 1


@pytest.mark.parametrize("executor", ["interpret", "numpy", C])
def test_a_zero_cotangent_stays_zero_in_every_executor(executor):
    @compile(executor=executor)
    def compiled(xs):
        return ag.sum([ag.where(1.0, x, ag.sqrt(x - x)) for x in xs])

    for number in (1.0, 2.0):
        xs = [Value(number), Value(-number)]
        compiled(xs).backward()
        assert [x.grad for x in xs] == [1.0, 1.0]


def test_digits_that_cancel_are_no_wrong_lift():
    ws = [Value(0.1 * i) for i in range(300)]
    f = compile(lambda x: ag.sum([(w + x) - x for w in ws]), executor="numpy")
    assert f(Value(1e9)).data == pytest.approx(sum(w.data for w in ws), rel=1e-6)
    assert "run by these operations" in f.explain()


@pytest.mark.parametrize("half", ["_forward", "_gradient"])
@pytest.mark.parametrize("executor", ["auto", "numpy", C])
def test_a_wrong_lift_is_noticed_at_its_first_run(monkeypatch, half, executor):
    right = getattr(ArrayExecutor, half)

    def wrong(self, *args):
        numbers = right(self, *args)
        numbers[0] += 1.0
        return numbers

    monkeypatch.setattr(ArrayExecutor, half, wrong)
    ws = [Value(0.001 * i) for i in range(1000)]
    f = compile(lambda x: ag.sum([w * w * x for w in ws]), executor=executor)
    x = Value(2.0)
    how = "in C" if executor == "c" else "as operations on arrays"
    with pytest.warns(RuntimeWarning, match=f"{how} it gave other numbers"):
        found = [f(x) for _ in range(3)]
    expected = ag.sum([w * w * x for w in ws])
    assert [y.data for y in found] == [expected.data] * 3
    found[-1].backward()
    assert [w.grad for w in ws] == [2 * w.data * 2.0 for w in ws]


def append(x, cache):
    cache.append(x)
    return ag.sum(cache)


def test_the_first_lifted_run_is_compared_before_others_take_its_memory(monkeypatch):
    """Another thread asks for more workspaces than there are, in the middle of the comparison."""
    right, others = Interpreter.gradient, []

    def gradient(self, *args):
        found = right(self, *args)
        thread = threading.Thread(
            target=lambda: others.append(
                [self.forward(leaves, array("q")) for _ in range(MAX_WORKSPACES)]
            )
        )
        thread.start()
        thread.join(0.2)  # it waits in turn for the comparison to end
        threads.append(thread)
        return found

    threads = []
    w = [Value(0.1 * i) for i in range(300)]
    f = compile(lambda x: ag.sum([(v * x).tanh() for v in w]), executor="numpy", check="never")
    leaves = array("d", [2.0, *(v.data for v in w)])
    monkeypatch.setattr(Interpreter, "gradient", gradient)
    assert f(2.0).data == pytest.approx(sum(np.tanh(2.0 * v.data) for v in w))
    for thread in threads:
        thread.join()
    assert len(others) == 1
    assert "run by these operations" in f.explain()


def test_until_the_first_lifted_run_is_compared_others_are_compared_too(monkeypatch):
    """Two threads run it at once: neither takes what is wrong in arrays."""
    right, start = ArrayExecutor.gradient, threading.Barrier(2, timeout=20)

    def wrong(self, *args):
        start.wait()  # both are in their comparison
        return right(self, *args)[::-1]

    monkeypatch.setattr(ArrayExecutor, "gradient", wrong)
    w = [Value(0.1 * i) for i in range(300)]
    f = compile(lambda x: ag.sum([v * v * x for v in w]), check="never")
    f(Value(2.0))

    def gradient(_):
        x = Value(2.0)
        f(x).backward()
        return x.grad

    warned = pytest.warns(RuntimeWarning, match="as operations on arrays it gave other numbers")
    with warned, ThreadPoolExecutor(2) as pool:
        grads = list(pool.map(gradient, range(2)))
    assert grads == [pytest.approx(sum(v.data**2 for v in w))] * 2


def test_irregular_programs_are_not_lifted():
    function, args = program(KINDS.index(irregular))
    lifted = Lifted(function, *args)
    assert lift_if_regular(lifted.tape, lifted.wrt, most_groups(lifted.tape)) is None


class Clock:
    """A clock that goes on only where an executor says that it took some time."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def slowed(self, monkeypatch, executor, seconds):
        """Let each run of these executors take the next of so many seconds, the last for ever."""
        right, seconds = executor._forward, list(seconds)

        def forward(self_, *args):
            self.now += seconds.pop(0) if len(seconds) > 1 else seconds[0]
            return right(self_, *args)

        monkeypatch.setattr(executor, "_forward", forward)


@pytest.mark.parametrize(
    ("interpreter", "arrays", "taken"),
    [
        ([3e-6], [1e-6], "numpy"),
        ([1e-6], [3e-6], "interpret"),
        ([1.0e-6], [1.05e-6], "numpy"),  # not slower to speak of
        ([1.0e-6], [1.2e-6], "interpret"),
        ([2e-6], [9e-6, 9e-6, 9e-6, 1e-6], "numpy"),  # which had waited for other programs
        ([9.0, 9.0, 1.0], [2.0], "interpret"),  # as a long run has only a few turns
    ],
)
def test_what_is_faster_at_the_second_run_makes_all_others(monkeypatch, interpreter, arrays, taken):
    clock = Clock()
    monkeypatch.setattr(choice, "perf_counter", clock)
    monkeypatch.setattr(choice, "preferred", PREFERRED)
    clock.slowed(monkeypatch, Interpreter, interpreter)
    clock.slowed(monkeypatch, ArrayExecutor, arrays)
    ws = [Value(0.001 * i) for i in range(1000)]
    f = compile(lambda x: ag.sum([w * w * x for w in ws]), check="never")
    expected = f(Value(2.0)).data
    assert f.programs()[0].executor == "auto"
    for _ in range(3):
        assert f(Value(2.0)).data == pytest.approx(expected)
        assert f.programs()[0].executor == taken
    assert ("arrays take longer" in f.explain()) == (taken == "interpret")


@ag.operation(lambda x, out: 2 * x)
def squared(x):
    return x * x


def test_operations_of_users_are_not_called_again_to_be_timed(monkeypatch):
    monkeypatch.setattr(choice, "preferred", PREFERRED)
    ws = [Value(0.001 * i) for i in range(200)]
    lifted = Lifted(lambda x: ag.sum([squared(w) * w * x for w in ws]), 2.0)
    auto = choice.ExecutorChoice(lifted.tape, lifted.wrt, "auto", exact=False)
    calls, code = [], squared(Value(1.0)).rule.code
    right = kernels.FUNCTIONS[code]
    monkeypatch.setitem(kernels.FUNCTIONS, code, lambda *xs: calls.append(xs) or right(*xs))
    for _ in range(2):  # the second run is by both executors, and is timed
        calls.clear()
        auto.forward(array("d", lifted.leaves), array("q"), ())
        assert len(calls) == len(ws)
    assert auto.executor is not None


def test_a_gradient_that_is_not_finite_is_no_measure(monkeypatch):
    """The interpreter made it in both runs."""
    monkeypatch.setattr(choice, "preferred", lambda *_: pytest.fail("was measured"))
    f = compile(lambda xs: ag.sum([ag.sqrt(x) for x in xs]), check="never")
    for _ in range(3):
        f([Value(float(i)) for i in range(300)])
    assert f.programs()[0].executor == "numpy"


def weighed(**options):
    """A compiled function that arrays run, a Value for it, and its number."""
    ws = [Value(0.001 * i) for i in range(1000)]
    f = compile(lambda x: ag.sum([w * w * x for w in ws]), check="never", **options)
    return f, Value(2.0), 2.0 * sum(w.data**2 for w in ws)


def executors(f, x, expected, runs=4):
    """The executor after each of some calls, which give the right number and gradient."""
    found = []
    for _ in range(runs):
        x.grad = 0.0
        out = f(x)
        out.backward()
        assert (out.data, x.grad) == pytest.approx((expected, expected / x.data))
        found.append(f.programs()[0].executor)
    return found


@pytest.fixture
def at_once(monkeypatch):
    """Arrays wait for no time until they are compiled, and then until that is done."""
    begin = Library.begin

    def begin_and_wait(self):
        begin(self)
        self._ended.wait()

    monkeypatch.setattr(choice, "PATIENCE", 0.0)
    monkeypatch.setattr(Library, "begin", begin_and_wait)


@needs_compiler
def test_arrays_that_have_run_for_long_are_compiled(at_once):
    f, x, expected = weighed()
    assert executors(f, x, expected) == ["auto", "numpy", "c", "c"]
    assert "run in C that was compiled for these operations" in f.explain()


@needs_compiler
def test_arrays_that_are_faster_stay(at_once, monkeypatch):
    monkeypatch.setattr(choice, "preferred", lambda two, *_: two[type(two[0]) is CompiledExecutor])
    f, x, expected = weighed()
    assert executors(f, x, expected) == ["auto", "numpy", "numpy", "numpy"]
    assert f.programs()[0].choice._patience is None


@needs_compiler
def test_while_the_compiler_works_arrays_run(monkeypatch):
    monkeypatch.setattr(choice, "PATIENCE", 0.0)
    monkeypatch.setattr(Library, "begin", lambda self: None)
    f, x, expected = weighed()
    assert executors(f, x, expected) == ["auto", "numpy", "numpy", "numpy"]


@needs_compiler
def test_a_source_that_is_too_long_is_not_compiled(at_once, monkeypatch):
    monkeypatch.setattr(choice, "LONGEST_SOURCE", 1000)
    f, x, expected = weighed()
    assert executors(f, x, expected) == ["auto", "numpy", "numpy", "numpy"]
    assert f.programs()[0].choice._patience is None


@needs_compiler
def test_c_that_gives_other_numbers_is_dropped_for_arrays(at_once, monkeypatch):
    right = CompiledExecutor._gradient

    def wrong(self, *args):
        numbers = right(self, *args)
        numbers[0] += 1.0
        return numbers

    monkeypatch.setattr(CompiledExecutor, "_gradient", wrong)
    f, x, expected = weighed()
    with pytest.warns(RuntimeWarning, match="runs as operations on arrays from now on: in C it"):
        found = executors(f, x, expected)
    assert found == ["auto", "numpy", "numpy", "numpy"]


@pytest.mark.parametrize("executor", ["auto", "c"])
def test_a_compiler_that_fails_is_one_warning(at_once, monkeypatch, executor):
    monkeypatch.setattr(compiler, "_one", compiler._Compiler())
    monkeypatch.setenv("CC", "false")
    f, x, expected = weighed(executor=executor)
    with pytest.warns(RuntimeWarning, match="not in C: false -dM") as caught:
        assert executors(f, x, expected)[-2:] == ["numpy", "numpy"]
    assert len(caught) == 1
    other, x, expected = weighed(executor=executor)
    assert executors(other, x, expected)[-1] == "numpy"


def test_without_a_compiler_auto_says_nothing_and_c_says_so(at_once, monkeypatch):
    monkeypatch.setattr(compiler, "_one", compiler._Compiler())
    monkeypatch.setattr(compiler, "command", lambda: None)
    f, x, expected = weighed()
    assert executors(f, x, expected)[-1] == "numpy"
    f, x, expected = weighed(executor="c")
    with pytest.warns(RuntimeWarning, match="there is no C compiler") as caught:
        assert executors(f, x, expected)[-1] == "numpy"
    assert len(caught) == 1


@needs_compiler
def test_operations_of_users_are_not_in_c(at_once):
    ws = [Value(0.001 * i) for i in range(300)]
    for executor in ("auto", "c"):
        f = compile(lambda x: ag.sum([squared(w) * x for w in ws]), executor=executor)
        for _ in range(4):
            f(Value(2.0))
        assert f.programs()[0].executor == "numpy"


def test_a_long_chain_is_refused_at_once():
    def function(x):
        for _ in range(20_000):
            x = ag.tanh(x * 0.5)
        return x

    lifted = Lifted(function, 0.5)
    assert lift_if_regular(lifted.tape, lifted.wrt, most_groups(lifted.tape)) is None
