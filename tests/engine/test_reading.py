"""Which Values a function reads besides its arguments."""

from autograd_lite import Value, exp, observers
from autograd_lite.reading import Reading, gradient


def captured(function):
    watch = Reading()
    with observers.observe(watch):
        watch.results = [function()]
    return watch.captured()


def test_leaves_and_nodes_that_were_there_before():
    w, b = Value(2.0), Value(3.0)
    deep = w * b
    assert set(captured(lambda: exp(deep * 2.0) + b)) == {b, deep}
    assert captured(lambda: Value(1.0) * 2.0) == []
    assert captured(lambda: w) == [w]
    assert captured(lambda: 1.0) == []


def test_what_a_result_does_not_depend_on_is_not_read():
    w, b = Value(2.0), Value(3.0)

    def f():
        w * 2.0
        return b * 2.0

    assert captured(f) == [b]


def test_the_gradient_holds_the_other_inputs_fixed():
    x = Value(2.0)
    y = x * x
    assert gradient(x * y, [x, y]) == [4.0, 2.0]
    assert gradient(x * y, [x]) == [12.0]
    assert (x.grad, y.grad) == (0.0, 0.0)
