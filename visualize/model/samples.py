"""Samples of two features and their classes, as a picture of the plane shows them."""

from __future__ import annotations

from math import isfinite

from autograd_lite import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["Samples", "described", "number_of"]


class Samples:
    """Points of the plane and their classes.

    points   [samples][2]
    labels   [samples] the class of each
    classes  the classes, sorted
    """

    def __init__(
        self,
        what: str,
        X: Sequence[Sequence[float]],  # noqa: N803 # as scikit-learn writes it
        y: Sequence[Any],
    ) -> None:
        """Errors begin with what: the name of the function that was called."""
        self._what = what
        self.points = points = [[number_of(x) for x in row] for row in X]
        if not points or any(len(row) != 2 for row in points):
            raise ValueError(f"{what}: every row of X must have two features")
        for i, row in enumerate(points):
            if not all(map(isfinite, row)):
                raise ValueError(f"{what}: row {i} of X is {row}: leave it out")
        if len(points) != len(y):
            raise ValueError(f"{what}: {len(points)} rows in X, but {len(y)} in y")
        self.labels = [self._class(i, label) for i, label in enumerate(y)]
        self.classes = self._sorted()

    def scores(self, told: int) -> dict[Any, int]:
        """The index of the score of each class, where a model tells so many apart.

        Classes such as 0 and 2 of three are the indices of their scores; others come in order.
        """
        if len(self.classes) > told:
            raise ValueError(
                f"{self._what}: {len(self.classes)} classes in y, but the model tells {told} apart"
            )
        if all(label in range(told) for label in self.classes):
            return {label: int(label) for label in self.classes}
        return {label: i for i, label in enumerate(self.classes)}

    def range(self, feature: int) -> tuple[float, float]:
        """From below the least number of a feature to above the largest."""
        numbers = [row[feature] for row in self.points]
        low, high = min(numbers), max(numbers)
        margin = 0.12 * (high - low) or 1.0
        return low - margin, high + margin

    def _class(self, i: int, label: Any) -> str | float:
        try:
            return label if isinstance(label, str) else number_of(label)
        except (TypeError, ValueError):
            raise TypeError(
                f"{self._what}: element {i} of y must be a number or a str, not {described(label)}"
            ) from None

    def _sorted(self) -> list[Any]:
        labels = self.labels
        for i, label in enumerate(labels):
            if isinstance(label, str) != isinstance(labels[0], str):
                raise ValueError(
                    f"{self._what}: classes are numbers or strings, not both: {labels[0]!r} and "
                    f"{label!r}"
                )
            if label != label:
                raise ValueError(f"{self._what}: element {i} of y is nan: leave it out")
        return sorted(set(labels))


def number_of(x: Any) -> float:
    return x.data if isinstance(x, Value) else float(x)


def described(argument: Any) -> str:
    text = repr(argument)
    return text if len(text) <= 60 else f"a {type(argument).__name__}"
