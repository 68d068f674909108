"""A small graph of every kind of node, which many tests draw."""

from autograd_lite import Value, tanh


class Parameter(Value):
    """A leaf that an optimiser may change, as nn has it."""

    __slots__ = ()


def neuron_graph():
    w, x, b = Parameter(0.5, label="w"), Value(2.0, label="x"), Parameter(-0.5, label="b")
    y = tanh(w * x + b)
    y.label = "y"
    loss = (y - 1) ** 2 + x * x * 0.001
    loss.label = "loss"
    loss.backward()
    return loss
