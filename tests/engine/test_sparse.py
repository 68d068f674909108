"""Sparse derivatives: their numbers are those of dense ones, and they stand where they must."""

import copy
import pickle
import random
import sys
import threading
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from autograd_lite import (
    Value,
    callback,
    compile,
    cos,
    exp,
    grad,
    hessian,
    jacobian,
    log,
    nn,
    no_grad,
    sample,
    sin,
    structure,
    take,
    tanh,
    value_grad_hessian,
    where,
)
from autograd_lite.implicit import implicit_root
from autograd_lite.loops import scan
from autograd_lite.testing.programs import expressions
from tests.support import scalar_programs

OPERATIONS = [
    lambda x, y: x * y,
    lambda x, y: x + y,
    lambda x, y: 1.3 * x - y,
    lambda x, y: x / (y * y + 1.7),
    lambda x, y: sin(x) * 0.7,
    lambda x, y: tanh(x + 0.3 * y),
    lambda x, y: exp(0.1 * x) * cos(y),
    lambda x, y: where(x > y, x * x, 0.9 * y),
]


def program(seed, n):
    """A random function of n numbers that gives several, each of a few of them."""
    draw = random.Random(seed)
    known = OPERATIONS if seed % 2 else OPERATIONS[:-1]
    length = draw.randint(n, 4 * n)
    steps = [(draw.choice(known), draw.random(), draw.random()) for _ in range(length)]

    def f(x):
        made = list(x)
        for operation, first, second in steps:
            near = [made[int(len(made) * first)], made[int(len(made) * second)]]
            made.append(operation(*near))
        return made[n:]

    return f


def number(xs):
    total = xs[0]
    for x in xs[1:]:
        total = total + x
    return total


def reached_by_nan(f, x):
    """[results, len(x)] True where the result is NaN if that number of x is."""
    found = []
    for k in range(len(x)):
        changed = x.copy()
        changed[k] = np.nan
        found.append([y != y for y in f(changed)])
    return np.array(found).T.reshape(-1, len(x))


sizes, seeds = st.integers(1, 7), st.integers(0, 10**6)


@settings(deadline=None, max_examples=60)
@given(sizes, seeds)
def test_a_jacobian_is_the_dense_one_and_no_number_is_missed_or_invented(n, seed):
    f, x = program(seed, n), np.random.default_rng(seed).normal(size=n)
    found = jacobian(f, sparse=True)
    dense = np.array(jacobian(f)(x)).reshape(-1, n)
    for _ in range(3):
        assert found(x).toarray() == pytest.approx(dense, rel=1e-10, abs=1e-10)
    structure = found.sparsity(x).toarray()
    assert not dense[~structure].any()
    if seed % 2 == 0:  # without where, of which NaN takes but one arm
        assert not (structure & ~reached_by_nan(f, x)).any()


@settings(deadline=None, max_examples=60)
@given(sizes, seeds)
def test_a_hessian_is_the_dense_one(n, seed):
    g, x = program(seed, n), np.random.default_rng(seed).normal(size=n)

    def f(x):
        return number([sin(y) for y in g(x)])

    dense = hessian(f)(x)
    size = 1e-10 * max(1.0, np.abs(dense).max())
    found, below = hessian(f, sparse=True), hessian(f, sparse=True, lower=True)
    assert found(x).toarray() == pytest.approx(dense, rel=1e-10, abs=size)
    assert (below(x).toarray() == np.tril(found(x).toarray())).all()
    structure = found.sparsity(x).toarray()
    assert (structure == structure.T).all()
    if seed % 2 == 0:
        assert not (structure & ~reached_by_nan(grad(f), x)).any()
    value, gradient, matrix = value_grad_hessian(f, sparse=True)(x)
    assert (matrix != found(x)).nnz == 0
    assert value == pytest.approx(f(x), rel=1e-12)
    assert gradient == pytest.approx(grad(f)(x), rel=1e-10, abs=size)


@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(expressions())
def test_random_expressions_of_all_operations(f):
    by = tuple(range(len(f.inputs)))
    dense = np.array(hessian(f, by)(*f.inputs), float)
    assume(np.isfinite(dense).all())
    found = value_grad_hessian(f, by, sparse=True)
    for _ in range(3):
        value, gradient, matrix = found(*f.inputs)
        size = 1e-9 * max(np.abs(dense).max(initial=1e-3), *map(abs, gradient))
        assert matrix.toarray() == pytest.approx(dense, rel=1e-9, abs=size)
        assert gradient == pytest.approx(grad(f, by)(*f.inputs), rel=1e-9, abs=size)
        assert value == pytest.approx(float(f(*f.inputs)), rel=1e-12, abs=1e-12)
    assert not dense[~found.sparsity(*f.inputs).toarray()].any()


@settings(deadline=None, max_examples=40)
@given(seeds)
def test_random_programs(seed):
    """Those that people write: layers, sequences, attention, branches, picks."""
    f, arguments = scalar_programs.program(seed)
    by = tuple(k for k, x in enumerate(arguments) if holds_floats_only(x))
    assume(by)

    def outputs(*args):
        return leaves(f(*args))

    with no_grad():
        dense = jacobian(outputs, by)(*arguments)
        rows = [leaves(row) for row in dense]
        expected = np.array(rows, float).reshape(len(rows), -1)
        assume(np.isfinite(expected).all())
        found = jacobian(outputs, by, sparse=True)
        size = 1e-9 * max(1.0, np.abs(expected).max(initial=0.0))
        for _ in range(3):
            assert found(*arguments).toarray() == pytest.approx(expected, rel=1e-9, abs=size)
        assert not expected[~found.sparsity(*arguments).toarray()].any()


def holds_floats_only(thing):
    return bool(leaves(thing)) and all(type(x) is float for x in leaves(thing))


def leaves(thing):
    """The numbers of nested lists and arrays, in order."""
    if isinstance(thing, np.ndarray):
        return list(thing.ravel()) if thing.dtype == object else thing.ravel().tolist()
    if isinstance(thing, (list, tuple)):
        return [x for part in thing for x in leaves(part)]
    return [thing]


def rosenbrock(x):
    total = 0.0
    for a, b in pairwise(x):
        total = total + 100 * (b - a**2) ** 2 + (1 - a) ** 2
    return total


def test_many_numbers_run_as_arrays():
    x = np.linspace(-1.2, 1.0, 300)
    found = value_grad_hessian(rosenbrock, sparse="arrays")
    for shift in (0.0, 0.1, 0.2):
        value, gradient, (data, indices, indptr) = found(x + shift)
        assert indptr.tolist() == [0, 2, *range(5, 3 * 298 + 3, 3), 3 * 300 - 2]
        assert indices[:5].tolist() == [0, 1, 0, 1, 2]
        a, b = x[:-1] + shift, x[1:] + shift
        assert value == pytest.approx((100 * (b - a * a) ** 2 + (1 - a) ** 2).sum(), rel=1e-12)
        assert data[0] == pytest.approx(1200 * a[0] ** 2 - 400 * b[0] + 2, rel=1e-12)
        assert data[1::3] == pytest.approx(-400 * a, rel=1e-12)
        assert gradient[-1] == pytest.approx(200 * (b[-1] - a[-1] ** 2), rel=1e-12)


def test_arguments_are_nested_and_the_columns_are_in_their_order():
    def f(p, scale):
        return {"a": p["w"][0] * scale + p["b"], "c": [sin(p["b"])]}

    p = {"w": np.array([[2.0, 3.0]]), "b": 0.5}
    found = jacobian(lambda p, s: f({"w": p["w"][0], "b": p["b"]}, s), sparse=True)(p, 3.0)
    assert found.toarray().tolist() == [[3.0, 0.0, 1.0], [0.0, 0.0, np.cos(0.5)]]
    value, gradient, _ = value_grad_hessian(lambda p: p["w"][0, 0] ** 2 * p["b"], sparse=True)(p)
    assert (value, gradient["b"]) == (2.0, 4.0)
    assert gradient["w"].tolist() == [[2.0, 0.0]]
    both = hessian(lambda x, y: x * y, argnums=(0, 1), sparse=True)(2.0, 3.0)
    assert both.toarray().tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_other_arguments_are_numbers_that_change():
    found = hessian(lambda x, c: c[0] * x[0] ** 2 + c[1] * x[0] * x[1], sparse=True)
    x = np.array([1.0, 2.0])
    assert found(x, np.array([3.0, 5.0])).toarray().tolist() == [[6.0, 5.0], [5.0, 0.0]]
    assert found(x, np.array([4.0, 6.0])).toarray().tolist() == [[8.0, 6.0], [6.0, 0.0]]
    assert found.preparations == 1


def test_another_branch_is_prepared_anew_and_both_are_kept():
    def f(x):
        return x[0] * x[1] if x[0] > 0 else x[1] ** 3

    found = hessian(f, sparse=True)
    for _ in range(3):
        assert found([1.0, 2.0]).toarray().tolist() == [[0.0, 1.0], [1.0, 0.0]]
        assert found([-1.0, 2.0]).toarray().tolist() == [[0.0, 0.0], [0.0, 12.0]]
    assert found.preparations == 2


def test_a_decision_on_the_last_digit_is_that_of_f():
    """Arrays add up in another order."""
    for seed in range(6):
        x = np.random.default_rng(seed).uniform(size=400)
        total = 0.0
        for v in x.tolist():
            total += v * v

        def f(x, total=total):
            found = 0.0
            for v in x:
                found = found + v * v
            return found * 0.5 if found > total else found * 2.0

        derivatives = value_grad_hessian(f, sparse="arrays")
        for _ in range(3):
            value, gradient, matrix = derivatives(x)
            assert value == pytest.approx(2.0 * total, rel=1e-12)
            assert gradient == pytest.approx(4.0 * x, rel=1e-12)
            assert (matrix.data == 4.0).all()


def test_a_check_does_not_take_the_last_digit_for_a_mistake():
    for seed in range(6):
        x = np.random.default_rng(seed).uniform(size=400)
        total = 0.0
        for v in x.tolist():
            total += v * v
        last = np.nextafter(total, 0.0)

        def f(x, below=last):
            found = 0.0
            for v in x:
                found = found + v * v
            return found * 0.5 if found > below else found * 2.0

        derivatives = value_grad_hessian(f, sparse="arrays")
        assert derivatives(0.5 * x)[0] == pytest.approx(0.5 * total, rel=1e-12)
        assert derivatives(x)[0] == pytest.approx(0.5 * total, rel=1e-12)  # which is checked
        assert derivatives.preparations == 2


def test_few_structures_of_arguments_are_kept():
    found = hessian(lambda x: x[0] ** 3, sparse=True)
    for n in range(1, 16):
        assert found([2.0] * n).nnz == 1
    with pytest.warns(RuntimeWarning, match="has been prepared 16 times"):
        found([2.0] * 16)
    assert found([2.0] * 17).nnz == found([2.0]).nnz == 1
    assert found.preparations == 18


def test_what_f_reads_is_looked_at_again():
    scale = 2.0

    def f(x):
        return scale * x[0] ** 2

    found = hessian(f, sparse=True)
    assert found([1.0]).toarray() == 4.0
    scale = 3.0
    assert found([1.0]).toarray() == 6.0


def test_what_changes_unseen_is_found_at_a_check():
    large = np.ones(200_000)  # too large to be compared at each call

    def f(x):
        return x[0] ** 2 * float(large[7])

    found = hessian(f, sparse=True)
    assert found([1.0]).toarray() == 2.0
    large[7] = 5.0
    with pytest.warns(RuntimeWarning, match="gives other numbers than when it was recorded"):
        assert found([1.0]).toarray() == 10.0
    large[7] = 6.0
    assert found([1.0]).toarray() == 12.0


def test_a_function_that_changes_what_it_reads_is_prepared_at_each_call():
    log_of_calls = []

    def f(x):
        log_of_calls.append(1)
        return x[0] ** 2 * len(log_of_calls)

    found = hessian(f, sparse=True)
    assert found([1.0]).toarray() == 2.0
    with pytest.warns(RuntimeWarning, match="changes .*log_of_calls.*prepared anew each time"):
        assert found([1.0]).toarray() == 4.0


def test_many_preparations_are_told_of():
    found = hessian(lambda x, n: x[0] ** n, sparse=True)
    for n in range(2, 17):
        assert found([1.0], n).toarray() == n * (n - 1)
    with pytest.warns(RuntimeWarning, match="has been prepared 16 times"):
        assert found([1.0], 17).toarray() == 17 * 16


def test_numbers_go_into_the_arrays_of_the_caller():
    x = np.array([1.0, 2.0, 0.5])
    below = hessian(rosenbrock, sparse="arrays", lower=True)
    data = np.empty(below.sparsity(x).nnz)
    assert below.into(data, x) is None
    assert (data == below(x).data).all()
    both, gradient = value_grad_hessian(rosenbrock, sparse="arrays", lower=True), np.empty(3)
    assert both.into((gradient, data), x) == both(x)[0]
    assert (gradient == both(x)[1]).all()
    with pytest.raises(ValueError, match="an array of 5 doubles"):
        below.into(np.empty(4), x)
    fixed = np.ones(5)
    fixed.flags.writeable = False
    gradient[:] = 7.0
    with pytest.raises(ValueError, match="an array of 5 doubles"):
        both.into((gradient, fixed), x)
    assert (gradient == 7.0).all()
    with pytest.raises(ValueError, match="expected 2 arrays"):
        both.into(data, x)


def test_the_structure_is_shared_and_the_matrix_is_the_callers():
    found = hessian(rosenbrock, sparse=True)
    x = np.array([1.0, 2.0, 0.5])
    first = found(x)
    first.data[:] = 0.0
    first.eliminate_zeros()
    assert found(x).nnz == 7
    _, indices, indptr = hessian(rosenbrock, sparse="arrays")(x)
    for shared in (indices, indptr):
        with pytest.raises(ValueError, match="read-only"):
            shared[0] = 1


def test_what_is_not_sparse_is_refused_with_the_number():
    x = np.ones(400)
    with pytest.raises(ValueError, match=r"not sparse: 160,000 of its 400 x 400 numbers are not 0"):
        hessian(lambda x: log(sum(v * v for v in x)), sparse=True)(x)


def test_what_is_no_number_is_refused():
    def f(x):
        return x[0] ** 2

    with pytest.raises(TypeError, match=r"hessian: argument 0\[0\] is an int, 1"):
        hessian(f, sparse=True)([1])
    with pytest.raises(TypeError, match="array of int64"):
        hessian(f, sparse=True)(np.array([1, 2]))
    with pytest.raises(TypeError, match="only a single number has a gradient"):
        hessian(lambda x: [x[0]], sparse=True)([1.0])
    with pytest.raises(TypeError, match="a module has no columns"):
        hessian(lambda m: m([1.0]), sparse=True)(nn.Linear(1, 1, rng=0))
    with pytest.raises(ValueError, match="argnums is 1, but"):
        hessian(f, 1, sparse=True)([1.0])


def test_what_cannot_be_recorded_is_refused():
    with pytest.raises(TypeError, match="it draws random numbers"):
        jacobian(lambda x: [x[0] * sample(random.random)], sparse=True)([1.0])
    with pytest.raises(TypeError, match="it calls back"):
        jacobian(lambda x: [callback(print, x[0]), x[0]][1:], sparse=True)([1.0])
    with pytest.warns(RuntimeWarning, match="is no part of a compiled function"):
        found = compile(lambda x: jacobian(lambda x: [3 * x[0]], sparse=True)(x))([1.0])
    assert found.toarray() == 3.0


def test_values_from_outside_are_numbers_only_within_no_grad():
    w = Value(3.0)
    found = hessian(lambda x: w * x[0] ** 2, sparse=True)
    with pytest.raises(TypeError, match="depends on Values from outside"):
        found([1.0])
    with no_grad():
        assert found([1.0]).toarray() == 6.0
        w.data = 4.0
        assert found([1.0]).toarray() == 8.0
        assert found([Value(1.0)]).toarray() == 8.0
    with pytest.raises(TypeError, match="depends on Values from outside"):
        found([1.0])
    with pytest.raises(TypeError, match="depends on Values from outside"):
        hessian(lambda x: x[0] ** 2, sparse=True)([Value(1.0)])


def test_an_error_of_f_leaves_nothing_behind():
    def f(x):
        if x[0] > 1:
            raise LookupError("beyond 1")
        return x[0] ** 2

    found = hessian(f, sparse=True)
    with pytest.raises(LookupError, match="beyond 1"):
        found([2.0])
    assert found.preparations == 0
    assert found([1.0]).toarray() == 2.0
    with pytest.raises(LookupError, match="beyond 1"):
        found([2.0])
    assert found([1.0]).toarray() == 2.0


def test_indices_of_take_change():
    found = jacobian(lambda x, i: [take(x, i) ** 2], sparse=True)
    x = np.array([1.0, 2.0, 3.0])
    assert found(x, np.int64(1)).toarray().tolist() == [[0.0, 4.0, 0.0]]
    assert found(x, np.int64(2)).toarray().tolist() == [[0.0, 0.0, 6.0]]
    with pytest.raises(IndexError):
        found(x, np.int64(3))


def test_results_that_are_plain_numbers_have_empty_rows():
    found = jacobian(lambda x: [1.0, x[0], 2], sparse=True)
    assert found([5.0]).toarray().tolist() == [[0.0], [1.0], [0.0]]
    assert jacobian(lambda x: [], sparse=True)([5.0]).shape == (0, 1)
    assert hessian(lambda x: 1.0, sparse=True)([5.0]).nnz == 0


def test_loops_and_roots_are_blocks_of_a_recording():
    def loop(x):
        return scan(lambda c, t: (c * t + sin(c), c), x[0], [x[1], x[2]])[0]

    def bisected(g, x0):
        low, high = -9.0, 9.0
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if g(middle) < 0 else (low, middle)
        return low

    def root(x):
        return implicit_root(lambda y, a: y**3 + y - a, bisected)(0.5, x[0] * x[1])

    x = np.array([1.0, 2.0, 0.5])
    for f in (loop, root):
        found = hessian(lambda x, f=f: f(x) * x[2], sparse=True)
        for _ in range(3):
            assert found(x).toarray() == pytest.approx(
                hessian(lambda x, f=f: f(x) * x[2])(x), rel=1e-9, abs=1e-9
            )
    assert jacobian(lambda x: [loop(x), x[2]], sparse=True).sparsity(x).nnz == 4


def test_a_loop_is_not_looked_through():
    """Its structure is that of all with all, and a matrix refused for that says so."""

    def cubes(x):
        return scan(lambda c, a: (c + a**3, None), 0.0, x.tolist())[0]

    x = np.arange(1.0, 5.0)
    found = hessian(cubes, sparse=True)(x)
    assert found.nnz == 16
    assert found.toarray().tolist() == np.diag(6 * x).tolist()
    with pytest.raises(ValueError, match=r"sparse: 160,000 .* What scan: <lambda> gives counts"):
        hessian(cubes, sparse=True)(np.ones(400))


def test_a_loop_whose_first_step_goes_another_way_is_prepared_anew():
    def f(x):
        return [scan(lambda c, _: (c * 2 if c > 1 else c * x[0], None), x[0], length=3)[0]]

    found = jacobian(f, sparse="arrays")
    for x in (2.0, -1.0, 3.0, -0.5):
        assert found([x]).data.tolist() == jacobian(f)([x])[0]
    assert found.preparations == 2


def test_an_error_of_a_derivative_is_its_own():
    """It was taken for a decision that goes another way."""
    root = implicit_root(lambda x, a: x**2 - a, lambda f, x0: 1.4)
    derivative = jacobian(lambda x: [root(1.0, x[0]) if x[0] > 0 else x[0]], sparse="arrays")
    for _ in range(2):
        with pytest.raises(ValueError, match=r"x = 1.4 is no root"):
            derivative([2.0])
    assert derivative([-2.0]).data.tolist() == [1.0]


def test_a_copy_prepares_its_own():
    found = hessian(rosenbrock, sparse="arrays", lower=True)
    x = np.array([1.0, 2.0, 0.5])
    expected = found(x).data
    for copied in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert copied.preparations == 0
        assert (copied(x).data == expected).all()
        assert repr(copied) == "<sparse hessian of rosenbrock>"


def test_an_interrupt_leaves_nothing_behind():
    stopped = True

    def f(x):
        if stopped:
            raise KeyboardInterrupt
        return x[0] ** 2

    found = hessian(f, sparse=True)
    with pytest.raises(KeyboardInterrupt):
        found([1.0])
    stopped = False
    assert found([1.0]).toarray() == 2.0
    assert found.preparations == 1
    y = Value(3.0) ** 2  # which no recorder watches
    y.backward()
    assert y.parents[0].grad == 6.0


def test_threads_share_the_preparations():
    found = hessian(lambda x: x[0] ** 2 * x[1] if x[0] > 0 else x[1] ** 3, sparse=True)
    wrong = []

    def work(sign):
        for i in range(50):
            x = np.array([sign * (1.0 + i), 2.0 + i])
            expected = (
                [[2 * x[1], 2 * x[0]], [2 * x[0], 0]] if sign > 0 else [[0, 0], [0, 6 * x[1]]]
            )
            if found(x).toarray().tolist() != expected:
                wrong.append(x)

    threads = [threading.Thread(target=work, args=(sign,)) for sign in (1.0, -1.0, 1.0, -1.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_without_scipy(monkeypatch):
    structure.csr_matrix.cache_clear()
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(ImportError, match=r'write sparse="arrays"'):
        hessian(rosenbrock, sparse=True)
    data, _, _ = hessian(rosenbrock, sparse="arrays")(np.array([1.0, 2.0]))
    assert data.shape == (4,)
    monkeypatch.undo()
    structure.csr_matrix.cache_clear()
