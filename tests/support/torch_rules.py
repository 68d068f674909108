"""The function of PyTorch for each rule, on tensors of one number, and the graph of a function as
PyTorch computes it.
"""

import operator

import numpy as np
import torch

from autograd_lite import topological_order
from autograd_lite.fields import static_of, weights_of
from tests.support.agreement import total, values_in

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


def outcome_in_torch(function, args, parameters, cotangents):
    """As `agreement.outcome`, of the graph that the function leaves behind, by PyTorch."""
    leaves = [*parameters, *values_in(args)]
    results = values_in(function(*args))
    tensors = {}
    for node in reversed(topological_order(total(results, cotangents))):
        if node.is_leaf:
            tensors[node] = _number(node.data, node in leaves)
        else:
            operands = [tensors[parent] for parent in node.parents]
            operands += [_number(weight) for weight in weights_of(node)]
            operands += [static_of(node)] * node.rule.static
            tensors[node] = in_torch(node.rule)(*operands)
    xs = [tensors.get(leaf, _number(0.0, True)) for leaf in leaves]
    gradients = torch.autograd.grad(tensors[node], xs, allow_unused=True)
    return np.array(
        [
            *(tensors[value].item() for value in results),
            *(0.0 if g is None else g.item() for g in gradients),
        ]
    )


def _number(x, differentiable=False):
    return torch.tensor(x, dtype=torch.float64, requires_grad=differentiable)
