"""Random numbers in compiled functions: `sample`, and what draws without it."""

import pickle
import random
import sys
import threading
import warnings
from collections import deque
from functools import partial

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile, vmap
from autograd_lite.compiler.record import generators
from autograd_lite.compiler.record.generators import Generators

GENERATORS = [
    random.Random(0),
    np.random.default_rng(0),
    np.random.RandomState(0),
    np.random.Generator(np.random.MT19937(0)),
]
W = Value(2.0)
# Which have defaults since Python 3.11.
ARGUMENTS = {"getrandbits": (4,), "gauss": (0.0, 1.0) if sys.version_info < (3, 11) else ()}


@pytest.mark.parametrize("method", ["random", "gauss", "getrandbits"])
def test_draws_are_the_eager_ones_and_consume_as_many(method):
    rng, draws = random.Random(7), 6
    args = ARGUMENTS.get(method, ())
    own = partial(getattr(rng, method), *args) if args else getattr(rng, method)
    f = compile(lambda x: sum(W * x * ag.sample(own) for _ in range(draws)))
    for _ in range(3):
        state = rng.getstate()
        expected = 2 * sum(own() for _ in range(draws))
        after = rng.getstate()
        rng.setstate(state)
        assert f(1.0).data == pytest.approx(expected, rel=1e-12)
        assert rng.getstate() == after
    assert f.recordings == 1


def test_a_state_is_not_looked_at_for_each_draw(monkeypatch):
    """That takes 50 microseconds."""
    looks = []
    state = generators._state
    monkeypatch.setattr(generators, "_state", lambda x: looks.append(x) or state(x))
    rng = np.random.default_rng(0)
    compile(lambda x: sum(W * x * ag.sample(rng.normal) for _ in range(1000)))(1.0)
    assert len(looks) < 20


@pytest.mark.parametrize("rng", GENERATORS, ids=lambda rng: type(rng).__name__)
@pytest.mark.parametrize("when", ["before", "between", "after"])
def test_numbers_drawn_beside_draw_are_noticed(rng, when):
    def f(x):
        noise = rng.random() if when == "before" else 0.0
        x = x * ag.sample(rng.random)
        noise += rng.random() if when == "between" else 0.0
        x = x * ag.sample(rng.random)
        noise += rng.random() if when == "after" else 0.0
        return x + noise

    compiled = compile(f)
    with pytest.warns(RuntimeWarning, match="draws random numbers"):
        # With other threads, as that of a progress bar, it is the third call that warns.
        assert [compiled(Value(1.0)).data for _ in range(3)]


def test_draws_of_functions_and_of_methods_take_turns():
    rng = np.random.default_rng(3)

    def f(x):
        ways = [rng.random, lambda: rng.random() * 2, random.random, random.SystemRandom().random]
        return sum(x * ag.sample(ways[i % 4]) for i in range(8))

    compiled = compile(f)
    assert len({compiled(Value(1.0)).data for _ in range(3)}) == 3
    assert compiled.recordings == 1


def test_generators_that_share_a_state():
    first = np.random.default_rng(0)
    second = np.random.Generator(first.bit_generator)
    watched = Generators([first, second])
    assert watched.sample(first.random) != watched.sample(second.random)
    assert not watched.disturbed()
    second.random()
    assert watched.disturbed()


def test_a_method_that_a_generator_was_given_is_no_method_of_its_twin():
    rng = random.Random(0)
    rng.random = lambda: 0.25
    watched = Generators([rng])
    assert watched.sample(rng.random) == 0.25
    assert not watched.disturbed()


def test_what_draw_gives_has_to_be_a_number():
    f = compile(lambda x: x * ag.sample(lambda: np.random.randn(3))[0])
    with pytest.warns(RuntimeWarning, match="what sample calls gives ndarray, not a number"):
        f(1.0)


def test_a_drawn_int_that_no_double_holds_has_all_its_digits():
    f = compile(lambda: ag.sample(lambda: 2**53 + 1) * 2)
    with pytest.warns(RuntimeWarning, match="gives 9007199254740993, which no double holds"):
        assert f() == 2 * (2**53 + 1)
    draws = deque([1, 2, 2**53 + 1, 3])
    f = compile(lambda: ag.sample(draws.popleft), check="never")
    with pytest.warns(RuntimeWarning, match="which no double holds"):
        assert [f() for _ in range(4)] == [1, 2, 2**53 + 1, 3]


@pytest.mark.parametrize("batch", [False, True])
def test_what_is_drawn_has_the_type_that_it_has(batch):
    numbers = [1, 2, 0.5, True, 0.25, 3, np.float64(1.5), False]
    draws = deque(numbers)

    def f(x):
        return x * 0 + ag.sample(draws.popleft), ag.sample(draws.popleft)

    if batch:
        first, second = vmap(f)([0, 0, 0, 0])
    else:
        compiled = compile(f, check="never")
        first, second = zip(*[compiled(0) for _ in range(4)], strict=True)
    assert [*first] == numbers[::2]
    assert [(x, type(x)) for x in second] == [(x, type(x)) for x in numbers[1::2]]


def shuffled(rng):
    def f(numbers):
        rng.shuffle(numbers)
        return numbers[0] * 1.0

    return f, [1.0, 2.0, 3.0, 4.0, 5.0]


def drawn_as_a_list(rng):
    return lambda x: x * sum(ag.sample(lambda: [rng.random(), rng.random()])), 1.0


def a_draw_and_then_a_list(rng):
    numbers = lambda: [rng.random(), rng.random()]  # noqa: E731
    return lambda x: x * ag.sample(rng.random) + sum(ag.sample(numbers)), 1.0


def returning_a_set(rng):
    return lambda x: {ag.sample(rng.random) + x, rng.random()}, 1.0


@pytest.mark.parametrize("rng", GENERATORS, ids=lambda rng: type(rng).__name__)
@pytest.mark.parametrize(
    "make", [shuffled, drawn_as_a_list, a_draw_and_then_a_list, returning_a_set]
)
def test_a_recording_that_fails_draws_nothing(make, rng):
    """The function that runs then draws what it would have drawn without it."""
    function, argument = make(rng)

    def results(f):
        given = [argument[:] if isinstance(argument, list) else argument for _ in range(3)]
        return [f(x) for x in given]

    state = pickle.dumps(generators._state(rng))
    expected = results(function)
    generators._set_state(rng, pickle.loads(state))
    with pytest.warns(RuntimeWarning, match="runs eagerly"):
        assert results(compile(function)) == expected


def test_a_call_that_raises_by_itself_has_drawn():
    """So that one tries again with other numbers."""
    rng = random.Random(0)

    @compile
    def rejecting():
        number = rng.random()
        if number > 0.5:
            raise ValueError("too large")
        return number

    seen = []
    for _ in range(20):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                seen.append(rejecting())
        except ValueError:
            seen.append(None)
    assert None in seen
    assert len({*seen}) > 5


def test_another_thread_may_have_drawn():
    rng, stop = random.Random(0), threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        with pytest.warns(RuntimeWarning, match="it, or another thread meanwhile, draws random"):
            compile(lambda x: x * rng.random())(1.0)
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("draws", [1, 2, 3])
def test_the_shared_generator_is_another_threads_until_the_third_recording(draws):
    hidden, stop = threading.local(), threading.Event()
    hidden.left = draws  # no name leads to it

    @compile
    def f(x):
        hidden.left -= 1
        if hidden.left >= 0:
            random.random()
        return 2 * x

    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert [f(float(x)) for x in range(6)] == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    finally:
        stop.set()
        thread.join()
    assert [str(w.message)[:38] for w in caught] == ["f runs eagerly from now on: it, or ano"] * (
        draws > 2
    )
    assert f.recordings == (draws < 3)


def coin():
    return random.randrange(2)


@pytest.mark.parametrize("decide", [lambda x: x == 1, lambda x: x > 0, lambda x: {0: 0, 1: 1}[x]])
def test_what_is_drawn_is_compared_as_a_number(decide):
    def f(x):
        return x * (3.0 if decide(ag.sample(coin)) else 5.0)

    compiled = compile(f)
    random.seed(0)
    expected = [f(Value(1.0)).data for _ in range(20)]
    random.seed(0)
    assert [compiled(Value(1.0)).data for _ in range(20)] == expected
    assert compiled.recordings == 2


TABLE = [Value(1.0), Value(10.0), Value(100.0)]


def two_of(table, i):
    """Two of the table, by an index that is passed and one that is drawn, and other draws."""
    first = ag.take(table, i) * ag.sample(lambda: random.randrange(3))
    noise = ag.sample(random.random)
    return first + noise * ag.take(table, ag.sample(lambda: random.randrange(3)))


@pytest.mark.parametrize("executor", ["interpret", "numpy"])
def test_an_index_may_be_drawn(executor):
    compiled = compile(lambda i: two_of(TABLE, i), executor=executor)
    outcomes = []
    for f in (lambda i: two_of(TABLE, i), compiled):
        random.seed(1)
        for p in TABLE:
            p.grad = 0.0
        results = [f(np.int64(i % 3)) for i in range(10)]
        ag.sum(results).backward()
        outcomes.append([x.data for x in [*results]] + [p.grad for p in TABLE])
    assert outcomes[1] == pytest.approx(outcomes[0], rel=1e-12)
    assert compiled.recordings == 1


def test_each_sample_of_a_batch_draws_its_own_index():
    draws = deque([2, 0, 1, 1, 1, 2])
    pick = vmap(lambda x: x * ag.take(TABLE, ag.sample(draws.popleft)))
    assert [v.data for v in pick([1.0, 2.0, 3.0])] == [100.0, 2.0, 30.0]
    assert [v.data for v in pick([1.0, 2.0, 3.0])] == [10.0, 20.0, 300.0]


def test_the_program_of_a_drawn_index_has_its_lines():
    """Which are found without drawing again."""
    compiled = compile(lambda x: x * two_of(TABLE, np.int64(0)))
    compiled(1.0)
    state = random.getstate()
    assert "test_generators.py" in compiled.explain()
    assert random.getstate() == state


def test_a_drawn_float_is_no_index():
    draws = deque([1, 2, 1.5])
    compiled = compile(lambda x: x * ag.take(TABLE, ag.sample(draws.popleft)))
    assert [compiled(1.0).data, compiled(1.0).data] == [10.0, 100.0]
    with pytest.raises(TypeError, match="integer"):
        compiled(1.0)


def test_take_of_what_are_no_numbers_runs_eagerly():
    words = compile(lambda i: ag.take(["a", "bb"], i))
    with pytest.warns(RuntimeWarning, match="take: expected a real number or a Value, not str"):
        assert [words(np.int64(i)) for i in (0, 1)] == ["a", "bb"]


def test_draw_draws_at_each_call():
    f = compile(lambda x: x * ag.sample(random.random))
    random.seed(1)
    numbers = [f(Value(1.0)).data for _ in range(5)]
    random.seed(1)
    assert numbers == [random.random() for _ in range(5)]
    assert f.recordings == 1


def test_draw_in_the_eager_function_is_a_plain_number():
    random.seed(1)
    first = random.random()
    random.seed(1)
    assert ag.sample(random.random) == first


@pytest.mark.parametrize("noise", [random.random, np.random.rand])
def test_other_random_numbers_make_it_eager_with_a_warning(noise):
    f = compile(lambda x: x * noise())
    with pytest.warns(RuntimeWarning, match=r"for ever\. Write autograd_lite.sample"):
        numbers = [f(Value(1.0)).data for _ in range(3)]
    assert len(set(numbers)) == 3


@pytest.mark.parametrize(
    "rng", [np.random.RandomState(0), random.SystemRandom(), np.random.default_rng(0)]
)
def test_generators_that_are_reached_are_watched(rng):
    f = compile(lambda x: x * rng.random())
    with pytest.warns(RuntimeWarning, match="eagerly"):
        f(1.0)
    assert f(1.0) != f(1.0)
    drawn = compile(lambda x: x * ag.sample(rng.random))
    assert drawn(1.0) != drawn(1.0)
    assert drawn.recordings == 1


def test_draws_that_decide_are_not_drawn_until_they_fit():
    """A number that was drawn stays, whether or not there is a program for what it decides."""
    rng, ones = random.Random(0), 0
    for _ in range(300):
        f = compile(lambda x: x * (1 if ag.sample(rng.random) < 0.3 else 0))
        ones += sum(f(1.0) for _ in range(4))
    assert ones / 1200 == pytest.approx(0.3, abs=0.03)


def test_draws_that_decide_what_else_is_drawn():
    """Those that were drawn before the decision are the same in the other program."""

    def f(x):
        first = ag.sample(numbers.popleft)
        if first > 0:
            return x * first
        return x * first + ag.sample(numbers.popleft)

    numbers, compiled = deque(), compile(f)
    for given in ([1.0], [1.0], [-1.0, 2.0], [3.0], [-2.0, 5.0]):
        numbers.extend(given)
        expected = given[0] * 10.0 + sum(given[1:])
        numbers.extend([0.0] * 2)  # what a program that is not the one draws, too
        assert compiled(10.0) == expected
        numbers.clear()
    assert compiled.recordings == 2


def test_draw_is_a_deprecated_name_of_sample():
    with pytest.warns(DeprecationWarning, match="draw is deprecated: write sample"):
        assert ag.draw(lambda: 3.0) == 3.0
    f = compile(lambda x: x * ag.draw(iter([2.0, 3.0]).__next__))
    with pytest.warns(DeprecationWarning, match="write sample"):
        assert [f(1.0) for _ in range(2)] == [2.0, 3.0]
