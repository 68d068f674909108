"""What a recorded call reads and writes of state, on plain Values."""

import gc
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value, compile, nn, no_grad
from autograd_lite.compiler.record.recorder import Recorder
from autograd_lite.state import State

CALLS = 9
"""So many calls there are: recorded, checked and unchecked ones."""


def state(*values):
    return [number for v in values for number in (v.data, v.grad)]


def agree(function, start, calls=None, executor="interpret", recordings=1):
    """A function of (Values, number), compiled and not, leaves the same behind after each call."""
    eager, compiled = ([Value(x) for x in start] for _ in range(2))
    for v in (*eager, *compiled):
        v.grad = 0.25
    step = compile(lambda x: function(compiled, x), executor=executor)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for x in calls or [k / 3 - 1 for k in range(CALLS)]:
            expected, found = function(eager, x), step(x)
            if isinstance(expected, Value):
                expected, found = expected.data, found.data
            assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)
            assert state(*compiled) == pytest.approx(state(*eager), rel=1e-12, abs=1e-12)
    assert step.recordings == recordings
    return step


def loss_of(values, x):
    a, b = values
    return (a * x + b - 1) ** 2 + ag.tanh(a * b)


def descend(values, loss, rate=0.1):
    for v in values:
        v.grad = 0.0
    loss.backward()
    for v in values:
        v.data -= rate * v.grad


@pytest.mark.parametrize("executor", ["auto", "interpret", "numpy"])
def test_a_step_of_plain_values(executor):
    def step(values, x):
        loss = loss_of(values, x)
        descend(values, loss)
        return loss

    agree(step, [0.5, -0.3], executor=executor)


def test_two_steps_in_one_function():
    def steps(values, x):
        for _ in range(2):
            loss = loss_of(values, x)
            descend(values, loss)
        return loss_of(values, x)

    agree(steps, [0.5, -0.3])


def test_gradients_add_up_over_calls():
    def accumulate(values, x):
        loss_of(values, x).backward()
        (values[0] * x).backward()
        return values[0].grad + values[1].grad

    agree(accumulate, [0.5, -0.3])


def test_a_value_that_is_written_has_its_new_number_from_then_on():
    def write(values, x):
        a, b = values
        before, number = a * b, a.data
        a.data = x
        middle = a * b
        a.data = a.data + number
        return before + 10 * middle + 100 * a + number

    agree(write, [0.5, -0.3])


def test_numbers_and_gradients_that_are_read_are_data():
    """And no gradient flows through them."""

    def read(values, x):
        a, b = values
        (a * x).backward()
        loss = a * b.data * a.grad
        b.grad = None
        a.grad = 0.0
        loss.backward()
        return loss

    agree(read, [0.5, -0.3])


@pytest.mark.parametrize("begin", [0.0, 1.5])
def test_gradients_of_what_the_call_made_are_set_between_passes(begin):
    """A pass behind that counts: a leaf adds it to what was set, other nodes have it alone."""

    def step(values, x):
        a, b = values
        made = Value(3.0)
        inner = a * x
        loss = inner * inner * made + b
        made.grad = begin
        loss.backward()
        found = made.grad + 10 * inner.grad
        made.grad, inner.grad = begin, begin
        found = found + 100 * made.grad + 1000 * inner.grad
        loss.backward()
        return found + 10000 * made.grad + 100000 * inner.grad

    agree(step, [0.5, -0.3])


def test_a_recording_goes_without_the_collector():
    """And with it the graph of all that the call computed."""
    w = Value(0.5)
    optimizer = nn.optim.Adam([w])

    def step(x):
        loss = w * x
        loss.backward()
        optimizer.step()
        return loss.data

    def fails(x):
        w.data = w.data * x
        return float(str(w.data))

    gc.collect()
    gc.disable()
    try:
        for f in (lambda x: w * x, step, fails):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                compile(f)(0.5)
            assert not [x for x in gc.get_objects() if isinstance(x, Recorder)]
    finally:
        gc.enable()


def test_guards_comparisons_and_callbacks_are_of_the_number_at_their_time():
    def step(values, x):
        a, b = values
        called = []
        ag.callback(called.append, a)
        larger = a > 0
        a.data = x
        sign = ag.where(a > 0, 2.0, 3.0) + ag.where(larger, 20.0, 30.0)
        ag.callback(lambda number: b.data, a)
        if a > 0.5:
            return sign * b
        return sign + ag.maximum(a, b) + ag.largest([a, b])

    agree(step, [0.5, -0.3], recordings=2)


def test_callbacks_get_the_number_at_their_time():
    a, called = Value(1.0), []

    @compile
    def f(x):
        ag.callback(called.append, a)
        a.data = a.data + x
        ag.callback(called.append, a)
        return x

    for _ in range(5):
        f(1.0)
    assert called == [1, 2, 2, 3, 3, 4, 4, 5, 5, 6]


def test_under_no_grad_as_well():
    def step(values, x):
        loss = loss_of(values, x)
        loss.backward()
        with no_grad():
            for v in values:
                v.data -= 0.1 * v.grad
                v.grad = None
        return loss

    agree(step, [0.5, -0.3])


def test_one_graph_passed_twice_and_a_root_that_is_a_leaf():
    def step(values, x):
        a, b = values
        loss = loss_of(values, x)
        loss.backward()
        a.data = a.data - 0.1
        loss.backward()
        b.backward()
        return loss

    agree(step, [0.5, -0.3])


def test_a_step_that_is_called_within_no_grad_has_no_graph():
    def training():
        a = Value(1.0)

        def step(x):
            loss = a * x
            loss.backward()
            a.data = a.data - 0.5 * a.grad
            return loss.data

        return a, step

    for before in (0, 3):
        (a, eager), (b, step) = training(), training()
        compiled = compile(step)
        for _ in range(before):
            assert compiled(2.0) == eager(2.0)
        with no_grad():
            expected = eager(2.0)
            with pytest.warns(RuntimeWarning, match="within no_grad"):
                assert compiled(2.0) == expected
        assert compiled(2.0) == eager(2.0)
        assert state(b) == state(a)


def test_gradients_of_nodes_and_of_leaves_that_the_function_made():
    def step(values, x):
        a, b = values
        leaf, unused = Value(3.0), Value(4.0)
        node = a * b
        out = node * leaf + node * x
        out.backward()
        return node.grad + 10 * leaf.grad + 100 * out.grad + unused.grad + a.detach().grad

    agree(step, [0.5, -0.3])


def test_an_array_of_values():
    def step(values, x):
        loss = ag.sum([v * v * x for v in values])
        loss.backward()
        for v in np.array(values, object):
            v.data = v.data - 0.1 * v.grad
        return loss

    agree(step, [0.5, -0.3])


def test_what_is_set_to_an_int_or_a_bool_reads_as_a_float():
    def step(values, x):
        a, b = values
        a.data = 2
        b.grad = x > 0
        return a.data / 4 + b.grad

    agree(step, [0.5, -0.3])


def test_values_are_set_between_steps():
    a = Value(1.0)

    @compile
    def f(x):
        a.data = a.data * x
        return a.data

    found = []
    for k in range(8):
        a.data += k
        found.append(f(2.0))
    expected, number = [], 1.0
    for k in range(8):
        number = (number + k) * 2.0
        expected.append(number)
    assert found == expected
    assert f.recordings == 1


class Rate:
    rate = State()
    steps = State()

    def __init__(self):
        self.rate, self.steps = 0.5, 0


def test_state_of_an_object():
    thing, a = Rate(), Value(1.0)

    @compile
    def f(x):
        a.data = a.data + thing.rate * x
        thing.rate *= 0.5
        thing.steps += 1
        return thing.steps

    assert [f(2.0) for _ in range(9)] == list(range(1, 10))
    assert (thing.rate, thing.steps, type(thing.steps)) == (0.5**10, 9, int)
    assert a.data == pytest.approx(1 + 2 * (1 - 0.5**9), rel=1e-15)
    thing.rate = 3.0
    f(0.0)
    assert (thing.rate, f.recordings) == (1.5, 1)
    thing.rate = 2  # of another type: recorded anew
    f(0.0)
    assert (thing.rate, f.recordings) == (1.0, 2)


def test_what_fails_leaves_state_its_type():
    thing = Rate()
    thing.rate = 2

    def f(x):
        thing.rate = thing.rate * 0.25 * x
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        compile(f)(1.0)
    assert (thing.rate, type(thing.rate)) == (2, int)


def refused(function, *arguments, match):
    """The function runs eagerly, with a warning that says why, and leaves what it should."""
    step = compile(function)
    with pytest.warns(RuntimeWarning, match=match):
        return step(*arguments)


def test_a_pass_has_the_numbers_of_the_time_at_which_nodes_were_made():
    def step(values, x):
        a, b = values
        loss = ag.sin(a) * b * x + a.data * b
        a.data = 5.0
        other = a * a * b
        b.data = x
        loss.backward()
        other.backward()
        (a * b + loss).backward()
        return loss

    agree(step, [0.5, -0.3])


def test_a_gradient_is_a_number_for_later_passes():
    def step(values, x):
        a, b = values
        (a * a * b).backward()
        loss = a * b * a.grad
        a.data = a.data - 0.1 * a.grad
        loss = loss + a * a.grad * x
        loss.backward()
        return loss

    agree(step, [0.5, -0.3])


def test_what_is_chosen_has_its_gradient():
    def step(values, x):
        loss = ag.largest([values[0], values[1], values[0]]) * x
        i = np.int64(-1) if x > 0 else np.int64(0)
        loss = loss + ag.take(values, i) ** 2
        loss.backward()
        return loss

    agree(step, [0.5, -0.3], recordings=2)
    v = [Value(0.5), Value(-0.3), Value(0.7)]

    @compile
    def choose(i):
        (ag.take(v, i) ** 2).backward()
        return ag.take(v, i)

    for i in (0, 2, 1, 0, -1, 2):
        choose(np.int64(i))
    assert [x.grad for x in v] == pytest.approx([2.0, -0.6, 4.2])


def test_backward_into_what_was_computed_before_the_call():
    a = Value(2.0)
    outside = a * 3
    refused(lambda x: (outside * x).backward(), 1.0, match="what was computed before it")
    assert a.grad == 3.0


def test_values_that_are_passed():
    def f(v):
        (v * 2).backward()
        return v * 3

    v = Value(1.0)
    refused(f, v, match="adds to .grad of a Value that it is passed")
    assert v.grad == 2.0

    def g(v):
        v.data = 4.0
        return v * 3

    assert (
        refused(
            g, v, match=r"sets .data of a Value that it is passed(.|\n)*Name it in the function"
        ).data
        == 12.0
    )
    assert v.data == 4.0
    assert refused(lambda v: v.grad * 2, v, match="reads .grad of a Value") == 4.0


def test_a_transform_of_a_function_that_steps():
    def training():
        w = Value(2.0)

        def f(a):
            loss = (w * a) ** 2
            w.grad = 0.0
            loss.backward()
            w.data = w.data - 0.01 * w.grad
            return loss

        return w, lambda x: [g.data for g in ag.value_and_grad(f)(x)]

    (w, eager), (v, step) = training(), training()
    compiled = compile(step)
    with pytest.warns(RuntimeWarning, match="within a function that is differentiated"):
        assert compiled(1.0) == eager(1.0) == [4.0, 8.0]
    assert compiled(0.5) == eager(0.5)
    assert state(v) == state(w)


def test_passes_and_derivatives_in_one_function():
    def step(values, x):
        a, b = values
        value, slope = ag.value_and_grad(lambda t: ag.sin(a * t) * b)(x)
        loss = value * slope
        loss.backward()
        a.data = a.data - 0.1 * a.grad
        b.data = b.data - 0.1 * ag.grad(lambda t: a * t * t)(x).data
        return loss

    agree(step, [0.5, -0.3])


def test_a_value_that_the_function_made_is_not_set():
    def f(x):
        v = Value(x)
        v.data = 3.0
        return v * x

    assert refused(f, 2.0, match="sets .data of a Value that it made").data == 6.0


def test_a_step_under_vmap_is_a_loop():
    a = Value(1.0)

    def f(x):
        a.data = a.data + x
        return a.data

    batched = ag.vmap(f)
    with pytest.warns(RuntimeWarning, match="for each sample anew"):
        assert list(batched(np.array([1.0, 2.0]))) == [2.0, 4.0]
    assert a.data == 4.0


def test_copies_are_no_parameters():
    import copy

    a = Value(1.0)

    def f(x):
        b = copy.copy(a)
        (b * x).backward()
        return b.grad

    assert refused(f, 2.0, match="lead") == 2.0


OPERATIONS = [
    lambda v, w, x: setattr(v, "data", w.data * x),
    lambda v, w, x: setattr(v, "data", v.data - 0.25 * v.grad),
    lambda v, w, x: setattr(v, "grad", w.grad - x),
    lambda v, w, x: setattr(v, "grad", 0.0),
    lambda v, w, x: (v * ag.tanh(w) * x).backward(),
    lambda v, w, x: (ag.sin(v) - w * v.data).backward(),
    lambda v, w, x: setattr(v, "data", 0.5),
    lambda v, w, x: setattr(v, "grad", (v * w).data),
]


@given(
    st.lists(
        st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 2), st.integers(0, 2)), max_size=8
    ),
    st.sampled_from(["interpret", "numpy"]),
)
def test_any_order_of_reads_and_writes(operations, executor):
    def step(values, x):
        total = values[0] * x
        for operation, i, j in operations:
            operation(values[i], values[j], x)
            total = total + values[i] * values[j].data
        return total

    agree(step, [0.5, -0.3, 0.8], [0.3, -0.2, 0.4, 0.1, -0.5], executor)


@pytest.mark.parametrize("made", ["SGD", "StepLR"])
def test_an_optimiser_or_a_schedule_that_the_function_makes(made):
    w = Value(2.0)
    optimizer = nn.optim.SGD([w], 0.5)

    def step(x):
        if made == "SGD":
            nn.optim.SGD([w], 0.5)
        else:
            nn.optim.StepLR(optimizer, 3)
        loss = w * x
        loss.backward()
        optimizer.step()
        return loss.data

    text = rf"it makes a new {made}, whose '\w+' is state(.|\n)*Make it outside"
    assert refused(step, 3.0, match=text) == 6.0
    assert w.data == 0.5
