"""A check runs the function beside its program: what differs is found, and the function counts."""

import asyncio
import collections
import random
import threading
import warnings
import weakref

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile

W = [Value(0.5), Value(-1.5), Value(2.0)]


class Hidden:
    """A number that no name leads to."""

    def __init__(self, number):
        self.number = number
        hidden[0] = self


hidden = weakref.WeakValueDictionary()


def get():
    return hidden[0].number


def runs(check, calls):
    """Of how many calls the function itself ran."""
    kept, ran = Hidden([]), []

    def f(x):
        get().append(x)
        return x * W[0]

    compiled = compile(f, check=check)
    for i in range(1, calls + 1):
        kept.number = []
        assert compiled(Value(float(i))).data == 0.5 * i
        ran += [i] if kept.number else []
    return ran


@pytest.mark.parametrize(
    ("check", "expected"), [("auto", [1, 2, 4, 8, 16]), ("always", [*range(1, 20)]), ("never", [1])]
)
def test_which_calls_run_the_function(check, expected, monkeypatch):
    monkeypatch.delenv("AUTOGRAD_LITE_CHECK", raising=False)
    assert runs(check, 19) == expected


@pytest.mark.parametrize("check", ["auto", "always", "never"])
def test_the_environment_turns_auto_into_always(check, monkeypatch):
    monkeypatch.setenv("AUTOGRAD_LITE_CHECK", "1")
    assert runs(check, 5) == ([1] if check == "never" else [1, 2, 3, 4, 5])
    assert compile(abs, check=check).check == check


def test_an_unknown_way_to_check_is_named():
    with pytest.raises(ValueError, match="check must be one of 'auto', 'always', 'never', not 's'"):
        compile(abs, check="s")


def test_a_change_that_no_name_leads_to_is_found_at_the_next_check(monkeypatch):
    monkeypatch.delenv("AUTOGRAD_LITE_CHECK", raising=False)
    kept = Hidden(2.0)
    f = compile(lambda x: x * get() * W[0])
    assert [f(Value(1.0)).data for _ in range(2)] == [1.0, 1.0]
    kept.number = 4.0
    assert f(Value(1.0)).data == 1.0  # call 3, which nothing checks
    with pytest.warns(
        RuntimeWarning, match=r"gave 1\.0 as result, and the function 2\.0"
    ) as caught:
        assert f(Value(1.0)).data == 2.0
    assert "at call 4 of the program" in str(caught[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert f(Value(3.0)).data == 6.0
    assert "gave 1.0 as result, and the function 2.0" in f.explain()


def test_gradients_are_compared_at_each_call():
    kept = Hidden(True)
    w = Value(3.0)

    def f(x):
        return (x * w if get() else (x * w).detach()) + x

    for check in ("always", "never"):
        kept.number, w.grad, x = True, 0.0, Value(1.0)
        compiled = compile(f, check=check)
        compiled(x)
        kept.number = False
        if check == "always":
            with pytest.warns(RuntimeWarning, match="as a derivative, and the function 0.0"):
                result = compiled(x)
        else:
            result = compiled(x)
        assert (x.grad, w.grad) == (0.0, 0.0)  # the check leaves them alone
        result.backward()
        assert x.grad == (1.0 if check == "always" else 4.0)


def test_narrow_numbers_are_widened():
    f = compile(lambda xs: ag.sum([x * x for x in xs]) * W[0], check="always")
    for dtype in ("f2", "f4", "f8", "u1", "i2", "i8"):
        for _ in range(2):
            assert f(np.array([200, 0.1]).astype(dtype)).data == pytest.approx(20000.0, abs=0.1)


def test_an_exception_that_the_program_does_not_raise_comes_out():
    kept = Hidden(False)

    def f(x):
        if get():
            raise OSError("no more")
        return x * W[0]

    compiled = compile(f)
    compiled(Value(1.0))
    kept.number = True
    for _ in range(2):  # the check stays due
        with pytest.raises(OSError, match="no more"):
            compiled(Value(1.0))
    kept.number = False
    assert compiled(Value(1.0)).data == 0.5


def test_an_interrupted_check_is_made_at_the_next_call():
    kept = Hidden(0)

    def f(x):
        if get():
            raise KeyboardInterrupt
        return x * W[0]

    compiled, inner = compile(f), compile(lambda x: x * W[0])
    compiled(Value(1.0))
    kept.number = 1
    with pytest.raises(KeyboardInterrupt):
        compiled(Value(1.0))
    inner(Value(1.0))
    assert inner.recordings == 1  # no check runs any more
    kept.number = 0
    assert compiled(Value(1.0)).data == 0.5


def test_other_structures_and_objects_are_found():
    a, b = object(), object()
    for one, other in (
        (lambda x: [x], lambda x: (x,)),
        (lambda x: [x], lambda x: [x, x]),
        (lambda x: {"a": x}, lambda x: {"b": x}),
        (lambda x: (x, None), lambda x: (x, "s")),
        (lambda x: (x, a), lambda x: (x, b)),
        (lambda x: (x, np.zeros(2)), lambda x: (x, np.zeros((1, 2)))),
        (lambda x: (x, np.zeros(2)), lambda x: (x, np.ones(2))),
        (lambda x: (x, 1), lambda x: (x, 2)),
        (lambda x: [x], lambda x: x),
    ):
        kept = Hidden(0)
        f = compile(lambda x, one=one, other=other: (one, other)[get()](x))
        for _ in range(3):
            f(Value(1.0))
        kept.number = 1
        with pytest.warns(RuntimeWarning, match="its program gave .*, and the function "):
            assert type(f(Value(1.0))) is type(other(Value(1.0)))


def test_numbers_that_are_not_finite():
    f = compile(lambda x: [x * float("inf"), x * float("nan"), x], check="always")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for x in (1.0, 2.0, -1.0, float("nan"), float("inf"), 0.0):
            f(Value(x))
    kept = Hidden(1.0)
    f = compile(lambda x: x * get())
    f(Value(1.0))
    kept.number = float("nan")
    with pytest.warns(RuntimeWarning, match="gave 1.0 as result, and the function nan"):
        f(Value(1.0))


def test_total_cancellation_is_no_difference():
    f = compile(lambda xs: sum(xs) - xs[0] - xs[1] - xs[2], check="always")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for i in range(20):
            f([0.1 * i + 1e9, 0.7 / 3, 1e9 / 7])


def test_compiled_functions_in_a_check_are_called_themselves():
    kept = Hidden(2.0)
    inner = compile(lambda x: x * get())
    outer = compile(lambda x: inner(x) + W[0])
    outer(Value(1.0))
    inner(Value(1.0))
    kept.number = 3.0
    with pytest.warns(RuntimeWarning, match=r"gave 2\.5 as result, and the function 3\.5"):
        assert outer(Value(1.0)).data == 3.5


def test_without_gradients():
    f = compile(lambda x: x * W[0], check="always")
    with ag.no_grad():
        for _ in range(3):
            result = f(Value(1.0))
            assert result.is_leaf
            assert result.data == 0.5


def test_a_check_in_one_thread_while_others_replay():
    inside, go_on, results = threading.Event(), threading.Event(), []

    def meet():
        if threading.current_thread() is thread:
            inside.set()
            go_on.wait(20)

    kept = Hidden(meet)

    def f(x):
        get()()
        return x * W[0]

    compiled = compile(f)
    thread = threading.Thread(target=lambda: results.append(compiled(Value(2.0)).data))
    compiled(Value(1.0))
    thread.start()
    assert inside.wait(20)
    double = compile(lambda x: x * W[2])
    assert [double(Value(1.0)).data for _ in range(5)] == [2.0] * 5
    assert [compiled(Value(float(i))).data for i in range(5)] == [0.5 * i for i in range(5)]
    go_on.set()
    thread.join(20)
    assert results == [1.0]
    assert (compiled.recordings, double.recordings) == (1, 1)
    assert kept.number is meet


def test_a_function_that_calls_itself():
    @compile
    def power(x, n):
        return x if n == 0 else x * power(x, n - 1)

    for n in (1, 2, 3) * 3:
        assert power(Value(2.0), n).data == 2.0 ** (n + 1)
    assert power.recordings == 4  # 1 by itself, and as data 1, 2 and 3


def test_in_tasks():
    f = compile(lambda x: x * W[0], check="always")

    async def run(i):
        await asyncio.sleep(0)
        return f(Value(float(i))).data

    async def run_all():
        return await asyncio.gather(*map(run, range(8)))

    assert asyncio.run(run_all()) == [0.5 * i for i in range(8)]


def test_the_recorded_call_is_checked_too_if_each_is():
    seen = collections.deque()

    def f(x):
        ag.callback(seen.append, x)
        return x * (2 if type(x) is Value else 3)  # a stand-in is of another type

    compiled = compile(f, check="always")
    with pytest.warns(RuntimeWarning, match="gave 3.0 as result, .* 2.0, at call 1 of the program"):
        assert compiled(Value(1.0)).data == 2.0
    assert (list(seen), compiled.recordings) == ([1.0], 0)
    assert compiled(Value(2.0)).data == 4.0
    assert list(seen) == [1.0, 2.0]


def test_a_call_that_is_refused_runs_the_function_once():
    rng, seen, numbers = random.Random(0), collections.deque(), iter(range(10))

    def draws(x):
        ag.callback(seen.append, x)
        return x * rng.random()

    def iterates(x):
        ag.callback(seen.append, x)
        return x * next(numbers)

    for f, expected in (draws, random.Random(0).random()), (iterates, 0):
        with pytest.warns(RuntimeWarning, match="runs eagerly from now on"):
            assert compile(f, check="always")(Value(1.0)).data == expected
    assert list(seen) == [1.0, 1.0]


def test_values_that_were_there_before_are_returned_themselves():
    f = compile(lambda x: [W[0], {"w": W}, x * W[1]])
    for i in range(4):
        w, others, y = f(float(i))
        assert w is W[0]
        assert others["w"][2] is W[2]
        assert y.data == -1.5 * i


def test_in_a_check_a_vmap_calls_its_function(monkeypatch):
    monkeypatch.delenv("AUTOGRAD_LITE_CHECK", raising=False)
    inner = ag.vmap(compile(lambda x: x * 2.0 if type(x) is float else x * 3.0, check="never"))
    inner([1.0, 2.0])  # has a program, which takes the other branch
    f = compile(lambda xs: sum(inner(xs)))
    assert f([1.0, 2.0]) == 9.0
    with pytest.warns(RuntimeWarning, match=r"gave 9\.0 as result, and the function 6\.0"):
        assert f([1.0, 2.0]) == 6.0


@pytest.mark.parametrize("check", ["auto", "always"])
@pytest.mark.parametrize("scale", [1e-8, 1e-13])
def test_rounding_that_is_amplified_is_no_difference(check, scale):
    """But what is larger than rounding can be is one."""
    rng = random.Random(0)
    weights = [Value(rng.gauss(0, 1)) for _ in range(200)]
    kept = Hidden(0.0)

    @compile(check=check)
    def f(xs):
        terms = [w * x for w, x in zip(weights, xs, strict=True)]
        return (sum(terms) - sum(terms[::-1]) + get()) / scale

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(7):
            f([rng.gauss(0, 1) for _ in weights])
    kept.number = 1e-9
    with pytest.warns(RuntimeWarning, match="and the function"):
        f([rng.gauss(0, 1) for _ in weights])


def test_whole_numbers_have_all_their_digits():
    kept, f = Hidden(0), compile(lambda i: i * 2**40 - i * 2**40 + get(), check="always")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [f(i) for i in range(5)] == [0] * 5
    kept.number = 1
    with pytest.warns(RuntimeWarning, match="gave 0.0 as result, and the function 1"):
        f(7)


def test_a_nan_in_a_complex_number_is_no_difference():
    f = compile(complex, check="always")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for x in 1.0, float("nan"):
            f(x)


def test_a_function_whose_programs_never_run_is_checked_as_it_is_recorded(monkeypatch):
    monkeypatch.delenv("AUTOGRAD_LITE_CHECK", raising=False)
    f = compile(lambda x: f"{x}" if type(x) is float else "?")  # reads x: a recording for each
    assert f(1.0) == "?"
    with pytest.warns(RuntimeWarning, match=r"gave '\?' as result, and the function '2.0'"):
        assert f(2.0) == "2.0"
    assert f(3.0) == "3.0"


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        (1.0, Value(1.0), r"gave 1\.0 \(float\) as result, and the function Value.* \(Value\)"),
        (1, 1.0, r"gave 1 \(int\) as result, and the function 1\.0 \(float\)"),
        (np.ones(1), np.ones(1, object), r"array.*'of numbers'.* and the function .*'of objects'"),
        (True, 1, r"gave True \(bool\) as result, and the function 1 \(int\)"),
    ],
)
def test_another_type_is_a_difference(one, other, says):
    kept = Hidden(one)
    f = compile(lambda x: get(), check="always")
    f(1.0)
    kept.number = other
    with pytest.warns(RuntimeWarning, match=says):
        assert type(f(1.0)) is type(other)


def test_ints_of_any_size_are_compared():
    f = compile(lambda n: 10**400 + n, check="always")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [f(n) for n in (1, 1, 1)] == [10**400 + 1] * 3
