"""Pictures of training and of matrices, with matplotlib: each function returns the figure."""

from __future__ import annotations

import re
from itertools import count, cycle
from math import hypot, inf, isfinite

from autograd_lite import no_grad
from visualize.model.samples import Samples, described, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from matplotlib.figure import Figure

__all__ = [
    "gradient_norms",
    "plot_decision_boundary",
    "plot_gradients",
    "plot_history",
    "plot_sparsity",
]

TIE = 1e-300
"""The margin by which the first class wins a tie."""

# Colours of Okabe and Ito, which every kind of eye tells apart; strokes and marks differ as well.
# None is the colour of text.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", None)
_STROKES = ("-", "--", "-.", ":")
_MARKS = "os^DvP*X"
# Numbers that no curve can show: text, mark, and the height of the mark in the panel.
_OFF_SCALE = (("inf", "^", 1.0), ("-inf", "v", 0.0), ("nan", "x", 0.0), ("0", "s", 0.0))


def _figure(width: float, height: float) -> Figure:
    try:
        from visualize.figure import ShownFigure
    except ImportError:
        raise ImportError("this picture needs matplotlib: run  pip install matplotlib") from None
    return ShownFigure(width, height)


def _lines(axes: Any, series: Mapping[str, Sequence[float | None]], *, log: bool = False) -> None:
    """A curve for each series, with marks at the panel's edge for numbers that no curve can show.

    series  the numbers of each step, by name; None at a step that has no number
    log     True for a logarithmic scale, which has no 0
    """
    for (name, numbers), color, stroke in zip(
        series.items(), map(_color, count()), cycle(_STROKES), strict=False
    ):
        mark = "o" if len(numbers) == 1 else None
        steps = range(1, len(numbers) + 1)
        axes.plot(steps, numbers, color=color, linestyle=stroke, marker=mark, label=name)
        for text, mark, height in _OFF_SCALE:
            at = [i for i, x in enumerate(numbers, 1) if x is not None and f"{x:g}" == text]
            if at and (text != "0" or log):
                axes.plot(
                    at,
                    [height] * len(at),
                    transform=axes.get_xaxis_transform(),
                    color=color,
                    linestyle="none",
                    marker=mark,
                    clip_on=False,
                    label=f"{name}: {text}",
                )
    if log:
        axes.set_yscale("log")
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)
    if len(axes.lines) > 1:
        axes.legend(frameon=False)


def plot_history(history: Sequence[float] | Mapping[str, Sequence[float]]) -> Figure:
    """Curves of training, one panel for each quantity.

    history  the loss of each step; or such sequences by name, where "loss", "train_loss" and
             "val_loss" share a panel

    A step whose number is nan or inf has a mark at the panel's edge, which the legend names.

    Raises TypeError for anything else, ValueError if there is nothing to draw.
    """
    series = _numbers_by_name(history)
    for name, numbers in series.items():
        if not numbers:
            raise ValueError(f"plot_history: there is nothing in {name!r} yet")
    if not series:
        raise ValueError("plot_history: there is nothing in the history yet")
    panels: dict[str, dict[str, Sequence[float]]] = {}
    for name, numbers in series.items():
        quantity = re.sub(r"^(train|val|valid|validation|test)_", "", name)
        panels.setdefault(quantity, {})[name] = numbers
    figure = _figure(5 * len(panels), 3.4)
    for axes, (quantity, lines) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True
    ):
        _lines(axes, lines)
        axes.set(xlabel="step", ylabel=quantity)
    return figure


def _numbers_by_name(history: Any) -> dict[str, list[float]]:
    series = dict(history) if hasattr(history, "keys") else {"loss": history}
    try:
        return {name: [number_of(x) for x in numbers] for name, numbers in series.items()}
    except (TypeError, ValueError):
        raise TypeError(
            "plot_history: expected the losses as a list of numbers, or a dict of such lists, "
            f"not {described(history)}"
        ) from None


def plot_decision_boundary(
    model: Callable[[list[float]], Any],
    X: Sequence[Sequence[float]],  # noqa: N803 # as scikit-learn writes it
    y: Sequence[Any],
    *,
    threshold: float = 0.0,
    resolution: int = 80,
) -> Figure:
    """Which class the model gives each point of the plane, and the samples over it.

    model       takes [x0, x1] and returns one score, or a list with a score for each class
    X, y        samples of two features, and their classes: 0, 1, ... for the first score, the
                second, ...; or other numbers or strings, in whose order the scores stand
    threshold   one score means the second class where it is greater; a tie is the first one's
    resolution  points along each axis

    Raises ValueError if the samples do not have two finite features, if X and y differ in length,
    or if there are more classes than the model tells apart; TypeError for a class that is neither
    a number nor a string.
    """
    if not isinstance(resolution, int) or resolution < 2:
        raise ValueError(
            f"plot_decision_boundary: resolution must be an int of 2 or more, not {resolution!r}"
        )
    samples = Samples("plot_decision_boundary", X, y)

    def margins(x0: float, x1: float) -> list[float]:
        """By how much each class wins over the others."""
        out = model([x0, x1])
        if hasattr(out, "tolist"):  # a NumPy array
            out = out.tolist()
        scores = [number_of(x) for x in out] if isinstance(out, (list, tuple)) else [number_of(out)]
        if len(scores) == 1:
            scores = [threshold, scores[0]]
        found = [x - max(scores[:k] + scores[k + 1 :]) for k, x in enumerate(scores)]
        if 0.0 in found:  # a tie, as where all units of a ReLU network rest: the first wins it
            first = found.index(0.0)
            found = [x or (TIE if k == first else -TIE) for k, x in enumerate(found)]
        return found

    xs, ys = (_axis(*samples.range(i), resolution) for i in (0, 1))
    with no_grad():
        grid = [[margins(a, b) for a in xs] for b in ys]
    told = len(grid[0][0])
    scores = samples.scores(told)
    figure = _figure(5.6, 4.4)
    axes = figure.subplots()
    for k in range(told):
        _draw_region(axes, xs, ys, [[at[k] for at in row] for row in grid], _color(k))
    for label, k in scores.items():
        pairs = zip(samples.points, samples.labels, strict=True)
        _draw_samples(axes, [row for row, c in pairs if c == label], k, label)
    axes.legend(title="class", frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    axes.set(xlabel="x0", ylabel="x1")
    return figure


def _axis(low: float, high: float, resolution: int) -> list[float]:
    """Points at equal distances."""
    step = (high - low) / (resolution - 1)
    return [low + k * step for k in range(resolution)]


def _color(k: int) -> str:
    from visualize.figure import ink

    return _COLORS[k % len(_COLORS)] or ink()


def _draw_region(
    axes: Any, xs: list[float], ys: list[float], margin: list[list[float]], color: str
) -> None:
    """The region where a class wins over the others, and its border."""
    from visualize.figure import ink

    finite = [x for row in margin for x in row if isfinite(x)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    if high > 0:
        axes.contourf(xs, ys, margin, levels=[0, high], colors=[color], alpha=0.22)
    if low < 0 < high:
        axes.contour(xs, ys, margin, levels=[0], colors=ink(), linewidths=1)


def _draw_samples(axes: Any, points: list[list[float]], k: int, label: Any) -> None:
    """The samples of class number k."""
    axes.scatter(
        [row[0] for row in points],
        [row[1] for row in points],
        color=_color(k),
        marker=_MARKS[k % len(_MARKS)],
        edgecolors="white",
        linewidths=0.6,
        s=36,
        label=label if isinstance(label, str) else f"{label:g}",
    )


def gradient_norms(model: Any) -> dict[str, float]:
    """The Euclidean norm of the gradients of each layer's parameters, by the layer's name.

    Append it to a list after each `backward()`, and give the list to `plot_gradients`.
    """
    if callable(getattr(model, "named_parameters", None)):
        named = list(model.named_parameters())
    elif callable(getattr(model, "parameters", None)):
        named = [("parameters", parameter) for parameter in model.parameters()]
    else:
        raise TypeError(f"expected a model with parameters(), not {type(model).__name__}")
    layers: dict[str, list[float]] = {}
    for name, parameter in named:
        layer = re.match(r"\w+(\[\d+\]|\.\d+)*(?=\.)|\w+", name)
        layers.setdefault(layer[0] if layer else name, []).append(parameter.grad)
    return {layer: hypot(*grads) for layer, grads in layers.items()}


def plot_gradients(model: Any) -> Figure:
    """The size of the gradients by layer: a bar for each, or a curve over the steps.

    model  a model, for bars of its gradients now; or a list of what `gradient_norms(model)` gave
           after each step, for curves of their sizes, on a logarithmic scale

    A layer whose gradients are all 0 says so: a bar has its number beside it, and a curve a mark
    at the panel's edge, as it has where the size is nan or inf.

    Raises TypeError for anything else, ValueError for an empty list or a model with no parameters.
    """
    steps = list(model) if isinstance(model, (list, tuple)) else [gradient_norms(model)]
    for step in steps:
        if not isinstance(step, dict):
            raise TypeError(
                "plot_gradients: expected a model, or a list of what gradient_norms(model) gave, "
                f"not a list with {described(step)}"
            )
    if not steps:
        raise ValueError("plot_gradients: there is nothing in the list yet")
    if not any(steps):
        raise ValueError("plot_gradients: the model has no parameters")
    figure = _figure(6, 3.6)
    axes = figure.subplots()
    if len(steps) == 1:
        sizes = steps[0].values()
        bars = axes.barh(
            list(steps[0]), [x if isfinite(x) else 0.0 for x in sizes], color=_COLORS[0]
        )
        axes.bar_label(bars, [f"{x:.3g}" for x in sizes], padding=3)
        axes.margins(x=0.15)
        axes.invert_yaxis()
        axes.set(xlabel="norm of the gradients")
        axes.grid(axis="x", alpha=0.3)
        axes.set_axisbelow(True)
        return figure
    layers = dict.fromkeys(name for step in steps for name in step)
    log = any(0 < size < inf for step in steps for size in step.values())
    _lines(axes, {name: [step.get(name) for step in steps] for name in layers}, log=log)
    axes.set(xlabel="step", ylabel="norm of the gradients")
    return figure


def plot_sparsity(matrix: Any) -> Figure:
    """Which numbers of a matrix are not 0: a square for each, rows downward.

    matrix  what `sparsity` gives, a matrix of scipy.sparse, or an array of two axes

    A square is never smaller than one and a half points of the picture, so that none is lost in a
    large matrix.

    Raises TypeError for anything else, ValueError for a matrix without rows or columns.
    """
    n, m, rows, columns = _places(matrix)
    if not n or not m:
        raise ValueError(f"plot_sparsity: the matrix has {n:,} rows and {m:,} columns")
    side = 4.0  # inches of the panel
    ratio = min(4.0, max(0.25, n / m))
    width, height = (side, side * ratio) if ratio <= 1 else (side / ratio, side)
    figure = _figure(width + 1, height + 0.8)
    axes = figure.subplots()
    square = max(1.5, 0.9 * 72 * min(width / m, height / n))  # points
    axes.plot(columns, rows, "s", color=_color(0), markersize=square, markeredgewidth=0)
    margin = 0.0 if square > 5 else 0.015  # so that no dot is taken for a part of the border
    edge_x, edge_y = 0.5 + margin * m, 0.5 + margin * n
    axes.set(xlim=(-edge_x, m - 1 + edge_x), ylim=(n - 1 + edge_y, -edge_y))
    axes.set(aspect=height / width * m / n)
    axes.set(xlabel="column", ylabel="row")
    axes.set_title(f"{n:,} × {m:,}, {len(rows):,} not 0", fontsize="medium")
    axes.locator_params("x", integer=True, min_n_ticks=min(2, m))  # at 0.5 there is none
    axes.locator_params("y", integer=True, min_n_ticks=min(2, n))
    return figure


def _places(matrix: Any) -> tuple[int, int, Any, Any]:
    """How many rows and columns there are, and the row and column of each number that is not 0."""
    shape: Any = getattr(matrix, "shape", ())
    if len(shape) != 2:
        raise TypeError(
            "plot_sparsity: expected what sparsity(f, x) gives, or a matrix, not "
            f"{described(matrix)}"
        )
    n, m = shape
    if hasattr(matrix, "coordinates"):
        return n, m, *matrix.coordinates()
    return n, m, *matrix.nonzero()
