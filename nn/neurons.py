"""micrograd's networks: an MLP is a list of Layers, a Layer a list of Neurons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd_lite
from nn.arrays import Array, affine, along_last_axis
from nn.init import Rng, generator
from nn.module import Module, Parameter

_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "relu": autograd_lite.relu,
    "tanh": autograd_lite.tanh,
    "sigmoid": autograd_lite.sigmoid,
    "gelu": autograd_lite.gelu,
    "silu": autograd_lite.silu,
    "leaky_relu": autograd_lite.leaky_relu,
    "softplus": autograd_lite.softplus,
    "linear": lambda x: x,
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
        if activation not in _ACTIVATIONS:
            known = ", ".join(_ACTIVATIONS)
            raise ValueError(f"Neuron: activation must be one of {known}, not {activation!r}")
        uniform = generator(rng).uniform
        self.w = tuple(Parameter(uniform(-1, 1)) for _ in range(nin))
        self.b = Parameter(0)
        self.nonlin = nonlin
        self.activation = activation if nonlin else "linear"

    def forward(self, x: Array) -> Any:
        return along_last_axis(_activated([self]), x, len(self.w), self)

    def __repr__(self) -> str:
        name = "ReLU" if self.activation == "relu" else self.activation.capitalize()
        return f"{name}Neuron({len(self.w)})"


class Layer(Module):
    """A list of Neurons on the same inputs: the list of their outputs, or the output of one.

    Keywords other than rng go to each Neuron.
    """

    def __init__(self, nin: int, nout: int, *, rng: Rng = None, **kwargs: Any) -> None:
        rng = generator(rng)
        self.neurons = [Neuron(nin, rng=rng, **kwargs) for _ in range(nout)]

    def forward(self, x: Array) -> Any:
        return along_last_axis(_activated(self.neurons), x, len(self.neurons[0].w), self)

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(str, self.neurons))}]"


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


def _activated(neurons: list[Neuron]) -> Callable[[tuple[Any, ...]], Any]:
    """The function from x to the neurons' outputs, or to the one output."""
    sums = affine([n.w for n in neurons], [n.b for n in neurons])
    functions = [_ACTIVATIONS[n.activation] for n in neurons]

    def apply(x: tuple[Any, ...]) -> Any:
        out = [function(z) for function, z in zip(functions, sums(x), strict=True)]
        return out[0] if len(out) == 1 else out

    return apply
