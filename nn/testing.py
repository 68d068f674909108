"""A hypothesis strategy of modules, each with an input that it takes, for `given_gradcheck`.

It needs hypothesis, which the extra `testing` brings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nn
from nn.module import Module

try:
    from hypothesis import strategies as st
except ModuleNotFoundError as missing:
    raise ImportError(
        f"{__name__} needs hypothesis: pip install 'autograd-lite[testing]'"
    ) from missing

__all__ = ["modules"]

# (n inputs, m outputs, seed) -> (the module, the lengths of the axes of its input)
Maker = Callable[[int, int, int], tuple[Module, tuple[int, ...]]]

MAKERS: dict[str, Maker] = {
    "MLP": lambda n, m, rng: (nn.MLP(n, [m + 1, 1], activation="tanh", rng=rng), (n,)),
    "MLP of relu": lambda n, m, rng: (nn.MLP(n, [m + 1, 1], rng=rng), (n,)),
    "Linear": lambda n, m, rng: (nn.Linear(n, m, rng=rng), (2, n)),
    "LayerNorm": lambda n, m, rng: (_after(n, m, rng, nn.LayerNorm(m)), (n,)),
    "RMSNorm": lambda n, m, rng: (_after(n, m, rng, nn.RMSNorm(m)), (n,)),
    "BatchNorm1d": lambda n, m, rng: (_after(n, m, rng, nn.BatchNorm1d(m)), (3, n)),
    "Softmax": lambda n, m, rng: (_after(n, m, rng, nn.Softmax(-1)), (n,)),
    "GELU": lambda n, m, rng: (_after(n, m, rng, nn.GELU()), (n,)),
    "SiLU": lambda n, m, rng: (_after(n, m, rng, nn.SiLU()), (n,)),
    "Conv1d": lambda n, m, rng: (nn.Conv1d(n, m, 2, rng=rng), (n, 4)),
    "GRUCell": lambda n, m, rng: (nn.GRUCell(n, m, rng=rng), (n,)),
    "LSTMCell": lambda n, m, rng: (nn.LSTMCell(n, m, rng=rng), (n,)),
    "RNN": lambda n, m, rng: (nn.RNN(n, m, rng=rng), (2, n)),
    "TransformerEncoderLayer": lambda n, m, rng: (
        nn.TransformerEncoderLayer(2, 1, m, dropout=0.0, activation="gelu", rng=rng),
        (2, 2),
    ),
}


def _after(n: int, m: int, rng: int, layer: Module) -> Module:
    """The layer after a linear one from n numbers to m."""
    return nn.Sequential(nn.Linear(n, m, rng=rng), layer)


@st.composite
def modules(draw: st.DrawFn) -> tuple[Module, Any]:
    """(module, x): a small module of `nn` with random weights, and nested lists for it."""
    maker = MAKERS[draw(st.sampled_from(list(MAKERS)))]
    n, m = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    module, lengths = maker(n, m, draw(st.integers(0, 1000)))
    array: st.SearchStrategy[Any] = st.floats(-3.0, 3.0, allow_subnormal=False)
    for length in reversed(lengths):
        array = st.lists(array, min_size=length, max_size=length)
    return module, draw(array)
