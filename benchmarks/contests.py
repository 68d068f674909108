"""Contests: the same work by several libraries, in turns, and their results compared."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Any

import numpy as np

__all__ = [
    "ONE_THREAD",
    "Row",
    "contest",
    "flat",
    "installed",
    "often",
    "take_turns",
    "with_doubles",
]

ONE_THREAD = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}
"""The environment in which BLAS, PyTorch and JAX take one thread."""

OURS = "autograd_lite"
TURN = 0.02  # seconds that a turn takes at most, if a call is not longer
FAR = 1e-6  # a result that is farther from ours, relative to the largest number, is an error


@dataclass
class Row:
    """One line of the table.

    microseconds  of one call
    error         the largest difference from our own result, relative to the largest number in it;
                  None for ours
    """

    work: str
    contestant: str
    microseconds: float
    error: float | None = None


def take_turns(calls: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The median time of each call, in microseconds.

    A turn takes the time on the clock, or that of the processors where it is less: what it waits
    for other programs does not count.
    """
    repeat = {}
    for name, call in calls.items():
        start = perf_counter()
        call()
        repeat[name] = max(1, int(TURN / (perf_counter() - start + 1e-9)))
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start, worked = perf_counter(), process_time()
            for _ in range(repeat[name]):
                call()
            worked = process_time() - worked
            taken[name].append(min(perf_counter() - start, worked) / repeat[name] * 1e6)
    return {name: statistics.median(times) for name, times in taken.items()}


def installed(makers: dict[str, Callable[..., Any]], *args: Any) -> dict[str, Any]:
    """What those make whose libraries are installed."""
    made = {}
    for name, make in makers.items():
        try:
            made[name] = make(*args)
        except ImportError:
            continue
    return made


def often(call: Callable[[], Any], rounds: int) -> Callable[[], Any]:
    """The call, made for so long that it runs as it will from then on: three seconds, of 30 rounds,
    besides what single calls take longer, as those that record or check do.

    Programs that are called often are compiled in the background, where there is a C compiler.
    """
    calls, least = 0, float("inf")
    while calls < 10 or calls * least < 5 * TURN * rounds:  # the first ones record and lift
        start = perf_counter()
        call()
        calls, least = calls + 1, min(least, perf_counter() - start)
    return call


def settled(call: Callable[[], Any]) -> Any:
    """The result once a program is recorded and lifted, which takes two calls."""
    call()
    call()
    return call()


def contest(work: str, calls: dict[str, Callable[[], Any]], rounds: int) -> list[Row]:
    """A row for each contestant. Exits if one gives other numbers than the first one, ours."""
    if OURS in calls:
        often(calls[OURS], rounds)
    results = {name: flat(settled(call)) for name, call in calls.items()}
    expected = next(iter(results.values()))
    errors = {}
    for name, found in results.items():
        errors[name] = float(np.abs(found - expected).max() / np.abs(expected).max())
        if not errors[name] <= FAR:
            raise SystemExit(f"{work}: {name} is off by {errors[name]:.1e}")
    times = take_turns(calls, rounds)
    return [
        Row(work, name, time, None if name in (OURS, f"{OURS}, eager") else errors[name])
        for name, time in times.items()
    ]


def flat(thing: Any) -> Any:
    """All numbers of a result, in order; of a sparse matrix its own, row by row."""
    if isinstance(thing, (list, tuple)):
        return np.concatenate([flat(x) for x in thing])
    if type(thing).__name__ == "BCOO":  # JAX's, by coordinates
        places = np.asarray(thing.indices)
        return np.asarray(thing.data)[np.lexsort(places.T[::-1])]
    if hasattr(thing, "detach"):
        thing = thing.detach()
    return np.asarray(thing, float).ravel()


def with_doubles() -> Any:
    """JAX, which computes with floats of 32 bits unless it is told."""
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax
