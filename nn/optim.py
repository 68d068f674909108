"""Optimisers, with PyTorch's names and defaults. A step over all parameters is one compiled call.

>>> from autograd_lite import nn
>>> model = nn.Linear(2, 1, rng=0)
>>> optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
>>> optimizer.zero_grad()
>>> nn.mse_loss(model([1.0, -2.0]), [3.0]).backward()
>>> optimizer.step()
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, MutableMapping
from math import isnan, nan
from numbers import Real
from typing import Any

from autograd_lite import Value, where
from autograd_lite.observers import tracing
from autograd_lite.state import State, state_of
from nn import _steps
from nn.arrays import Array, flat, is_sequence
from nn.module import Module
from nn.saving import matching
from nn.schedules import CosineAnnealingLR, LambdaLR, LinearLR, LRScheduler, SequentialLR, StepLR

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "CosineAnnealingLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "Optimizer",
    "RMSprop",
    "SequentialLR",
    "StepLR",
    "clip_grad_norm_",
]


class Optimizer:
    """The base of all optimisers: the parameters, and the numbers remembered of each.

    params    the model's parameters(), or an array of them such as linear.weight
    maximize  True to step up the gradient rather than down

    Raises ValueError where there is no parameter, one is not a leaf, or a setting makes no sense.
    """

    lr = State()
    steps = State()
    """The number of steps taken."""

    _counts: tuple[str, ...] = ("steps",)  # attributes that count
    _settings: tuple[str, ...] = ()  # attributes that are numbers
    _memories: tuple[str, ...] = ()  # attributes that are an array of doubles, one a parameter
    _initial_lr: float | None = None

    def __init__(self, params: Iterable[Any], lr: float, maximize: bool = False) -> None:
        self._params = _tuple(params, type(self).__name__)
        if not self.params:
            raise ValueError(f"{type(self).__name__}: no parameters to optimise")
        for value in self.params:
            if not value.is_leaf:
                raise ValueError(
                    f"{type(self).__name__}: a parameter is the result of {value._op!r}; "
                    "pass the Values that it was computed from, or its detach()"
                )
        if len(set(self.params)) < len(self.params):
            raise ValueError(f"{type(self).__name__}: a parameter is given twice")
        self.lr = self._at_least_0("lr", lr)
        self.steps = 0
        self.maximize = maximize
        for name in self._memories:
            setattr(self, name, array("d", bytes(8 * len(self.params))))

    @property
    def params(self) -> tuple[Value, ...]:
        """The parameters, in the order of the memories."""
        return self._params

    @property
    def initial_lr(self) -> float:
        """The learning rate when the first schedule was made: what schedules start from."""
        return self.lr if self._initial_lr is None else self._initial_lr

    @initial_lr.setter
    def initial_lr(self, lr: float) -> None:
        self._initial_lr = lr

    def zero_grad(self) -> None:
        """Set the gradients of all parameters to 0."""
        _numbers().zero_grad(self.params)

    def step(self) -> None:
        """Change every parameter by its gradient.

        Raises ValueError if a memory was replaced by anything but an array of a double a parameter.
        """
        for name in self._memories:
            memory = vars(self)[name]
            if not isinstance(memory, array) or memory.typecode != "d":
                raise ValueError(f"{type(self).__name__}: {name} must be an array('d')")
            if len(memory) != len(self._params):
                raise ValueError(
                    f"{type(self).__name__}: {name} must hold {len(self._params)} numbers, "
                    f"not {len(memory)}"
                )
        state = state_of(self)
        self._step(_numbers(), state)
        state["steps"] = state["steps"] + 1

    def _step(self, numbers: Any, state: MutableMapping[str, Any]) -> None:
        """Change every parameter, and the state but for `steps`.

        numbers  the module `_steps`, or what stands for it in a recording
        """
        raise NotImplementedError

    @property
    def _sign(self) -> float:
        return -1.0 if self.maximize else 1.0

    def state_dict(self) -> dict[str, Array]:
        """The settings as numbers, and the memories as lists of floats."""
        names = ("lr", "maximize", *self._counts, *self._settings)
        numbers = {name: getattr(self, name) for name in names}
        numbers["initial_lr"] = nan if self._initial_lr is None else self._initial_lr
        return numbers | {name: list(getattr(self, name)) for name in self._memories}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Go on where the optimiser that gave this `state_dict` stopped.

        Raises ValueError naming every key that is missing, unexpected or of another length, or a
        setting that makes no sense. Then nothing has been changed.
        """
        new = matching(state, self.state_dict(), self)
        loaded = {
            name: array("d", new[name])
            if name in self._memories
            else self._setting(name, new[name][0])
            for name in new
        }
        self._check(loaded)
        for name, thing in loaded.items():
            setattr(self, name, thing)
        if isnan(self.initial_lr):  # no schedule was made
            self._initial_lr = None

    def _check(self, settings: Mapping[str, Any]) -> None:
        """Raise ValueError for settings that make no sense together."""

    def _setting(self, name: str, number: float) -> float:
        """The setting of this name, as its kind of number."""
        if name == "steps":
            if not (number >= 0 and number % 1 == 0):
                raise ValueError(f"{type(self).__name__}: steps must be whole, not {number}")
            return int(number)
        if name == "initial_lr" and isnan(number):  # no schedule was made
            return number
        if isinstance(getattr(self, name), bool):
            return bool(number)
        return self._at_least_0(name, number)

    def _at_least_0(self, name: str, number: float) -> float:
        if not self._number(name, number) >= 0:
            raise ValueError(f"{type(self).__name__}: {name} must be at least 0, not {number}")
        return float(number)

    def _number(self, name: str, number: float) -> float:
        if not isinstance(number, Real):
            raise TypeError(f"{type(self).__name__}: {name} must be a number, not {number!r}")
        return float(number)

    def _below_1(self, name: str, number: float) -> float:
        if not 0 <= self._number(name, number) < 1:
            raise ValueError(f"{type(self).__name__}: {name} must be in [0, 1), not {number}")
        return float(number)

    def __repr__(self) -> str:
        names = ("lr", *self._settings, "maximize")
        settings = ", ".join(f"{name}={getattr(self, name)}" for name in names)
        return f"{type(self).__name__}({len(self.params):,} parameters, {settings})"


class SGD(Optimizer):
    """v = momentum v + (1 - dampening) g; p = p - lr v, where g = gradient + weight_decay p.

    nesterov  True for p = p - lr (g + momentum v). Sutskever et al., 2013
    """

    _counts = ("steps", "has_velocity")
    _settings = ("momentum", "dampening", "weight_decay", "nesterov")
    _memories = ("velocity",)
    velocity = State()
    has_velocity = State()
    """True if a step with momentum was taken; the first one is not dampened."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, maximize)
        self.has_velocity = False
        self.momentum = self._at_least_0("momentum", momentum)
        self.dampening = self._number("dampening", dampening)
        self.weight_decay = self._at_least_0("weight_decay", weight_decay)
        self.nesterov = nesterov
        self._check(vars(self))

    def _setting(self, name: str, number: float) -> float:
        if name == "dampening":
            return self._number(name, number)
        return super()._setting(name, number)

    def _check(self, settings: Mapping[str, Any]) -> None:
        if settings["nesterov"] and (settings["momentum"] == 0 or settings["dampening"] != 0):
            raise ValueError("SGD: nesterov needs a momentum, and dampening=0")

    def _step(self, numbers: Any, state: MutableMapping[str, Any]) -> None:
        # Without dampening the first step is as all others: there the velocity is 0.
        numbers.sgd(
            self.params,
            state["velocity"],
            self.momentum != 0 and self.dampening != 0 and not state["has_velocity"],
            _rate(state),
            float(self.momentum),
            float(self.dampening),
            float(self.weight_decay),
            self.nesterov,
            self._sign,
        )
        if self.momentum != 0:
            state["has_velocity"] = True


class Adam(Optimizer):
    """m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; p = p - lr (m / c1) / (sqrt(v / c2) + eps),
    where g = gradient + weight_decay p, and c1 = 1 - b1^t, c2 = 1 - b2^t at step t.

    Kingma and Ba, 2015.

    betas    (b1, b2)
    amsgrad  True for the largest v so far in place of v. Reddi, Kale and Kumar, 2018
    """

    _settings = ("beta1", "beta2", "eps", "weight_decay", "amsgrad")
    _memories = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")
    _decoupled = False
    exp_avg = State()
    exp_avg_sq = State()
    max_exp_avg_sq = State()

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, maximize)
        self.amsgrad = amsgrad
        if not is_sequence(betas) or len(betas) != 2:
            raise TypeError(f"{type(self).__name__}: betas must be two numbers, not {betas!r}")
        self.beta1, self.beta2 = (self._below_1("a beta", beta) for beta in betas)
        self.eps = self._at_least_0("eps", eps)
        self.weight_decay = self._at_least_0("weight_decay", weight_decay)

    def _setting(self, name: str, number: float) -> float:
        if name in ("beta1", "beta2"):
            return self._below_1(name, number)
        return super()._setting(name, number)

    def _step(self, numbers: Any, state: MutableMapping[str, Any]) -> None:
        beta1, beta2, t = float(self.beta1), float(self.beta2), state["steps"] + 1
        numbers.adam(
            self.params,
            state["exp_avg"],
            state["exp_avg_sq"],
            state["max_exp_avg_sq"],
            _rate(state),
            beta1,
            beta2,
            float(self.eps),
            float(self.weight_decay),
            self.amsgrad,
            self._decoupled,
            self._sign,
            1 - beta1**t if beta1 else 1.0,
            1 - beta2**t if beta2 else 1.0,
        )


class AdamW(Adam):
    """Adam with p = p - lr weight_decay p first, rather than weight_decay p in the gradient.

    Loshchilov and Hutter, 2019.
    """

    _decoupled = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)


class Adagrad(Optimizer):
    """s = s + g^2; p = p - r g / (sqrt(s) + eps), where g = gradient + weight_decay p, and
    r = lr / (1 + (t - 1) lr_decay) at step t.

    Duchi, Hazan and Singer, 2011.

    initial_accumulator_value  every s before the first step
    """

    _settings = ("lr_decay", "weight_decay", "eps")
    _memories = ("sum",)
    sum = State()

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, maximize)
        self.lr_decay = self._at_least_0("lr_decay", lr_decay)
        self.weight_decay = self._at_least_0("weight_decay", weight_decay)
        self.eps = self._at_least_0("eps", eps)
        first = self._at_least_0("initial_accumulator_value", initial_accumulator_value)
        self.sum = array("d", [first]) * len(self.params)

    def _step(self, numbers: Any, state: MutableMapping[str, Any]) -> None:
        numbers.adagrad(
            self.params,
            state["sum"],
            _rate(state) / (1 + state["steps"] * float(self.lr_decay)),
            float(self.eps),
            float(self.weight_decay),
            self._sign,
        )


class RMSprop(Optimizer):
    """s = alpha s + (1 - alpha) g^2; v = momentum v + g / (sqrt(s) + eps); p = p - lr v,
    where g = gradient + weight_decay p.

    Tieleman and Hinton, 2012.

    centered  True for s less the square of the mean gradient in place of s. Graves, 2013
    """

    _settings = ("alpha", "eps", "weight_decay", "momentum", "centered")
    _memories = ("square_avg", "grad_avg", "velocity")
    square_avg = State()
    grad_avg = State()
    velocity = State()

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, maximize)
        self.centered = centered
        self.alpha = self._at_least_0("alpha", alpha)
        self.eps = self._at_least_0("eps", eps)
        self.weight_decay = self._at_least_0("weight_decay", weight_decay)
        self.momentum = self._at_least_0("momentum", momentum)

    def _step(self, numbers: Any, state: MutableMapping[str, Any]) -> None:
        numbers.rmsprop(
            self.params,
            state["square_avg"],
            state["grad_avg"],
            state["velocity"],
            _rate(state),
            float(self.alpha),
            float(self.eps),
            float(self.weight_decay),
            float(self.momentum),
            self.centered,
            self._sign,
        )


def clip_grad_norm_(parameters: Iterable[Any], max_norm: float) -> float:
    """Scale all gradients together so that their Euclidean length is at most max_norm.

    Gives the length that they had. As in PyTorch, the factor is max_norm / (length + 1e-6).
    """
    values = _tuple(parameters, "clip_grad_norm_")
    if not max_norm >= 0:
        raise ValueError(f"clip_grad_norm_: max_norm must be at least 0, not {max_norm}")
    numbers = _numbers()
    norm: float = numbers.grad_norm(values)
    factor = max_norm / (norm + 1e-6)
    if numbers is not _steps:  # in a program one product more costs less than to decide
        numbers.scale_grad(values, where(factor >= 1, 1.0, factor))
    elif not factor >= 1:
        numbers.scale_grad(values, factor)
    return norm


def _rate(state: Mapping[str, Any]) -> float:
    """The learning rate, or what stands for it."""
    lr = state["lr"]
    return lr if isinstance(lr, float) else float(lr)


def _numbers() -> Any:
    """What steps by numbers, or by what stands for them in a recording."""
    if not tracing():
        return _steps
    from nn import _traced

    return _traced.steps


def _tuple(parameters: Iterable[Any], name: str) -> tuple[Any, ...]:
    """The parameters as the compiled calls take them."""
    if isinstance(parameters, Module):
        raise TypeError(f"{name}: pass model.parameters(), not the {type(parameters).__name__}")
    if not isinstance(parameters, (Value, Iterable)):
        raise TypeError(f"{name}: pass model.parameters(), not {parameters!r}")
    one = isinstance(parameters, Value)
    values = (parameters,) if one else tuple(flat(tuple(parameters)))
    for value in values:
        if not isinstance(value, Value):
            raise TypeError(f"{name}: a parameter must be a Value, not {type(value).__name__}")
    return values
