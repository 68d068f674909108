"""The lifted program computes what the reference executor does, on programs of every kind."""

import pickle
from array import array
from functools import partial
from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value, take
from autograd_lite.compiler.lift import lift
from autograd_lite.compiler.lift.check import check_order
from autograd_lite.compiler.lift.instructions import Contraction, Ref
from autograd_lite.compiler.lift.sums import progressions
from autograd_lite.compiler.run.arrays import ArrayExecutor
from autograd_lite.compiler.run.operations import compile_calls
from autograd_lite.compiler.tape.opcodes import LEAF
from autograd_lite.compiler.tape.tape import Tape
from autograd_lite.operations.rules import CODES
from tests.support.lifting import Lifted, Poisoned
from tests.support.scalar_programs import KINDS, program


def test_a_wrong_program_is_noticed():
    function, args = program(0)
    lifted = Lifted(function, *args)

    class Wrong(Poisoned):
        def workspace(self):
            space = super().workspace()
            calls = space.forward_calls
            calls.insert(len(calls) // 2, calls.pop())
            space.forward = compile_calls(calls)
            return space

    lifted.arrays = Wrong(lifted.program, lifted.reference)
    with pytest.raises(AssertionError):
        lifted.agrees()


def test_a_copy_is_made_before_the_first_that_reads_it():
    """Of two terms of one cotangent, the one that was found later is computed first."""
    w = [[Value(0.5 + i - j) for i in range(3)] for j in range(3)]

    def function(x):
        return x[0] * w[1][0], sum(ag.dot(row, x) for row in w) + sum(x)

    assert Lifted(function, [Value(0.25), Value(1.25), Value(2.25)]).agrees()


def running_sums(xs):
    return list(accumulate(xs, initial=0.0))[1:]


def test_neighbouring_steps_of_a_recurrence_share_rows():
    """Each running sum is in two of their differences."""

    def changes(xs):
        sums = running_sums(xs)
        return [after - before for before, after in pairwise(sums)]

    lifted = Lifted(changes, [float(i * i + 1) for i in range(10)])
    assert lifted.agrees()
    assert len(lifted.program.forward) < 20


@pytest.mark.parametrize("steps", [5, 8])
def test_steps_that_use_columns_are_added_up_as_those_that_use_rows(steps):
    """The gradients of a column lie far apart, but those of no two columns are in one place."""

    def function(matrix, turned):
        h = [0.5] * 6
        for step in range(steps):
            weights = [row[step] for row in matrix] if turned else matrix[step]
            h = [ag.tanh(w * x + h[i - 1]) for i, (w, x) in enumerate(zip(weights, h, strict=True))]
        return ag.sum(h)

    rows = [[Value(0.1 * i - 0.2 * j) for i in range(6)] for j in range(steps)]
    columns = [[Value(row[i].data) for row in rows] for i in range(6)]
    by_rows, by_columns = Lifted(function, rows, False), Lifted(function, columns, True)
    assert by_rows.agrees()
    assert by_columns.agrees()
    assert by_columns.arrays.calls == by_rows.arrays.calls


@given(st.data())
def test_progressions(data):
    """Each place is in one list, and lists of equal steps that lie among one another are found."""
    point = st.tuples(st.integers(0, 9), st.integers(0, 9))
    starts = data.draw(st.lists(point, max_size=12))
    lists = list(progressions(starts))
    assert sorted(i for places in lists for i in places) == list(range(len(starts)))
    for places in lists:
        assert len(places) != 2
        steps = {tuple(np.subtract(starts[j], starts[i])) for i, j in pairwise(places)}
        assert len(steps) <= 1


def test_progressions_that_lie_among_one_another():
    starts = [(10 * j + i * j, i) for i in range(5) for j in range(3)]
    assert [places[0] for places in progressions(starts)] == [0, 1, 2]


def test_a_filter_that_a_recurrence_makes():
    """Each of its numbers sends to all that it is slid over."""
    weights = [Value(0.5 - i) for i in range(4)]

    def energy(xs):
        kernel = running_sums(weights)
        return sum(ag.dot(kernel, xs[i : i + 4]) ** 2 for i in range(len(xs) - 3))

    for n in (6, 7, 20):
        assert Lifted(energy, [Value(0.1 * i * i) for i in range(n)]).agrees()


def test_a_program_in_another_order_is_refused():
    """Which would read what a run before has left, or lose what it writes."""
    function, args = program(0)
    lifted = Lifted(function, *args).program
    instructions = [*lifted.forward, *lifted.backward]
    results = np.append(lifted.outputs, lifted.gradients)
    check_order(instructions, lifted.size, results)
    with pytest.raises(RuntimeError, match="reads what is written behind it"):
        check_order(instructions[::-1], lifted.size, results)
    sum_without_beginning = Contraction((), (), Ref(1, ()), Ref(0, ()), None, add=True)
    with pytest.raises(RuntimeError, match="a sum that begins with nothing"):
        check_order([sum_without_beginning], 2, np.array([1]))
    for strides in ((1, 1), (0, 1)):  # those of two windows that overlap; a row again and again
        windows = Contraction((2, 3), (), Ref(4, strides), Ref(0, (0, 1)), None)
        with pytest.raises(RuntimeError, match="writes an address twice"):
            check_order([windows], 8, np.array([4]))


@pytest.mark.parametrize("seed", range(3 * len(KINDS)))
def test_no_operation_reads_what_it_writes_but_element_by_element(seed):
    """NumPy would copy operands that overlap with the target; C would not."""
    function, args = program(seed)
    space = Lifted(function, *args).arrays.workspace()
    for name, out, operands in space.forward_calls + space.backward_calls:
        if name in ("put", "add.at"):  # their target is all of the memory
            continue
        for x in operands:
            if np.shares_memory(x, out):
                assert name not in ("matmul", "take", "add.reduce", "maximum.reduce")
                assert (x.ctypes.data, x.strides) == (out.ctypes.data, out.strides)


W = [Value(0.5), Value(-1.5), Value(2.0)]


def test_arrays_leave_what_is_not_finite_to_the_reference_executor():
    """Where a zero cotangent stays zero."""
    lifted = Lifted(lambda x: ag.where(x, x, ag.sqrt(x - x)) * W[0], Value(2.0))
    one = np.ones(1)
    assert lifted.by_reference(lifted.leaves, one).tolist() == [1.0, 2.0, 0.5]
    assert lifted.by_arrays(lifted.leaves, one) is None


def test_after_a_run_that_is_not_finite_the_next_one_is():
    lifted = Lifted(
        lambda xs: sum(ag.exp(x * w) for x, w in zip(xs, W, strict=True)), [1.0, 2.0, 3.0]
    )
    assert lifted.by_arrays(lifted.leaves * 1e6, np.ones(1)) is None
    assert lifted.agrees()


def test_the_gradient_of_a_leaf_that_is_not_used_is_zero():
    assert Lifted(lambda x, y: x * W[0], Value(2.0), Value(3.0)).agrees()
    assert Lifted(lambda x: x.detach() * 2, Value(2.0)).agrees()


def test_results_that_are_leaves_constants_or_the_same():
    assert Lifted(lambda x: (x, W[0], x, x * 1, Value(3.0)), Value(2.0)).agrees()


def test_an_operation_of_the_users_own():
    @ag.operation(lambda x, y, out: (out + y, x**2))
    def lifted_by_python(x, y):
        return x * y + x**2 * y

    @ag.operation(lambda x, out: 3 * x**2)
    def cubed_in_python(x):
        return x**3

    def function(xs):
        return sum(lifted_by_python(cubed_in_python(x), w) for x, w in zip(xs, W, strict=True))

    lifted = Lifted(function, [1.0, 2.0, 3.0])
    expected = lifted.by_reference(lifted.leaves, [1.0])
    np.testing.assert_allclose(lifted.by_arrays(lifted.leaves, np.ones(1)), expected)


DIGAMMA, TRIGAMMA = partial(ag.polygamma, 0), partial(ag.polygamma, 1)


@pytest.mark.parametrize("function", [ag.erf, ag.erfc, ag.lgamma, DIGAMMA, TRIGAMMA])
def test_functions_that_numpy_has_not(function):
    """Of every second number too, and of each number twice, and where they are not finite."""

    def several(xs):
        pairs = [function(x) * function(y * y) for x, y in zip(xs[::2], xs[1::2], strict=True)]
        return sum(pairs), sum(function(x * w) for x in xs for w in W)

    lifted = Lifted(several, [0.1 + 0.7 * i for i in range(12)])
    assert lifted.agrees()
    for special in (0.0, -1.0, -2.5, 1e-3, 50.0, 1e300, np.inf, -np.inf, np.nan):
        leaf = Lifted(lambda x: [function(x), function(x + 1)], Value(special))
        run, expected = leaf.run(leaf.leaves), leaf.by_reference(leaf.leaves, [0, 0])[:2]
        assert (run.executor is leaf.arrays) == np.isfinite(expected).all()
        np.testing.assert_allclose(run.outputs, expected, rtol=1e-12)


def test_indices_count_from_the_end_and_are_checked():
    lifted = Lifted(lambda i, j: take(W, i) * take(W, j), np.int64(1), np.int64(2))
    for i in range(-3, 3):
        lifted.indices[:] = i, -i - 1
        assert lifted.agrees()
    for i in (-4, 3):
        lifted.indices[:] = 0, i
        with pytest.raises(IndexError, match=f"the index {i} is out of range for 3 elements"):
            lifted.by_arrays(lifted.leaves, np.ones(1))


def test_what_is_picked_from_may_lie_anywhere():
    order = [W[2], W[0], W[2], W[1], W[0]]
    lifted = Lifted(lambda i, j: take(order, i) + take(order, j), np.int64(1), np.int64(4))
    for i in range(5):
        lifted.indices[:] = i, 4 - i
        assert lifted.agrees()


P, K = Value(1.25), [0.5, 2.0, 3.0]
U = [Value(1.5 * i - 1.0) for i in range(3)]
ROWS = [[Value(i - 0.5 * j) for j in range(4)] for i in range(3)]


def scaled(rows):
    return [[q * P for q in row] for row in rows]


IRREGULAR = {
    "numbers": lambda x, idx: [take(K, i) * P for i in idx],
    "a tuple of numbers": lambda x, idx: [take(tuple(K), i) * P for i in idx],
    "an array of numbers": lambda x, idx: [take(np.array(K), i) * P for i in idx],
    "Values made inside": lambda x, idx: [take([Value(k) for k in K], i) * P for i in idx],
    "a number among Values": lambda x, idx: [take([0.5, W[0], W[1]], i) * P for i in idx],
    "two tables, one for fewer": lambda x, idx: [
        take(t, i) for t, k in ((U, 1), (W, 0)) for i in idx[k:]
    ],
    "two tables, a part each": lambda x, idx: [
        take(U if k < 2 else W, i) for k, i in enumerate(idx)
    ],
    "a sample left out": lambda x, idx: [
        take(r, i) for k, (r, i) in enumerate(zip(x, idx, strict=True)) if k != 1
    ],
    "rows used in part": lambda x, idx: [
        q for k, i in enumerate(idx) for q in take(ROWS, i)[: k % 4 + 1]
    ],
    "columns": lambda x, idx: [
        *(ag.sum(take(list(zip(*scaled(ROWS), strict=True)), i)) for i in idx),
        *(ag.sum(r) for r in ROWS),
    ],
    "rows computed anew": lambda x, idx: [q for i in idx for q in take(scaled(ROWS), i)],
    "a row of one Value": lambda x, idx: [
        q for i in idx for q in take([ROWS[0], [P] * 4, ROWS[1]], i)
    ],
}


@pytest.mark.parametrize("function", IRREGULAR.values(), ids=IRREGULAR)
def test_tables_need_not_form_one_pattern(function):
    rng = np.random.default_rng(0)
    lifted = Lifted(function, rng.normal(size=(7, 3)).tolist(), rng.integers(0, 3, 7))
    for _ in range(3):
        lifted.indices[:] = rng.integers(-3, 3, 7)
        assert lifted.agrees()


def test_tables_of_one():
    def losses(idx):
        rows = scaled([[w] for w in [*W, *U]])
        return [ag.logsumexp(row) - take(row, i) for row, i in zip(rows, idx, strict=True)]

    assert Lifted(losses, np.zeros(6, np.int64)).agrees()


def test_powers_that_are_constants_and_the_base():
    assert Lifted(lambda xs: sum(w**0 + w**1 for w in xs), W).agrees()


def test_operands_that_are_gathered():
    order = [2, 0, 1, 1, 0, 2, 2]

    def function(xs):
        return sum(ag.where(W[i], x, W[j]) for i, x, j in zip(order, xs, order[::-1], strict=True))

    assert Lifted(function, [0.1 * i for i in range(7)]).agrees()


def test_one_leaf_may_be_several_nodes():
    """leaf 0 + leaf 0 * leaf 1, with two nodes for leaf 0."""
    codes = [LEAF, LEAF, LEAF, CODES["mul"], CODES["add"]]
    tape = Tape(codes, [0, 0, 0, 0, 2, 4], [1, 2, 0, 3], [0.0] * 5, [0, 0, 1, -1, -1], [4], 2)
    arrays = ArrayExecutor(lift(tape, [1, 0]))
    run = arrays.forward(array("d", [2.0, 5.0]), array("q"))
    assert run.outputs.tolist() == [12.0]
    assert run.gradient([1.0]).tolist() == [2.0, 6.0]


@pytest.mark.parametrize("seed", range(len(KINDS)))
def test_programs_can_be_pickled(seed):
    function, args = program(seed)
    lifted = Lifted(function, *args)
    one = np.ones(lifted.tape.results)
    before = lifted.by_arrays(lifted.leaves, one)
    lifted.arrays = Poisoned(pickle.loads(pickle.dumps(lifted.program)), lifted.reference)
    assert np.array_equal(lifted.by_arrays(lifted.leaves, one), before)
