"""Samples of a batch that are made alike, and the same within a compiled function."""

import dataclasses
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value, compile, take, vmap
from autograd_lite.compiler.batch import Batch
from autograd_lite.compiler.samples import Samples, stacked

W = Value(2.0)


@dataclasses.dataclass
class Pixel:
    x: object
    y: object = 1.0


@dataclasses.dataclass
class Shaped:
    shape: object


def alike(samples):
    """The samples, made alike."""
    made = Samples("f", (samples,), (0,))
    return [thing for i in range(made.n) for thing in made.arguments(i)]


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([1, 2.5, 3], [1.0, 2.5, 3.0]),
        ([True, 2, False], [1, 2, 0]),
        ([True, 0.5], [1.0, 0.5]),
        ([1, np.int64(2)], [1, 2]),
        ([np.float64(1.0), 2], [1.0, 2.0]),
        ([True, np.True_], [True, True]),
        ([(1, 2), (3, 0.5)], [(1, 2.0), (3, 0.5)]),
        ([[1], [0.5]], [[1.0], [0.5]]),
        ([{"a": 1, "b": 2}, {"b": 0.5, "a": 3}], [{"a": 1, "b": 2.0}, {"a": 3, "b": 0.5}]),
        ([Pixel(1, 2), Pixel(0.5, 3)], [Pixel(1.0, 2), Pixel(0.5, 3)]),
        ([(), ()], [(), ()]),
        ([Shaped((2, 1)), Shaped((2, 0.5))], [Shaped((2, 1.0)), Shaped((2, 0.5))]),
    ],
)
def test_numbers_at_one_place_have_the_widest_type(samples, expected):
    found = alike(samples)
    assert repr(found) == repr(expected)  # with the types, and the order of keys


def test_what_is_alike_stays_the_object_that_it_is():
    samples = [Pixel([1.0]), Pixel([2.0])]
    assert all(x is y for x, y in zip(alike(samples), samples, strict=True))


numbers = st.one_of(
    st.booleans(), st.integers(-9, 9), st.floats(-9, 9), st.builds(np.int64, st.just(3))
)


@given(
    st.lists(st.fixed_dictionaries({"a": numbers, "b": st.tuples(numbers, numbers)}), min_size=1)
)
def test_samples_of_numbers_are_taken_apart_alike(samples):
    batch = Batch(Samples("f", (samples,), (0,)), frozenset())
    shapes = {batch.sample(i).shape.tobytes() for i in range(batch.n)}
    assert len(shapes) == 1
    floats = [x for i in range(batch.n) for x in batch.sample(i).floats]
    assert floats == batch.flat.floats.tolist()
    assert floats == [float(x) for one in samples for key in samples[0] for x in np.ravel(one[key])]


def kinds(samples):
    """The types of the numbers that the function is given, recorded, replayed and eager."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        batched, eager = vmap(lambda x: x), compile(vmap(lambda x: x))
        found = [[type(x) for x in f(samples)] for f in (batched, batched, eager, eager)]
    assert found[1:] == found[:-1]
    return found[0]


def test_an_int_among_floats_is_a_float_in_each_sample():
    assert kinds([1, 2.5, 3]) == [float] * 3
    assert kinds([True, 2, 3]) == [int] * 3
    assert kinds([1, 2, 3]) == [int] * 3


def test_keys_come_in_the_order_of_the_first_sample():
    samples = [{"a": 1.0, "b": 2.0}, {"b": 3.0, "a": 4.0}, {"a": 5.0, "b": 6.0}]
    batched = vmap(lambda one: next(iter(one.values())))
    for f in (batched, compile(batched), vmap(compile(batched.function, check="always"))):
        for _ in range(4):
            assert f(samples) == [1.0, 4.0, 5.0]


def test_an_int_beside_floats_stays_one_at_its_own_place():
    batched = vmap(lambda pair: take([W, 3 * W], pair[0]) * pair[1])
    assert [y.data for y in batched([(0, 1), (1, 0.5)])] == [2.0, 3.0]


def test_within_a_compiled_function_ints_may_stand_among_floats():
    inner = vmap(lambda x, y: W * x + y)
    f = compile(lambda a, b: sum(inner(a, b)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for a in ([1, 3], [2, 4], [5, 6]):
            for _ in range(2):
                assert f(a, [3, 5.0]).data == 2.0 * sum(a) + 8.0
    assert f.recordings == 2  # ints move with their second value


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (lambda x: [x, [x]], "sample 1 has a list of 1 where sample 0 has a float"),
        (lambda x: [[x], x], "sample 1 has a float where sample 0 has a list of 1"),
        (lambda x: [x, Value(1.0)], "sample 1 has a Value where sample 0 has a float"),
        (lambda x: [x > 0, None], "sample 1 has None where sample 0 has a bool"),
    ],
)
def test_no_message_names_what_stands_for_a_number(samples, message):
    f = compile(lambda x: vmap(lambda y: y)(samples(x)))
    with pytest.raises(ValueError, match=f"argument 0: {message}"):
        f(1.0)


def test_no_message_names_what_stands_for_a_value():
    f = compile(lambda v: vmap(lambda y: y)([v, 1.0]))
    with pytest.raises(ValueError, match="sample 1 has a float where sample 0 has a Value"):
        f(Value(1.0))


@pytest.mark.parametrize("samples", [[2**53 + 1, 2**53 + 2], [2**53 + 1, 1], [1, 2**53]])
@pytest.mark.parametrize("within", [False, True])
def test_ints_that_no_double_holds_are_refused(samples, within):
    batched = vmap(lambda i: i % 3)
    f = compile(lambda: batched(samples)) if within else lambda: batched(samples)
    with pytest.raises(
        ValueError,
        match=rf"sample 1 has (an int|{samples[1]}) where sample 0 has (an int|{samples[0]})\. "
        r"Write a loop over samples with ints of 2\*\*53 and more",
    ):
        f()


def test_an_int_that_no_double_holds_may_be_the_same_for_all():
    assert vmap(lambda i: i % 7)([2**53 + 1] * 2) == [(2**53 + 1) % 7] * 2


@pytest.mark.parametrize("zeros", [np.array([0.5, 0.0]), [np.float64(0.5), np.float64(0.0)]])
def test_a_float_of_numpy_is_one_in_each_sample(zeros):
    with np.errstate(divide="ignore"):
        for f in (vmap(lambda x: 1 / x), lambda xs: [compile(lambda x: 1 / x)(x) for x in xs]):
            for _ in range(3):
                found = f(zeros)
                assert found == [2.0, np.inf]
                assert {*map(type, found)} == {np.float64}


def test_results_are_put_together_by_their_form():
    assert stacked([(1, [2]), (3, [4])]) == ([1, 3], [[2], [4]])
    assert stacked([{"a": 1}, {"a": 2}]) == {"a": [1, 2]}
    assert stacked([{"a": 1}, {"b": 2}]) == [{"a": 1}, {"b": 2}]
    assert stacked([Pixel(1, 2), Pixel(3, 4)]) == Pixel([1, 3], [2, 4])
    assert stacked([(1,), (1, 2)]) == [(1,), (1, 2)]
    assert stacked([np.ones(2), np.zeros(2)]).tolist() == [[1.0, 1.0], [0.0, 0.0]]
    assert [*map(len, stacked([np.ones(2), np.zeros(3)]))] == [2, 3]
