"""Losses, as functions and as modules.

Every loss takes reduction: "mean" over the elements (over the samples, where it says so), or
"sum". Raises ValueError where input and target do not fit, or have no elements, and for an option
that makes no sense.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from sys import float_info
from typing import Any

import autograd_lite
from autograd_lite import (
    Value,
    dot,
    exp,
    largest,
    log,
    log1p,
    log_softmax,
    logsumexp,
    maximum,
    minimum,
    relu,
    softplus,
    take,
    where,
)
from autograd_lite.operations.ieee import divide
from autograd_lite.value import Node, is_plain_number
from nn.arrays import Array, Vector, broadcast, depth, flat, is_sequence, nested, shape
from nn.checks import class_of, expect, one_of, shape_for
from nn.module import Module


def mse_loss(input: Array, target: Array, reduction: str = "mean") -> Any:
    """(input - target)^2."""
    errors = _errors("mse_loss", input, target)
    return _reduced("mse_loss", dot(errors, errors), len(errors), reduction)


def quadratic_loss(input: Array, target: Array, reduction: str = "mean") -> Any:
    """J = 1/m sum of 1/2 ||input - target||^2 over the m samples, the first axis."""
    errors = _errors("quadratic_loss", input, target)
    return _reduced("quadratic_loss", dot(errors, errors) / 2, _samples(input), reduction)


def l1_loss(input: Array, target: Array, reduction: str = "mean") -> Any:
    """|input - target|."""
    losses = [abs(e) for e in _errors("l1_loss", input, target)]
    return _reduced("l1_loss", _summed(losses), len(losses), reduction)


def huber_loss(input: Array, target: Array, reduction: str = "mean", delta: float = 1.0) -> Any:
    """e^2 / 2 where |e| <= delta, delta (|e| - delta / 2) elsewhere, with e = input - target."""
    _check("huber_loss", delta=delta)
    sizes = [abs(e) for e in _errors("huber_loss", input, target)]
    limit = min(delta, float_info.max)  # at an infinite delta, delta * 0 would be NaN
    within = tuple(minimum(size, limit) for size in sizes)
    beyond = _summed([maximum(size, limit) - limit for size in sizes])
    total = dot(within, within) / 2 + limit * beyond
    return _reduced("huber_loss", total, len(sizes), reduction)


def hinge_loss(input: Array, target: Array, reduction: str = "mean") -> Any:
    """max(0, 1 - target input), each target being 1 or -1."""
    pairs = _pairs("hinge_loss", input, target)
    # One decision on all targets, as each one is a guard in a compiled function.
    sizes = [abs(y) for _, y in pairs if is_plain_number(y)]
    if sizes and largest(-size for size in sizes) >= 0:
        raise ValueError("hinge_loss: a target must be 1 or -1, not 0; write 2 * target - 1")
    losses = [relu(1 - y * x) for x, y in pairs]
    return _reduced("hinge_loss", _summed(losses), len(losses), reduction)


def binary_cross_entropy(
    input: Array, target: Array, weight: Array | None = None, reduction: str = "mean"
) -> Any:
    """-target log(input) - (1 - target) log(1 - input), each log being at least -100.

    input   probabilities, from 0 to 1; binary_cross_entropy_with_logits takes scores, and is exact
            where their sigmoid is not
    weight  the factor of each element's loss, of the shape of target or repeated to it

    As in PyTorch, the derivative with respect to an input is
    (input - target) / max(input (1 - input), 1e-12).
    """
    name = "binary_cross_entropy"
    pairs = _pairs(name, input, target)
    ws = _repeated(f"{name}: weight", weight, target)
    losses = [-_log_likelihood(x, y) for x, y in pairs]
    if ws:
        losses = [w * loss for w, loss in zip(ws, losses, strict=True)]
    return _reduced(name, autograd_lite.sum(losses), len(losses), reduction)


def _log_likelihood(x: Any, y: Any) -> Any:
    """y log(x) + (1 - y) log(1 - x), as binary_cross_entropy has it."""
    if not 0 <= x <= 1:
        raise ValueError(
            "binary_cross_entropy: an input must be a probability from 0 to 1, not "
            f"{getattr(x, 'data', x)}; for scores there is binary_cross_entropy_with_logits"
        )
    if not 0 <= y <= 1:
        raise ValueError(
            "binary_cross_entropy: a target must be a probability from 0 to 1, not "
            f"{getattr(y, 'data', y)}; the target of a class is 0 or 1"
        )
    beyond = 0.0
    if not is_plain_number(x):
        # Close to 0 and 1 the logarithms get no x but its number, and the last term, which is 0,
        # has the derivative. No branch decides, so a compiled function needs one recording.
        within, number = relu(x * (1 - x) - 1e-12), x.detach()
        beyond = where(within, 0.0, x - number) * ((y - number) / 1e-12)
        x = where(within, x, number)
    yes, no = maximum(log(x), -100.0), maximum(log1p(-x), -100.0)
    return y * yes + (1 - y) * no + beyond


def binary_cross_entropy_with_logits(
    input: Array,
    target: Array,
    weight: Array | None = None,
    reduction: str = "mean",
    pos_weight: Array | None = None,
) -> Any:
    """-target log sigmoid(input) - (1 - target) log(1 - sigmoid(input)).

    weight      the factor of each element's loss
    pos_weight  the factor of each element's target in the first term

    Both are of the shape of target, or are repeated to it as NumPy repeats: a list of one number
    for each class goes with targets (N, C), a list of lists of one number each with (N, C, L).
    """
    name = "binary_cross_entropy_with_logits"
    pairs = _pairs(name, input, target)
    ws = _repeated(f"{name}: weight", weight, target)
    positive = _repeated(f"{name}: pos_weight", pos_weight, target)
    losses = []
    for i, (x, y) in enumerate(pairs):
        yes = y * positive[i] if positive else y
        loss = yes * softplus(-x) + (1 - y) * softplus(x)
        losses.append(ws[i] * loss if ws else loss)
    return _reduced(name, _summed(losses), len(losses), reduction)


def kl_div(input: Array, target: Array, reduction: str = "mean", log_target: bool = False) -> Any:
    """target (log target - input), with input the logarithms of probabilities.

    reduction   "batchmean" divides by the samples, as the mathematics does, "mean" by the elements
    log_target  True if target has the logarithms of probabilities too
    """
    _check("kl_div", _WITH_BATCHMEAN, reduction=reduction)
    pairs = _pairs("kl_div", input, target)
    if log_target:
        losses = [exp(y) * (y - x) for x, y in pairs]
    else:
        losses = [where(y, y * log(y), 0.0) - y * x for x, y in pairs]  # 0 log 0 = 0
    count = len(losses)
    if reduction == "batchmean":
        count, reduction = _samples(input), "mean"
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
    ignore_index     a target that counts for nothing; the mean of nothing is NaN, the sum is 0
    label_smoothing  e: the target's probability is 1 - e + e / C, that of other classes e / C
    """
    name = "cross_entropy"
    e = label_smoothing
    _check(name, label_smoothing=e)
    samples, classes = _vectors(name, input)
    ws = _weights(f"{name}: weight", weight, classes)
    if depth(target) == depth(input):
        expect(target, f"{name}: target", *shape(input))
        losses = []
        for x, probabilities in zip(samples, _vectors(name, target)[0], strict=True):
            smooth = [(1 - e) * p + e / classes for p in probabilities]
            total = logsumexp(x)
            weighted = tuple(w * p for w, p in zip(ws, smooth, strict=True))
            losses.append(dot(weighted, [total - score for score in x]))
        return _reduced(name, _summed(losses), len(losses), reduction)

    def loss(x: Vector, i: int) -> Any:
        direct = logsumexp(x) - take(x, i)
        return take(ws, i) * direct if weight is not None else direct

    cases = _cases(name, samples, input, target, ignore_index)
    total = _summed([loss(x, i) for x, i in cases]) if cases else _zero(samples)
    count = len(cases) if weight is None else sum(take(ws, i) for _, i in cases)
    direct = _reduced(name, total, count, reduction)
    if not e or not cases:
        return direct
    # A mean of its own: where all targets have the weight 0, it is infinite and `direct` is NaN.
    evenly = _summed([dot(ws, log_softmax(x)) for x, _ in cases])
    return (1 - e) * direct - e / classes * _reduced(name, evenly, count, reduction)


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
    samples, classes = _vectors("nll_loss", input)
    ws = _weights("nll_loss: weight", weight, classes)
    cases = _cases("nll_loss", samples, input, target, ignore_index)
    if not cases:
        total = _zero(samples)
    elif weight is None:
        total = -autograd_lite.sum(take(x, i) for x, i in cases)
    else:
        total = dot([-take(ws, i) for _, i in cases], [take(x, i) for x, i in cases])
    count = len(cases) if weight is None else sum(take(ws, i) for _, i in cases)
    return _reduced("nll_loss", total, count, reduction)


# ------------------------------------------------------------------------ what they share

_REDUCTIONS = ("mean", "sum")
_WITH_BATCHMEAN = (*_REDUCTIONS, "batchmean")


def _check(loss: Any, reductions: tuple[str, ...] = _REDUCTIONS, **options: Any) -> None:
    """Raise ValueError naming the loss for an option that makes no sense."""
    one_of(reductions, loss, reduction=options.get("reduction", "mean"))
    delta, smoothing = options.get("delta", 1.0), options.get("label_smoothing", 0.0)
    if not delta > 0:
        raise ValueError(f"{class_of(loss)}: delta must be positive, not {delta}")
    if not 0 <= smoothing <= 1:
        raise ValueError(f"{class_of(loss)}: label_smoothing must be from 0 to 1, not {smoothing}")


def _pairs(name: str, input: Array, target: Array) -> list[tuple[Any, Any]]:
    """The elements of input and target, which must be of one shape."""
    expect(target, f"{name}: target", *shape(input))
    pairs = list(zip(flat(input), flat(target), strict=True))
    if not pairs:
        raise ValueError(f"{name}: input has no elements")
    return pairs


def _errors(name: str, input: Array, target: Array) -> Vector:
    """input - target, element by element."""
    return tuple(x - y for x, y in _pairs(name, input, target))


def _weights(name: str, weight: Array | None, classes: int) -> Vector:
    """The weights of classes; 1 for each if there are none."""
    if weight is None:
        return (1.0,) * classes
    expect(weight, name, classes)
    return tuple(flat(weight))


def _repeated(name: str, weight: Array | None, target: Array) -> Vector:
    """The weights of the elements of target; none if there are none."""
    if weight is None:
        return ()
    lengths, got = shape(target), shape_for(name, weight)
    try:
        return tuple(flat(broadcast(weight, lengths)))
    except ValueError:
        raise ValueError(
            f"{name}: expected shape {lengths}, or what repeats to it, got {got}"
        ) from None


def _samples(x: Array) -> int:
    """The number of samples along the first axis; a number is one."""
    return len(nested(x)) if is_sequence(x) else 1


def _zero(samples: list[Vector]) -> Any:
    """The sum of no losses: a Value where samples have one, for `backward` to start from."""
    return Value(0.0) if any(isinstance(x, Value) for xs in samples for x in xs) else 0.0


def _vectors(name: str, x: Array) -> tuple[list[Vector], int]:
    """The vectors along the axis of classes, and the number of classes."""

    def columns(sample: Array) -> Iterator[Vector]:
        if depth(sample) == 1:
            yield tuple(flat(sample))
        else:
            for column in zip(*nested(sample), strict=True):
                yield from columns(column)

    axes = depth(x)
    lengths = expect(x, f"{name}: input", *["N", "C", *["..."] * (axes - 2)] if axes > 1 else "C")
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
    return cases


def _summed(losses: list[Any]) -> Any:
    """The sum of losses; a single Value is its own, and so must not be -0.0: 0 + -0.0 is 0.0."""
    if len(losses) == 1 and isinstance(losses[0], Node):
        return losses[0]
    return autograd_lite.sum(losses)


def _reduced(name: str, total: Any, count: Any, reduction: str) -> Any:
    _check(name, reduction=reduction)
    if reduction == "sum" or (type(count) is int and count == 1 and isinstance(total, Node)):
        return total
    # Numbers as Values, in a compiled function, too: 0 / 0 is NaN.
    if isinstance(total, Node):
        return Node.__truediv__(total, count)
    return Node.__rtruediv__(count, total) if isinstance(count, Node) else divide(total, count)


# ----------------------------------------------------------------------------- as modules


class _Loss(Module):
    """A loss. Its attributes are its options: the parameters of its function after the target."""

    function: Callable[..., Any]
    reductions: tuple[str, ...]
    __signature__: inspect.Signature

    def __init_subclass__(
        cls,
        function: Callable[..., Any] | None = None,
        reductions: tuple[str, ...] = _REDUCTIONS,
    ) -> None:
        if function is not None:
            _, _, *options = inspect.signature(function).parameters.values()
            cls.function, cls.reductions = staticmethod(function), reductions
            cls.__signature__ = inspect.Signature(options)
            if function.__doc__:  # not with -OO
                cls.__doc__ = f"{cls.__doc__} {function.__doc__}"

    def __init__(self, *args: Any, **options: Any) -> None:
        try:
            bound = self.__signature__.bind(*args, **options)
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}: {error}") from None
        bound.apply_defaults()
        _check(self, self.reductions, **bound.arguments)
        for name, option in bound.arguments.items():
            setattr(self, name, option)

    def forward(self, input: Array, target: Array) -> Any:
        options = {name: getattr(self, name) for name in self.__signature__.parameters}
        return self.function(input, target, **options)

    def extra_repr(self) -> str:
        options = self.__signature__.parameters.values()
        given = [o.name for o in options if repr(getattr(self, o.name)) != repr(o.default)]
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in given)


class MSELoss(_Loss, function=mse_loss):
    """The module of mse_loss:"""


class QuadraticLoss(_Loss, function=quadratic_loss):
    """The module of quadratic_loss:"""


class L1Loss(_Loss, function=l1_loss):
    """The module of l1_loss:"""


class HuberLoss(_Loss, function=huber_loss):
    """The module of huber_loss:"""


class HingeLoss(_Loss, function=hinge_loss):
    """The module of hinge_loss:"""


class CrossEntropyLoss(_Loss, function=cross_entropy):
    """The module of cross_entropy:"""


class NLLLoss(_Loss, function=nll_loss):
    """The module of nll_loss:"""


class BCELoss(_Loss, function=binary_cross_entropy):
    """The module of binary_cross_entropy:"""


class BCEWithLogitsLoss(_Loss, function=binary_cross_entropy_with_logits):
    """The module of binary_cross_entropy_with_logits:"""


class KLDivLoss(_Loss, function=kl_div, reductions=_WITH_BATCHMEAN):
    """The module of kl_div:"""
