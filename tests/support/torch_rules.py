"""The function of PyTorch for each rule, on tensors of one number."""

import operator

import torch

functional = torch.nn.functional
torch.set_num_threads(1)


def _dot(*xs):
    n = len(xs) // 2
    return torch.dot(torch.stack(xs[:n]), torch.stack(xs[n:]))


_OTHER = {
    "div": operator.truediv,
    "floordiv": lambda x, y: torch.div(x, y, rounding_mode="floor"),
    "mod": torch.remainder,
    "degrees": torch.rad2deg,
    "radians": torch.deg2rad,
    "pow_c": operator.pow,
    "softplus": lambda x: -functional.logsigmoid(-x),  # its own is cut off at a threshold
    "polygamma": lambda x, order: torch.polygamma(int(order), x),
    "clip": torch.clamp,
    "where": lambda x, y, z: torch.where(x != 0, y, z),
    "sum": lambda *xs: torch.stack(xs).sum(),
    "mean": lambda *xs: torch.stack(xs).mean(),
    "norm": lambda *xs: torch.linalg.vector_norm(torch.stack(xs)),
    "logsumexp": lambda *xs: torch.logsumexp(torch.stack(xs), 0),
    "dot": _dot,
} | {
    name: getattr(functional, name)
    for name in ("logsigmoid", "leaky_relu", "elu", "selu", "gelu", "silu")
}


def in_torch(rule):
    return _OTHER.get(rule.name) or getattr(torch, rule.name)
