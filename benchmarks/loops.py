"""A pendulum by Runge and Kutta's method, with its gradient, as a plain loop, by scan, and by JAX;
and batches of pendulums by vmap.

    python benchmarks/loops.py
    python benchmarks/loops.py --quick  # few steps, to see that it runs

Times are medians of five turns, in each of which all run, with all that a call costs; memory is
what the gradient of scan keeps: its carries.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np
from machine import machine

# A script's folder comes first where Python looks for modules, and one script there is called nn.
sys.path = [
    folder for folder in sys.path if Path(folder).resolve() != Path(__file__).resolve().parent
]

from autograd_lite import Value, compile, sin, vmap  # noqa: E402
from autograd_lite.loops import scan  # noqa: E402

TURNS, DT, BATCH_STEPS = 5, 1e-3, 100


def step(sine: Callable[[Any], Any], gravity: Any, carry: Any) -> Any:
    """The angle and its speed after a step."""
    x, v = carry

    def slope(x: Any, v: Any) -> Any:
        return v, -gravity * sine(x)

    k1, l1 = slope(x, v)
    k2, l2 = slope(x + DT / 2 * k1, v + DT / 2 * l1)
    k3, l3 = slope(x + DT / 2 * k2, v + DT / 2 * l2)
    k4, l4 = slope(x + DT * k3, v + DT * l3)
    return x + DT / 6 * (k1 + 2 * k2 + 2 * k3 + k4), v + DT / 6 * (l1 + 2 * l2 + 2 * l3 + l4)


GRAVITY = Value(9.81)


def body(carry: Any, x: None) -> Any:
    return step(sin, GRAVITY, carry), None


def by_scan(n: int, checkpoint: bool) -> None:
    carry, _ = scan(body, (Value(1.0), Value(0.0)), length=n, checkpoint=checkpoint)
    carry[0].backward()


def by_loop(n: int) -> None:
    carry: Any = Value(1.0), Value(0.0)
    for _ in range(n):
        carry = step(sin, GRAVITY, carry)
    carry[0].backward()


def last_by_jax(n: int) -> Callable[..., Any]:
    """The angle in the end, of that in the beginning and gravity."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def last(x: Any, gravity: Any) -> Any:
        scanned = jax.lax.scan(
            lambda carry, _: (step(jnp.sin, gravity, carry), None),
            (x, jnp.zeros(())),
            length=n,
        )
        return scanned[0][0]

    return last


def by_jax(n: int) -> Callable[[], object]:
    import jax

    gradient = jax.jit(jax.value_and_grad(last_by_jax(n), (0, 1)))
    return lambda: jax.block_until_ready(gradient(1.0, 9.81))


def last_by_scan(n: int) -> Callable[[Any], Any]:
    """The angle in the end, of that in the beginning."""
    return lambda x: scan(body, (x, 0.0), length=n)[0][0]


def batch(n: int, steps: int) -> Callable[[], object]:
    """The gradient of the sum of n pendulums' angles in the end."""
    batched, angles = vmap(last_by_scan(steps)), batch_of(n)
    return lambda: sum(batched(angles)).backward()


def alone(n: int, steps: int) -> Callable[[], object]:
    """The same, of one pendulum after the other."""
    last, angles = compile(last_by_scan(steps)), batch_of(n).tolist()
    return lambda: sum(map(last, angles)).backward()


def batch_by_jax(n: int, steps: int) -> Callable[[], object]:
    import jax

    batched, angles = jax.vmap(last_by_jax(steps), (0, None)), batch_of(n)
    gradient = jax.jit(jax.grad(lambda gravity: batched(angles, gravity).sum()))
    return lambda: jax.block_until_ready(gradient(9.81))


def batch_of(n: int) -> Any:
    return np.linspace(0.1, 1.0, n)


def milliseconds(runs: list[Callable[[], object]]) -> list[float]:
    """What each takes: medians of turns, in each of which all have one after the other.

    A turn takes the time on the clock, or that of the processors where it is less: what it waits
    for other programs does not count.
    """
    times: list[list[float]] = [[] for _ in runs]
    for turn in range(TURNS + 1):
        for run, found in zip(runs, times, strict=True):
            start, worked = perf_counter(), process_time()
            run()
            worked = process_time() - worked
            if turn:  # the first is for what is prepared
                found.append(min(perf_counter() - start, worked))
    return [1e3 * median(found) for found in times]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    n = 1000 if quick else 1_000_000
    print(f"{', '.join(machine('numpy').values())}\n")
    rows: list[tuple[str, int, Callable[[], object], float]] = [
        ("scan, every carry kept", n, lambda: by_scan(n, False), 16 * n / 1e6),
        ("scan, every sqrt(T)-th", n, lambda: by_scan(n, True), 32 * n**0.5 / 1e6),
        ("plain loop", n // 10, lambda: by_loop(n // 10), 0.0),
    ]
    try:
        rows.append(("JAX, lax.scan", n, by_jax(n), 0.0))
    except ImportError:
        print("JAX is not installed")
    for (name, steps, _, kept), time in zip(rows, milliseconds([x[2] for x in rows]), strict=True):
        memory = f", keeps {kept:.2f} MB" if kept else ""
        each = 1e6 * time / steps
        print(f"{name:24} {steps:>9,} steps {time:8.1f} ms {each:8.0f} ns a step{memory}")
    print(f"\n{BATCH_STEPS} steps of n pendulums, us for each of them:")
    for n in (1, 10, 100) if quick else (1, 10, 100, 1000):
        ways = {"vmap": batch(n, BATCH_STEPS), "one after the other": alone(n, BATCH_STEPS)}
        with suppress(ImportError):
            ways["JAX"] = batch_by_jax(n, BATCH_STEPS)
        calls = 2 if quick else max(5, 1000 // n)
        times = milliseconds([partial(repeated, way, calls) for way in ways.values()])
        found = [f"{name} {1e3 * t / n / calls:6.1f}" for name, t in zip(ways, times, strict=True)]
        print(f"n = {n:<5,}", ", ".join(found))


def repeated(run: Callable[[], object], calls: int) -> None:
    for _ in range(calls):
        run()


if __name__ == "__main__":
    main()
