"""What the examples share: the command line, progress, what `compile` gained, and pictures."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator
from tqdm import tqdm

from autograd_lite import Value, nn

BLUE, LIGHT_BLUE, ORANGE = "#2166ac", "#b8cfe4", "#d6604d"  # apart for every kind of eye


def command_line(doc: str, quick: str) -> argparse.ArgumentParser:
    """The options that every example has.

    doc    what the example is about
    quick  what --quick does
    """

    def picture(name: str) -> Path:
        path = Path(name)
        if path.suffix != ".png":
            raise argparse.ArgumentTypeError(f"write a name that ends in .png, not {name!r}")
        if not path.parent.is_dir():
            raise argparse.ArgumentTypeError(f"there is no folder {str(path.parent)!r}")
        return path

    default = Path(sys.argv[0]).with_suffix(".png").name
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--eager", action="store_true", help="without autograd_lite.compile")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random (0)")
    parser.add_argument("--output", type=picture, default=default, help=f"the picture ({default})")
    return parser


def epochs(count: int, samples: Any, targets: Any, size: int, rng: Any) -> tqdm:
    """`nn.batches`, `count` times over, as a progress bar."""
    batches = (b for _ in range(count) for b in nn.batches(samples, targets, size, rng))
    return tqdm(batches, total=count * -(-len(samples) // size), unit="step")


def print_gain(loss: Callable[..., Any], *batch: Any) -> None:
    """Print how long a compiled function and its gradients take, and how long without `compile`.

    The fastest of seven turns on this batch. Prints nothing of a function that is not compiled.
    """
    if not hasattr(loss, "function"):
        return

    def milliseconds(function: Callable[..., Any]) -> float:
        start = time.perf_counter()
        result = function(*batch)
        results = result if isinstance(result, tuple) else (result,)
        values = [x for x in results if isinstance(x, Value)]
        if values:  # else it has a gradient
            sum(values).backward()
        return 1000 * (time.perf_counter() - start)

    turns = [(milliseconds(loss), milliseconds(loss.function)) for _ in range(7)]
    compiled, eager = map(min, zip(*turns, strict=True))
    print(
        f"{loss.__name__} and its gradients: {compiled:.2f} ms compiled, {eager:.2f} ms eager, "
        f"{eager / compiled:.1f} times as long"
    )


def data(array: Any) -> np.ndarray:
    """The numbers of an array of Values."""
    return np.vectorize(lambda x: x.data if isinstance(x, Value) else x, otypes=[float])(array)


# ------------------------------------------------------------------------------------ pictures


def sheet(height: float) -> Figure:
    """A figure as wide as a page: where that is 720 pixels, text of 10 points is 12 pixels high.

    height  in inches, of which the width has 25/3
    """
    rcParams.update({"axes.titlesize": 11, "figure.titlesize": 11, "legend.frameon": False})
    rcParams.update({"axes.spines.top": False, "axes.spines.right": False})
    return Figure(figsize=(25 / 3, height), dpi=172.8, layout="constrained")


def draw_heat(axes: Axes, numbers: Any, label: str = "", **options: Any) -> Any:
    """Numbers as colours from white, in a frame; with a label, a bar says what they measure."""
    image = axes.imshow(numbers, vmin=0, **{"cmap": "Blues", **options})
    axes.spines[:].set_visible(True)
    axes.tick_params(length=0)
    if label:
        axes.figure.colorbar(image, ax=axes, label=label)
    return image


def draw_losses(axes: Axes, losses: Sequence[float], window: int) -> None:
    """The loss of every step, and its average over so many, or over a quarter of a short run."""
    window = min(window, max(1, len(losses) // 4))
    axes.plot(losses, ".", ms=2, color=LIGHT_BLUE)
    average = np.convolve(losses, np.ones(window) / window, "valid")
    axes.plot(np.arange(window - 1, len(losses)), average, lw=2, color=BLUE)
    axes.set(xlabel="step", ylabel="cross entropy (nats)")
    axes.set_title(f"Loss, and its mean over {window} steps")
    axes.xaxis.set_major_locator(MaxNLocator(4))


def draw_confusion(axes: Axes, labels: Sequence[int], guesses: Sequence[int]) -> None:
    """How often each class was taken for each; mistakes in orange."""
    counts = np.zeros((max(labels) + 1,) * 2, dtype=int)
    np.add.at(counts, (labels, guesses), 1)
    right = np.eye(len(counts), dtype=bool)
    axes.imshow(np.where(right, counts, np.nan), cmap="Blues", vmin=0, vmax=2 * counts.max())
    most = max(4, counts[~right].max())
    wrong = np.where(~right & (counts > 0), counts, np.nan)
    axes.imshow(wrong, cmap="Oranges", vmin=-most / 2, vmax=2 * most)
    for i, j in np.argwhere(counts):
        axes.text(j, i, counts[i, j], ha="center", va="center")
    axes.set(xticks=range(len(counts)), yticks=range(len(counts)))
    axes.set_title(f"{counts.trace() / len(labels):.1%} of {len(labels)} are recognised")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(True)


def draw_tiles(
    figure: SubFigure,
    title: str,
    pictures: Sequence[Sequence[Sequence[float]]],
    titles: Iterable[object],
    columns: int,
    cmap: str,
    label: str,
) -> None:
    """A grid of small pictures on one scale, which for "RdBu_r" is white at 0.

    label  what the colours measure
    """
    largest = np.abs(pictures).max()
    least = -largest if cmap == "RdBu_r" else 0
    grid = figure.subplots(len(pictures) // columns, columns)
    for axes, picture, name in zip(grid.flat, pictures, titles, strict=True):
        image = axes.imshow(picture, cmap=cmap, vmin=least, vmax=largest)
        axes.set_title(name, fontsize=10, pad=3)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(color="#cccccc", visible=True)
    figure.colorbar(image, ax=grid, label=label)
    figure.suptitle(title)
