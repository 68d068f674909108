"""A hypothesis strategy of modules of `nn`, each with an input that it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from autograd_lite.testing.strategies import numbers

__all__ = ["modules"]

# (nn, n inputs, m outputs, seed) -> (the module, the lengths of the axes of its input)
Maker = Callable[[Any, int, int, int], tuple[Any, tuple[int, ...]]]

MAKERS: dict[str, Maker] = {
    "MLP": lambda nn, n, m, rng: (nn.MLP(n, [m + 1, 1], activation="tanh", rng=rng), (n,)),
    "MLP of relu": lambda nn, n, m, rng: (nn.MLP(n, [m + 1, 1], rng=rng), (n,)),
    "Linear": lambda nn, n, m, rng: (nn.Linear(n, m, rng=rng), (2, n)),
    "LayerNorm": lambda nn, n, m, rng: (_after(nn, n, m, rng, nn.LayerNorm(m)), (n,)),
    "RMSNorm": lambda nn, n, m, rng: (_after(nn, n, m, rng, nn.RMSNorm(m)), (n,)),
    "BatchNorm1d": lambda nn, n, m, rng: (_after(nn, n, m, rng, nn.BatchNorm1d(m)), (3, n)),
    "Softmax": lambda nn, n, m, rng: (_after(nn, n, m, rng, nn.Softmax(-1)), (n,)),
    "GELU": lambda nn, n, m, rng: (_after(nn, n, m, rng, nn.GELU()), (n,)),
    "SiLU": lambda nn, n, m, rng: (_after(nn, n, m, rng, nn.SiLU()), (n,)),
    "Conv1d": lambda nn, n, m, rng: (nn.Conv1d(n, m, 2, rng=rng), (n, 4)),
    "GRUCell": lambda nn, n, m, rng: (nn.GRUCell(n, m, rng=rng), (n,)),
    "LSTMCell": lambda nn, n, m, rng: (nn.LSTMCell(n, m, rng=rng), (n,)),
    "RNN": lambda nn, n, m, rng: (nn.RNN(n, m, rng=rng), (2, n)),
    "TransformerEncoderLayer": lambda nn, n, m, rng: (
        nn.TransformerEncoderLayer(2, 1, m, dropout=0.0, activation="gelu", rng=rng),
        (2, 2),
    ),
}


def _after(nn: Any, n: int, m: int, rng: int, layer: Any) -> Any:
    return nn.Sequential(nn.Linear(n, m, rng=rng), layer)


@st.composite
def modules(draw: st.DrawFn) -> tuple[Any, Any]:
    """(module, x): a small module of `nn` with random weights, and nested lists for it."""
    from autograd_lite import nn

    maker = MAKERS[draw(st.sampled_from(list(MAKERS)))]
    n, m = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    module, lengths = maker(nn, n, m, draw(st.integers(0, 1000)))
    array: st.SearchStrategy[Any] = numbers(-3.0, 3.0)
    for length in reversed(lengths):
        array = st.lists(array, min_size=length, max_size=length)
    return module, draw(array)
