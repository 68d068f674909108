"""Learning-rate schedules, with PyTorch's names: each is a formula of how many steps were taken.

A schedule sets `optimizer.lr` when it is made and at each `step()`, which follows the optimiser's
steps, once an epoch or once a batch as its lengths are meant. As in PyTorch a step changes the
rate that it finds, so two schedules of one optimiser multiply, and a rate that was set by hand
stays in force. (LambdaLR alone sets the rate anew.)
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from copy import copy
from math import cos, pi
from types import SimpleNamespace
from typing import Any, Protocol
from weakref import WeakKeyDictionary, ref

from autograd_lite.functions import of_user
from autograd_lite.nary import binary_of
from autograd_lite.observers import tracing, unobserved
from autograd_lite.state import State
from nn.checks import at_least
from nn.saving import matching


class Scheduled(Protocol):
    """An optimiser, as a schedule sees it."""

    lr: float
    initial_lr: float


def _named(thing: object) -> str:
    return f"the class {thing.__name__}" if isinstance(thing, type) else type(thing).__name__


class LRScheduler:
    """The base of all schedules: each step sets the learning rate to `next_lr()`.

    In a compiled function, the program asks for the rate anew at each step.
    """

    last_epoch = State()

    def __init__(self, optimizer: Scheduled) -> None:
        if isinstance(optimizer, type) or not hasattr(optimizer, "initial_lr"):
            raise TypeError(f"{type(self).__name__}: give an optimiser, not {_named(optimizer)}")
        self.optimizer = optimizer
        optimizer.initial_lr = optimizer.initial_lr  # which no longer follows lr
        self.last_epoch = -1
        self.step()

    def lr_at(self, epoch: int) -> float:
        """The learning rate after this many steps, from `optimizer.initial_lr`."""
        raise NotImplementedError

    def next_lr(self) -> float:
        """The learning rate after step number last_epoch, from the one before."""
        return self.lr_at(self.last_epoch)

    def step(self) -> None:
        """Set the next learning rate."""
        self.last_epoch += 1
        self.optimizer.lr = _rate_in_program(self) if tracing() else self.next_lr()

    def _as_of(self, epoch: int, optimizer: Scheduled) -> LRScheduler:
        """The same schedule after this many steps, for another optimiser."""
        other = copy(self)
        other.last_epoch, other.optimizer = epoch, optimizer
        return other

    def state_dict(self) -> dict[str, int]:
        """The number of steps taken."""
        return {"last_epoch": self.last_epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on after as many steps as the schedule that gave this `state_dict`.

        The learning rate is in the optimiser's state, which must be loaded too. Raises ValueError
        for a state that is none of a schedule; then nothing has been changed.
        """
        (epoch,) = matching(state, self.state_dict(), self)["last_epoch"]
        if not (epoch >= 0 and epoch % 1 == 0):
            raise ValueError(f"{type(self).__name__}: last_epoch must be whole, not {epoch}")
        self.last_epoch = int(epoch)


class _Scaling(LRScheduler):
    """eta_min + (lr - eta_min) factor(epoch): a step scales what is above eta_min."""

    eta_min = 0.0

    def factor(self, epoch: int) -> float:
        raise NotImplementedError

    def lr_at(self, epoch: int) -> float:
        return self.eta_min + (self.optimizer.initial_lr - self.eta_min) * self.factor(epoch)

    def next_lr(self) -> float:
        lr, factor = self.optimizer.lr, self.factor(self.last_epoch)
        before = self.factor(self.last_epoch - 1) if self.last_epoch else 1.0
        if factor == before:
            return lr
        if before == 0.0:  # the ratio is no number
            return lr + (self.optimizer.initial_lr - self.eta_min) * factor
        return self.eta_min + (lr - self.eta_min) * factor / before


class StepLR(LRScheduler):
    """lr gamma^floor(epoch / step_size)."""

    def __init__(self, optimizer: Scheduled, step_size: int, gamma: float = 0.1) -> None:
        at_least(1, self, step_size=step_size)
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        return self.optimizer.initial_lr * self.gamma ** (epoch // self.step_size)

    def next_lr(self) -> float:  # a ratio of powers of gamma would round, and vanish in the end
        drops = self.last_epoch > 0 and self.last_epoch % self.step_size == 0
        return self.optimizer.lr * (self.gamma if drops else 1.0)


class CosineAnnealingLR(_Scaling):
    """eta_min + (lr - eta_min) (1 + cos(pi epoch / T_max)) / 2. Loshchilov and Hutter, 2017."""

    def __init__(self, optimizer: Scheduled, T_max: int, eta_min: float = 0.0) -> None:  # noqa: N803
        at_least(1, self, T_max=T_max)
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer)

    def factor(self, epoch: int) -> float:
        return (1 + cos(pi * epoch / self.T_max)) / 2


class LinearLR(_Scaling):
    """A warm-up: lr times a factor, from start_factor to end_factor in total_iters steps.

    Raises ValueError for a start_factor outside of (0, 1], an end_factor outside of [0, 1].
    """

    def __init__(
        self,
        optimizer: Scheduled,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        if not 0 < start_factor <= 1:
            raise ValueError(f"LinearLR: start_factor must be in (0, 1], not {start_factor}")
        if not 0 <= end_factor <= 1:
            raise ValueError(f"LinearLR: end_factor must be in [0, 1], not {end_factor}")
        self.start_factor = start_factor
        self.end_factor = end_factor
        at_least(1, self, total_iters=total_iters)
        self.total_iters = total_iters
        super().__init__(optimizer)

    def factor(self, epoch: int) -> float:
        done = min(epoch / self.total_iters, 1.0)
        return self.start_factor + (self.end_factor - self.start_factor) * done


class LambdaLR(LRScheduler):
    """lr times lr_lambda(epoch)."""

    def __init__(self, optimizer: Scheduled, lr_lambda: Callable[[int], float]) -> None:
        self.lr_lambda = lr_lambda
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        return self.optimizer.initial_lr * self.lr_lambda(epoch)


class SequentialLR(LRScheduler):
    """One schedule after the other, as a warm-up and then a decay.

    milestones  the epochs at which the second, third, ... begin, each from its own epoch 0 and
                from `optimizer.initial_lr`
    """

    def __init__(
        self, optimizer: Scheduled, schedulers: Sequence[LRScheduler], milestones: Sequence[int]
    ) -> None:
        if len(schedulers) != len(milestones) + 1:
            raise ValueError(
                f"SequentialLR: {len(schedulers)} schedulers need {len(schedulers) - 1} "
                f"milestones, not {len(milestones)}"
            )
        for schedule in schedulers:
            if not isinstance(schedule, LRScheduler):
                raise TypeError(f"SequentialLR: {_named(schedule)} is no schedule")
            if schedule.optimizer is not optimizer:
                raise ValueError(
                    f"SequentialLR: the {type(schedule).__name__} is of another optimiser"
                )
        for milestone in milestones:
            at_least(0, self, **{"a milestone": milestone})
        if list(milestones) != sorted(milestones):
            raise ValueError(f"SequentialLR: milestones must ascend, not {list(milestones)}")
        self.schedulers = list(schedulers)
        self.milestones = list(milestones)
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        schedule = self._at(epoch)
        return schedule.lr_at(schedule.last_epoch)

    def next_lr(self) -> float:
        schedule = self._at(self.last_epoch)
        return schedule.next_lr() if schedule.last_epoch else schedule.lr_at(0)

    def _at(self, epoch: int) -> LRScheduler:
        """The schedule of this epoch, at its own epoch."""
        i = bisect_right(self.milestones, epoch)
        own = epoch - (self.milestones[i - 1] if i else 0)
        return self.schedulers[i]._as_of(own, self.optimizer)


_operations: WeakKeyDictionary[LRScheduler, int] = WeakKeyDictionary()
"""{schedule: the code of (steps taken, rate before) -> rate}"""


def _rate_in_program(schedule: LRScheduler) -> Any:
    """`schedule.next_lr()` of what stands for the number of steps and the rate in a recording."""
    if schedule not in _operations:
        held = ref(schedule)

        def rate(epoch: float, lr: float) -> tuple[float, float, float]:
            mine: Any = held()
            optimizer = SimpleNamespace(lr=lr, initial_lr=mine.optimizer.initial_lr)
            return float(mine._as_of(int(epoch), optimizer).next_lr()), 0.0, 0.0

        def kernel(epoch: float, lr: float) -> Any:
            return unobserved(rate, epoch, lr)

        def flat(epoch: float, lr: float, out: float) -> tuple[float, float]:
            return 0.0, 0.0

        name = type(schedule).__name__
        _operations[schedule] = of_user(name, "xy", __name__, kernel, flat).code
    return binary_of(_operations[schedule], schedule.last_epoch, schedule.optimizer.lr)
