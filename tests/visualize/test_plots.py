"""Pictures of training."""

import sys

import pytest

import visualize
from autograd_lite import Value

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
    for empty in [], {}, {"loss": []}:
        with pytest.raises(ValueError, match="nothing in the history"):
            visualize.plot_history(empty)


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


def test_decision_boundary_errors():
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


def test_a_missing_matplotlib_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        visualize.plot_history([1.0])
