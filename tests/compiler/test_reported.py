"""Programs that compilers got wrong, as users reported them: right from the first call on."""

import math
import random
import sys
import warnings
from itertools import pairwise

import numpy as np
import pytest

import nn
from autograd_lite import (
    Value,
    compile,
    cos,
    dot,
    largest,
    log,
    sin,
    softmax,
    sqrt,
    take,
    tanh,
    vmap,
    where,
)

EXECUTORS = ["interpret", "numpy"]
w = Value(1.5)


@pytest.fixture(autouse=True)
def _quiet():
    """That a function runs eagerly is no matter here: its numbers are."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*runs eagerly.*", RuntimeWarning)
        yield


def numbers(thing):
    """A result with its numbers, and with the types that it has as a result of the function."""
    if isinstance(thing, (list, tuple)):
        return [numbers(x) for x in thing]
    if isinstance(thing, Value):
        return Value, pytest.approx(thing.data, rel=1e-12, abs=1e-12, nan_ok=True)
    kind = float if isinstance(thing, float) else type(thing)  # NumPy's double is a float
    return kind, pytest.approx(thing, rel=1e-12, abs=1e-12, nan_ok=True)


def the_same(function, *calls, **options):
    """At each call the compiled function gives what the function gives, and raises the same."""
    compiled = compile(function, **options)
    for args in calls:
        assert outcome(compiled, args) == outcome(function, args)
    return compiled


def outcome(function, args):
    """What a call gives or raises."""
    try:
        return numbers(function(*args))
    except Exception as error:
        return type(error), str(error)


# ------------------------------------------------------------------ bools and masks

ROWS = [[1.0, 2.0], [0.5, -1.0]]


@pytest.mark.parametrize("array", [list, np.array])
def test_a_mask_of_another_call_is_another_mask(array):
    attention = nn.MultiheadAttention(2, 1, rng=0)

    def first(x, mask):
        return attention(x, x, x, key_padding_mask=mask)[0][0][0]

    masks = [array(mask) for mask in ([False, True], [True, False], [False, True])]
    the_same(first, *[(ROWS, mask) for mask in masks])
    of_both = vmap(first)([ROWS, ROWS], masks[:2])
    assert numbers(of_both) == [numbers(first(ROWS, mask)) for mask in masks[:2]]


def test_a_mask_must_hold_bools_or_floats():
    attention = nn.MultiheadAttention(2, 1, rng=0)

    def first(x, mask):
        return attention(x, x, x, attn_mask=mask)[0][0][0]

    mask = np.array([[False, True], [False, False]])
    the_same(first, (ROWS, mask), (ROWS, mask.astype(int)), (ROWS, mask))


# ------------------------------------------------------------------ numbers that are equal


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_norm_that_is_zero(executor):
    w = Value(2.0)

    def unit(v):
        n = sum(a * a for a in v) ** 0.5
        if n == 0:
            return [a * w for a in v]
        return [a / n * w for a in v]

    the_same(unit, ([0.0, 0.0],), ([3.0, 4.0],), ([0.0, 0.0],), ([1.0, 0.0],), executor=executor)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(
    "asks",
    [
        lambda y, ys: y in (2.0, 4.0),
        lambda y, ys: y != y,
        lambda y, ys: {4.0: 1.0}.get(y, 2.0),
        lambda y, ys: len({y, *ys}),
        lambda y, ys: [*ys, y].index(y),
        lambda y, ys: ys.count(6.0),
        lambda y, ys: len(np.unique(np.array(ys))),
        lambda y, ys: y == 4.0 and ys[0] != y,
    ],
    ids=["in", "is it NaN", "a key", "a set", "index", "count", "unique", "=="],
)
def test_what_is_computed_of_floats_is_compared_as_floats_are(asks, executor):
    w = Value(3.0)

    def f(x, xs):
        return w * asks(x * 2, [x * 2 for x in xs])

    xs = [[3.0, 3.0], [1.0, 3.0], [2.0, 1.0]]
    of = [1.0, 2.0, float("nan"), 3.0, 2.0]
    the_same(f, *[(x, other) for x in of for other in xs], executor=executor)


@pytest.mark.parametrize("start", [9.0, np.float64(9.0)], ids=["float", "float64"])
def test_a_loop_until_nothing_changes_ends(start):
    def root(a):
        x, new = a, (a + 1) / 2
        for _ in range(100):
            if new == x:
                return x
            x, new = new, (new + a / new) / 2
        return -1.0

    the_same(root, (start,), (start * 2,), (start,), (start / 3,))
    assert compile(root)(9.0) == 3.0


# ------------------------------------------------------------------ what a function reads


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of the user's: its modules `model`, `config` and `late`."""
    folder = tmp_path / "reported"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "config.py").write_text("rate = 2.0\n")
    (folder / "late.py").write_text("rate = 2.0\n")
    (folder / "model.py").write_text(
        "from autograd_lite import Value\n"
        "w = Value(1.0)\n"
        "def relative(x):\n    from . import config\n    return w * x * config.rate\n"
        "def of_a_name(x):\n    from .config import rate\n    return w * x * rate\n"
        "def absolute(x):\n    import reported.config\n    return w * x * reported.config.rate\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    from importlib import import_module

    yield import_module
    for name in [name for name in sys.modules if name.partition(".")[0] == "reported"]:
        del sys.modules[name]


@pytest.mark.parametrize("name", ["relative", "of_a_name", "absolute"])
def test_what_a_function_imports_is_read_anew(package, name):
    function, config = getattr(package("reported.model"), name), package("reported.config")
    compiled = compile(function, check="never")
    found = []
    for rate in (2.0, 5.0, 5.0, 3.0):
        config.rate = rate
        found.append(compiled(1.0).data)
    assert found == [2.0, 5.0, 5.0, 3.0]


def test_a_module_that_the_recorded_call_was_the_first_to_import(package):
    w = Value(1.0)

    def lazily(x):
        import reported.late

        return w * x * reported.late.rate

    compiled = compile(lazily, check="never")
    assert compiled(1.0).data == 2.0
    package("reported.late").rate = 5.0
    assert [compiled(1.0).data for _ in range(2)] == [5.0, 5.0]


def test_attributes_of_the_function_itself():
    w = Value(1.0)

    @compile(check="never")
    def loss(x):
        loss.calls += 1
        return w * x * loss.temperature

    loss.temperature, loss.calls = 2.0, 0
    assert [loss(1.0).data for _ in range(2)] == [2.0, 2.0]
    loss.temperature = 5.0
    assert (loss(1.0).data, loss.function(1.0).data, loss.calls) == (5.0, 5.0, 4)


SCRIPT = """\
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from autograd_lite import compile

@compile
def f(x):
    return x * 2.0

def job(x):
    return f(x)

if __name__ == "__main__":
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        print(job(1.0), list(pool.map(job, [1.0, 2.0, 3.0])), list(pool.map(f, [1.0, 2.0])))
"""


def test_a_compiled_function_of_a_script_in_a_worker(tmp_path, python):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    assert python(str(script)) == "2.0 [2.0, 4.0, 6.0] [2.0, 4.0]\n"


# ------------------------------------------------------------------ errors that are the user's


def test_a_target_is_checked():
    w = Value(1.0)

    def loss(x, t):
        return nn.hinge_loss([w * x], [t])

    the_same(loss, (2.0, 0.0), (2.0, 1.0), (2.0, 0.0), (0.5, -1.0))


def test_an_index_of_64_bits_is_out_of_range():
    w = Value(1.0)

    def pick(i):
        return take([w * 1, w * 2], i)

    compiled = compile(pick)
    assert compiled(np.uint64(0)).data == 1.0
    for _ in range(2):
        with pytest.raises(IndexError):
            compiled(np.uint64(2**64 - 1))


@pytest.mark.parametrize("function", [lambda x, n: (x * n).tanh(), lambda x, n: (x + n).exp()])
def test_a_float_has_no_methods_of_a_value_at_any_call(function):
    compiled = compile(function)
    for n in range(20):
        with pytest.raises(AttributeError):
            compiled(1.0, n)
        assert numbers(compiled(Value(1.0), n)) == numbers(function(Value(1.0), n))


# ------------------------------------------------------------------ types of results


@pytest.mark.parametrize(
    "function",
    [lambda x, n: x * x * n, lambda x, n: [x, n, x * n], lambda x, n: tanh(x) if n > 3 else n],
)
def test_floats_give_floats_however_they_run(function):
    the_same(function, *[(2.0, n) for n in range(20)], *[(Value(2.0), n) for n in range(20)])


def test_a_decision_for_each_element_goes_on_when_it_runs_eagerly():
    def positive(xs):
        total = 0.0
        for x in xs:
            if x > 0:
                total = total + tanh(x)
        return total

    rng = random.Random(0)
    calls = [([rng.gauss(0, 1) for _ in range(5)],) for _ in range(80)]
    the_same(positive, *calls)
    the_same(positive, *[([Value(x) for x in xs],) for (xs,) in calls])


@pytest.mark.parametrize(
    "function",
    [
        lambda x, i: largest([x, w, 1.0]),
        lambda x, i: take([x, w, w * x], i),
        lambda x, i: take([[x, 1.0], [w, x], [1.0, w]], i),
    ],
)
def test_a_float_beside_values_stays_a_float(function):
    calls = [(x, np.int64(i)) for x in (0.5, 3.0, 1.0) for i in (0, 1, 2, 0)]
    the_same(function, *calls)
    the_same(function, *[(Value(x), i) for x, i in calls])


# ------------------------------------------------------------------ code that needs many recordings


def simulate(v0, angle, style, steps=60, dt=0.03):
    """A ball with drag that bounces."""
    x, y = 0.0, 1.0
    vx, vy = v0 * cos(angle), v0 * sin(angle)
    for _ in range(steps):
        speed = sqrt(vx * vx + vy * vy)
        vx = vx - 0.1 * speed * vx * dt
        vy = vy - (9.81 + 0.1 * speed * vy) * dt
        x = x + vx * dt
        y = y + vy * dt
        if style == "if":
            if y < 0:
                y = -y
                vy = -0.8 * vy
        else:
            vy = where(y < 0, -0.8 * vy, vy)
            y = where(y < 0, -y, y)
    return x, y


def descended(loss, steps):
    """Where descent leads to, and the losses on the way."""
    v0, angle = Value(5.0), Value(0.5)
    losses = []
    for _ in range(steps):
        total = loss(v0, angle)
        v0.grad = angle.grad = 0.0
        total.backward()
        g = math.hypot(v0.grad, angle.grad)
        v0.data -= 0.02 * v0.grad / max(1.0, g)
        angle.data -= 0.02 * angle.grad / max(1.0, g)
        losses.append(total.data)
    return [*losses, v0.data, angle.data]


@pytest.mark.parametrize("style", ["if", "where"])
def test_a_ball_that_bounces(style):
    def miss(v0, angle):
        x, y = simulate(v0, angle, style)
        return (x - 5.0) ** 2 + (y - 1.0) ** 2

    compiled = compile(miss)
    assert descended(compiled, 60) == pytest.approx(descended(miss, 60), rel=1e-9)
    assert type(compiled(5.0, 0.5)) is float


TEXT = "the quick brown fox jumps over the lazy dog. " * 3


@pytest.mark.parametrize("array", [list, np.array], ids=["ints", "array"])
@pytest.mark.parametrize("picks", [take, lambda table, i: table[i]], ids=["take", "index"])
def test_a_recurrent_network_of_characters(array, picks):
    symbols = sorted(set(TEXT))
    units = 4

    def trained(wrap):
        rng = random.Random(1)

        def table(rows, columns):
            return [[Value(rng.gauss(0, 0.3)) for _ in range(columns)] for _ in range(rows)]

        e, w, u, o = (table(n, units) for n in (len(symbols), units, units, len(symbols)))

        @wrap
        def loss(tokens):
            h, total = [0.0] * units, 0.0
            for a, b in pairwise(tokens):
                row = picks(e, a)
                h = [tanh(dot(w[i], row) + dot(u[i], h)) for i in range(units)]
                total = total - log(picks(softmax([dot(x, h) for x in o]), b))
            return total / (len(tokens) - 1)

        optimizer = nn.optim.SGD([p for t in (e, w, u, o) for row in t for p in row], lr=0.1)
        losses = []
        for _ in range(40):
            k = rng.randrange(len(TEXT) - 5)
            total = loss(array([symbols.index(c) for c in TEXT[k : k + 5]]))
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
            losses.append(total.data)
        return losses

    assert trained(compile) == pytest.approx(trained(lambda f: f), rel=1e-9)
