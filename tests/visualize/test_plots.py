"""Pictures of training: what each shows, and what it refuses."""

import sys

import pytest

import visualize
from autograd_lite import Value, sparsity

pytest.importorskip("matplotlib")


def curves(axes):
    return {line.get_label(): list(line.get_ydata()) for line in axes.lines}


def test_history_has_a_panel_for_each_quantity():
    history = {"train_loss": [3.0, 2.0], "val_loss": [4.0, 3.5], "accuracy": [0.5, 0.75]}
    figure = visualize.plot_history(history)
    loss, accuracy = figure.axes
    assert curves(loss) == {"train_loss": [3.0, 2.0], "val_loss": [4.0, 3.5]}
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("loss", "accuracy")
    assert {line.get_linestyle() for line in loss.lines} == {"-", "--"}  # not by colour alone
    (axes,) = visualize.plot_history([1.0, Value(0.5)]).axes
    assert list(axes.lines[0].get_ydata()) == [1.0, 0.5]


def test_what_a_curve_cannot_show_is_marked(tmp_path):
    nan, inf = float("nan"), float("inf")
    figure = visualize.plot_history({"train_loss": [2.0, nan, inf, nan, -inf], "val_loss": [1.0]})
    figure.savefig(tmp_path / "a.png")
    (axes,) = figure.axes
    marks = {
        line.get_label(): list(line.get_xdata()) for line in axes.lines if ":" in line.get_label()
    }
    assert marks == {"train_loss: inf": [3], "train_loss: -inf": [5], "train_loss: nan": [2, 4]}
    assert set(marks) < {text.get_text() for text in axes.get_legend().get_texts()}
    assert axes.get_ylim()[0] > 0.5  # the marks at the edge do not stretch the scale
    (axes,) = visualize.plot_history([0.0, 1.0]).axes
    assert len(axes.lines) == 1
    assert axes.get_legend() is None


def test_a_layer_without_gradient_is_seen(tmp_path):
    over_time = visualize.plot_gradients([{"a": 0.0, "b": 1.0}, {"a": 2.0, "c": 3.0}])
    over_time.savefig(tmp_path / "a.png")
    (axes,) = over_time.axes
    assert {line.get_label(): list(line.get_xdata()) for line in axes.lines} == {
        "a": [1, 2],
        "a: 0": [1],
        "b": [1, 2],
        "c": [1, 2],
    }
    now = visualize.plot_gradients([{"a": 0.0, "b": 1.25, "c": float("inf")}])
    now.savefig(tmp_path / "b.png")
    assert [text.get_text() for text in now.axes[0].texts] == ["0", "1.25", "inf"]


@pytest.mark.parametrize(
    ("history", "message"),
    [
        ({}, "nothing in the history yet"),
        ([], "nothing in 'loss' yet"),
        ({"loss": [1.0], "accuracy": []}, "nothing in 'accuracy' yet"),
    ],
)
def test_an_empty_history(history, message):
    with pytest.raises(ValueError, match=message):
        visualize.plot_history(history)


@pytest.mark.parametrize("history", [3, None, "loss", {"loss": 3.0}, ["a"], [[1.0]]])
def test_what_is_no_history_is_named(history):
    with pytest.raises(TypeError, match=r"a list of numbers.* not ") as found:
        visualize.plot_history(history)
    assert repr(history) in str(found.value)


def test_decision_boundary_of_one_score_and_of_several(tmp_path):
    samples = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    called = []

    def score(x):
        called.append(x)
        return Value(x[0] - 0.5)

    figure = visualize.plot_decision_boundary(score, samples, [0, 1, 0, 1], resolution=9)
    (axes,) = figure.axes
    assert len(called) == 81
    figure.savefig(tmp_path / "a.png")
    boundary = [x for c in axes.collections for path in c.get_paths() for x in path.vertices[:, 0]]
    assert any(abs(x - 0.5) < 1e-9 for x in boundary)
    assert len(axes.get_legend().get_texts()) == 2
    several = visualize.plot_decision_boundary(
        lambda x: [Value(x[0]), Value(x[1]), Value(0.4)], samples, [0, 0, 1, 2], resolution=9
    )
    several.savefig(tmp_path / "b.png")
    assert [t.get_text() for t in several.axes[0].get_legend().get_texts()] == ["0", "1", "2"]
    constant = visualize.plot_decision_boundary(
        lambda x: Value(1.0), samples, [0, 0, 1, 1], resolution=5
    )
    constant.savefig(tmp_path / "c.png")


def sides(figure):
    """The colour of each class's samples, by its name in the legend."""
    (axes,) = figure.axes
    return {
        scatter.get_label(): tuple(scatter.get_facecolor()[0][:3])
        for scatter in axes.collections
        if not scatter.get_label().startswith("_")
    }


def test_classes_have_the_colours_of_their_scores():
    samples = [[0.0, 0.0], [1.0, 1.0]]

    def three(x):
        return [Value(x[0]), Value(x[1]), Value(0.4)]

    every = sides(
        visualize.plot_decision_boundary(three, [*samples, [2.0, 0.0]], [0, 1, 2], resolution=3)
    )
    some = sides(visualize.plot_decision_boundary(three, samples, [2, 0], resolution=3))
    assert some == {name: every[name] for name in ("0", "2")}
    assert len(set(every.values())) == 3
    signs = sides(visualize.plot_decision_boundary(sum, samples, [-1, 1], resolution=2))
    named = sides(visualize.plot_decision_boundary(sum, samples, ["cat", "dog"], resolution=2))
    assert list(signs.values()) == list(named.values()) == [every["0"], every["1"]]
    assert list(named) == ["cat", "dog"]


def test_scores_that_are_not_finite_leave_their_place_empty(tmp_path):
    figure = visualize.plot_decision_boundary(
        lambda x: Value(float("nan") if x[0] < 0.5 else x[1]),
        [[0.0, 0.0], [1.0, 1.0]],
        [0, 1],
        resolution=5,
    )
    figure.savefig(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("X", "y", "options", "message"),
    [
        ([[1.0, 2.0]], [0], {"resolution": 1}, "resolution must be an int of 2 or more, not 1"),
        ([[1.0, 2.0]], [0], {"resolution": 9.5}, "resolution must be an int of 2 or more, not 9.5"),
        (
            [[1.0, 2.0], [float("nan"), 0.0]],
            [0, 1],
            {},
            r"row 1 of X is \[nan, 0.0\]: leave it out",
        ),
        ([[1.0, float("inf")]], [0], {}, "row 0 of X"),
        ([[1.0, 2.0]] * 2, [0, "a"], {}, "numbers or strings, not both: 0.0 and 'a'"),
        ([[1.0, 2.0]] * 2, [0, float("nan")], {}, "element 1 of y is nan"),
        ([[1.0, 2.0]] * 3, [0, 1, 2], {}, "3 classes in y, but the model tells 2 apart"),
    ],
)
def test_samples_that_cannot_be_drawn_are_named(X, y, options, message):  # noqa: N803
    with pytest.raises(ValueError, match=message):
        visualize.plot_decision_boundary(sum, X, y, **({"resolution": 2} | options))


@pytest.mark.parametrize(
    ("model", "colours"),
    [
        (lambda x: max(0.0, x[0]) - max(0.0, x[1]), 2),  # 0 in a quarter of the plane
        (lambda x: 0.0, 1),
        (lambda x: [max(0.0, x[0]), max(0.0, x[1]), 0.0], 2),
    ],
)
def test_the_first_class_wins_a_tie(model, colours):
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    corners = [[-1.0, -1.0], [1.0, 1.0]]
    figure = visualize.plot_decision_boundary(model, corners, [0, 1], resolution=9)
    (axes,) = figure.axes
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba()).tolist()
    regions = [
        tuple(pixels[len(pixels) - 1 - int(row)][int(column)][:3])
        for column, row in axes.transData.transform(
            [(x / 10 + 0.03, y / 10 + 0.05) for x in range(-8, 8) for y in range(-8, 8)]
        )
    ]
    assert (255, 255, 255) not in regions
    assert len({colour for colour in regions if regions.count(colour) > 20}) == colours


def test_decision_boundary_errors():
    with pytest.raises(TypeError, match=r"element 1 of y must be a number or a str, not \[1\]"):
        visualize.plot_decision_boundary(sum, [[1.0, 2.0]] * 2, [0, [1]])
    with pytest.raises(ValueError, match="must have two features"):
        visualize.plot_decision_boundary(sum, [[1.0]], [0])
    with pytest.raises(ValueError, match="must have two features"):
        visualize.plot_decision_boundary(sum, [], [])
    with pytest.raises(ValueError, match="1 rows in X, but 2 in y"):
        visualize.plot_decision_boundary(sum, [[1.0, 2.0]], [0, 1])


class Network:
    def __init__(self, parameter):
        names = ["fc1.weight[0]", "fc1.bias", "layers.0.neurons.1.w[2]", "scale"]
        self.named = {name: parameter(1.0) for name in names}
        for i, p in enumerate(self.named.values()):
            p.grad = [3.0, 4.0, 2.0, 1.0][i]

    def named_parameters(self):
        return iter(self.named.items())

    def parameters(self):
        return list(self.named.values())


def test_gradients_by_layer_and_over_time(parameter, tmp_path):
    network = Network(parameter)
    norms = visualize.gradient_norms(network)
    assert norms == {"fc1": 5.0, "layers.0": 2.0, "scale": 1.0}
    now = visualize.plot_gradients(network)
    assert [bar.get_width() for bar in now.axes[0].patches] == [5.0, 2.0, 1.0]
    over_time = visualize.plot_gradients([norms, {name: x / 2 for name, x in norms.items()}])
    assert curves(over_time.axes[0])["fc1"] == [5.0, 2.5]
    assert over_time.axes[0].get_yscale() == "log"
    over_time.savefig(tmp_path / "a.png")
    visualize.plot_gradients([{"fc1": 0.0}, {"fc1": 0.0}]).savefig(tmp_path / "b.png")


def test_a_model_without_names(mlp):
    assert visualize.gradient_norms(mlp(2, 2)) == {"parameters": 0.0}
    with pytest.raises(TypeError, match=r"expected a model with parameters\(\), not int"):
        visualize.plot_gradients(3)
    with pytest.raises(ValueError, match="nothing in the list"):
        visualize.plot_gradients([])
    with pytest.raises(ValueError, match="no parameters"):
        visualize.plot_gradients([{}])
    with pytest.raises(TypeError, match=r"not a list with 3\.0"):
        visualize.plot_gradients([{"a": 1.0}, 3.0])


def test_a_missing_matplotlib_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "visualize.figure", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        visualize.plot_history([1.0])


def test_sparsity_has_a_square_for_each_number():
    np = pytest.importorskip("numpy")
    matrix = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, -1.0]])
    (axes,) = visualize.plot_sparsity(matrix).axes
    (squares,) = axes.lines
    assert sorted(zip(*squares.get_data(), strict=True)) == [(0, 0), (2, 0), (2, 1)]
    assert axes.get_ylim() == (1.5, -0.5)  # rows downward
    assert axes.get_title() == "2 × 3, 3 not 0"


def test_rows_and_columns_have_whole_numbers():
    np = pytest.importorskip("numpy")
    for n in (1, 2, 9):
        (axes,) = visualize.plot_sparsity(np.ones((n, 9))).axes
        assert all(tick % 1 == 0 for tick in axes.get_yticks())
        assert sum(-0.5 < tick < n for tick in axes.get_yticks()) >= min(2, n)


def test_sparsity_of_what_gives_it(tmp_path):
    np = pytest.importorskip("numpy")
    sparse = pytest.importorskip("scipy.sparse")
    structure = sparsity(lambda x: [x[0] * x[1], x[2]], np.ones(3))
    for matrix in (structure, structure.matrix(), sparse.coo_array(structure.toarray())):
        (axes,) = visualize.plot_sparsity(matrix).axes
        assert sorted(zip(*axes.lines[0].get_data(), strict=True)) == [(0, 0), (1, 0), (2, 1)]


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_no_square_of_a_large_matrix_is_lost(tmp_path, share):
    """In a corner it was a part of the border."""
    image = pytest.importorskip("matplotlib.image")
    np = pytest.importorskip("numpy")
    sparse = pytest.importorskip("scipy.sparse")
    n = 100_000
    place = [int(share * (n - 1))], [int(share * (n - 1)) // 2]
    figure = visualize.plot_sparsity(sparse.csr_array(([1.0], place), shape=(n, n)))
    (squares,) = figure.axes[0].lines
    squares.set_color((1.0, 0.0, 0.0))
    figure.savefig(tmp_path / "a.png", facecolor="white")
    red, green = image.imread(tmp_path / "a.png")[..., :2].transpose(2, 0, 1)
    assert (red - green).max() > 0.5
    (row, *_), (column, *_) = np.nonzero(red - green > 0.1)
    around = green[row - 2 : row + 5, column - 2 : column + 5]
    assert (np.delete(around, slice(1, -1), 0) > 0.9).all()  # no line above it or below
    assert np.count_nonzero(red - green > 0.1) < 20


def test_what_is_no_matrix_has_no_sparsity():
    np = pytest.importorskip("numpy")
    for thing in ([1.0, 2.0], np.ones(3), 1.0):
        with pytest.raises(TypeError, match="plot_sparsity: expected what sparsity"):
            visualize.plot_sparsity(thing)
    with pytest.raises(ValueError, match="the matrix has 0 rows and 2 columns"):
        visualize.plot_sparsity(np.ones((0, 2)))
