"""What a function and its gradients are: as it is run, and as PyTorch computes its graph."""

import numpy as np
import torch

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.graph import topological_order
from autograd_lite.value import static_of, weights_of
from tests.support.torch_rules import in_torch


def values_in(thing):
    """Those of a nested structure, one after the other."""
    if isinstance(thing, Value):
        return [thing]
    if isinstance(thing, (list, tuple)):
        return [value for part in thing for value in values_in(part)]
    return []


def total(results, cotangents):
    return ag.sum([value * c for value, c in zip(results, cotangents, strict=True)])


def parameters_of(function, args):
    """The leaves that were there before the call: those that the graphs of two calls share."""
    first, second = (topological_order(ag.sum(values_in(function(*args)))) for _ in range(2))
    shared = set(second).difference(values_in(args))
    return [leaf for leaf in first if leaf in shared]


def outcome(function, args, parameters, cotangents):
    """All results, and the gradients of their weighted sum by parameters and by arguments."""
    leaves = [*parameters, *values_in(args)]
    for leaf in leaves:
        leaf.grad = 0.0
    results = values_in(function(*args))
    total(results, cotangents).backward()
    return np.array([*(value.data for value in results), *(leaf.grad for leaf in leaves)])


def outcome_in_torch(function, args, parameters, cotangents):
    """The same of the graph that the function leaves behind, as PyTorch computes it."""
    leaves = [*parameters, *values_in(args)]
    results = values_in(function(*args))
    tensors = {}
    for node in reversed(topological_order(total(results, cotangents))):
        if node.is_leaf:
            tensors[node] = number(node.data, node in leaves)
        else:
            operands = [tensors[parent] for parent in node.parents]
            operands += [number(weight) for weight in weights_of(node)]
            operands += [static_of(node)] * node.rule.static
            tensors[node] = in_torch(node.rule)(*operands)
    xs = [tensors.get(leaf, number(0.0, True)) for leaf in leaves]
    gradients = torch.autograd.grad(tensors[node], xs, allow_unused=True)
    return np.array(
        [
            *(tensors[value].item() for value in results),
            *(0.0 if g is None else g.item() for g in gradients),
        ]
    )


def number(x, differentiable=False):
    return torch.tensor(x, dtype=torch.float64, requires_grad=differentiable)
