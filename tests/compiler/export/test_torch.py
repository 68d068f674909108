"""PyTorch sources: values, and the gradients that PyTorch finds, are those of the engine."""

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Value
from autograd_lite.compiler.export.expressions import index, name, operation, reshape
from autograd_lite.compiler.export.lines import Assign
from autograd_lite.compiler.export.torch import DIALECT, TorchPrinter
from tests.support.array_exports import MADE, at_kinks, detaching

torch = pytest.importorskip("torch")
SOME = ["softmax", "recurrent"]


def called(source, *args):
    space = {}
    exec(source.text, space)
    return space["f"](*args)


@pytest.mark.parametrize(
    "name",
    [pytest.param(x, marks=pytest.mark.slow if x in SOME else pytest.mark.full) for x in MADE],
)
def test_values_and_gradients(name):
    """Exporting compares them to 1e-9."""
    function, args = MADE[name]()
    source = al.export(function, "torch", *args, name="f")
    lines = [line for line in source.text.splitlines() if line.startswith(("import", "from"))]
    assert lines == ["import torch"]
    assert np.isfinite(source.exported.reference[0].results[0])
    assert "Checked when it was made: run by PyTorch" in source.text.replace("\n", " ")


def test_derivatives_at_kinks_and_ties_are_those_of_the_engine():
    source, x = at_kinks("torch")
    given = torch.tensor([v.data for v in x], dtype=torch.float64, requires_grad=True)
    called(source, {"x": given}).backward()
    np.testing.assert_allclose(given.grad, [v.grad for v in x], rtol=1e-12)


def test_numbers_are_doubles():
    """A float among conditions makes an array of float32 in PyTorch."""
    w = Value(0.3)
    source = al.export(lambda x: w + al.where(x > 0, 0.1, 0.7), "torch", 1.0, name="f")
    given = {"w": torch.tensor(0.3, dtype=torch.float64)}
    for x in (1.0, -1.0):
        value = called(source, given, torch.tensor(x, dtype=torch.float64))
        assert value.item() == 0.3 + (0.1 if x > 0 else 0.7)


def test_a_deep_expression_is_printed_once():
    """Its text was made twice at each level: 2^60 times."""
    x = name("x", ())
    for _ in range(60):
        x = operation("+", x, name("y", ()))
    assert TorchPrinter(DIALECT).text(x) == "x" + " + y" * 60


def test_what_is_written_to_a_turned_tensor_in_another_shape_is_not_lost():
    target = index(reshape(name("z", (2, 3)), (6,)), (slice(1, 5),))
    write = Assign(target, name("w", (4,)), "=")
    space = {"z": torch.zeros(3, 2).T, "w": torch.arange(4.0)}
    exec(TorchPrinter(DIALECT).assign(write), space)
    assert space["z"].tolist() == [[0.0, 0.0, 1.0], [2.0, 3.0, 0.0]]


def test_what_is_detached_is_not_differentiated_through():
    source, loss, x = detaching("torch")
    loss(1.5).backward()
    given = torch.tensor(source.parameters()["x"], requires_grad=True)
    called(source, {"x": given}, torch.tensor(1.5)).backward()
    np.testing.assert_allclose(given.grad, [v.grad for v in x], rtol=1e-12)
    assert al.export(lambda scale: x[0].detach() * scale, "torch", 1.0)


def test_arguments_of_another_shape_are_refused():
    w = [Value(2.0), Value(-1.0)]
    source = al.export(lambda xs: w[0] * xs[0] + w[1] * xs[1] ** 2, "torch", [1.0, 2.0], name="f")
    with pytest.raises(ValueError, match=r"the shapes must be xs \(2,\)"):
        called(source, {"w": torch.ones(2)}, torch.ones(3))


def test_parameters_of_another_shape_are_named():
    w = [Value(2.0), Value(-1.0)]
    source = al.export(lambda xs: w[0] * xs[0] + w[1] * xs[1] ** 2, "torch", [1.0, 2.0], name="f")
    for wrong in ({}, {"w": torch.ones(1)}):
        with pytest.raises(ValueError, match=r"the parameters must have w, of the shape \(2,\)"):
            called(source, wrong, torch.ones(2))


def test_the_derivative_of_a_sigmoid_is_0_where_its_exponential_is_infinite():
    w = [Value(0.5)]
    source = al.export(lambda x: al.sigmoid(w[0] * x), "torch", 1.0, name="f")
    exec(source.text, space := {})
    p = torch.tensor([-800.0], dtype=torch.float64, requires_grad=True)
    space["f"]({"w": p}, torch.tensor(1.0)).backward()
    assert p.grad.tolist() == [0.0]
