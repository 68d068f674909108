"""Losses, as functions and as modules.

Every loss takes reduction: "mean" over the elements (over the samples, where it says so), or
"sum". Raises ValueError where input and target do not fit, or have no elements.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import autograd_lite
from autograd_lite import dot, exp, log, log_softmax, logsumexp, minimum, relu, softplus, where
from nn.arrays import Array, Vector, depth, expect, flat, nested, one_of, shape
from nn.module import Module


def mse_loss(input: Array, target: Array, reduction: str = "mean") -> Any:
    """(input - target)^2."""
    errors = _errors("mse_loss", input, target)
    return _reduced("mse_loss", dot(errors, errors), len(errors), reduction)


def quadratic_loss(input: Array, target: Array, reduction: str = "mean") -> Any:
    """J = 1/m sum of 1/2 ||input - target||^2 over the m samples, the first axis."""
    errors = _errors("quadratic_loss", input, target)
    return _reduced("quadratic_loss", dot(errors, errors) / 2, len(nested(input)), reduction)


def l1_loss(input: Array, target: Array, reduction: str = "mean") -> Any:
    """|input - target|."""
    losses = [abs(e) for e in _errors("l1_loss", input, target)]
    return _reduced("l1_loss", autograd_lite.sum(losses), len(losses), reduction)


def huber_loss(input: Array, target: Array, reduction: str = "mean", delta: float = 1.0) -> Any:
    """e^2 / 2 where |e| <= delta, delta (|e| - delta / 2) elsewhere, with e = input - target."""
    if not delta > 0:
        raise ValueError(f"huber_loss: delta must be positive, not {delta}")
    sizes = [abs(e) for e in _errors("huber_loss", input, target)]
    losses = [(c := minimum(size, delta)) * (size - c / 2) for size in sizes]
    return _reduced("huber_loss", autograd_lite.sum(losses), len(losses), reduction)


def hinge_loss(input: Array, target: Array, reduction: str = "mean") -> Any:
    """max(0, 1 - target input), each target being 1 or -1."""
    losses = [relu(1 - y * x) for x, y in _pairs("hinge_loss", input, target)]
    return _reduced("hinge_loss", autograd_lite.sum(losses), len(losses), reduction)


def binary_cross_entropy_with_logits(
    input: Array,
    target: Array,
    weight: Array | None = None,
    reduction: str = "mean",
    pos_weight: Array | None = None,
) -> Any:
    """-target log sigmoid(input) - (1 - target) log(1 - sigmoid(input)).

    weight      of the shape of target: what each element is multiplied by
    pos_weight  one for each class, the last axis: what each class's target is multiplied by
    """
    name = "binary_cross_entropy_with_logits"
    pairs = _pairs(name, input, target)
    lengths = shape(target)
    ws = _weights(f"{name}: weight", weight, lengths)
    positive = _weights(f"{name}: pos_weight", pos_weight, lengths[-1:])
    losses = []
    for i, (x, y) in enumerate(pairs):
        yes = y if pos_weight is None else y * positive[i % len(positive)]
        loss = yes * softplus(-x) + (1 - y) * softplus(x)
        losses.append(loss if weight is None else ws[i] * loss)
    return _reduced(name, autograd_lite.sum(losses), len(losses), reduction)


def kl_div(input: Array, target: Array, reduction: str = "mean", log_target: bool = False) -> Any:
    """Divergence target (log target - input), with input the logarithms of probabilities.

    reduction   "batchmean" divides by the samples, as the mathematics does, "mean" by the elements
    log_target  True if target has the logarithms of probabilities too
    """
    pairs = _pairs("kl_div", input, target)
    if log_target:
        losses = [exp(y) * (y - x) for x, y in pairs]
    else:
        losses = [where(y, y * log(y), 0.0) - y * x for x, y in pairs]  # 0 log 0 = 0
    count = len(losses)
    if reduction == "batchmean":
        count, reduction = len(nested(input)), "mean"
    return _reduced("kl_div", autograd_lite.sum(losses), count, reduction)


def cross_entropy(
    input: Array,
    target: Array,
    weight: Array | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """logsumexp(input) - input[target] for each sample.

    input            scores of C classes: (C), (N, C) or (N, C, ...)
    target           the classes as ints: (), (N) or (N, ...); or probabilities, of input's shape
    weight           of each class: (C); "mean" divides by the weights of the targets
    ignore_index     a target that counts for nothing
    label_smoothing  e: the target's probability is 1 - e + e / C, that of other classes e / C
    """
    name = "cross_entropy"
    e = label_smoothing
    if not 0 <= e <= 1:
        raise ValueError(f"{name}: label_smoothing must be from 0 to 1, not {e}")
    samples, classes = _samples(name, input)
    ws = _weights(f"{name}: weight", weight, (classes,))
    if depth(target) == depth(input):
        expect(target, f"{name}: target", *shape(input))
        losses = []
        for x, probabilities in zip(samples, _samples(name, target)[0], strict=True):
            smooth = [(1 - e) * p + e / classes for p in probabilities]
            total = logsumexp(x)
            weighted = tuple(w * p for w, p in zip(ws, smooth, strict=True))
            losses.append(dot(weighted, [total - score for score in x]))
        return _reduced(name, autograd_lite.sum(losses), len(losses), reduction)

    def loss(x: Vector, i: int) -> Any:
        direct = ws[i] * (logsumexp(x) - x[i]) if weight is not None else logsumexp(x) - x[i]
        return (1 - e) * direct - e / classes * dot(ws, log_softmax(x)) if e else direct

    cases = _cases(name, samples, input, target, ignore_index)
    total = autograd_lite.sum(loss(x, i) for x, i in cases)
    return _reduced(name, total, sum(ws[i] for _, i in cases), reduction)


def nll_loss(
    input: Array,
    target: Array,
    weight: Array | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Any:
    """-input[target] for each sample, with input the logarithms of probabilities.

    The arguments are those of cross_entropy.
    """
    samples, classes = _samples("nll_loss", input)
    ws = _weights("nll_loss: weight", weight, (classes,))
    cases = _cases("nll_loss", samples, input, target, ignore_index)
    total = dot([-ws[i] for _, i in cases], [x[i] for x, i in cases])
    return _reduced("nll_loss", total, sum(ws[i] for _, i in cases), reduction)


# ------------------------------------------------------------------------ what they share


def _pairs(name: str, input: Array, target: Array) -> list[tuple[Any, Any]]:
    """The elements of input and target, which must be of one shape."""
    expect(target, f"{name}: target", *shape(input))
    # A NumPy integer in a list would wrap around; `nested` makes it a Python number.
    pairs = list(zip(map(nested, flat(input)), map(nested, flat(target)), strict=True))
    if not pairs:
        raise ValueError(f"{name}: input has no elements")
    return pairs


def _errors(name: str, input: Array, target: Array) -> Vector:
    """Input - target, element by element."""
    return tuple(x - y for x, y in _pairs(name, input, target))


def _weights(name: str, weight: Array | None, lengths: tuple[int, ...]) -> Vector:
    """The weights of this shape as a vector; one 1 for each of a single axis if there are none."""
    if weight is None:
        return (1.0,) * lengths[0] if lengths else ()
    expect(weight, name, *lengths)
    return tuple(map(nested, flat(weight)))


def _samples(name: str, x: Array) -> tuple[list[Vector], int]:
    """The vectors along the axis of classes, and how many classes there are."""

    def columns(sample: Array) -> Iterator[Vector]:
        if depth(sample) == 1:
            yield tuple(map(nested, nested(sample)))
        else:
            for column in zip(*nested(sample), strict=True):
                yield from columns(column)

    axes = depth(x)
    lengths = expect(
        x, f"{name}: input", *["N", "C", *"..."[: max(axes - 2, 0)]] if axes > 1 else "C"
    )
    samples = [column for sample in (nested(x) if axes > 1 else [x]) for column in columns(sample)]
    return samples, lengths[1] if axes > 1 else lengths[0]


def _cases(
    name: str, samples: list[Vector], input: Array, target: Array, ignore_index: int
) -> list[tuple[Vector, int]]:
    """(vector, class) for every target that is not ignored."""
    lengths = shape(input)
    expect(target, f"{name}: target", *(lengths[:1] + lengths[2:] if len(lengths) > 1 else ()))
    cases = []
    for x, i in zip(samples, flat(target), strict=True):
        if not hasattr(i, "__index__"):
            raise TypeError(f"{name}: a target must be an int, not {type(i).__name__}")
        if i == ignore_index:
            continue
        if not 0 <= i < len(x):
            raise ValueError(f"{name}: the target {i} is not one of the {len(x)} classes")
        cases.append((x, i))
    if not cases:
        raise ValueError(f"{name}: every target is ignored")
    return cases


def _reduced(name: str, total: Any, count: float, reduction: str) -> Any:
    if reduction == "sum":
        return total
    if reduction == "mean":
        return total / count
    raise ValueError(f"{name}: reduction must be 'mean' or 'sum', not {reduction!r}")


# ----------------------------------------------------------------------------- as modules


class _Loss(Module):
    """A loss with its options: what the function takes after input and target."""

    function: Callable[..., Any]
    reductions: tuple[str, ...] = ("mean", "sum")

    def __init__(self, *args: Any, **options: Any) -> None:
        try:
            bound = inspect.signature(self.function).bind(None, None, *args, **options)
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}: {error}") from None
        self.options = dict(list(bound.arguments.items())[2:])
        one_of(self.reductions, self, reduction=self.options.get("reduction", "mean"))

    def forward(self, input: Array, target: Array) -> Any:
        return self.function(input, target, **self.options)

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.options.items())


class MSELoss(_Loss):
    """mse_loss with its options."""

    function = staticmethod(mse_loss)


class QuadraticLoss(_Loss):
    """quadratic_loss with its options."""

    function = staticmethod(quadratic_loss)


class L1Loss(_Loss):
    """l1_loss with its options."""

    function = staticmethod(l1_loss)


class HuberLoss(_Loss):
    """huber_loss with its options."""

    function = staticmethod(huber_loss)


class HingeLoss(_Loss):
    """hinge_loss with its options."""

    function = staticmethod(hinge_loss)


class CrossEntropyLoss(_Loss):
    """cross_entropy with its options."""

    function = staticmethod(cross_entropy)


class NLLLoss(_Loss):
    """nll_loss with its options."""

    function = staticmethod(nll_loss)


class BCEWithLogitsLoss(_Loss):
    """binary_cross_entropy_with_logits with its options."""

    function = staticmethod(binary_cross_entropy_with_logits)


class KLDivLoss(_Loss):
    """kl_div with its options."""

    function = staticmethod(kl_div)
    reductions = ("mean", "sum", "batchmean")
