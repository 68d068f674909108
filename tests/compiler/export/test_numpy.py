"""NumPy sources of what people write: values and gradients, on numbers other than the recorded."""

import random

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Value, nn
from autograd_lite.compiler.export import ExportError
from tests.support.array_exports import MADE, recurrent


def run(source):
    """The functions of a source."""
    space = {}
    exec(source.text, space)
    return space


def eager(function, args, parameters):
    """The value, and the gradients of all parameters, each as a flat array."""
    value = function(*args)
    value.backward()
    return value.data, {
        p.name: np.array([x.grad for x in p.values.flat]).reshape(p.shape) for p in parameters
    }


@pytest.mark.parametrize("name", MADE)
def test_values_and_gradients_are_those_of_the_engine(name):
    function, args = MADE[name]()
    source = al.export(function, "numpy", *args, name="f")
    space = run(source)
    rng = np.random.default_rng(5)
    parameters = source.exported.parameters
    for p in parameters:
        for x in p.values.flat:
            x.data += 0.1 * rng.normal()
            x.grad = 0.0
    given = [a for a in args if not isinstance(a, list)]
    value, grads = space["f_and_grad"](source.parameters(), *given)
    expected, gradients = eager(function, args, parameters)
    assert value == pytest.approx(expected, rel=1e-12)
    assert space["f"](source.parameters(), *given) == value
    largest = max(np.abs(g).max() for g in gradients.values())
    for p in parameters:
        np.testing.assert_allclose(grads[p.name], gradients[p.name], rtol=0, atol=1e-12 * largest)


def test_the_chapter_reads_as_one_writes_it():
    function, args = MADE["chapter"]()
    text = al.export(function, "numpy", *args, name="loss").text
    for line in (
        "z1 = xs @ w0.T + b0",
        "a1 = np.maximum(z1, 0)",
        "dz1 = dz2 @ w1 * (z1 > 0)",
        "dw0 = dz1.T @ xs",
        "db0 = dz1.sum(axis=0)",
    ):
        assert f"    {line}\n" in text


def test_a_source_imports_numpy_alone_and_strides_nothing():
    for make in MADE.values():
        function, args = make()
        text = al.export(function, "numpy", *args).text
        lines = [line for line in text.splitlines() if line.startswith(("import", "from"))]
        assert lines == ["import numpy as np"]
        assert "strided" not in text


def test_a_recurrence_of_any_length_is_a_loop():
    texts = []
    for steps in (20, 60):
        function, args = recurrent(steps)
        texts.append(al.export(function, "numpy", *args).text)
    assert len({text.count("\n") for text in texts}) == 1
    assert "for t in range(" in texts[0]


def test_gates_of_any_length_are_a_loop():
    texts = []
    for steps in (12, 20):
        rng = np.random.default_rng(0)
        layer, head = nn.LSTM(2, 3, rng=random.Random(0)), nn.Linear(3, 1, rng=random.Random(1))

        def loss(xs, layer=layer, head=head):
            return sum(head(out)[0] ** 2 for out in layer(xs)[0])

        texts.append(al.export(loss, "numpy", rng.normal(size=(steps, 2))).text)
    assert len({text.count("\n") for text in texts}) == 1
    assert all(text.count("for t in range(") == 3 for text in texts)


def test_functions_of_special_functions_import_scipy():
    pytest.importorskip("scipy")
    w = [Value(0.5), Value(1.5)]
    source = al.export(lambda: sum(al.erf(x) + al.lgamma(x) for x in w), "numpy", name="f")
    assert "from scipy import special\n" in source.text


def test_an_argument_out_of_its_range_is_an_error():
    function, args = MADE["softmax"]()
    source = al.export(function, "numpy", *args, name="f")
    xs, labels = args
    with pytest.raises(ValueError, match="labels must be from 0 to 2"):
        run(source)["f"](source.parameters(), xs, labels + 1)


def test_gradients_are_arrays_of_their_own():
    a, b = [Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]
    source = al.export(
        lambda x: sum((p + q) * r for p, q, r in zip(a, b, x, strict=True)),
        "numpy",
        [2.0, 5.0],
        name="f",
    )
    xs = np.array([2.0, 5.0])
    _, grads = run(source)["f_and_grad"](source.parameters(), xs)
    grads["a"] *= 2
    assert grads["b"].tolist() == [2.0, 5.0] == xs.tolist()


@pytest.mark.parametrize("wrap", [lambda w: w, lambda w: [w]])
def test_a_number_may_be_a_plain_float(wrap):
    ws = wrap(Value(2.0))

    def f(x):
        return (ws[0] if isinstance(ws, list) else ws) * x

    space = {}
    exec(al.export(f, "numpy", 3.0).text, space)
    value, gradients = space["f_and_grad"]({"ws": np.array(wrap(2.0))}, 5.0)
    assert (value, gradients["ws"]) == (10.0, 5.0)
    x = np.array(5.0)
    _, gradients = space["f_and_grad"]({"ws": np.array(wrap(2.0))}, x)
    assert not np.shares_memory(gradients["ws"], x)


def test_a_branch_that_is_not_taken_multiplies_no_matrix():
    """Its cotangents are one number, 0, which is no operand of @."""
    w, v = Value(0.3), Value(-1.2)

    def f(xs):
        return sum(al.where(w * x > 0, w * x, al.exp(v * x)) for x in xs)

    source = al.export(f, "numpy", [1.0, -2.0, 3.0])
    f([-1.0, 0.0, 2.0, 5.0]).backward()
    _, gradients = run(source)["f_and_grad"](source.parameters(), np.array([-1.0, 0.0, 2.0, 5.0]))
    assert gradients["w"] == w.grad == 7.0
    assert gradients["v"] == pytest.approx(v.grad, rel=1e-15)


def test_arguments_have_other_names_where_the_module_needs_theirs():
    w = Value(0.5)

    def f(parameters, np, n, z1, lambda_):
        return w * parameters + w * w * np * n - z1 * lambda_ / w

    f.__name__ = "class"
    numbers = [2.0, 3.0, 5.0, 7.0, 11.0]
    source = al.export(f, "numpy", *[1.0] * 5)
    value, gradients = run(source)["class__and_grad"](source.parameters(), *numbers)
    result = f(*numbers)
    result.backward()
    assert (value, gradients["w"]) == (result.data, w.grad)
    with pytest.raises(ExportError, match="two arguments that would be called x_a_b"):
        al.export(lambda x: w * x["a.b"] - x["a_b"], "numpy", {"a.b": 1.0, "a_b": 2.0})


def test_any_key_of_a_dict_names_a_parameter():
    keys = ["a.b", "a_b", 'a"b', "*/", "é", "two\nlines", "\\"]
    weights = {key: Value(float(k)) for k, key in enumerate(keys)}
    source = al.export(lambda x: sum(x * v * v for v in weights.values()), "numpy", 3.0, name="f")
    _, gradients = run(source)["f_and_grad"](source.parameters(), 2.0)
    assert gradients == {key: 4.0 * k for k, key in enumerate(keys)}


def test_a_function_does_not_hide_what_its_module_needs():
    w = Value(0.5)
    source = al.export(lambda xs: sum(w * x for x in xs), "numpy", [1.0, 2.0], name="len")
    assert run(source)["len_"](source.parameters(), np.array([1.0, 2.0, 4.0])) == 3.5


@pytest.mark.parametrize("vectors", [False, True])
def test_an_index_that_chooses_for_all_samples(vectors):
    table = [[Value(0.1 * i + j) for i in range(3)] for j in range(5)]
    column = [row[0] for row in table]

    def f(xs, i):
        if vectors:
            return sum(al.tanh(x * v) for x in xs for v in al.take(table, i))
        return sum(al.take(column, i) * x for x in xs)

    xs = [0.1, -0.4, 0.7, 2.0]
    source = al.export(f, "numpy", xs, 2)
    value, gradients = run(source)["f_and_grad"](source.parameters(), np.array(xs), -1)
    result = f(xs, -1)
    result.backward()
    assert value == pytest.approx(result.data, rel=1e-14)
    (found,) = gradients.values()
    np.testing.assert_allclose(found, [[v.grad for v in row] for row in table], rtol=1e-14)


def test_samples_are_ignored_by_a_weight():
    rows = [[Value(0.1 * i - 0.3 * j * j) for i in range(4)] for j in range(3)]

    def loss(labels):
        kept = [al.where(i == -1, 0.0, 1.0) for i in labels]
        each = [al.logsumexp(row) - al.take(row, i) for row, i in zip(rows, labels, strict=True)]
        return sum(k * x for k, x in zip(kept, each, strict=True)) / sum(kept)

    source = al.export(loss, "numpy", [0, 3, -1])
    assert "np.where(labels == -1, 0.0, 1.0)" in source.text
    value, gradients = run(source)["loss_and_grad"](source.parameters(), [-1, 2, -1])
    expected = nn.cross_entropy(rows, [-1, 2, -1], ignore_index=-1)
    expected.backward()
    assert value == pytest.approx(expected.data, rel=1e-14)
    np.testing.assert_allclose(
        gradients["rows"], [[x.grad for x in row] for row in rows], rtol=1e-14, atol=1e-16
    )
    with pytest.raises(ExportError, match="decides by a number"):
        al.export(lambda y: nn.cross_entropy(rows, y, ignore_index=-1), "numpy", [0, 3, -1])


@pytest.mark.parametrize("language", ["numpy", "jax"])
def test_the_gradients_are_those_of_the_one_number_that_is_a_value(language):
    if language == "jax":
        pytest.importorskip("jax")
    w = Value(0.5)
    both = al.export(lambda x: (x * 2, w * x), language, 1.5)
    assert both.exported.value == 1
    assert "its results and gradients are" in " ".join(both.text.split())
    assert al.export(lambda x: [w * x], language, 1.5).exported.value is None


@pytest.mark.parametrize("kind", [list, tuple, np.uint8, np.int8, np.float32])
def test_arguments_may_be_lists_and_arrays_of_small_ints(kind):
    # of uint8, as images are stored, 10 - 20 is 246; and one list behind another is no sum
    w = Value(2.0, label="w")

    def loss(xs, ys, x):
        return w * sum((a - b) ** 2 + a + b for a, b in zip(xs, ys, strict=True)) * (1 - x)

    numbers = np.array([[100.0, 10.0, 60.0, 3.0], [110.0, 20.0, 50.0, 3.0]])
    space = run(al.export(loss, "numpy", *numbers, 100.0))
    expected = loss(*numbers, 100.0)
    expected.backward()
    made = [kind(x) if kind in (list, tuple) else x.astype(kind) for x in numbers]
    x = 100 if kind in (list, tuple) else kind(100)
    value, gradients = space["loss_and_grad"]({"w": 2}, *made, x)
    assert value == expected.data == space["loss"]({"w": 2}, *made, x)
    assert gradients["w"] == w.grad


def test_labels_may_be_a_list_and_of_any_int():
    logits = [[Value(0.5 * i + k * k) for k in range(3)] for i in range(4)]
    labels = [2, 0, 1, 2]
    source = al.export(lambda labels: nn.cross_entropy(logits, labels), "numpy", labels, name="f")
    f, expected = run(source)["f"], nn.cross_entropy(logits, labels).data
    for given in (labels, np.array(labels, np.uint8), np.array(labels, np.uint64)):
        assert f(source.parameters(), given) == pytest.approx(expected, rel=1e-14)
    with pytest.raises(TypeError, match="same_kind"):
        f(source.parameters(), [0.5, 0, 1, 2])


def test_a_number_is_no_array():
    w = Value(2.0, label="w")
    space = run(al.export(lambda x: w * x, "numpy", 3.0, name="f"))
    with pytest.raises(ValueError, match=r"the shapes must be x \(\)"):
        space["f"]({"w": 2.0}, np.ones(3))


def test_parameters_that_are_missing_or_of_another_shape_are_named():
    """NumPy would broadcast a bias of one number."""
    layer = nn.Linear(2, 3, rng=0)
    source = al.export(lambda xs: al.sum(al.sum(layer(x)) for x in xs), "numpy", [[1.0, 2.0]] * 3)
    f, given, xs = run(source)["function_and_grad"], source.parameters(), np.ones((4, 2))
    value, gradients = f({name: x.tolist() for name, x in given.items()}, xs)
    assert value == f({**given, "another": 1.0}, xs)[0]
    assert gradients["bias"].tolist() == [4.0] * 3
    for wrong in ({"weight": given["weight"]}, {**given, "bias": np.ones(1)}):
        with pytest.raises(ValueError, match=r"the parameters must have bias, of the shape \(3,\)"):
            f(wrong, xs)
