"""Guards, which are checked for a whole program at once, against Python's own comparisons."""

import math
import operator
import random
from array import array
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value, compile
from autograd_lite.compiler.program_guards import Guards, Outputs
from autograd_lite.compiler.record.guards import Guard
from autograd_lite.compiler.record.recorder import Recording

OPERATORS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "is": lambda x, y: repr(x) == repr(y),
}
NUMBERS = st.sampled_from([0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 5e-324])


@given(
    st.lists(NUMBERS, min_size=1, max_size=4).flatmap(
        lambda numbers: st.tuples(
            st.just(numbers),
            st.lists(
                st.tuples(
                    st.integers(0, len(numbers) - 1),
                    st.sampled_from(list(OPERATORS)),
                    st.one_of(NUMBERS, st.integers(0, len(numbers) - 1)),
                    st.booleans(),
                ),
                min_size=1,
                max_size=6,
            ),
        )
    )
)
def test_the_first_that_does_not_hold(case):
    numbers, tests = case
    nodes, outputs = [Value(x) for x in numbers], Outputs()
    guards, holds = [], []
    for x, op, y, outcome in tests:
        if op == "is" and isinstance(y, int):
            y = numbers[y]  # what was read is always a number
        other = numbers[y] if isinstance(y, int) else y
        holds.append(OPERATORS[op](numbers[x], other) == outcome)
        y = nodes[y] if isinstance(y, int) else y
        guards.append((nodes[x], y, Guard(op, outcome, 0, ("", 0), False)))
    recording = Recording()
    recording.guards = guards
    guards = Guards(recording, outputs)
    failed = guards.failed(array("d", [node.data for node in outputs.nodes]))
    if all(holds):
        assert failed is None
    else:
        assert failed is recording.guards[holds.index(False)][-1]


def test_sorting_follows_the_numbers():
    f = compile(lambda xs: [x * x for x in sorted(xs)])
    for xs in ([3.0, 1.0, 2.0], [3.5, 1.5, 2.5], [1.0, 2.0, 3.0], [-0.0, 0.0, math.inf]):
        assert [y.data for y in f([Value(x) for x in xs])] == [x * x for x in sorted(xs)]
    assert f.recordings == 2


@pytest.mark.parametrize("executor", ["auto", "numpy"])
@pytest.mark.parametrize("decides", [lambda v: not v, lambda v: v == 0.0])
def test_whether_a_computed_number_is_0_is_decided_as_eagerly(executor, decides):
    def f(xs, target):
        distance = sum(x * x for x in xs) - target
        return distance * 2 if decides(distance) else distance + 1

    rng = random.Random(1)
    xs = [Value(rng.gauss(0, 1)) for _ in range(3000)]  # arrays add them up in another order
    total = sum(x * x for x in xs).data
    compiled = compile(f, executor=executor)
    for target in (total + 1, total + 2, total + 3, total):
        assert compiled(xs, Value(target)).data == f(xs, Value(target)).data


# The sums are k + 1/2 but for their last digits.
ON_THE_LAST_DIGIT = {
    "rounded": lambda n, total: round(total) % 2 == 0,
    "of an int": lambda n, total: 2 * n + 1 == 2 * total,
    "of an int and its float": lambda n, total: n + 0.5 == total,
}


@pytest.mark.parametrize("decides", ON_THE_LAST_DIGIT.values(), ids=ON_THE_LAST_DIGIT)
def test_what_rounding_decides_of_ints_is_decided_as_eagerly(decides):
    @compile(executor="numpy", check="never")
    def signed(n, xs):
        # Since Python 3.12 sum() of floats makes up for rounding.
        total = reduce(operator.add, [x * 1.0 for x in xs])
        return total if decides(n, total) else -total

    rng = random.Random(0)
    for _ in range(40):
        tenths = [rng.randint(1, 30) for _ in range(59)]
        tenths.append(5 + -sum(tenths) % 10)
        xs = [x / 10 for x in tenths]
        n = math.floor(sum(tenths) / 10)
        assert signed(n, xs) == signed.function(n, xs)
    assert signed.recordings < 6


INTS = {
    "computed of ints": lambda i, x: x if (i + 1) % 2 == 0 else -x,
    "count": lambda i, x: x if (x * i > 1) + (x > i) == 1 else -x,
}


@pytest.mark.parametrize("function", INTS.values(), ids=INTS)
def test_an_int_that_was_not_rounded_leaves_a_program_to_arrays(function):
    f = compile(function)
    assert [f(i, 1.0) for i in range(6)] == [function(i, 1.0) for i in range(6)]
    assert [program.guards.exact for program in f.programs()] == [False] * f.recordings
