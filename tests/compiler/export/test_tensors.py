"""Programs of arrays: what an instruction is as a line. Sources as wholes are in test_numpy."""

import autograd_lite as al
from autograd_lite import Value
from autograd_lite.compiler.export.numpy import DIALECT
from autograd_lite.compiler.export.python import Printer
from autograd_lite.compiler.export.reading import read
from autograd_lite.compiler.export.tensors import tensor_program


def lines(function, *args, forward=True):
    """The lines of a function of parameters."""
    exported = read(function, args, "f")
    inputs = [(p.name, p.slots) for p in exported.parameters]
    inputs += [(a.name, a.slots) for a in exported.arguments]
    outputs = [("", result.outputs) for result in exported.results]
    wanted = [p.name for p in exported.parameters]
    found = tensor_program(exported.array_program, inputs, [], outputs, wanted)
    return [
        line.strip()
        for line in Printer(DIALECT).lines(found.forward if forward else found.backward)
    ]


w = [[Value(float(i + j)) for j in range(3)] for i in range(4)]
b = [Value(float(i)) for i in range(4)]


def outputs(x):
    return [
        sum(p * q for p, q in zip(row, x, strict=True)) + c for row, c in zip(w, b, strict=True)
    ]


def test_a_layer():
    found = lines(lambda x: sum(al.tanh(z) for z in outputs(x)), [1.0, 2.0, 3.0])
    assert found == ["z1 = w @ x", "z1 += b", "a1 = np.tanh(z1)", "z2 = a1.sum()"]


def test_gradients_have_the_shapes_of_parameters():
    found = lines(lambda x: sum(al.tanh(z) for z in outputs(x)), [1.0, 2.0, 3.0], forward=False)
    assert "dw = dz1[:, None] * x" in found
    assert "db = dz1" in found


def test_copies_are_no_lines():
    x = [Value(float(i)) for i in range(4)]
    found = lines(lambda: sum(al.exp(p) for p in x[::-1]))
    assert found == ["a1 = np.exp(x[::-1])", "z1 = a1.sum()"] or found == [
        "a1 = np.exp(x)",
        "z1 = a1.sum()",
    ]


def test_a_square_that_is_there_twice_counts_twice():
    x, y = Value(3.0), Value(5.0)
    found = lines(lambda: al.dot([x, x, x], [x, y, x]) + al.sum([al.exp(x), al.exp(y)]))
    assert "2 * (x * x)" in " ".join(found) or "2 * x**2" in " ".join(found)
    assert ".sum()" not in " ".join(found)


def test_a_constant_beside_products_of_others_stays():
    """The three products are one instruction here, whose operands lie equally far apart."""
    u = [Value(0.5), Value(-0.3)]
    assert lines(lambda x: u[0] * x + u[1] ** 2 - 1, 2.0)[-1] == "z1 += -1"
