"""detect_anomaly names the first operation that gives or sends what is not finite."""

import inspect
import math
import pickle
import re
import textwrap

import pytest

import autograd_lite as ag
import nn
from autograd_lite import AnomalyError, Value, detect_anomaly
from autograd_lite.anomaly import is_library

INF = float("inf")


def line_with(mark):
    """The number of the line of this file that ends with the mark."""
    with open(__file__, encoding="utf-8") as file:
        return next(i for i, line in enumerate(file, 1) if line.rstrip().endswith(f"# {mark}"))


def test_forward_names_operation_operands_label_and_line():
    with detect_anomaly():
        w, x = Value(0.0, label="w"), Value(2.0)
        product = w * x
        product.label = "w x"
        with pytest.raises(AnomalyError) as info:
            product.log()  # the logarithm
    message = str(info.value)
    assert message.startswith("log gave -inf\n")
    assert "operands: w x = 0" in message
    assert f"{__file__}:{line_with('the logarithm')}" in message
    assert "product.log()" in message
    assert info.value.node.parents == (product,)


def test_backward_names_partial_and_path():
    with detect_anomaly():
        x = Value(0.0, label="x")
        root = x.sqrt() * 3 + 1  # the root
        x.grad = 7.0
        with pytest.raises(AnomalyError) as info:
            root.backward()
    message = str(info.value)
    assert message.startswith(
        "sqrt sent inf: its gradient 3 times its local partial inf with respect to x = 0"
    )
    place = f"{__file__}:{line_with('the root')}"
    path = re.findall(r"^    (.+) = .*, (.+)$", message, re.MULTILINE)
    assert path == [("sqrt", place), ("*", place), ("+", place)]
    assert (info.value.node._op, info.value.root) == ("sqrt", root)
    assert x.grad == 7.0


def test_the_line_is_the_users_and_not_one_of_nn():
    layer = nn.Linear(1, 1)
    layer.weight[0][0].data = 1e200
    with detect_anomaly(), pytest.raises(AnomalyError) as info:
        layer([1e200])  # the call
    assert f"{__file__}:{line_with('the call')}" in str(info.value)


def test_a_backward_written_by_hand():
    x = Value(1.0, label="x")
    out = Value(2.0, (x,), "mine")

    def backward():
        x.grad += math.nan

    out._backward = backward
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"_backward of mine set .* to nan"):
        (out * 2).backward()
    assert x.grad == 0.0


def test_a_backward_written_by_hand_that_reaches_a_leaf_which_is_no_parent():
    x, captured = Value(1.0), Value(2.0, label="captured")
    out = Value(2.0, (x,), "mine")

    def backward():
        captured.grad += math.inf

    out._backward = backward
    with detect_anomaly():
        with pytest.raises(AnomalyError, match=r"mine set .* leaf \(label 'captured'\) to inf"):
            out.backward()
        out.backward()  # what it finds there is not its doing


def test_a_gradient_that_overflows_where_it_is_added_up():
    x = Value(1.0, label="x")
    inner = x * 1.0
    big = Value(1.7e308)
    for leaf_or_node in (x, inner):
        y = leaf_or_node * big * 1.0 - leaf_or_node * -big * 0.1
        with detect_anomaly(), pytest.raises(AnomalyError, match="became inf"):
            y.backward()


@pytest.mark.parametrize("number", [INF, -INF, math.nan])
def test_inputs_that_are_not_finite_are_no_anomaly(number):
    with detect_anomaly():
        x, y = Value(number), Value(2.0)
        (x * y + y.exp() * x - ag.dot([y, y], [1.0, number])).backward()
    assert not math.isfinite(y.grad)


def test_after_an_excused_pass_the_next_one_is_checked():
    with detect_anomaly():
        x, y = Value(INF), Value(0.0)
        (x * y.exp()).backward()
        with pytest.raises(AnomalyError):
            y.sqrt().backward()


def test_an_arm_not_taken_is_no_anomaly():
    with detect_anomaly():
        x = Value(0.0)
        ag.where(1.0, x, x.sqrt()).backward()
    assert x.grad == 1.0


def test_a_long_path_is_shortened_and_says_by_how_much():
    with detect_anomaly():
        root = x = Value(0.0).sqrt()
        for _ in range(50):
            root = root + 1.0
        with pytest.raises(AnomalyError) as info:
            root.backward()
    assert "... 39 more ..." in str(info.value)
    assert str(info.value).count("\n    ") - 1 == 13  # lines of the path, less that of the source
    assert info.value.node is x


@pytest.mark.parametrize("decorate", [detect_anomaly, detect_anomaly()])
def test_as_a_decorator(decorate):
    @decorate
    def loss(x, times):
        return x.log() * times

    assert loss.__name__ == "loss"
    assert loss(Value(1.0), times=2).data == 0.0
    with pytest.raises(AnomalyError, match="log gave -inf"):
        loss(Value(0.0), times=2)
    assert Value(0.0).log().data == -INF


def test_what_runs_later_is_not_decorated():
    with pytest.raises(TypeError, match=r"write `with detect_anomaly\(\):` inside it"):

        @detect_anomaly
        def later():
            yield


def test_nothing_is_checked_after_the_block():
    with detect_anomaly():
        pass
    assert Value(0.0).log().data == -INF


def test_it_comes_back_from_another_process():
    with detect_anomaly(), pytest.raises(AnomalyError) as info:
        Value(0.0, label="x").log()
    twin = pickle.loads(pickle.dumps(info.value))
    assert str(twin) == str(info.value)
    assert twin.node is twin.root
    assert twin.root.parents[0].label == "x"


def test_nodes_are_not_kept_alive():
    import gc
    import weakref

    with detect_anomaly():
        node = Value(1.0) * 2
        node.backward()
        gone = weakref.ref(node)
        del node
        gc.collect()
        assert gone() is None


def by_hand(x, factor=1.0):
    out = Value(x.data, (x,), "hand")

    def backward():
        x.grad += factor * out.grad if factor == factor else INF

    out._backward = backward
    return out


def test_what_a_node_made_by_hand_found_there_is_not_its_doing():
    x = Value(1.0)
    x.grad = INF
    with detect_anomaly():
        by_hand(x).backward()
        y = Value(1.0) * 1.0
        spoilt = y * Value(math.nan)
        (spoilt + by_hand(y)).backward()


def test_a_pass_within_a_pass_has_excuses_of_its_own():
    x, inner = Value(1.0), Value(2.0)
    out = Value(1.0, (x,), "nests")

    def backward():
        (inner * 2).backward()
        x.grad += out.grad

    out._backward = backward
    with detect_anomaly():
        y = x * 1.0
        ((y * Value(INF)) * 0.5 + by_hand(y) + out * 1.0).backward()


@pytest.mark.parametrize("found", [0.0, INF])
def test_a_pass_within_a_pass_has_operations_by_hand_too(found):
    """It finds an infinity that is not its doing, and the one around it sends a nan that is."""
    x, inner = Value(1.0), Value(2.0)
    out, within = Value(1.0, (x,), "outer"), by_hand(inner)

    def backward():
        inner.grad = found
        within.backward()
        x.grad += math.nan

    out._backward = backward
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"outer set .* to nan"):
        (out * 2).backward()


def test_a_node_made_by_hand_that_sends_infinity_for_nothing():
    x = Value(1.0)
    with detect_anomaly():
        root = by_hand(x, math.nan) * 0.0
        with pytest.raises(
            AnomalyError, match="_backward of hand set the gradient of a leaf to inf"
        ):
            root.backward()


def test_a_static_parameter_is_an_input():
    with detect_anomaly():
        assert (Value(2.0) ** INF).data == INF


def test_within_a_compiled_function_it_is_refused():
    @ag.compile
    def f(x):
        with detect_anomaly():
            return x.log()

    with pytest.raises(RuntimeError, match="write it around the call"):
        f(Value(1.0))


# -------------------------------------------------------------------------------- NaN only


def test_infinities_need_not_count_forward():
    with detect_anomaly(check_inf=False):
        x = Value(0.0, label="x")
        low, high = x.log(), -x.log()
        assert (low.data, high.data) == (-INF, INF)
        with pytest.raises(AnomalyError, match=r"^\+ gave nan\n  operands: log = -inf, neg = inf"):
            low + high
        nothing = Value(math.nan) * 2.0  # it has been handed on
    assert math.isnan(nothing.data)


def test_infinities_need_not_count_backward():
    with detect_anomaly(check_inf=False):
        x, y = Value(0.0, label="x"), Value(0.0, label="y")
        (x.sqrt() * 3.0).backward()
        assert x.grad == INF
        root = (y * 1.0).sqrt() * 2.0  # 1.0 is a constant, by which the partial is 0
        with pytest.raises(
            AnomalyError, match=r"\* sent nan: its gradient inf .* partial 0"
        ) as info:
            root.backward()
        with pytest.raises(AnomalyError, match=r"the gradient of a leaf .* became nan"):
            (y.sqrt() - y.sqrt()).backward()
    assert info.value.root is root
    assert y.grad == 0.0


def test_a_nan_of_a_backward_by_hand_counts_and_an_infinity_need_not():
    for number, raises in ((INF, False), (math.nan, True)):
        x = Value(1.0)
        out = Value(1.0, (x,), "mine")

        def backward(x=x, number=number):
            x.grad += number

        out._backward = backward
        with detect_anomaly(check_inf=False):
            if raises:
                with pytest.raises(AnomalyError, match=r"_backward of mine set .* to nan"):
                    (out * 2.0).backward()
            else:
                (out * 2.0).backward()
                assert x.grad == INF


def test_as_a_decorator_it_keeps_what_it_was_told():
    @detect_anomaly(check_inf=False)
    def loss(x):
        return x.log()

    assert loss(Value(0.0)).data == -INF
    with pytest.raises(AnomalyError, match="log gave nan"):
        loss(Value(-1.0))
    with pytest.raises(TypeError, match="decorates a function, not bool"):
        detect_anomaly(False)
    with pytest.raises(TypeError):
        ag.no_grad(check_inf=False)


def test_a_block_within_another_does_not_change_it():
    x = Value(0.0)
    with detect_anomaly():
        with detect_anomaly(check_inf=False), pytest.raises(AnomalyError, match="log gave -inf"):
            x.log()
        with pytest.raises(AnomalyError, match="log gave -inf"):
            x.log()
    with detect_anomaly(check_inf=False):
        with detect_anomaly(), pytest.raises(AnomalyError, match="log gave -inf"):
            x.log()
        assert x.log().data == -INF


@pytest.mark.parametrize("executor", ["interpret", "numpy"])
def test_a_compiled_function_is_watched(executor):
    pytest.importorskip("numpy")
    f = ag.compile(lambda x: (x.sqrt() - 1.0).log(), executor=executor)
    for _ in range(3):
        f(Value(4.0)).backward()
    with detect_anomaly(), pytest.raises(AnomalyError, match="log gave -inf"):
        f(Value(1.0))
    with detect_anomaly(check_inf=False):
        assert f(Value(1.0)).data == -INF
        with pytest.raises(AnomalyError, match="log gave nan"):
            f(Value(0.25))
        g = ag.compile(lambda x: x.sqrt() * 3.0, executor=executor)
        x = Value(0.0)
        for _ in range(3):
            g(x).backward()
        assert x.grad == INF
    with detect_anomaly(), pytest.raises(AnomalyError, match="sqrt sent inf"):
        g(Value(0.0)).backward()


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (inspect.getfile(textwrap), True),
        (inspect.getfile(pytest), True),
        (inspect.getfile(detect_anomaly), True),
        ("<frozen importlib._bootstrap>", True),
        ("/home/me/profile.py", False),
        ("/home/me/nn/model.py", False),
        ("<stdin>", False),
        (__file__, False),
    ],
)
def test_a_library_is_known_by_its_file(file, expected):
    assert is_library(file) is expected
