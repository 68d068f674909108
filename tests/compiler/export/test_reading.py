"""From a function to its `Exported`: names of arguments and results."""

from dataclasses import dataclass

import numpy as np

from autograd_lite import Value, compile, nn, vmap
from autograd_lite.compiler.export import described
from autograd_lite.compiler.export.reading import read

w = Value(0.5)
linear = nn.Linear(2, 3, rng=0)


@dataclass
class Both:
    loss: Value
    scores: list


def shapes(f, *args):
    exported = read(f, args)
    return (
        {a.name: a.shape for a in exported.arguments},
        {r.name: r.outputs.shape for r in exported.results},
    )


def test_arguments_have_the_names_of_the_signature():
    assert shapes(lambda x, ys: w * x * ys[0], 1.0, [1.0, 2.0])[0] == {"x": (), "ys": (2,)}
    assert shapes(lambda x, *more: w * x * more[0], 1.0, 2.0, [3.0])[0] == {
        "x": (), "more_0": (), "more_1": (1,)
    }  # fmt: skip
    assert shapes(lambda d: w * d["a"], {"a": 1.0, "b c": [2.0]})[0] == {"d_a": (), "d_b_c": (1,)}


def test_results_have_the_names_of_what_holds_them():
    x = np.ones((4, 2))
    assert shapes(linear, x)[1] == {"value": (4, 3)}
    assert shapes(lambda x: (-w, [w * x, -w]), 1.0)[1] == {"value_0": (), "value_1": (2,)}
    assert shapes(lambda x: Both(w * x, [-w, x * w]), 1.0)[1] == {
        "value_loss": (),
        "value_scores": (2,),
    }
    assert shapes(lambda x: x * np.array([w, w]), 1.0)[1] == {"value": (2,)}
    assert shapes(lambda x: x * np.ones((2, 2)), 1.0)[1] == {"value": (2, 2)}


def test_a_function_of_vmap_is_one_of_batches():
    errors = vmap(lambda x, y: (linear(x)[0] - y) ** 2)
    assert shapes(errors, np.ones((5, 2)), [1.0] * 5) == ({"x": (5, 2), "y": (5,)}, {"value": (5,)})


def test_the_name_and_the_docstring():
    @compile
    def loss(x):
        """w x.

        More.
        """
        return w * x

    exported = read(loss, (1.0,))
    assert (exported.name, exported.title) == ("loss", "w x.")
    assert read(lambda x: w * x, (1.0,)).name == "function"
    assert read(linear, (np.ones(2),)).name == "Linear"


class Scaled:
    def __init__(self):
        self.w, self.rate = Value(2.0), 0.5

    @compile
    def loss(self, x, k=2):
        return self.w * x * self.rate * k


def test_a_method_has_the_names_of_its_object():
    scaled = Scaled()
    for f, args in ((scaled.loss, (3.0,)), (Scaled.loss, (scaled, 3.0))):
        exported = read(f, args)
        assert {p.name for p in exported.parameters} <= {"scaled.w", "self.w"}
        assert [a.name for a in exported.arguments] == ["x"]
        assert exported.reference[0].results == [6.0]
    scaled.loss(4.0, 3)
    exported = read(scaled.loss, ())
    assert exported.reference[0].results == [12.0]
    assert [p.name for p in exported.parameters] == ["self.w"]
    assert {name: type(x) for name, x in exported.fixed.items()} == {"self": Scaled, "k": int}
    assert described(exported, {})[-2:] == ["Fixed: self = a Scaled", "Fixed: k = 3"]
