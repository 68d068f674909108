"""micrograd's networks: an MLP is a list of Layers, a Layer a list of Neurons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_lite import Value
from nn.arrays import Affine, Array, Vector, along_last_axis, at_least, is_sequence, one_of
from nn.init import Rng, generator
from nn.module import Module, Parameter

_ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    "relu": Value.relu,
    "tanh": Value.tanh,
    "sigmoid": Value.sigmoid,
    "gelu": Value.gelu,
    "silu": Value.silu,
    "leaky_relu": Value.leaky_relu,
    "softplus": Value.softplus,
    "linear": Value.__pos__,
}


class Neuron(Module):
    """activation(w . x + b), with w drawn from -1 to 1 and b = 0.

    nin         how many inputs
    nonlin      False for no activation
    activation  "relu", "tanh", "sigmoid", "gelu", "silu", "leaky_relu", "softplus" or "linear"
    rng         a random.Random or a seed; None for the generator of `random.seed`
    """

    def __init__(
        self, nin: int, nonlin: bool = True, *, activation: str = "relu", rng: Rng = None
    ) -> None:
        one_of(_ACTIVATIONS, self, activation=activation)
        at_least(0, self, nin=nin)
        uniform = generator(rng).uniform
        self.w = tuple(Parameter(uniform(-1, 1)) for _ in range(nin))
        self.b = Parameter(0)
        self.nonlin = nonlin
        self.activation = activation if nonlin else "linear"

    def forward(self, x: Array) -> Any:
        sums = Affine((self.w,), (self.b,))
        return along_last_axis(_activated(sums, self.activation), x, len(self.w), self)

    def __repr__(self) -> str:
        name = "ReLU" if self.activation == "relu" else self.activation.capitalize()
        return f"{name}Neuron({len(self.w)})"

    title = __repr__


class Layer(Module):
    """A list of Neurons on the same inputs: the list of their outputs, or the output of one.

    Keywords other than rng go to each Neuron.
    """

    def __init__(self, nin: int, nout: int, *, rng: Rng = None, **kwargs: Any) -> None:
        at_least(1, self, nout=nout)
        rng = generator(rng)
        self.neurons = [Neuron(nin, rng=rng, **kwargs) for _ in range(nout)]
        self._sums = Affine((), ())

    def forward(self, x: Array) -> Any:
        first, *_ = self.neurons
        weight, bias = tuple(n.w for n in self.neurons), tuple(n.b for n in self.neurons)
        self._sums = self._sums.of(weight, bias)
        return along_last_axis(_activated(self._sums, first.activation), x, len(first.w), self)

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(str, self.neurons))}]"

    title = __repr__


class MLP(Module):
    """Layers one after the other; all but the last have the activation.

    nin         how many inputs
    nouts       how many neurons in each layer
    activation  of the hidden neurons, as for Neuron
    rng         a random.Random or a seed; None for the generator of `random.seed`
    """

    def __init__(
        self, nin: int, nouts: list[int], *, activation: str = "relu", rng: Rng = None
    ) -> None:
        if not is_sequence(nouts):
            raise TypeError(f"MLP: nouts must be a list of ints, not {nouts!r}")
        at_least(1, self, **{"the number of layers": len(nouts)})
        rng = generator(rng)
        sizes = [nin, *nouts]
        last = len(nouts) - 1
        self.layers = [
            Layer(sizes[i], sizes[i + 1], nonlin=i != last, activation=activation, rng=rng)
            for i in range(len(nouts))
        ]

    def forward(self, x: Array) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(str, self.layers))}]"


def _activated(sums: Affine, activation: str) -> Callable[[Vector], Any]:
    """The function from x to the activated sums, or to the one."""
    function = _ACTIVATIONS[activation]

    def apply(x: Vector) -> Any:
        out = list(map(function, sums(x)))
        return out[0] if len(out) == 1 else out

    return apply
