"""Neural networks on scalars, with the names of micrograd and PyTorch.

>>> import nn
>>> model = nn.MLP(2, [16, 16, 1], rng=0)
>>> loss = (model([1.0, -2.0]) - 1.0) ** 2
>>> loss.backward()
"""

from nn.module import Module, Parameter
from nn.neurons import MLP, Layer, Neuron

__all__ = ["MLP", "Layer", "Module", "Neuron", "Parameter"]
