"""Operations on sequences: what they take, the nodes they make, and what they give of numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as al
from autograd_lite import Value
from autograd_lite.nary import dots, read_vector

XS = [1.0, -2.0, 0.5]
LSE = math.log(math.exp(1.0) + math.exp(-2.0) + math.exp(0.5))

# function, its value at XS, its partials there
FUNCTIONS = {
    "sum": (al.sum, -0.5, [1, 1, 1]),
    "mean": (al.mean, -0.5 / 3, [1 / 3, 1 / 3, 1 / 3]),
    "norm": (al.norm, math.sqrt(5.25), [x / math.sqrt(5.25) for x in XS]),
    "logsumexp": (al.logsumexp, LSE, [math.exp(x - LSE) for x in XS]),
    "prod": (al.prod, -1.0, [-1.0, 0.5, -2.0]),
    "dot": (lambda xs: al.dot(xs, [3, 4, 5]), -2.5, [3, 4, 5]),
    "softmax": (lambda xs: al.softmax(xs)[0], math.exp(1 - LSE), None),
    "log_softmax": (lambda xs: al.log_softmax(xs)[0], 1 - LSE, None),
}
every_function = pytest.mark.parametrize("name", FUNCTIONS)


@every_function
@pytest.mark.parametrize("sequence", [list, tuple, iter, lambda xs: (x for x in xs)],
                         ids=["list", "tuple", "iterator", "generator"])  # fmt: skip
def test_any_iterable_will_do(name, sequence):
    function, value, partials = FUNCTIONS[name]
    xs = [Value(x) for x in XS]
    node = function(sequence(xs))
    assert node.data == pytest.approx(value)
    node.backward()
    if partials:
        assert [x.grad for x in xs] == pytest.approx(partials)


@every_function
def test_numbers_give_a_float(name):
    function, value, _ = FUNCTIONS[name]
    result = function(XS)
    assert (type(result), result) == (float, pytest.approx(value))
    assert type(function([True, 2, 3])) is float


@every_function
def test_numbers_and_values_mix(name):
    function, value, partials = FUNCTIONS[name]
    x = Value(XS[1])
    node = function([XS[0], x, XS[2]])
    assert node.data == pytest.approx(value)
    node.backward()
    if partials:
        assert x.grad == pytest.approx(partials[1])


@pytest.mark.parametrize("name", ["sum", "mean", "norm", "logsumexp", "dot"])
def test_they_are_single_nodes(name):
    function, *_ = FUNCTIONS[name]
    xs = [Value(x) for x in XS]
    node = function(xs)
    assert node.parents == tuple(xs)
    assert node._op == node.rule.symbol == name


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: al.sum([]), 0.0),
        (lambda: al.prod([]), 1.0),
        (lambda: al.norm([]), 0.0),
        (lambda: al.logsumexp([]), -math.inf),
        (lambda: al.dot([], []), 0.0),
        (lambda: al.softmax([]), []),
        (lambda: al.log_softmax([]), []),
    ],
    ids=["sum", "prod", "norm", "logsumexp", "dot", "softmax", "log_softmax"],
)
def test_of_nothing(call, expected):
    assert call() == expected


def test_the_mean_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="mean of no operands"):
        al.mean([])


def test_the_largest_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="largest of no operands"):
        al.largest([])


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n != "dot"])
def test_of_one(name):
    function, *_ = FUNCTIONS[name]
    expected = {"softmax": 1.0, "log_softmax": 0.0}.get(name, 3.0)
    assert function([Value(3.0)]).data == expected


@pytest.mark.parametrize("wrong", [3.0, None, Value(1.0)], ids=repr)
@every_function
def test_what_is_no_sequence(name, wrong):
    function, *_ = FUNCTIONS[name]
    with pytest.raises(TypeError, match=rf"{name}: expected a list .*, not {type(wrong).__name__}"):
        function(wrong)


@every_function
def test_an_error_of_the_operands_own_is_not_hidden(name):
    function, *_ = FUNCTIONS[name]

    def numbers():
        yield 1.0
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        function(numbers())


class TestDot:
    def test_the_partials_are_the_other_side(self):
        xs, ys = [Value(1.0), Value(2.0)], [Value(10.0), Value(20.0)]
        node = al.dot(xs, ys)
        assert (node.data, node.parents) == (50.0, (*xs, *ys))
        assert node.partials == (10.0, 20.0, 1.0, 2.0)

    @pytest.mark.parametrize("flip", [False, True])
    def test_a_side_of_numbers_is_no_parent(self, flip):
        xs, numbers = [Value(1.0), Value(2.0)], [10, 20]
        node = al.dot(numbers, xs) if flip else al.dot(xs, numbers)
        assert (node.parents, node.partials) == (tuple(xs), (10.0, 20.0))

    @pytest.mark.parametrize("flip", [False, True])
    def test_a_number_among_values_is_a_constant(self, flip):
        x, y = Value(2.0), Value(3.0)
        sides = ([x, 5], [7, y])
        node = al.dot(*sides[::-1]) if flip else al.dot(*sides)
        assert node.data == 29.0
        assert sum(parent.is_constant for parent in node.parents) == 2
        node.backward()
        assert (x.grad, y.grad) == (7.0, 5.0)

    def test_with_itself(self):
        x = Value(3.0)
        al.dot([x], [x]).backward()
        assert x.grad == 6.0

    @pytest.mark.parametrize(("xs", "ys"), [([1.0], []), ([], [Value(1.0)]), ([1, 2, 3], [1, 2])])
    def test_the_lengths_must_agree(self, xs, ys):
        with pytest.raises(ValueError, match=f"lengths differ, {len(xs)} and {len(ys)}"):
            al.dot(xs, ys)


floats = st.floats(-30, 30)


@given(st.lists(floats, min_size=1, max_size=6))
def test_softmax_adds_up_to_one(numbers):
    xs = [Value(x) for x in numbers]
    outs = al.softmax(xs)
    assert sum(out.data for out in outs) == pytest.approx(1.0)
    assert [out.data for out in al.log_softmax(xs)] == pytest.approx(
        [math.log(out.data) for out in outs], abs=1e-12
    )
    outs[0].backward()
    p = [out.data for out in outs]
    assert [x.grad for x in xs] == pytest.approx(
        [p[0] * ((i == 0) - p[i]) for i in range(len(p))], abs=1e-13
    )


@pytest.mark.parametrize("shift", [0.0, 1e8, -1e8, 1e300])
def test_softmax_is_stable(shift):
    assert [out.data for out in al.softmax([Value(shift), Value(shift)])] == [0.5, 0.5]
    outs = al.log_softmax([shift, shift])
    assert outs == pytest.approx([-math.log(2)] * 2, rel=1e-15)


def test_log_softmax_of_a_far_away_logit_is_exact():
    assert [out.data for out in al.log_softmax([Value(0.0), Value(-1000.0)])] == [0.0, -1000.0]


class TestDots:
    def test_they_are_the_dots_of_all_pairs(self):
        xs = [(Value(1.0), Value(2.0)), (3.0, 4.0), [Value(5.0), 6]]
        ys = [(Value(7.0), Value(8.0)), (9.0, 10.0), xs[0]]
        for x, row in zip(xs, dots(xs, ys), strict=True):
            for y, node in zip(ys, row, strict=True):
                expected = al.dot(x, y)
                if isinstance(expected, float):
                    assert node == expected
                else:
                    assert (node.data, node.partials) == (expected.data, expected.partials)
                    assert len(node.parents) == len(expected.parents)
        assert dots(xs, []) == [[], [], []]

    @pytest.mark.parametrize("n", range(10))
    def test_many_at_a_time_have_the_bits_of_each(self, n):
        xs = [tuple(Value(0.1 * i - k) for i in range(7)) for k in range(2)]
        ys = [
            tuple(0.3 * i + k if k % 3 else Value(0.7 * i - k) for i in range(7)) for k in range(n)
        ]
        found = dots([*xs, (0.1,) * 7], ys)
        for x, row in zip([*xs, (0.1,) * 7], found, strict=True):
            assert len(row) == n
            for y, node in zip(ys, row, strict=True):
                expected = al.dot(x, y)
                if isinstance(expected, float):
                    assert node == expected
                else:
                    assert node.data == expected.data
                    assert node.parents == expected.parents
                    assert node.partials == expected.partials

    @pytest.mark.parametrize("wrong", range(5))
    def test_one_of_many_of_another_length(self, wrong):
        ys = [(1.0, 2.0) if k != wrong else (1.0,) for k in range(5)]
        with pytest.raises(ValueError, match="lengths differ, 2 and 1"):
            dots([(Value(1.0), 2.0)], ys)

    def test_the_lengths_must_agree(self):
        with pytest.raises(ValueError, match="lengths differ, 1 and 2"):
            dots([(1.0,)], [(Value(1.0), 2.0)])

    def test_what_was_read_does_not_follow_the_values(self):
        x = Value(1.0)
        read = read_vector((x,))
        x.data = 5.0
        node = al.dot(read, read_vector(read))
        assert (node.data, node.parents, node.partials) == (1.0, (x, x), (1.0, 1.0))

    def test_leaves_that_many_nodes_share(self):
        a, b, c = Value(1.0), Value(2.0), Value(3.0)
        rows = [(a, b), (a, c)]  # two tuples with one first leaf
        for times in (1, 2):
            nodes = dots(rows, [(1.0, 10.0), (100.0, 1000.0)])
            al.sum([node for row in nodes for node in row] + [al.dot(rows[0], rows[0])]).backward()
            assert [v.grad for v in (a, b, c)] == [204 * times, 1014 * times, 1010 * times]

    def test_a_pass_that_fails_leaves_no_trace_in_shared_leaves(self):
        row = (Value(1.0), Value(2.0))
        out = Value(0.0, (al.dot(row, (3.0, 4.0)),), "odd")

        def fail():
            raise KeyError

        out._backward = fail
        total = al.dot(row, (5.0, 6.0)) + out
        with pytest.raises(KeyError):
            total.backward()
        assert [v.grad for v in row] == [0.0, 0.0]
        al.dot(row, (7.0, 8.0)).backward()
        assert [v.grad for v in row] == [7.0, 8.0]
