"""Learning-rate schedules, with PyTorch's names: each is a formula of how many steps were taken.

A schedule sets `optimizer.lr` when it is made and at each `step()`, which follows the optimiser's
steps, once an epoch or once a batch as its lengths are meant.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from math import cos, pi
from typing import Any, Protocol

from nn.arrays import at_least


class Scheduled(Protocol):
    """An optimiser, as a schedule sees it."""

    lr: float
    initial_lr: float


class LRScheduler:
    """Sets the learning rate to `lr_at(last_epoch)`."""

    def __init__(self, optimizer: Scheduled) -> None:
        self.optimizer = optimizer
        self.last_epoch = -1
        self.step()

    def lr_at(self, epoch: int) -> float:
        """The learning rate after this many steps, from `optimizer.initial_lr`."""
        raise NotImplementedError

    def step(self) -> None:
        """Set the next learning rate."""
        self.last_epoch += 1
        self.optimizer.lr = self.lr_at(self.last_epoch)

    def state_dict(self) -> dict[str, int]:
        """How many steps it has taken."""
        return {"last_epoch": self.last_epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on after as many steps as the schedule that gave this `state_dict`."""
        self.last_epoch = int(state["last_epoch"])
        self.optimizer.lr = self.lr_at(self.last_epoch)


class StepLR(LRScheduler):
    """lr gamma^floor(epoch / step_size)."""

    def __init__(self, optimizer: Scheduled, step_size: int, gamma: float = 0.1) -> None:
        at_least(1, self, step_size=step_size)
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        return self.optimizer.initial_lr * self.gamma ** (epoch // self.step_size)


class CosineAnnealingLR(LRScheduler):
    """eta_min + (lr - eta_min) (1 + cos(pi epoch / T_max)) / 2. Loshchilov and Hutter, 2017."""

    def __init__(self, optimizer: Scheduled, T_max: int, eta_min: float = 0.0) -> None:  # noqa: N803
        at_least(1, self, T_max=T_max)
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        height = (1 + cos(pi * epoch / self.T_max)) / 2
        return self.eta_min + (self.optimizer.initial_lr - self.eta_min) * height


class LinearLR(LRScheduler):
    """A warm-up: lr times a factor, from start_factor to end_factor in total_iters steps."""

    def __init__(
        self,
        optimizer: Scheduled,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        self.start_factor = start_factor
        self.end_factor = end_factor
        at_least(1, self, total_iters=total_iters)
        self.total_iters = total_iters
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        done = min(epoch / self.total_iters, 1.0)
        factor = self.start_factor + (self.end_factor - self.start_factor) * done
        return self.optimizer.initial_lr * factor


class LambdaLR(LRScheduler):
    """lr times lr_lambda(epoch)."""

    def __init__(self, optimizer: Scheduled, lr_lambda: Callable[[int], float]) -> None:
        self.lr_lambda = lr_lambda
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        return self.optimizer.initial_lr * self.lr_lambda(epoch)


class SequentialLR(LRScheduler):
    """One schedule after the other, as a warm-up and then a decay.

    milestones  the epochs at which the second, third, ... begin, each from its own epoch 0
    """

    def __init__(
        self, optimizer: Scheduled, schedulers: Sequence[LRScheduler], milestones: Sequence[int]
    ) -> None:
        if len(schedulers) != len(milestones) + 1:
            raise ValueError(
                f"SequentialLR: {len(schedulers)} schedulers need {len(schedulers) - 1} "
                f"milestones, not {len(milestones)}"
            )
        self.schedulers = list(schedulers)
        self.milestones = list(milestones)
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        i = bisect_right(self.milestones, epoch)
        return self.schedulers[i].lr_at(epoch - (self.milestones[i - 1] if i else 0))
