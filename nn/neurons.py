"""micrograd's networks: an MLP is a list of Layers, a Layer a list of Neurons."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

from autograd_lite import Value
from nn.arrays import Array, Vector, elementwise, is_sequence
from nn.checks import at_least, one_of
from nn.init import Rng, generator
from nn.linear import Affine, along_last_axis
from nn.module import Module, Parameter

_ACTIVATIONS: dict[str, tuple[str, Callable[[Value], Value]]] = {
    "relu": ("ReLU", Value.relu),
    "tanh": ("Tanh", Value.tanh),
    "sigmoid": ("Sigmoid", Value.sigmoid),
    "gelu": ("GELU", Value.gelu),
    "silu": ("SiLU", Value.silu),
    "leaky_relu": ("LeakyReLU", Value.leaky_relu),
    "softplus": ("Softplus", Value.softplus),
    "linear": ("Linear", Value.__pos__),
}


class Neuron(Module):
    """activation(w . x + b), with w drawn from -1 to 1 and b = 0.

    nin         the number of inputs
    nonlin      False for no activation
    activation  "relu", "tanh", "sigmoid", "gelu", "silu", "leaky_relu", "softplus" or "linear"
    rng         a random.Random or a seed; None for the generator of `random.seed`
    """

    def __init__(
        self, nin: int, nonlin: bool = True, *, activation: str = "relu", rng: Rng = None
    ) -> None:
        at_least(0, self, nin=nin)
        uniform = generator(rng).uniform
        self.w = tuple(Parameter(uniform(-1, 1)) for _ in range(nin))
        self.b = Parameter(0)
        self.activation = activation
        if not nonlin:
            self.activation = "linear"

    @property
    def nonlin(self) -> bool:
        """True if the neuron has an activation."""
        return self._activation != "linear"

    @property
    def activation(self) -> str:
        """The name of the activation."""
        return self._activation

    @activation.setter
    def activation(self, name: str) -> None:
        one_of(_ACTIVATIONS, self, activation=name)
        self._activation = name

    def forward(self, x: Array) -> Any:
        return _outputs([self], Affine((self.w,), (self.b,)), x, self)

    def title(self) -> str:
        name, _ = _ACTIVATIONS[self._activation]
        return f"{name}Neuron({len(self.w)})"


class Layer(Module):
    """A list of Neurons on the same inputs: the list of their outputs, or the output of one.

    Keywords other than rng go to each Neuron.
    """

    def __init__(self, nin: int, nout: int, *, rng: Rng = None, **kwargs: Any) -> None:
        at_least(1, self, nout=nout)
        rng = generator(rng)
        self.neurons = [Neuron(nin, rng=rng, **kwargs) for _ in range(nout)]
        self._sums = Affine(*self._weights())

    def forward(self, x: Array) -> Any:
        self._sums = self._sums.of(*self._weights())
        return _outputs(self.neurons, self._sums, x, self)

    def _weights(self) -> tuple[Array, Array]:
        """The weight and the bias."""
        return tuple([n.w for n in self.neurons]), tuple([n.b for n in self.neurons])

    def title(self) -> str:
        alike = groupby(neuron.title() for neuron in self.neurons)
        return f"Layer of {', '.join(f'{len(list(group))} {name}' for name, group in alike)}"

    __repr__ = Module._headline


class MLP(Module):
    """Layers one after the other; all but the last have the activation.

    nin         the number of inputs
    nouts       the number of neurons in each layer
    activation  the activation of the hidden neurons, as for Neuron
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
        for layer in self.layers[:-1]:
            x = layer(x)
            if len(layer.neurons) == 1:  # numbers, where the next layer takes rows
                x = elementwise(lambda number: [number], x)
        return self.layers[-1](x)

    def extra_repr(self) -> str:
        nin = len(self.layers[0].neurons[0].w)
        return f"{nin}, {[len(layer.neurons) for layer in self.layers]}"


def _outputs(neurons: list[Neuron], sums: Affine, x: Array, layer: Module) -> Array:
    """The outputs of neurons for every row of x: a list of numbers, or the number of one neuron."""
    functions = [_ACTIVATIONS[neuron._activation][1] for neuron in neurons]
    function, count = functions[0], len(functions)
    alike = functions.count(function) == count

    def apply(xs: list[Vector]) -> list[Any]:
        if alike:
            outs = [list(map(function, totals)) for totals in sums(xs)]
        else:
            outs = [[f(x) for f, x in zip(functions, totals, strict=True)] for totals in sums(xs)]
        return outs if count > 1 else [out for (out,) in outs]

    return along_last_axis(apply, x, len(neurons[0].w), layer)
