"""The decision boundary on the page: a model's program, its samples, and what the page draws."""

import json
import random
import re

import pytest

import nn
import visualize
from autograd_lite import Value, compile, log, maximum, no_grad, tanh
from autograd_lite.observers import Observer, observe
from visualize.page.boundary import Boundary

pytestmark = pytest.mark.once

X = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.25, 0.75]]
y = [0, 1, 1, 0, 1]


def loss_of(model):
    return sum((label - model(x)) ** 2 for x, label in zip(X, y, strict=True))


def data_of(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page.html)[1])


def test_a_page_without_a_boundary_carries_nothing_of_it():
    page = visualize.explain(Value(1.0) * 2)
    assert "class Boundary" not in page.html
    assert "boundary" not in data_of(page)


def test_the_samples_and_the_leaves_that_the_boundary_follows():
    w, b = Value(0.5, label="w"), Value(-1.0, label="b")

    def model(x):
        return w * x[0] + x[1] * 3 + b

    page = visualize.explain(loss_of(model), boundary=(model, X, y))
    data = data_of(page)
    boundary, leaves = data["boundary"], {x["name"]: x["node"] for x in data["lab"]["leaves"]}
    assert boundary["points"][:3] == [[0, 0, 0], [1, 0, 1], [0, 1, 1]]
    assert boundary["classes"] == [[0, "0"], [1, "1"]]
    assert boundary["ranges"] == [[-0.12, 1.12], [-0.12, 1.12]]
    assert {theirs for _, theirs in boundary["follows"]} >= {leaves["w"], leaves["b"]}


def test_classes_have_names_and_scores_of_their_own():
    a = Value(1.0)

    def three(x):
        return [a * x[0], x[1] * 1.0, a - x[0] - x[1]]

    names = ["cat", "dog", "emu", "cat", "dog"]
    boundary = Boundary((three, X, names)).as_json({})
    assert boundary["classes"] == [[0, "cat"], [1, "dog"], [2, "emu"]]
    assert [k for _, _, k in boundary["points"]] == [0, 1, 2, 0, 1]
    assert len(boundary["scores"]) == 3
    indices = Boundary((three, X, [2, 0, 2, 0, 0])).as_json({})
    assert indices["classes"] == [[0, "0"], [2, "2"]]


def drops(x):
    return Value(1.0) * x[0] if random.random() < 0.5 else x[1] * 2


@pytest.mark.parametrize(
    ("boundary", "error", "message"),
    [
        (X, TypeError, r"explain: boundary must be \(model, X, y\), not a list"),
        ((sum, X), TypeError, r"must be \(model, X, y\)"),
        ((sum, [[1.0]], [0]), ValueError, "every row of X must have two features"),
        ((sum, X, [0, 1]), ValueError, "5 rows in X, but 2 in y"),
        ((sum, X, [0, 1, 2, 0, 1]), ValueError, "3 classes in y, but the model tells 2 apart"),
        ((lambda x: 1.0, X, y), TypeError, "the model must give a Value, or a list .* not 1.0"),
        ((lambda x: [], X, y), TypeError, r"the model must give a Value, .* not \[\]"),
        ((lambda x: x[0] if x[1] < 0.5 else -x[0], X, y), ValueError, "in another way than"),
        ((lambda x: x[0] * x[1].data, X, y), ValueError, "numbers of its own"),
        ((lambda x: Value(1.0, (x[0],), "by hand"), X, y), ValueError, "cannot compute .* by hand"),
        ((compile(lambda x: x[0] * x[1] + 1), X, y), ValueError, "in another way|cannot compute"),
    ],
)
def test_errors_say_what_to_write(boundary, error, message):
    with pytest.raises(error, match=message):
        visualize.explain(Value(1.0) * 2, boundary=boundary)


def test_constants_that_an_observer_is_told_of_are_no_inputs():
    model = nn.MLP(2, [3, 1], rng=2)  # its biases come with a constant 1, as do some samples
    with observe(Observer()):
        inputs = Boundary((model, X, y)).as_json({})["inputs"]
    assert inputs == Boundary((model, X, y)).as_json({})["inputs"]


def test_a_result_of_earlier_numbers_is_refused():
    w = Value(1.0)
    twice = w * 2
    w.data = -1.0  # a new score has the earlier result, and the page would compute another
    with pytest.raises(ValueError, match="before another number was set: compute it again"):
        Boundary((lambda x: twice * x[0], X, y))


def test_a_model_at_random_is_refused():
    random.seed(0)
    with pytest.raises(ValueError, match="at random"):
        Boundary((drops, X * 4, y * 4))


def test_the_page_computes_the_scores_that_python_does(show):
    model = nn.MLP(2, [3, 1], activation="tanh", rng=2)
    page = show(loss_of(model), boundary=(model, X, y))
    rng = random.Random(1)
    points = [[rng.uniform(-1, 2), rng.uniform(-1, 2)] for _ in range(30)]

    def compared():
        with no_grad():
            scores = [model(point).data for point in points]
        found = page.evaluate("(points) => points.map(([a, b]) => boundary.at(a, b))", points)
        assert [k for k, _ in found] == [int(score > 0) for score in scores]
        assert [m for _, m in found] == pytest.approx([abs(score) for score in scores], rel=1e-12)
        right = sum((model(x).data > 0) == bool(c) for x, c in zip(X, y, strict=True))
        assert f"{right} of 5 samples" in page.locator(".boundary").inner_text()

    compared()
    places = dict(page.evaluate("() => LAB.free.map(({ node }) => [LAB.number(node), node])"))
    for parameter in model.parameters():
        if parameter.data == 0:
            continue  # a bias, of which there are several
        place = places[parameter.data]
        parameter.data += rng.uniform(-2, 2)
        page.evaluate("([node, x]) => LAB.set([[node, x]])", [place, parameter.data])
    compared()


def test_the_picture_shows_who_wins_where(show):
    w = Value(1.0, label="w")

    def model(x):
        return tanh(w * (x[0] - 0.5))

    page = show(loss_of(model), boundary=(model, X, y))
    colour = "([x, y]) => [...boundary.context.getImageData(x, y, 1, 1).data.slice(0, 3)]"
    blue, orange = [0, 114, 178], [213, 94, 0]

    def near(found, wanted):  # a canvas keeps colours times their opacity
        return all(abs(x - z) <= 3 for x, z in zip(found, wanted, strict=True))

    assert near(page.evaluate(colour, [20, 150]), blue)
    assert near(page.evaluate(colour, [280, 150]), orange)
    assert page.locator(".boundary path.sample").count() == len(X) + 2  # and those of the legend
    page.evaluate("() => LAB.set([[LAB.free[0].node, -1]])")
    assert near(page.evaluate(colour, [20, 150]), orange)
    page.evaluate("() => LAB.reset()")
    assert near(page.evaluate(colour, [20, 150]), blue)


def test_a_point_without_a_score_has_no_class(show):
    v = Value(1.0, label="v")

    def model(x):
        return log(v * (x[0] - 0.5)) + 5

    page = show(model([1.0, 0.0]), boundary=(model, X, y))
    assert page.evaluate("boundary.at(0.1, 0)[0]") == -1
    assert page.evaluate("boundary.at(0.9, 0)[0]") == 1
    right = sum(x[0] > 0.5 and label == 1 for x, label in zip(X, y, strict=True))
    assert f"{right} of 5 samples" in page.locator(".boundary").inner_text()


def test_the_largest_of_several_scores_wins(show):
    w = Value(2.0, label="w")

    def model(x):
        return [w * x[0], maximum(x[1], 0.4) + w * 0, x[1] * 0 + 0.25]

    page = show(model(X[0])[0] + w, boundary=(model, X, [0, 1, 2, 0, 1]))
    for point in ([0.9, 0.1], [0.3, 0.9], [0.05, 0.2]):
        scores = [score.data for score in model([Value(x) for x in point])]
        best, _ = page.evaluate("([a, b]) => boundary.at(a, b)", point)
        assert best == scores.index(max(scores))
