"""A compiled function gives what the function gives, and is recorded only when it must be."""

import copy
import dataclasses
import functools
import math
import pickle
import random
import threading
import types
import warnings
from array import array
from collections import OrderedDict, defaultdict, deque, namedtuple
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import autograd_lite as ag
import nn
from autograd_lite import Value, compile, no_grad, take, vmap
from autograd_lite.compiler.function import MOST_AGAIN, MOST_SHAPES, MOST_VARIANTS
from autograd_lite.compiler.run.arrays import ArrayExecutor
from autograd_lite.compiler.tape.executor import MAX_WORKSPACES
from autograd_lite.compiler.tape.interpreter import Interpreter


def run(function, parameters, *args):
    """The result's number, and the gradients of the parameters and of Values among args."""
    leaves = [*parameters, *(x for x in args if isinstance(x, Value))]
    for x in leaves:
        x.grad = 0.0
    result = function(*args)
    result.backward()
    return [result.data, *(x.grad for x in leaves)]


def agree(function, calls, parameters=(), recordings=1):
    """Eager and compiled agree on all calls, which take so many recordings."""
    compiled = compile(function)
    for args in calls:
        assert run(compiled, parameters, *args) == pytest.approx(
            run(function, parameters, *args), rel=1e-12, abs=1e-12, nan_ok=True
        )
    assert compiled.recordings == recordings


W = [Value(0.5), Value(-1.5), Value(2.0)]


def test_numbers_and_values():
    calls = [(Value(2.0), 3.0), (Value(-1.0), 0.25), (Value(0.5), float("nan"))]
    agree(lambda x, y: ag.tanh(x * y + W[0]) * W[1] - x, calls, W)


def test_parameters_are_read_anew():
    w = Value(2.0)
    f = compile(lambda x: w * x)
    assert f(3.0).data == 6.0
    w.data = 5.0
    assert f(3.0).data == 15.0


def test_lists_tuples_dicts_and_arrays():
    def f(xs, named, array):
        return ag.dot(xs, [W[0], W[1]]) * named["k"][0] + array.sum() + (array[0] * array[1])[1]

    rng = np.random.default_rng(0)
    calls = [
        (list(rng.normal(size=2).tolist()), {"k": (float(i),)}, rng.normal(size=(2, 3)))
        for i in range(3)
    ]
    agree(f, calls, W)


def test_results_come_back_in_the_shape_that_the_function_gave_them():
    f = compile(lambda x: {"a": [x * 2, (x + 1, None)], "n": 3, "v": np.array([x, x * x])})
    for number in (2.0, 3.0):
        result = f(Value(number))
        assert result["a"][0].data == 2 * number
        assert result["a"][1][0].data == number + 1
        assert result["a"][1][1] is None
        assert result["n"] == 3
        assert [v.data for v in result["v"]] == [number, number * number]


def test_results_take_part_in_eager_code_alone_and_together():
    x, w = Value(2.0), Value(3.0)
    f = compile(lambda x: (x * w, x + w))
    product, total = f(x)
    (product * product + total.exp()).backward()
    assert x.grad == pytest.approx(2 * 6 * 3 + np.exp(5))
    assert w.grad == pytest.approx(2 * 6 * 2 + np.exp(5))
    x.grad = w.grad = 0.0
    total.backward()
    assert (x.grad, w.grad) == (1.0, 1.0)
    total.backward()
    assert (x.grad, w.grad) == (2.0, 2.0)


def test_an_argument_that_an_eager_operation_made():
    x = Value(2.0)
    f = compile(lambda y: y * y)
    (f(x * 3.0) + x).backward()
    assert x.grad == 2 * 6 * 3 + 1


def test_one_value_passed_twice_and_captured():
    x = Value(3.0)
    f = compile(lambda a, b: a * b * x)
    f(x, x).backward()
    assert x.grad == 27.0


def test_a_result_that_nothing_depends_on():
    f = compile(lambda x: x)
    x = Value(2.0)
    f(x).backward()
    assert x.grad == 1.0
    assert f(4.0).is_leaf


def test_under_no_grad_results_are_leaves():
    x = Value(2.0)
    f = compile(lambda x: x * x)
    with no_grad():
        assert f(x).is_leaf
        assert f(x).data == 4.0
    assert not f(x).is_leaf
    assert f.recordings == 1


def test_recorded_under_no_grad_it_has_gradients_outside():
    table = [Value(2.0), Value(3.0)]
    product = compile(lambda i, x: take(table, i) * x)
    with no_grad():
        assert product(np.int64(1), 4.0).parents == ()
    product(np.int64(1), 5.0).backward()
    assert product.recordings == 1
    assert [x.grad for x in table] == [0.0, 5.0]


def test_detach_and_no_grad_within():
    def f(x):
        with no_grad():
            y = x * x
        return x * y + x.detach() * W[0]

    agree(f, [(Value(2.0),), (Value(3.0),)], W)


def test_a_decision_is_taken_anew():
    def f(x):
        return x * 2 if x > 0 else x * x

    agree(f, [(Value(v),) for v in (1.0, -1.0, 3.0, -3.0, 0.0)], recordings=2)


def test_bool_equality_and_reads_are_decisions():
    def f(x, y):
        if x == 0.0 or not y:
            return y + 1
        return x * max(3.0, y.data) * W[0]

    agree(f, [(0.0, Value(1.0)), (0.0, Value(2.0)), (2.0, Value(0.0))], recordings=2)
    agree(f, [(2.0, Value(4.0)), (3.0, Value(4.0)), (3.0, Value(5.0))], W, recordings=2)


@pytest.mark.parametrize(
    "asks", [lambda x, y: x == y, lambda x, y: x in {y}, lambda x, y: x.label == y.label]
)
def test_a_function_that_asks_which_value_it_is_passed_runs_eagerly(asks):
    def f(x, y):
        return x * 2 if asks(x, y) else x * 3

    compiled, one, other = compile(f), Value(1.0, label="one"), Value(1.0)
    with pytest.warns(RuntimeWarning, match=r"a Value that it is passed, (.|\n)*Pass a flag"):
        assert compiled(one, one).data == 2.0
    assert [compiled(one, other).data, compiled(other, other).data] == [3.0, 2.0]
    assert compiled.recordings == 0


def test_shapes_that_come_in_turn_run_eagerly_where_they_were_forgotten():
    f = compile(lambda xs: ag.sum(xs) * W[0])
    turn = [[1.0] * n for n in range(2 * MOST_SHAPES)]
    for xs in [*turn, *turn[:MOST_AGAIN]]:
        f(xs)
    expected = 2 * MOST_SHAPES + MOST_AGAIN
    with pytest.warns(RuntimeWarning, match="more than 64 kinds in turn, such as lengths"):
        f(turn[MOST_AGAIN])
    for xs in turn * 2:
        assert f(xs).data == len(xs) * W[0].data
    assert f.recordings == expected
    f([1.0] * 1000)
    assert f.recordings == expected + 1  # a new one is recorded all the same


def test_explain_says_why_a_function_runs_eagerly():
    f = compile(lambda x: W[0] * math.sin(x) if x > 0 else W[0] * 2)
    with pytest.warns(RuntimeWarning, match="Write autograd_lite.exp for math.exp"):
        f(1.0)
    for show in (f.explain, f.programs, f.steps):
        with pytest.raises(ValueError, match=r"no program, as it runs eagerly: it fails on .*math"):
            show()
    f(Value(-1.0))
    assert "runs eagerly for some arguments: it fails on what" in f.explain()


def test_too_many_ways_warn_once_name_the_line_and_run_eagerly():
    @compile
    def f(x):
        return x * x.data  # reads the number

    for i in range(MOST_VARIANTS):
        assert f(Value(float(i))).data == i * i
    with pytest.warns(RuntimeWarning, match=r"eagerly.*ways(.|\n)*# reads the number"):
        f(Value(-1.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert f(Value(-2.0)).data == 4.0
    assert f.recordings == MOST_VARIANTS


def test_ints_and_strings_are_static():
    def f(x, n, how):
        return x**n if how == "power" else x * n

    calls = [(Value(2.0), 3, "power"), (Value(3.0), 3, "power"), (Value(3.0), 2, "times")]
    agree(f, calls, recordings=2)
    agree(lambda x, n: x * n, [(Value(2.0), True), (Value(2.0), 1)], recordings=2)


def test_each_nesting_and_length_is_recorded():
    calls = [([1.0] * n,) for n in (1, 2, 3, 2, 1)]
    agree(lambda xs: ag.sum(xs) * W[0], calls, W, recordings=3)


def test_the_least_recently_used_shape_is_dropped():
    f = compile(lambda xs: ag.sum(xs) * W[0])
    for n in range(1, MOST_SHAPES + 2):
        f([1.0] * n)
        f([1.0])  # so that it stays
    f([1.0] * (MOST_SHAPES + 1))
    assert f.recordings == MOST_SHAPES + 1
    f([1.0, 1.0])
    assert f.recordings == MOST_SHAPES + 2


@pytest.mark.parametrize("executor", ["auto", "interpret", "numpy"])
def test_another_dtype(executor):
    """Floats of any width are one kind, integers another, and bools are parts of the program."""
    f = compile(lambda xs: xs[0] * W[0] + xs[1], executor=executor)
    for dtype, recordings in (("f8", 1), ("f4", 1), ("f2", 1), ("i4", 2), ("u1", 2), ("?", 3)):
        for _ in range(2):
            xs = np.array([1, 3]).astype(dtype)
            assert f(xs).data == float(xs[0]) * 0.5 + float(xs[1])
        assert f.recordings == recordings
    assert (f([True, 2.0]).data, f([2, 2.0]).data, f.recordings) == (2.5, 3.0, 5)
    huge = np.array([2**63, 1], "u8")
    assert f(huge).data == float(2**63) * 0.5 + 1


@pytest.mark.parametrize("executor", ["auto", "interpret", "numpy"])
def test_no_samples(executor):
    f = compile(lambda xs: W[0] * 3 + ag.sum([x * W[1] for x in xs]), executor=executor)
    g = compile(lambda xs: [x * W[0] for x in xs], executor=executor)
    for empty in ([], (), np.zeros(0), np.zeros((0, 3)), {}):
        for _ in range(2):
            assert run(f, W, empty) == [1.5, 3.0, 0.0, 0.0]
            assert g(empty) == []
    assert f([2.0]).data == -1.5
    assert "forward: 0 operations" in g.explain()


@pytest.mark.parametrize("executor", ["auto", "interpret", "numpy"])
def test_nan_and_infinity_are_numbers_like_others(executor):
    """A NaN decides as it does in the function, and is equal to itself where a number was read."""

    def f(x):
        if x < 1:
            return x * W[0]
        return x.data * W[1] if x.data != x.data else x * W[2]

    compiled = compile(f, executor=executor)
    nan, inf = float("nan"), float("inf")
    for number in (0.5, nan, 2.0, inf, -inf, nan, 2.0):
        found, expected = run(compiled, W, Value(number)), run(f, W, Value(number))
        assert found == pytest.approx(expected, nan_ok=True)
    assert compiled.recordings == 4


def test_take_reads_numpys_integers_anew():
    table = [[Value(float(i + 10 * j)) for i in range(3)] for j in range(4)]
    leaves = [x for row in table for x in row]

    def f(tokens):
        return ag.sum(
            [ag.dot(take(table, t), [1.0, 2.0, 3.0]) * (i + 1) for i, t in enumerate(tokens)]
        )

    calls = [(np.array(tokens),) for tokens in ([0, 1, 2], [3, 3, 0], [-1, 2, 2])]
    agree(f, calls, leaves)


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("kind", [compile, lambda f: lambda i: vmap(f)([i])[0]])
def test_take_of_rows_of_several_lengths_runs_eagerly(kind, index):
    p, q, r = W
    for rows in ([[p], [q, r]], [[p, q], [r]], ([p], [q, r]), [np.array([1.0]), np.ones(2)]):
        with pytest.warns(RuntimeWarning, match="take: the rows must all have one length"):
            found = kind(lambda i, rows=rows: ag.sum(take(rows, i)) * p)(np.int64(index))
        assert found.data == (ag.sum(rows[index]) * p).data


@pytest.mark.parametrize("kind", [compile, lambda f: lambda i: vmap(f)([i])[0]])
def test_take_of_a_dict_runs_eagerly(kind):
    f = kind(lambda i: take({0: W[0], 1: W[1]}, i) * 1.0)
    with pytest.warns(RuntimeWarning, match="take: expected a list, tuple or array, not dict; ta"):
        assert f(np.int64(1)).data == W[1].data


def test_take_out_of_range_is_an_index_error():
    f = compile(lambda t: take([W[0], W[1]], t))
    assert f(np.int64(1)).data == W[1].data
    for index in (2, -3):
        with pytest.raises(IndexError, match=f"index {index} is out of range for 2 elements"):
            f(np.int64(index))


def test_numpys_integers_are_numbers_too_and_as_an_index_they_are_decisions():
    calls = [(np.int64(i), Value(2.0)) for i in (1, 3, 5)]
    agree(lambda n, x: x * n + (n > 0) * W[0], calls, W)
    agree(lambda n, x: W[n] * x, [(np.int64(i), 2.0) for i in (0, 1, 0)], W, recordings=2)


def test_an_index_that_is_out_of_range_for_another_way():
    def f(i):
        return take(W, i) * 2 if i < 3 else W[0] * 1

    compiled = compile(f)
    for i in (0, 7, 2, 9):
        assert compiled(np.int64(i)).data == f(np.int64(i)).data
    assert compiled.recordings == 2
    with pytest.raises(IndexError):
        compiled(np.int64(-4))


def test_draw_draws_at_each_call():
    f = compile(lambda x: x * ag.draw(random.random))
    random.seed(1)
    numbers = [f(Value(1.0)).data for _ in range(5)]
    random.seed(1)
    assert numbers == [random.random() for _ in range(5)]
    assert f.recordings == 1


def test_draw_in_the_eager_function_is_a_plain_number():
    random.seed(1)
    first = random.random()
    random.seed(1)
    assert ag.draw(random.random) == first


@pytest.mark.parametrize("noise", [random.random, np.random.rand])
def test_other_random_numbers_make_it_eager_with_a_warning(noise):
    f = compile(lambda x: x * noise())
    with pytest.warns(RuntimeWarning, match=r"for ever\. Write autograd_lite.draw"):
        numbers = [f(Value(1.0)).data for _ in range(3)]
    assert len(set(numbers)) == 3


def test_writes_and_backward_inside_are_errors_that_leave_nothing_behind():
    w = Value(1.0)

    def writes(x):
        w.data = 3.0
        return w * x

    def steps_back(x):
        (w * x).backward()
        return w

    with pytest.raises(RuntimeError, match=r"may not set \.data(.|\n)*w\.data = 3\.0"):
        compile(writes)(2.0)
    with pytest.raises(RuntimeError, match=r"may not call backward"):
        compile(steps_back)(2.0)
    optimizer = nn.optim.SGD([w], lr=1.0)
    for change in (optimizer.step, optimizer.zero_grad):
        with pytest.raises(RuntimeError, match=r"may not set \.data or \.grad"):
            compile(lambda x, change=change: change() or w * x)(2.0)
    assert (w.data, w.grad) == (1.0, 0.0)
    assert not (w * 2).is_leaf


def test_an_exception_while_recording_is_the_functions_own():
    @compile
    def f(x):
        if x > 1:
            raise KeyError("mine")
        return x * 2

    with pytest.raises(KeyError, match="mine"):
        f(2.0)
    assert f(Value(0.5)).data == 1.0
    assert (f.recordings, f(Value(0.25)).data) == (1, 0.5)


def test_nodes_made_by_hand_run_eagerly_with_a_warning():
    def f(x):
        out = Value(x.data * 2, (x,), "twice")

        def backward():
            x.grad += 2 * out.grad

        out._backward = backward
        return out

    compiled = compile(f)
    x = Value(3.0)
    with pytest.warns(RuntimeWarning, match="twice was made by hand. Write it with @operation"):
        compiled(x).backward()
    assert x.grad == 2.0


def test_operations_of_the_users():
    @ag.operation(lambda x, y, z, u, out: (u, y, z, x))
    def odd(x, y, z, u):
        return x * u + (y * y + z * z) / 2

    agree(lambda x, y: odd(x, y, 2.0, W[0]).lgamma(), [(Value(2.0), Value(1.5))] * 2, W)


def exchange_in_a_list(box):
    box.w[0] = Value(7.0)


def exchange_an_attribute(box):
    box.w = [Value(7.0), Value(1.0)]


def longer(box):
    box.w.append(Value(7.0))


def a_flag(box):
    box.double = True


class Box:
    def __init__(self):
        self.w = [Value(2.0), Value(3.0)]
        self.double = False

    def __call__(self, x):
        return ag.sum([w * x for w in self.w]) * (2 if self.double else 1)


@pytest.mark.parametrize("change", [exchange_in_a_list, exchange_an_attribute, longer, a_flag])
def test_an_exchanged_parameter_or_flag_is_recorded_anew(change):
    box = Box()
    f = compile(lambda x: box(x) + 1)
    assert f(2.0).data == box(2.0).data + 1
    change(box)
    assert f(2.0).data == box(2.0).data + 1
    assert f.recordings == 2


def test_flags_may_go_back_and_forth():
    box = Box()
    f = compile(lambda x: box(x))
    for double in (False, True, False, True):
        box.double = double
        assert f(2.0).data == box(2.0).data
    assert f.recordings == 2


def test_models_that_are_exchanged_again_and_again_are_recorded_and_forgotten():
    f = compile(lambda x: box(x))
    for _ in range(3 * MOST_VARIANTS):
        box = Box()
        assert [f(x).data for x in (2.0, 3.0)] == [10.0, 15.0]
    assert (f.recordings, len(f.programs())) == (3 * MOST_VARIANTS, MOST_VARIANTS)


def test_a_state_of_its_own_makes_it_eager_with_a_warning():
    """The function runs once a call, whether it is recorded or not."""
    box = Box()
    box.calls = 0

    def f(x):
        box.calls += 1
        return box(x) * box.calls

    compiled = compile(f)
    assert run(compiled, box.w, 2.0) == [10.0, 2.0, 2.0]
    with pytest.warns(RuntimeWarning, match="each call changes the attribute or key calls"):
        assert run(compiled, box.w, 2.0) == [20.0, 4.0, 4.0]
    assert run(compiled, box.w, 2.0) == [30.0, 6.0, 6.0]
    assert box.calls == 3


def test_a_cache_that_the_first_call_fills_is_no_state():
    box = Box()

    def f(x):
        box.cache = getattr(box, "cache", None) or tuple(box.w)
        return box(x)

    compiled = compile(f)
    assert [compiled(x).data for x in (1.0, 2.0)] == [5.0, 10.0]
    assert compiled.recordings == 1


def test_a_rebound_variable_is_recorded_anew():
    w = Value(2.0)
    f = compile(lambda x: w * x)
    assert f(3.0).data == 6.0
    w = Value(4.0)
    assert f(3.0).data == 12.0


def test_an_exchanged_attribute_of_a_module_is_recorded_anew():
    settings = types.ModuleType("settings")
    settings.w, settings.own = Value(2.0), settings  # which leads to itself
    f = compile(lambda x: settings.own.w * x)
    assert f(3.0).data == 6.0
    settings.w = Value(4.0)
    assert f(3.0).data == 12.0


def test_what_a_compiled_function_within_another_reads_is_checked():
    w = Value(2.0)
    scaled = compile(lambda x: w * x)
    f = compile(lambda x: scaled(x) + 1)
    assert f(3.0).data == 7.0
    w = Value(4.0)
    assert f(3.0).data == 13.0


def test_a_model_as_an_argument_and_methods():
    class Model(Box):
        @compile
        def loss(self, x):
            return self(x)

    one, other = Model(), Model()
    other.w[0].data = 10.0
    for _ in range(2):
        assert one.loss(2.0).data == one(2.0).data
        assert other.loss(2.0).data == other(2.0).data
    f = compile(lambda model, x: model(x))
    assert (f(one, 2.0).data, f(other, 2.0).data) == (one(2.0).data, other(2.0).data)


def test_a_compiled_function_within_another():
    square = compile(lambda x: x * x)
    f = compile(lambda x: square(x) + square(W[0]))
    assert [f(x).data for x in (2.0, 3.0)] == [x * x + W[0].data ** 2 for x in (2.0, 3.0)]
    assert (f.recordings, square.recordings) == (1, 0)


def test_detect_anomaly_sees_the_nodes():
    f = compile(lambda x: (x - 1).log())
    f(Value(2.0))
    with ag.detect_anomaly(), pytest.raises(ag.AnomalyError, match="log gave -inf"):
        f(Value(1.0))


def test_training_is_the_same():
    def train(wrap):
        model = nn.MLP(2, [4, 1], rng=0)
        points = [[0.5, -1.0], [2.0, 0.25], [-0.5, 1.0]]

        def loss(points, y):
            return nn.mse_loss([model(x) for x in points], y)

        loss = wrap(loss)
        optimizer = nn.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        losses = []
        for i in range(20):
            total = loss(points, [float(i % 3), 1.0, -1.0])
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
            losses.append(total.data)
        return losses

    assert train(compile) == pytest.approx(train(lambda f: f), rel=1e-12)


@pytest.mark.parametrize("executor", ["interpret", "numpy"])
def test_results_may_be_kept(executor):
    """Each has the gradient of its own call, whatever the parameters are by then."""
    w = Value(0.0)
    f = compile(executor=executor)(lambda x: (x * w) ** 2)
    kept = []
    for i in range(20):
        w.data = float(i)
        kept.append(f(3.0))
    for i in (*range(20), *reversed(range(20))):
        w.grad = 0.0
        kept[i].backward()
        assert w.grad == pytest.approx(18.0 * i)
    assert f.recordings == 1


def test_threads():
    w = [Value(float(i)) for i in range(5)]
    f = compile(lambda x, n: ag.sum([(v * x).tanh() for v in w]) * n)
    wrong = []

    def work(number):
        for n in range(1, 6):
            x = Value(number)
            expected = sum(np.tanh(v.data * number) for v in w) * n
            if abs(f(x, n).data - expected) > 1e-12:
                wrong.append((number, n))

    threads = [threading.Thread(target=work, args=(i / 7,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert f.recordings == 5


def test_threads_that_go_different_ways():
    @compile
    def f(xs):
        return ag.sum([x * W[0] if x > 0 else x * x for x in xs])

    start, wrong = threading.Barrier(6), []

    def work(k):
        numbers = [1.0 if k >> i & 1 else -2.0 for i in range(3)]
        start.wait()
        for _ in range(20):
            xs = [Value(x) for x in numbers]
            f(xs).backward()
            if [x.grad for x in xs] != [0.5 if x > 0 else 2 * x for x in numbers]:
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k % 4,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert f.recordings == 4


@compile
def module_level(x):
    """Doubles."""
    return x * 2


def test_it_has_the_name_and_the_documentation_of_the_function():
    assert pickle.loads(pickle.dumps(module_level)) is module_level
    assert copy.deepcopy(module_level) is module_level
    assert module_level.__name__ == "module_level"
    assert module_level.__doc__ == "Doubles."


@pytest.mark.parametrize("above", [compile, lambda f: f])
@pytest.mark.parametrize("below", [compile, lambda f: f])
def test_static_methods_class_methods_and_properties(above, below):
    class Scale:
        rate = 2.0

        @above
        @staticmethod
        @below
        def still(x):
            return x * 2

        @above
        @classmethod
        @below
        def of_class(cls, x):
            """Of the class."""
            return x * cls.rate

        @above
        @property
        @below
        def doubled(self):
            return W[0] * self.rate * 2

        @doubled.setter
        def doubled(self, number):
            self.rate = number / 2

    class Other(Scale):
        rate = 3.0

    for cls in (Scale, Other):
        thing = cls()
        for owner in (cls, thing):
            assert [owner.still(Value(x)).data for x in (1.0, 2.0)] == [2.0, 4.0]
            found = [owner.of_class(Value(x)).data for x in (1.0, 2.0)]
            assert found == [cls.rate, 2 * cls.rate]
        assert thing.doubled.data == cls.rate
        thing.doubled = 8.0
        assert [thing.doubled.data for _ in range(2)] == [4.0, 4.0]
    assert Scale.of_class.__doc__ == "Of the class."
    if compile in (above, below):
        assert (Scale.still.recordings, Scale.of_class.recordings) == (1, 2)


def test_a_descriptor_that_cannot_be_called_is_compiled_below():
    with pytest.raises(TypeError, match="not cached_property; write @compile below @cached_prop"):
        compile(functools.cached_property(lambda self: W[0]))
    with pytest.raises(TypeError, match="vmap: expected a function, not int"):
        vmap(3)
    batched = vmap(staticmethod(lambda x: x * W[0]))
    assert [y.data for y in batched([2.0, 4.0])] == [1.0, 2.0]


def test_without_numpy_the_error_says_what_to_install(python):
    program = """
import sys
sys.modules["numpy"] = None  # as where it is not installed
from autograd_lite import Value, compile, vmap
for made in (lambda: compile(abs), lambda: vmap(abs), lambda: compile(executor="numpy")):
    try:
        made()
    except ModuleNotFoundError as problem:
        print(problem.name, problem)
"""
    expected = "numpy compile and vmap need NumPy: pip install numpy\n"
    assert python("-c", program) == 3 * expected


def test_keyword_arguments():
    f = compile(lambda x, *, y: x * y)
    assert f(Value(2.0), y=3.0).data == 6.0
    assert f(Value(2.0), y=4.0).data == 8.0
    assert f.recordings == 1


def test_what_is_no_function():
    with pytest.raises(TypeError, match="compile: expected a function, not int"):
        compile(3)


def test_callback_is_called_with_the_numbers_of_each_call():
    seen = deque()  # a list would be one that the function reads
    f = compile(lambda x: ag.callback(seen.append, x * W[0]) or x * 2)
    for number in (1.0, 2.0, 3.0):
        f(number)
    assert list(seen) == [0.5 * number for number in (1.0, 2.0, 3.0)]
    ag.callback(seen.append, 7.0)
    assert seen[-1] == 7.0
    assert f.recordings == 1


def tracked(read):
    """A function of x and a running mean, which a callback moves towards x; the mean; the calls."""
    mean, moved = Value(0.0, label="mean"), []

    def track(x):
        moved.append(x)
        mean.data = 0.9 * mean.data + 0.1 * x

    return lambda x: read(x, mean, lambda: ag.callback(track, x)), mean, moved


READ_AFTER = {
    "operand": lambda x, mean, call: call() or x - mean,
    "detached": lambda x, mean, call: call() or x - mean.detach(),
    "compared": lambda x, mean, call: call() or (x if mean > 0.15 else -x),
    "returned": lambda x, mean, call: call() or [x, mean],
    "before and after": lambda x, mean, call: ag.sum([x * mean, call() or mean]),
    "later": lambda x, mean, call: call() or ag.callback(list, ()) or x - mean,
}
READ_BEFORE = {
    "operand": lambda x, mean, call: (x - mean, call())[0] * W[0],
    "compared": lambda x, mean, call: (x - W[0] if mean < 5 else x, call())[0],
    "never": lambda x, mean, call: call() or x * W[0],
}


def numbers_of(function, mean):
    """What it gives for three numbers, and the mean after each."""
    return [
        ([y.data if isinstance(y, Value) else y for y in np.ravel(function(x))], mean.data)
        for x in (1.0, 2.0, 3.0)
    ]


@pytest.mark.parametrize("read", READ_AFTER.values(), ids=READ_AFTER)
def test_what_a_callback_writes_is_seen_by_the_rest_of_the_call(read):
    function, mean, _ = tracked(read)
    expected = numbers_of(function, mean)
    function, mean, moved = tracked(read)
    with pytest.warns(RuntimeWarning, match="track writes the Value 'mean', which is read after"):
        assert numbers_of(compile(function), mean) == expected
    assert moved == [1.0, 1.0, 2.0, 3.0]  # the first call was begun anew


@pytest.mark.parametrize("read", READ_BEFORE.values(), ids=READ_BEFORE)
def test_a_callback_may_write_what_was_read_before(read):
    function, mean, _ = tracked(read)
    expected = numbers_of(function, mean)
    function, mean, moved = tracked(read)
    compiled = compile(function)
    assert numbers_of(compiled, mean) == expected
    assert (compiled.recordings, moved) == (1, [1.0, 2.0, 3.0])


def test_what_a_callback_writes_is_given_to_the_next():
    mean, seen = Value(1.0, label="mean"), deque()

    def f(x):
        ag.callback(lambda number: setattr(mean, "data", number), x)
        ag.callback(seen.append, mean)
        return x * W[0]

    compiled = compile(f)
    with pytest.warns(RuntimeWarning, match="writes the Value 'mean', which is read after it"):
        compiled(5.0)
    compiled(6.0)
    compiled(7.0)
    assert list(seen)[-3:] == [5.0, 6.0, 7.0]


def test_a_callback_that_writes_an_argument_which_is_read_after_it():
    def f(mean, x):
        ag.callback(lambda number: setattr(mean, "data", number), x)
        return mean * W[0]

    mean, compiled = Value(1.0), compile(f)
    with pytest.warns(RuntimeWarning, match="writes a Value, which is read after it"):
        assert [compiled(mean, x).data for x in (5.0, 6.0)] == [2.5, 3.0]


def test_a_callback_that_writes_an_argument():
    def f(x, mean):
        ag.callback(lambda number: setattr(mean, "data", number), x)
        return x * W[0]

    mean = Value(0.0)
    with pytest.warns(RuntimeWarning, match="writes a Value, which is read after it"):
        compile(f)(2.0, mean)
    assert mean.data == 2.0


@pytest.mark.parametrize("executor", ["interpret", "numpy"])
def test_largest_is_chosen_anew_the_first_of_equals_and_a_nan(executor):
    def f(*xs):
        return ag.largest(xs) * W[0]

    compiled = compile(executor=executor)(f)
    inf, nan = math.inf, math.nan
    rows = [(1.0, 3.0, 2.0), (5.0, 3.0, 5.0), (0.0, 0.0, 0.0), (inf, 1.0, inf), (-inf, -inf, -inf)]
    rows += [(nan, 1.0, 2.0), (1.0, nan, 2.0), (nan, 1.0, nan), (inf, nan, 0.0)]
    rows += [[3.0] * 7, [1.0, 4.0, 2.0, 0.0, 4.0, 3.0, 4.0], [-1.0, -2.0, 0.0] + [0.0] * 4]
    rows += [[2.0], [-3.0], [nan]]
    for row in rows:
        assert run(compiled, W, *map(Value, row)) == pytest.approx(
            run(f, W, *map(Value, row)), rel=1e-12, nan_ok=True
        )
    assert compiled.recordings == 3


def test_largest_is_one_node_and_of_numbers_none():
    f = compile(lambda xs, w: ag.largest([x * w for x in xs]) + ag.largest([1.0, 2.0]))
    assert f([1.0, 3.0, 2.0, 0.0, 3.0], 2.0).data == 8.0
    nodes = [line.split()[2] for line in str(f.programs()[-1].tape).splitlines()[:-1]]
    assert sum(node.startswith("largest") for node in nodes) == 1
    assert len(f.programs()[-1].tape) == 6 + 5 + 1 + 2


def test_the_compiler_is_imported_after_an_operation_of_the_users(python):
    program = """
from autograd_lite import Value, compile, operation
@operation(lambda x, out: 2 * x)
def mine(x):
    return x * x
print(compile(lambda x: mine(x))(Value(3.0)).data)
"""
    assert python("-c", program) == "9.0\n"


@pytest.mark.parametrize("executor", ["auto", "interpret", "numpy"])
def test_every_executor_gives_the_same(executor):
    model = nn.MLP(3, [6, 2], rng=0)

    def loss(points, labels):
        return nn.cross_entropy(model(points), labels)

    compiled = compile(executor=executor)(loss)
    rng = np.random.default_rng(0)
    for _ in range(3):
        args = rng.normal(size=(20, 3)), rng.integers(0, 2, size=20)
        assert run(compiled, model.parameters(), *args) == pytest.approx(
            run(loss, model.parameters(), *args), rel=1e-9, abs=1e-12
        )
    assert compiled.recordings == 1


def test_the_interpreter_gives_the_values_of_the_engine_bit_for_bit():
    def f(xs):
        total = ag.mean(xs) * ag.norm(xs) + ag.logsumexp(xs) / ag.dot(xs, xs)
        total += ag.softmax(xs)[0] - ag.log_softmax(xs)[1]
        return total + sum(x.tanh() * x.exp() - x.sigmoid() ** 3 for x in xs)

    rng, compiled = random.Random(0), compile(f, executor="interpret")
    for _ in range(20):
        xs = [Value(rng.gauss(0, 1)) for _ in range(5)]
        assert compiled(xs).data == f(xs).data


@pytest.mark.parametrize("executor", ["interpret", "numpy"])
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
        assert run(compiled, [], *map(Value, row)) == pytest.approx(
            run(f, [], *map(Value, row)), rel=1e-12, nan_ok=True
        )
    assert compiled.recordings == 1


@pytest.mark.parametrize("executor", ["interpret", "numpy"])
def test_a_zero_cotangent_stays_zero_in_every_executor(executor):
    @compile(executor=executor)
    def compiled(xs):
        return ag.sum([ag.where(1.0, x, ag.sqrt(x - x)) for x in xs])

    for number in (1.0, 2.0):
        xs = [Value(number), Value(-number)]
        compiled(xs).backward()
        assert [x.grad for x in xs] == [1.0, 1.0]


@pytest.mark.parametrize("executor", ["auto", "interpret", "numpy"])
def test_functions_that_compute_nothing(executor):
    nothing = compile(executor=executor)(lambda: None)
    same = compile(executor=executor)(lambda x: (x, 2.0))
    assert [nothing() for _ in range(3)] == [None] * 3
    assert [(x.data, y) for x, y in map(same, (1.0, 3.0, 5.0))] == [(1, 2), (3, 2), (5, 2)]
    assert "0 scalars" in nothing.explain()


def test_an_unknown_executor_is_named():
    with pytest.raises(ValueError, match=r"executor must be one of 'auto', .* not 'gpu'"):
        compile(executor="gpu")(lambda x: x)


def test_explain_shows_the_program():
    model = nn.MLP(3, [6, 2], rng=0)
    f = compile(lambda points: nn.mse_loss(model(points), [[1.0, 0.0]] * len(points)))
    with pytest.raises(ValueError, match="has recorded nothing yet; call it first"):
        f.explain()
    f(np.ones((20, 3)))
    text = f.explain()
    assert "forward: " in text
    assert "relu" in text


def test_a_module_itself():
    model = nn.Linear(3, 2, rng=0)
    f = compile(model)
    for row in ([1.0, 2.0, 3.0], [0.5, -1.0, 2.0]):
        assert [v.data for v in f(row)] == pytest.approx([v.data for v in model(row)])
    assert (f.recordings, f.__name__, repr(f)) == (1, "Linear", "<compiled Linear>")


def test_a_pass_that_fails_leaves_no_cotangents_behind():
    x, fails = Value(2.0), Value(3.0)
    a, b = compile(lambda x: (x * 10.0, x * 1.0))(x)
    z = Value(0.0, (fails,), "fails")

    def backward():
        raise ZeroDivisionError

    z._backward = backward
    with pytest.raises(ZeroDivisionError):
        (a + z * fails).backward()
    b.backward()
    assert x.grad == 1.0


@pytest.mark.parametrize("executor", ["interpret", "numpy"])
def test_operations_of_one_name_are_two(executor):
    def scale(by):
        @ag.operation(lambda x, out: by)
        def scaled(x):
            return x * by

        return scaled

    twice, tenfold = scale(2.0), scale(10.0)
    f = compile(lambda xs: ag.sum([twice(x) + tenfold(x) for x in xs]), executor=executor)
    xs = [Value(1.0), Value(2.0)]
    for _ in range(3):
        result = f(xs)
    assert result.data == 36.0
    result.backward()
    assert [x.grad for x in xs] == [12.0, 12.0]


@dataclasses.dataclass
class Losses:
    total: Value
    parts: list


Pair = namedtuple("Pair", "x y")


def test_results_of_other_types_are_new_ones_at_each_call():
    def f(x):
        return (
            Losses(x * 2, [x + 1]),
            OrderedDict(a=x * 3),
            defaultdict(list, {"b": x}),
            Pair(x, 1.0),
            np.zeros(2),
        )

    f = compile(f)
    for number in (1.0, 2.0, 3.0):
        losses, ordered, default, pair, array = f(Value(number))
        assert (losses.total.data, losses.parts[0].data) == (2 * number, number + 1)
        assert ordered["a"].data == 3 * number
        assert (default["b"].data, default["c"]) == (number, [])
        assert (pair.x.data, pair.y) == (number, 1.0)
        assert array.tolist() == [0.0, 0.0]
        array += 5
    assert f.recordings == 1


def test_what_was_there_before_comes_back_itself():
    box = Box()
    f = compile(lambda x, other: (x * box.w[0], box, other))
    for _ in range(2):
        assert f(1.0, W)[1] is box
    g = compile(lambda x, other: other)
    assert [g(1.0, box) is box for _ in range(2)] == [True, True]


@pytest.mark.parametrize(
    "wrap",
    [set, deque, iter, lambda xs: types.SimpleNamespace(xs=xs), lambda xs: lambda: xs],
)
def test_a_result_that_cannot_be_made_anew_makes_it_eager_with_a_warning(wrap):
    f = compile(lambda x: wrap([x * 2]))
    with pytest.warns(RuntimeWarning, match="it returns a .*, of which a recording cannot make"):
        f(1.0)
    assert f.recordings == 0


def test_functions_that_run_later_are_refused():
    def generator(x):
        yield x

    async def coroutine(x):
        return x

    for function in (generator, coroutine):
        with pytest.raises(TypeError, match=f"compile: {function.__name__} runs after its call"):
            compile(function)


def append(x, cache):
    cache.append(x)
    return ag.sum(cache)


def insert(x, cache):
    cache["x"] = x
    return x * len(cache)


def write(x, cache):
    cache[0] = 7.0
    return x * cache[1]


def replace(x, cache):
    cache[1][0] = x
    return x * 2


@pytest.mark.parametrize(
    ("function", "cache"),
    [
        (append, [1.0]),
        (insert, {"a": 1.0}),
        (write, np.ones(2)),
        (write, np.array([Value(1.0)] * 2, object)),
        (replace, [0.0, [1.0]]),
        (append, deque([1.0])),
    ],
)
def test_a_function_that_changes_an_argument_runs_eagerly(function, cache):
    """As microgpt's does, which appends keys and values to lists that it is passed."""
    compiled, mine, its = compile(function), copy.deepcopy(cache), copy.deepcopy(cache)
    xs, ys = ([Value(x) for x in (1.0, 2.0, 3.0)] for _ in range(2))
    expected = [function(x, mine) for x in xs]
    with pytest.warns(RuntimeWarning, match="runs eagerly from now on: .*change"):
        found = [compiled(y, its) for y in ys]
    assert [v.data for v in found] == [v.data for v in expected]
    assert len(its) == len(mine)
    found[-1].backward()
    expected[-1].backward()
    assert [y.grad for y in ys] == [x.grad for x in xs]


def test_named_tuples_are_taken_apart():
    agree(lambda pair: pair.x * pair.y * W[0], [(Pair(Value(2.0), y),) for y in (1.0, 3.0)], W)


def test_an_argument_that_contains_itself_is_refused():
    f, own = compile(lambda xs: W[0] * len(xs)), []
    own.append(own)
    with pytest.raises(ValueError, match="nested more than 200 deep, or contains itself"):
        f(own)


def test_numbers_that_are_looked_up_are_decisions():
    def f(x, i):
        table = {0: 10.0, 1: 20.0}
        return W[0] * (1 if x in {1.0, 2.0} else -1) * table.get(i, 5.0) * (2 if i == ONE else 1)

    numbers = [(float(x), np.int64(i)) for x in (1, 3) for i in (0, 1, 7)]
    agree(f, numbers * 2, W, recordings=6)


ONE = np.int64(1)


@pytest.mark.parametrize(
    ("function", "arg"),
    [
        (lambda x: W[0] * math.sin(x), 1.0),
        (lambda x: W[0] * int(x), 2.5),
        (lambda x: W[0] * len(x.hex()), 3.5),
        (lambda x: W[0] * x.std(), np.arange(4.0)),
        (lambda x: W[0] * len(x[x > 1]) * np.isfinite(x).all(), np.arange(4.0)),
        (lambda i: W[0] * np.eye(3)[i].sum(), np.arange(3)),
    ],
)
def test_what_stand_ins_cannot_do_runs_eagerly_with_a_warning(function, arg):
    compiled = compile(function)
    with pytest.warns(RuntimeWarning, match="it fails on what stands for the numbers"):
        assert compiled(arg).data == function(arg).data
    assert compiled(arg).data == function(arg).data


@pytest.mark.parametrize(
    ("function", "arg", "remedy"),
    [
        (lambda x: W[0] * math.sin(x), 1.0, "Write autograd_lite.exp for math.exp and the like, "),
        (lambda i: W[0] * np.eye(3)[i].sum(), np.arange(3), r"Write \[take\(array, i\)"),
        (lambda i: W[0] * (i & 1), np.int64(3), "Compute it outside, and pass the result"),
        (lambda x: W[0] * x.is_integer(), 1.0, "Compute it outside, and pass the result"),
        (lambda i: take(["a", "b"], i), np.int64(1), "Compute it outside, and pass the result"),
    ],
)
def test_the_remedy_is_that_for_the_failure(function, arg, remedy):
    with pytest.warns(RuntimeWarning, match=rf"\):\n  {__file__}:\d+\n    .*lambda.*\n{remedy}"):
        compile(function)(arg)


def test_arguments_with_a_dtype_that_are_no_arrays():
    model = Box()
    model.dtype = "float64"
    f = compile(lambda model, x: model(x))
    assert [f(model, x).data for x in (1.0, 2.0)] == [5.0, 10.0]


@pytest.mark.parametrize("executor", ["auto", "numpy"])
def test_an_operation_that_fails_for_another_way(executor):
    @ag.operation(lambda x, out: 1 / x)
    def logarithm(x):
        return math.log(x)

    f = compile(lambda x: logarithm(x) if x > 0 else x * 0, executor=executor)
    assert [f(x).data for x in (1.0, -1.0, 1.0)] == [0.0, 0.0, 0.0]
    with pytest.raises(ValueError, match="math domain error"):
        compile(lambda x: logarithm(x))(-1.0)


def test_a_zero_that_was_read_has_its_sign():
    f = compile(lambda x: x * 0 + math.copysign(1.0, x.data))
    assert [f(Value(x)).data for x in (0.0, -0.0)] == [1.0, -1.0]


def test_draws_that_decide_are_not_drawn_until_they_fit():
    """A number that was drawn stays, whether or not there is a program for what it decides."""
    rng, ones = random.Random(0), 0
    for _ in range(300):
        f = compile(lambda x: x * (1 if ag.draw(rng.random) < 0.3 else 0))
        ones += sum(f(1.0).data for _ in range(4))
    assert ones / 1200 == pytest.approx(0.3, abs=0.03)


def test_draws_that_decide_what_else_is_drawn():
    """Those that were drawn before the decision are the same in the other program."""

    def f(x):
        first = ag.draw(numbers.popleft)
        if first > 0:
            return x * first
        return x * first + ag.draw(numbers.popleft)

    numbers, compiled = deque(), compile(f)
    for given in ([1.0], [1.0], [-1.0, 2.0], [3.0], [-2.0, 5.0]):
        numbers.extend(given)
        expected = given[0] * 10.0 + sum(given[1:])
        numbers.extend([0.0] * 2)  # what a program that is not the one draws, too
        assert compiled(10.0).data == expected
        numbers.clear()
    assert compiled.recordings == 2


@pytest.mark.parametrize(
    "rng", [np.random.RandomState(0), random.SystemRandom(), np.random.default_rng(0)]
)
def test_generators_that_are_reached_are_watched(rng):
    f = compile(lambda x: x * rng.random())
    with pytest.warns(RuntimeWarning, match="eagerly"):
        f(1.0)
    assert f(1.0) != f(1.0)
    drawn = compile(lambda x: x * ag.draw(rng.random))
    assert drawn(1.0).data != drawn(1.0).data
    assert drawn.recordings == 1


def test_an_eager_function_runs_side_by_side_in_threads():
    start = threading.Barrier(3, timeout=20)

    def f(x):
        if x.data > 100:
            start.wait()
        return x * x.data

    compiled = compile(f)
    for i in range(MOST_VARIANTS):
        compiled(Value(float(i)))
    with pytest.warns(RuntimeWarning, match="eagerly"):
        compiled(Value(-1.0))
    threads = [threading.Thread(target=compiled, args=(Value(200.0 + i),)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not start.broken


def test_the_warning_names_the_decision_that_varies():
    @compile
    def f(x, y):
        k = x.data  # this varies
        return x * k * (2 if y > 0 else 1)

    for i in range(MOST_VARIANTS):
        f(Value(float(i)), Value(1.0))
    with pytest.warns(RuntimeWarning, match="# this varies"):
        f(Value(-1.0), Value(1.0))


def test_a_compiled_method_explains_itself():
    class Model(Box):
        @compile
        def loss(self, x):
            return self(x) * 1

    model = Model()
    model.loss(Value(1.0))
    assert model.loss.recordings == 1
    assert "scalars" in model.loss.explain()


def test_a_decision_on_the_last_digit_under_arrays():
    rng = random.Random(1)
    for _ in range(20):
        xs = [Value(rng.random()) for _ in range(50)]
        limit = ag.sum([x * x for x in xs]).data

        def f(xs, limit):
            total = ag.sum([x * x for x in xs])
            return total * (1 if total >= limit else 0)

        assert compile(f, executor="numpy")(xs, limit).data == pytest.approx(limit)


@pytest.mark.parametrize("half", ["_forward", "_gradient"])
@pytest.mark.parametrize("executor", ["auto", "numpy"])
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
    with pytest.warns(RuntimeWarning, match="as operations on arrays it gave other numbers"):
        found = [f(x) for _ in range(3)]
    expected = ag.sum([w * w * x for w in ws])
    assert [y.data for y in found] == [expected.data] * 3
    found[-1].backward()
    assert [w.grad for w in ws] == [2 * w.data * 2.0 for w in ws]


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
    f = compile(lambda x: ag.sum([(v * x).tanh() for v in w]), executor="numpy")
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
    f = compile(lambda x: ag.sum([v * v * x for v in w]))
    f(Value(2.0))

    def gradient(_):
        x = Value(2.0)
        f(x).backward()
        return x.grad

    warned = pytest.warns(RuntimeWarning, match="as operations on arrays it gave other numbers")
    with warned, ThreadPoolExecutor(2) as pool:
        grads = list(pool.map(gradient, range(2)))
    assert grads == [pytest.approx(sum(v.data**2 for v in w))] * 2


def test_digits_that_cancel_are_no_wrong_lift():
    ws = [Value(0.1 * i) for i in range(300)]
    f = compile(lambda x: ag.sum([(w + x) - x for w in ws]), executor="numpy")
    assert f(Value(1e9)).data == pytest.approx(sum(w.data for w in ws), rel=1e-6)
    assert "run by these operations" in f.explain()
