"""@operation: the user's own operations, through the door of the engine's."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as al
from autograd_lite import Value, operation
from tests.support.differences import check_partials


@operation(lambda x, out: 1 - out**2)
def my_tanh(x):
    """The hyperbolic tangent."""
    return math.tanh(x)


@operation(lambda x, y, out: (2 * x * y, x * x))
def square_times(x, y):
    return x * x * y


@operation(lambda x, y, z, out: (y * z, x * z, x * y))
def volume(x, y, z):
    return x * y * z


EXPECTED = [
    (my_tanh, (0.3,), math.tanh(0.3)),
    (square_times, (3.0, 2.0), 18.0),
    (volume, (2.0, 3.0, 5.0), 30.0),
]
every_one = pytest.mark.parametrize(("function", "operands", "value"), EXPECTED)


@every_one
def test_of_values(function, operands, value):
    parents = [Value(x) for x in operands]
    node = function(*parents)
    assert (node.data, node.parents) == (value, tuple(parents))
    assert node._op == node.rule.name == node.rule.symbol == function.__name__
    check_partials(function, operands, node.partials)
    (node * 10).backward()
    assert [x.grad for x in parents] == [10 * partial for partial in node.partials]


@every_one
def test_of_numbers(function, operands, value):
    result = function(*operands)
    assert (type(result), result) == (float, value)
    assert type(function(*[int(x) + 1 for x in operands])) is float


@pytest.mark.parametrize("place", range(3))
def test_of_numbers_and_values(place):
    operands = [2.0, 3.0, 5.0]
    x = operands[place] = Value(operands[place])
    volume(*operands).backward()
    assert x.grad == 30.0 / x.data


def test_a_number_given_as_an_int_gives_a_float():
    @operation(lambda x, out: 0)
    def two(x):
        return 2

    assert type(two(1.0)) is float
    assert type(two(Value(1.0)).data) is float


@given(st.floats(-3, 3))
def test_it_is_as_good_as_the_engines_own(number):
    ours, theirs = Value(number), Value(number)
    (my_tanh(ours) * 2).backward()
    (theirs.tanh() * 2).backward()
    assert ours.grad == pytest.approx(theirs.grad, rel=1e-13)


def test_its_name_and_documentation_stay():
    assert (my_tanh.__name__, my_tanh.__doc__) == ("my_tanh", "The hyperbolic tangent.")


@pytest.mark.parametrize(("function", "n"), [(my_tanh, 1), (square_times, 2), (volume, 3)])
def test_the_number_of_operands_is_checked(function, n):
    for wrong in (n - 1, n + 1):
        operands = [Value(1.0)] * wrong
        with pytest.raises(TypeError, match=f"{function.__name__} takes {n} operands, not {wrong}"):
            function(*operands)


@pytest.mark.parametrize("wrong", ["x", None, 1j, [1.0]], ids=repr)
def test_an_operand_that_is_no_number_is_named(wrong):
    for operands in ((Value(1.0), wrong), (wrong, 1.0)):
        with pytest.raises(TypeError, match=f"square_times: .*{type(wrong).__name__}"):
            square_times(*operands)


@pytest.mark.parametrize(
    ("partials", "message"),
    [
        (lambda x, y, out: 1.0, "wrong: 2 operands, but 1 partials"),
        (lambda x, y, out: (1.0, 2.0, 3.0), "wrong: 2 operands, but 3 partials"),
        (lambda x, y, out: (1.0, "2"), "wrong: .* must be a real number, not str"),
        (lambda x, y, out: (1.0, None), "wrong: .* must be a real number, not NoneType"),
        (lambda x, y, out: (1.0, Value(2.0)), "wrong: .* must be a real number, not Value"),
    ],
)
def test_partials_are_checked(partials, message):
    @operation(partials)
    def wrong(x, y):
        return x

    with pytest.raises(TypeError, match=message):
        wrong(Value(1.0), 2.0)


@pytest.mark.parametrize("value", ["1", None, 1j])
def test_the_value_is_checked(value):
    @operation(lambda x, out: 1.0)
    def wrong(x):
        return value

    with pytest.raises(
        TypeError, match=f"wrong: .* must be a real number, not {type(value).__name__}"
    ):
        wrong(Value(1.0))


@pytest.mark.parametrize("function", ["f", "df"])
def test_its_exceptions_pass_through_and_leave_nothing_behind(function):
    def reciprocal_of(x):
        return 1 / x if function == "f" else 0.0

    @operation(lambda x, out: 1 / x)
    def failing(x):
        return reciprocal_of(x)

    x = Value(0.0)
    with pytest.raises(ZeroDivisionError):
        failing(x) + 1
    assert (x.grad, x.data) == (0.0, 0.0)
    x.data = 2.0
    failing(x).backward()
    assert x.grad == 0.5


def test_a_name_of_the_engine_is_taken():
    with pytest.raises(ValueError, match="'exp' is an operation of autograd_lite; rename yours"):

        @operation(lambda x, out: out)
        def exp(x):
            return math.exp(x)


def test_no_operands_make_no_operation():
    with pytest.raises(ValueError, match="three takes no operand"):

        @operation(lambda out: ())
        def three():
            return 3.0


def test_a_later_one_of_the_same_name_stands_beside_the_first():
    def made(factor):
        @operation(lambda x, out: factor)
        def scaled(x):
            return factor * x

        return scaled

    double, triple = made(2.0), made(3.0)
    x = Value(1.0)
    assert (double(x).data, triple(x).data, double(x).partials) == (2.0, 3.0, (2.0,))


def test_the_table_of_the_engine_keeps_its_order():
    assert al.exp(Value(0.0)).rule.name == "exp"
    assert my_tanh(Value(0.0)).rule.code > al.dot([Value(0.0)], [1]).rule.code


def test_partials_and_function_are_named_if_they_are_no_functions():
    with pytest.raises(TypeError, match=r"give it the partial derivatives: @operation\("):
        operation(1.0)

    @operation  # the partial derivatives are forgotten
    def twice(x):
        return 2 * x

    with pytest.raises(TypeError, match=r"decorates a function, not Value; write @operation\("):
        twice(Value(1.0))
