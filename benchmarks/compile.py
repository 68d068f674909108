"""Compiled functions beside PyTorch, JAX, NumPy by hand, micrograd, CasADi and ddx.

    pip install . torch==2.13.0 jax micrograd==0.1.0 casadi==3.8.2 ddx-ad==4.3.0
    python benchmarks/compile.py            # Markdown, six minutes
    python benchmarks/compile.py --json
    python benchmarks/compile.py --quick    # little work, to see that it runs

A training step is the loss, all gradients and the update of the parameters, in float64 where
nothing else is said. All contestants start from the same parameters and take the same data, and
each one's first losses are compared with ours. A contestant whose library is missing is left out.

They take turns in one process, each with as many steps in a row as fit into its turn. The table
shows the median over the turns of the median step. A step takes the time on the clock, or that of
the processors where it is less: what it waits for other programs does not count. There is one
process for each number of threads that BLAS, PyTorch and JAX may use. The garbage collector is off
while a clock runs, but for micrograd, whose nodes refer to themselves: it has a row with, and one
without.

Of a compiled function's own costs: what a call takes that computes nothing, what recording takes
beside a check, which runs the function next to its program, and what the checks add to training
from the first step on, recording and lifting included.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import operator
import os
import random
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import cycle, pairwise
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

from machine import machine
from random_graph import LEAVES, NODES, graph, graph_numbers

# A script's folder comes first where Python looks for modules, and one script there is called nn.
sys.path = [
    folder for folder in sys.path if Path(folder).resolve() != Path(__file__).resolve().parent
]

import numpy as np  # noqa: E402

import autograd_lite  # noqa: E402
import nn  # noqa: E402
from autograd_lite import Value  # noqa: E402
from autograd_lite.graph import topological_order  # noqa: E402

Step = Callable[[], Any]  # gives the loss
Contestants = dict[str, Callable[[], Step]]  # each is made where its library is there

OURS, INTERPRETED, EAGER = "compiled", "compiled, interpreter", "eager Value"
IN_C = "compiled, in C"
WHOLE, WHOLE_IN_C = "compiled, whole step", "compiled, whole step in C"
TORCH, TORCH32, JAX, NUMPY = "PyTorch", "PyTorch, float32", "JAX jit", "NumPy by hand"
MICROGRAD, UNCOLLECTED = "micrograd", "micrograd, no collector"
SCALAR = "scalars in Python"
CHECKS = ("never", "auto")
CASADI, DDX, DDX_JIT = "CasADi, interpreted", "ddx, interpreted", "ddx, LLVM"

RATE = 0.01


@dataclass(frozen=True)
class Size:
    """How much work to do."""

    turns: int
    seconds: float  # that a turn takes at least
    slow: float  # a contestant whose step takes longer has fewer turns
    slow_turns: int
    threads: tuple[int, ...]
    trainings: tuple[int, ...]  # how many steps are taken from the beginning
    letters: tuple[int, ...]  # how many a name of the GPT has
    batches: tuple[int, ...]
    widths: tuple[int, ...]


FULL = Size(
    turns=25,
    seconds=0.03,
    slow=0.1,
    slow_turns=3,
    threads=(1, 2),
    trainings=(1_000, 10_000),
    letters=tuple(range(3, 11)),
    batches=(1, 4, 16, 64, 256, 1024),
    widths=(4, 8, 16, 32, 64, 128),
)
QUICK = Size(
    turns=3,
    seconds=0.005,
    slow=0.05,
    slow_turns=1,
    threads=(1,),
    trainings=(20,),
    letters=(4, 5),
    batches=(1, 16),
    widths=(4,),
)


# -------------------------------------------------------------------------- dense networks


class Dense:
    """A network with rectified hidden units, its data, and its loss, for all contestants.

    hinge  True for the mean of relu(1 - y score), False for the mean squared error
    """

    def __init__(self, sizes: list[int], batch: int, hinge: bool) -> None:
        rng = np.random.default_rng(0)
        self.hinge = hinge
        self.x = moons(batch, rng) if sizes[0] == 2 else rng.normal(size=(batch, sizes[0]))
        self.y = np.where(np.arange(batch) % 2, 1.0, -1.0)[:, None]
        if not hinge:
            self.y = rng.normal(size=(batch, sizes[-1]))
        self.weights = [
            (rng.normal(size=(n, m)) / math.sqrt(m), np.zeros(n)) for m, n in pairwise(sizes)
        ]

    def model(self) -> Any:
        layers: list[Any] = []
        for w, b in self.weights:
            layers += [nn.Linear(w.shape[1], w.shape[0]), nn.ReLU()]
            layers[-2].load_state_dict({"weight": w.tolist(), "bias": b.tolist()})
        return nn.Sequential(*layers[:-1])

    def ours(self, executor: str = "", check: str = "auto", whole: bool = False) -> Step:
        """A step on eager Values, or compiled for an executor.

        whole  True if the optimiser's step is compiled, too
        """
        model = self.model()
        optimizer = nn.optim.SGD(model.parameters(), lr=RATE)

        def hinge(xs: Any, ys: Any) -> Any:
            scores = [model(x) for x in xs]
            return sum((1 - y[0] * s[0]).relu() for y, s in zip(ys, scores, strict=True)) / len(ys)

        def squares(xs: Any, ys: Any) -> Any:
            return nn.mse_loss(model(xs), ys)

        loss: Any = hinge if self.hinge else squares
        if executor and not whole:
            loss = autograd_lite.compile(loss, executor=executor, check=check)
        x, y = self.x, self.y

        def step(x: Any, y: Any) -> Any:
            total = loss(x, y)
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
            return total

        if whole:
            step = autograd_lite.compile(step, executor=executor, check=check)
        return lambda: float(step(x, y).data)

    def numpy(self) -> Step:
        x, y = self.x, self.y
        parameters = [[w.T.copy(), b.copy()] for w, b in self.weights]

        def step() -> Any:
            inputs = [x]
            for w, b in parameters[:-1]:
                inputs.append(np.maximum(inputs[-1] @ w + b, 0))
            w, b = parameters[-1]
            out = inputs[-1] @ w + b
            if self.hinge:
                margins = np.maximum(1 - y * out, 0)
                loss = margins.mean()
                delta = np.where(margins > 0, y * (-1 / y.size), 0)
            else:
                differences = out - y
                loss = (differences * differences).mean()
                delta = differences * (2 / y.size)
            for (w, b), a in zip(reversed(parameters), reversed(inputs), strict=True):
                slope, shift = a.T @ delta, delta.sum(axis=0)
                if a is not x:
                    delta = (delta @ w.T) * (a > 0)
                w -= RATE * slope
                b -= RATE * shift
            return loss

        return step

    def torch(self, dtype: str = "float64") -> Step:
        import torch

        def tensor(array: Any) -> Any:
            return torch.tensor(array, dtype=getattr(torch, dtype))

        x, y, linear = tensor(self.x), tensor(self.y), torch.nn.functional.linear
        layers = [(tensor(w).requires_grad_(), tensor(b).requires_grad_()) for w, b in self.weights]
        optimizer = torch.optim.SGD([p for layer in layers for p in layer], lr=RATE)

        def step() -> float:
            out = x
            for w, b in layers[:-1]:
                out = linear(out, w, b).relu()
            out = linear(out, *layers[-1])
            loss = (1 - y * out).relu().mean() if self.hinge else (out - y).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return float(loss.detach())

        return step

    def jax(self) -> Step:
        import jax

        jax.config.update("jax_enable_x64", True)
        x, y, weights = jax.device_put((self.x, self.y, self.weights))

        def loss(weights: Any, x: Any, y: Any) -> Any:
            for w, b in weights[:-1]:
                x = jax.nn.relu(x @ w.T + b)
            w, b = weights[-1]
            out = x @ w.T + b
            return (jax.nn.relu(1 - y * out) if self.hinge else (out - y) ** 2).mean()

        @partial(jax.jit, donate_argnums=0)
        def update(weights: Any, x: Any, y: Any) -> Any:
            total, slopes = jax.value_and_grad(loss)(weights, x, y)
            return total, jax.tree.map(lambda p, g: p - RATE * g, weights, slopes)

        def step() -> float:
            nonlocal weights
            total, weights = update(weights, x, y)
            return float(total)

        return step

    def micrograd(self, collector: bool) -> Step:
        """With the garbage collector on, as its users run it, or off."""
        from micrograd.engine import Value as TheirValue  # type: ignore[import-untyped]
        from micrograd.nn import MLP  # type: ignore[import-untyped]

        model = MLP(len(self.x[0]), [len(b) for _, b in self.weights])
        for layer, (w, b) in zip(model.layers, self.weights, strict=True):
            for neuron, row, bias in zip(layer.neurons, w.tolist(), b.tolist(), strict=True):
                neuron.w, neuron.b = list(map(TheirValue, row)), TheirValue(bias)
        xs, ys = self.x.tolist(), self.y[:, 0].tolist()

        def step() -> float:
            losses = [(1 + -y * model(x)).relu() for x, y in zip(xs, ys, strict=True)]
            total = sum(losses) * (1.0 / len(losses))
            model.zero_grad()
            total.backward()
            for p in model.parameters():
                p.data -= RATE * p.grad
            return float(total.data)

        def collected() -> float:
            gc.enable()
            try:
                return step()
            finally:
                gc.disable()

        return collected if collector else step


def moons(n: int, rng: np.random.Generator) -> Any:
    """Two interleaved half circles, by turns a point of each."""
    angle, upper = math.pi * rng.random(n), np.arange(n) % 2 == 0
    x = np.where(upper, np.cos(angle), 1 - np.cos(angle))
    y = np.where(upper, np.sin(angle), 0.5 - np.sin(angle))
    return np.stack([x, y], axis=1) + rng.normal(0, 0.1, (n, 2))


def moons_contest(_: Size) -> Contestants:
    task = Dense([2, 16, 16, 1], 100, hinge=True)
    return {
        OURS: lambda: task.ours("auto"),
        IN_C: lambda: task.ours("c"),
        WHOLE: lambda: task.ours("auto", whole=True),
        WHOLE_IN_C: lambda: task.ours("c", whole=True),
        INTERPRETED: lambda: task.ours("interpret"),
        EAGER: task.ours,
        NUMPY: task.numpy,
        TORCH: task.torch,
        JAX: task.jax,
        MICROGRAD: lambda: task.micrograd(collector=True),
        UNCOLLECTED: lambda: task.micrograd(collector=False),
    }


def chapter_contest(_: Size) -> Contestants:
    task = Dense([100, 50, 10], 64, hinge=False)
    return {
        OURS: lambda: task.ours("auto"),
        IN_C: lambda: task.ours("c"),
        WHOLE: lambda: task.ours("auto", whole=True),
        WHOLE_IN_C: lambda: task.ours("c", whole=True),
        EAGER: task.ours,
        NUMPY: task.numpy,
        TORCH: task.torch,
        TORCH32: lambda: task.torch("float32"),
        JAX: task.jax,
    }


def sweep_contest(width: int, batch: int) -> Contestants:
    task = Dense([2, width, width, 1], batch, hinge=True)
    return {
        OURS: lambda: task.ours("auto"),
        NUMPY: task.numpy,
        TORCH: task.torch,
        JAX: task.jax,
    }


# ---------------------------------------------------------------------- a GPT of microgpt's shape

VOCABULARY, WIDTH, HEADS, PLACES = 27, 16, 4, 16
SHAPES = {
    "tokens": (VOCABULARY, WIDTH),
    "places": (PLACES, WIDTH),
    **dict.fromkeys(("query", "key", "value", "mix"), (WIDTH, WIDTH)),
    "expand": (4 * WIDTH, WIDTH),
    "contract": (WIDTH, 4 * WIDTH),
    "logits": (VOCABULARY, WIDTH),
}
ADAM = {"lr": 0.01, "betas": (0.85, 0.99), "eps": 1e-8}


def gpt_weights() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {name: rng.normal(0, 0.08, shape) for name, shape in SHAPES.items()}


def names(letters: tuple[int, ...]) -> Iterator[Any]:
    """Names as tokens, of so many letters, with the token 0 before and behind.

    They are drawn here: to draw one takes a tenth of a step.
    """
    rng = random.Random(0)
    drawn = [
        np.array([0, *rng.choices(range(1, VOCABULARY), k=rng.choice(letters)), 0])
        for _ in range(1_000)
    ]
    return cycle(drawn)


class Scalars(NamedTuple):
    """What the scalar GPT is written with."""

    softmax: Callable[[list[Any]], list[Any]]
    minus_log: Callable[[list[Any], Any], Any]  # -log softmax(logits)[i]
    pick: Callable[[list[Any], Any], Any]  # table[i]


def scalar_gpt(weights: dict[str, Any], tokens: Any, on: Scalars) -> Any:
    """The mean of -log p(the next token) over a name."""

    def linear(x: list[Any], w: Any) -> list[Any]:
        return [sum(wi * xi for wi, xi in zip(row, x, strict=True)) for row in w]

    def normal(x: list[Any]) -> list[Any]:
        scale = (sum(xi * xi for xi in x) / len(x) + 1e-5) ** -0.5
        return [xi * scale for xi in x]

    keys: list[Any] = []
    values: list[Any] = []
    losses = []
    size = WIDTH // HEADS
    for place in range(len(tokens) - 1):
        letter = on.pick(weights["tokens"], tokens[place])
        x = normal([a + b for a, b in zip(letter, weights["places"][place], strict=True)])
        before, x = x, normal(x)
        query = linear(x, weights["query"])
        keys.append(linear(x, weights["key"]))
        values.append(linear(x, weights["value"]))
        x = []
        for h in range(0, WIDTH, size):
            part = slice(h, h + size)
            scores = [
                sum(a * b for a, b in zip(query[part], key[part], strict=True)) / size**0.5
                for key in keys
            ]
            shares = on.softmax(scores)
            x += [
                sum(p * v[j] for p, v in zip(shares, values, strict=True))
                for j in range(h, h + size)
            ]
        x = [a + b for a, b in zip(linear(x, weights["mix"]), before, strict=True)]
        hidden = [z.relu() for z in linear(normal(x), weights["expand"])]
        x = [a + b for a, b in zip(linear(hidden, weights["contract"]), x, strict=True)]
        losses.append(on.minus_log(linear(x, weights["logits"]), tokens[place + 1]))
    return sum(losses) / len(losses)


def gpt_ours(letters: tuple[int, ...], executor: str = "", whole: bool = False) -> Step:
    weights = {
        name: [list(map(nn.Parameter, row)) for row in w.tolist()]
        for name, w in gpt_weights().items()
    }
    optimizer = nn.optim.Adam(weights.values(), **ADAM)

    def minus_log(logits: list[Any], i: Any) -> Any:
        return -autograd_lite.take(autograd_lite.log_softmax(logits), i)

    on = Scalars(autograd_lite.softmax, minus_log, autograd_lite.take)

    def loss(tokens: Any) -> Any:
        return scalar_gpt(weights, tokens, on)

    run: Any = loss

    def step(tokens: Any) -> Any:
        total = run(tokens)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        return total

    # With a program for each length most turns would have a check, and the few steps that are left
    # in a turn would meet cold caches: it would be the check that is timed, which has its own row.
    if executor and whole:
        step = autograd_lite.compile(step, executor=executor, check="never")
    elif executor:
        run = autograd_lite.compile(loss, executor=executor, check="never")
    before = [p.data for p in optimizer.params], optimizer.state_dict()
    for n in letters if executor else ():
        for _ in range(2):  # recorded, then lifted
            step(np.zeros(n + 2, int))
    for p, number in zip(optimizer.params, before[0], strict=True):
        p.data = number
    optimizer.load_state_dict(before[1])
    data = names(letters)
    return lambda: float(step(next(data)).data)


class Scalar:
    """A number with the local gradients with respect to its parents, in plain Python."""

    __slots__ = ("data", "grad", "local", "parents")

    def __init__(self, data: float, parents: tuple[Any, ...] = (), local: Any = ()) -> None:
        self.data, self.grad, self.parents, self.local = data, 0.0, parents, local

    def __add__(self, other: Any) -> Scalar:
        other = other if isinstance(other, Scalar) else Scalar(other)
        return Scalar(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> Scalar:
        other = other if isinstance(other, Scalar) else Scalar(other)
        return Scalar(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n: float) -> Scalar:
        return Scalar(self.data**n, (self,), (n * self.data ** (n - 1),))

    def exp(self) -> Scalar:
        out = math.exp(self.data)
        return Scalar(out, (self,), (out,))

    def log(self) -> Scalar:
        return Scalar(math.log(self.data), (self,), (1 / self.data,))

    def relu(self) -> Scalar:
        return Scalar(max(0.0, self.data), (self,), (float(self.data > 0),))

    def __neg__(self) -> Scalar:
        return self * -1

    def __sub__(self, other: Any) -> Scalar:
        return self + -other

    def __truediv__(self, other: Any) -> Scalar:
        return self * other**-1

    __radd__ = __add__

    def backward(self) -> None:
        order: list[Scalar] = []
        seen = set()

        def visit(node: Scalar) -> None:
            if node not in seen:
                seen.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            for parent, local in zip(node.parents, node.local, strict=True):
                parent.grad += local * node.grad


def gpt_scalar(letters: tuple[int, ...]) -> Step:
    weights = {
        name: [list(map(Scalar, row)) for row in w.tolist()] for name, w in gpt_weights().items()
    }
    parameters = [p for w in weights.values() for row in w for p in row]
    mean, square = ([0.0] * len(parameters) for _ in range(2))
    beta1, beta2 = ADAM["betas"]
    steps = 0

    def softmax(xs: list[Any]) -> list[Any]:
        largest = max(x.data for x in xs)
        exps = [(x - largest).exp() for x in xs]
        total = sum(exps)
        return [e / total for e in exps]

    on = Scalars(softmax, lambda logits, i: -softmax(logits)[i].log(), operator.getitem)
    data = names(letters)

    def step() -> float:
        nonlocal steps
        steps += 1
        loss = scalar_gpt(weights, next(data).tolist(), on)
        loss.backward()
        for i, p in enumerate(parameters):
            mean[i] = beta1 * mean[i] + (1 - beta1) * p.grad
            square[i] = beta2 * square[i] + (1 - beta2) * p.grad**2
            m, v = mean[i] / (1 - beta1**steps), square[i] / (1 - beta2**steps)
            p.data -= ADAM["lr"] * m / (v**0.5 + ADAM["eps"])
            p.grad = 0.0
        return float(loss.data)

    return step


def gpt_torch(letters: tuple[int, ...]) -> Step:
    import torch
    from torch.nn import functional as F  # noqa: N812

    weights = {name: torch.tensor(w, requires_grad=True) for name, w in gpt_weights().items()}
    optimizer = torch.optim.Adam(weights.values(), fused=True, **ADAM)
    data = names(letters)

    def normal(x: Any) -> Any:
        return F.rms_norm(x, (WIDTH,), eps=1e-5)

    def step() -> float:
        name = torch.from_numpy(next(data))
        tokens = name[:-1]
        n = len(tokens)
        x = before = normal(F.embedding(tokens, weights["tokens"]) + weights["places"][:n])
        x = normal(x)
        query, key, value = (
            F.linear(x, weights[part]).view(n, HEADS, -1).transpose(0, 1)
            for part in ("query", "key", "value")
        )
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = F.linear(mixed.transpose(0, 1).reshape(n, WIDTH), weights["mix"]) + before
        hidden = F.linear(normal(x), weights["expand"]).relu()
        x = F.linear(hidden, weights["contract"]) + x
        loss = F.cross_entropy(F.linear(x, weights["logits"]), name[1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


def gpt_contest(size: Size) -> Contestants:
    return {
        OURS: lambda: gpt_ours(size.letters, "auto"),
        IN_C: lambda: gpt_ours(size.letters, "c"),
        WHOLE: lambda: gpt_ours(size.letters, "auto", whole=True),
        WHOLE_IN_C: lambda: gpt_ours(size.letters, "c", whole=True),
        EAGER: lambda: gpt_ours(size.letters),
        TORCH: lambda: gpt_torch(size.letters),
        SCALAR: lambda: gpt_scalar(size.letters),
    }


# ------------------------------------------------------------------------------- a random graph


def graph_ours(executor: str = "") -> Step:
    leaves = list(map(nn.Parameter, graph_numbers()))
    zero_grad = nn.optim.SGD(leaves).zero_grad

    def function() -> Any:
        return graph(leaves, autograd_lite.sin, autograd_lite.tanh)

    run: Any = autograd_lite.compile(function, executor=executor) if executor else function

    def step() -> float:
        total = run()
        zero_grad()
        total.backward()
        return float(total.data)

    return step


def graph_casadi() -> Step:
    import casadi  # type: ignore[import-not-found]

    x = casadi.SX.sym("x", LEAVES)
    y = graph(casadi.vertsplit(x), casadi.sin, casadi.tanh)
    function = casadi.Function("graph", [x], [y, casadi.gradient(y, x)])
    buffer, run = function.buffer()
    numbers, value, slopes = np.array(graph_numbers()), np.zeros(1), np.zeros(LEAVES)
    buffer.set_arg(0, memoryview(numbers))
    buffer.set_res(0, memoryview(value))
    buffer.set_res(1, memoryview(slopes))

    def step() -> float:
        run()
        return float(value[0])

    step.kept = function, buffer, numbers, slopes  # type: ignore[attr-defined]  # `run` does not

    return step


def graph_ddx(backend: str) -> Step:
    import ddx  # type: ignore[import-not-found]

    def function() -> Any:
        leaves = [ddx.var(f"x{i:03}") for i in range(LEAVES)]
        return graph(leaves, ddx.sin, ddx.tanh)

    run = ddx.equation(function)
    run.compile(backend=getattr(ddx.Backend, backend))
    call = run.buffer(np.array(graph_numbers()))  # value and gradient

    def step() -> float:
        call()
        return float(call.value)

    return step


def graph_contest(size: Size) -> Contestants:
    contestants: Contestants = {
        OURS: lambda: graph_ours("auto"),
        EAGER: graph_ours,
        CASADI: graph_casadi,
        DDX: lambda: graph_ddx("INTERPRET"),
    }
    if size is FULL:  # LLVM takes its time
        contestants[DDX_JIT] = lambda: graph_ddx("COMPILE")
    return contestants


# ------------------------------------------------------------------------------------ the clock

CONTESTS: dict[str, Callable[[Size], Contestants]] = {
    "moons": moons_contest,
    "chapter": chapter_contest,
    "gpt": gpt_contest,
    "graph": graph_contest,
}

Medians = dict[str, float]  # microseconds by contestant


def contest(contestants: Contestants, size: Size) -> tuple[Medians, list[str]]:
    """The median time of a step of each, and what was left out and why."""
    steps, left_out = {}, []
    for name, make in contestants.items():
        try:
            steps[name] = make()
        except ImportError as missing:
            left_out.append(f"{name} is left out: {missing}")
    first: list[float] = []
    estimates = {}
    for name, step in steps.items():
        losses = [float(step()) for _ in range(2)]
        first = first or losses
        assert np.allclose(losses, first, rtol=1e-3 if name == TORCH32 else 1e-9), (name, losses)
    gc.collect()
    gc.freeze()  # what is there by now is not collected at every turn
    for name, step in steps.items():
        estimates[name] = turn(step, size.seconds)
    times: dict[str, list[float]] = {name: [] for name in steps}
    for i in range(size.turns):
        for name, step in steps.items():
            if i < size.slow_turns or estimates[name] < size.slow:
                times[name].append(turn(step, size.seconds))
    gc.unfreeze()
    return {name: 1e6 * statistics.median(taken) for name, taken in times.items()}, left_out


def turn(step: Step, seconds: float) -> float:
    """The median time of as many steps as fit into these seconds, but of one at least."""
    taken = []
    gc.collect()
    gc.disable()
    end = perf_counter() + seconds
    while not taken or perf_counter() < end:
        start, worked = perf_counter(), process_time()
        step()
        worked = process_time() - worked
        taken.append(min(perf_counter() - start, worked))
    gc.enable()
    return statistics.median(taken)


def scalar_loops() -> tuple[Callable[[Any, Any], Any], Dense]:
    """The loss of the moons in scalar loops, a regular program; and its data."""
    task = Dense([2, 16, 16, 1], 100, hinge=True)
    layers = [[(list(map(Value, row)), Value(0.0)) for row in w.tolist()] for w, _ in task.weights]

    def network(x: Any) -> Any:
        for layer in layers:
            x = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b) for w, b in layer]
            x = [z.relu() for z in x] if layer is not layers[-1] else x
        return x[0]

    def loss(xs: Any, ys: Any) -> Any:
        losses = [(1 - y[0] * network(x)).relu() for x, y in zip(xs, ys, strict=True)]
        return sum(losses) / len(losses)

    return loss, task


def recording(size: Size) -> dict[str, float]:
    """Microseconds for each node of a regular program, of what is done with it now and then.

    record     the first call
    recording  that, and the lift
    check      what the function adds to a call that runs beside its program

    The second call lifts, and is checked where check="auto"; so is the fourth.
    """
    loss, task = scalar_loops()
    nodes = len(topological_order(loss(task.x, task.y)))

    def calls(run: Any, n: int = 1) -> None:
        for _ in range(n):
            run(task.x, task.y)

    def once() -> dict[str, float]:
        unchecked = autograd_lite.compile(loss, check="never")
        recorded, lifted = (turn(partial(calls, unchecked), 0.0) for _ in range(2))
        checked = autograd_lite.compile(loss)
        calls(checked, 3)
        fourth, fifth = (turn(partial(calls, checked), 0.0) for _ in range(2))
        return {"record": recorded, "recording": recorded + lifted, "check": fourth - fifth}

    taken = [once() for _ in range(max(3, size.turns // 3))]
    return {
        name: 1e6 * statistics.median(each[name] for each in taken) / nodes for name in taken[0]
    }


def empty_calls(size: Size) -> dict[str, float]:
    """Microseconds of calls that compute nothing: of a function alone, and of one with a model.

    Its parameters, that the function leads to, might have been replaced since the last call.
    """
    model = Dense([100, 50, 10], 64, hinge=False).model()

    def empty() -> None:
        return None

    def with_model() -> None:
        return None if model else model

    def calls(function: Any) -> None:
        for _ in range(100):
            function()

    functions = {"call": empty, "call with a model": with_model}
    compiled = {name: autograd_lite.compile(f, check="never") for name, f in functions.items()}
    taken: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(size.turns):
        for name, function in compiled.items():
            taken[name].append(turn(partial(calls, function), size.seconds))
    return {name: 1e4 * statistics.median(times) for name, times in taken.items()}


def trainings(size: Size) -> dict[int, Medians]:
    """Milliseconds of so many steps of the network 100-50-10 from the first on, by `check`."""
    task = Dense([100, 50, 10], 64, hinge=False)

    def train(steps: int, check: str) -> None:
        step = task.ours("auto", check)
        for _ in range(steps):
            step()

    found = {}
    for steps in size.trainings:
        taken: dict[str, list[float]] = {check: [] for check in CHECKS}
        for _ in range(size.slow_turns):
            for check in CHECKS:
                taken[check].append(turn(partial(train, steps, check), 0.0))
        found[steps] = {check: 1e3 * statistics.median(times) for check, times in taken.items()}
    return found


def measure(size: Size, sweeps: bool) -> dict[str, Any]:
    """All that a process measures."""
    contests, left_out = {}, []
    for key, contestants in CONTESTS.items():
        contests[key], missing = contest(contestants(size), size)
        left_out += missing
    found: dict[str, Any] = {"contests": contests, "left out": sorted(set(left_out))}
    found |= recording(size) | empty_calls(size)
    found["trainings"] = trainings(size)
    if sweeps:
        found["batch"] = {n: contest(sweep_contest(16, n), size)[0] for n in size.batches}
        found["width"] = {n: contest(sweep_contest(n, 100), size)[0] for n in size.widths}
    return found


# ------------------------------------------------------------------------------- the targets


class Target(NamedTuple):
    """What a number should be.

    number  of the contestants' medians in a contest
    """

    contest: str
    what: str
    number: Callable[[Medians], float]
    limit: float
    at_least: bool

    def measured(self, found: dict[str, Any]) -> float | None:
        """The number; None where a contestant was left out."""
        try:
            return self.number(found["contests"].get(self.contest, found))
        except KeyError:
            return None

    def met(self, number: float) -> bool:
        return number >= self.limit if self.at_least else number <= self.limit


def faster(contest: str, other: str, limit: float, ours: str = OURS) -> Target:
    what = f"times as fast as {other}" + (f", {ours}" if ours != OURS else "")
    return Target(contest, what, lambda m: m[other] / m[ours], limit, at_least=True)


def takes(contest: str, ours: str, limit: float) -> Target:
    return Target(contest, f"us, {ours}", lambda m: m[ours], limit, at_least=False)


TARGETS = (
    faster("moons", TORCH, 4),
    faster("moons", JAX, 1),
    Target(
        "moons", f"times the time of {NUMPY}", lambda m: m[OURS] / m[NUMPY], 1.5, at_least=False
    ),
    faster("moons", MICROGRAD, 5000),
    takes("moons", WHOLE_IN_C, 10),
    takes("moons", WHOLE, 12),
    faster("moons", JAX, 2, WHOLE_IN_C),
    faster("moons", NUMPY, 1, WHOLE_IN_C),
    takes("chapter", WHOLE_IN_C, 40),
    takes("chapter", WHOLE, 50),
    faster("chapter", JAX, 2, WHOLE_IN_C),
    faster("chapter", NUMPY, 1, WHOLE_IN_C),
    Target(
        "chapter",
        "times as fast as PyTorch, the better of float32 and float64",
        lambda m: min(m[TORCH], m[TORCH32]) / m[OURS],
        1.4,
        at_least=True,
    ),
    takes("gpt", WHOLE_IN_C, 20),
    takes("gpt", WHOLE, 32),
    faster("gpt", TORCH, 6),
    faster("gpt", SCALAR, 1000),
    faster("graph", EAGER, 10),
    faster("graph", DDX, 1),
    faster("graph", CASADI, 1),
    Target("recording", "us a node", lambda found: found["recording"], 2, at_least=False),
    Target("call", "us", lambda found: found["call"], 4, at_least=False),
    Target(
        "call with a model", "us", lambda found: found["call with a model"], 4.5, at_least=False
    ),
)
WORK = {
    "moons": "moons, MLP 2-16-16-1 over 100 samples",
    "chapter": "a network of 100-50-10 units, batch 64",
    "gpt": "a GPT of microgpt's shape on a name, with Adam",
    "graph": f"random graph of {NODES:,} nodes, value and gradient",
    "record": "recording, moons in scalar loops",
    "recording": "recording and lifting, moons in scalar loops",
    "check": "a check, moons in scalar loops",
    "call": "a call of an empty function",
    "call with a model": "the same where it leads to a model of 5,560 parameters",
}
OVERHEADS = {"record": "us a node", "recording": "us a node", "check": "us a node"}
OVERHEADS |= {"call": "us", "call with a model": "us"}


def verdicts(found: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for target in TARGETS:
        number = target.measured(found)
        if number is not None:
            bound = "at least" if target.at_least else "at most"
            row = {"contest": target.contest, "what": target.what, "measured": number}
            rows.append(row | {bound: target.limit, "met": target.met(number)})
    return rows


PACKAGES = ("numpy", "torch", "jax", "micrograd", "casadi", "ddx-ad")


def significant(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def markdown(results: dict[str, Any]) -> Iterable[str]:
    yield from (f"- {name}: {value}" for name, value in results["machine"].items())
    for threads, found in results["threads"].items():
        yield f"\n## {threads} thread{'s' * (threads != '1')}\n"
        yield from found["left out"]
        yield "\n| work | contestant | us a step | times ours |\n|---|---|--:|--:|"
        for key, medians in found["contests"].items():
            for name, time in medians.items():
                quotient = significant(time / medians[OURS])
                yield f"| {WORK[key]} | {name} | {significant(time)} | {quotient} |"
        for key, unit in OVERHEADS.items():
            yield f"| {WORK[key]} | {OURS} | {significant(found[key])} {unit} | |"
        for steps, times in found["trainings"].items():
            for check, time in times.items():
                work = f"{int(steps):,} steps of the network 100-50-10 from the first on"
                yield f'| {work} | check="{check}" | {significant(time)} ms | |'
        yield "\n| work | measured | target | |\n|---|---|---|---|"
        for row in verdicts(found):
            bound = "at least" if "at least" in row else "at most"
            shown = f"{significant(row['measured'])} {row['what']}"
            yield (
                f"| {WORK[row['contest']]} | {shown} | {bound} {row[bound]:g} | "
                f"{'met' if row['met'] else 'NOT MET'} |"
            )
        for kind in ("batch", "width"):
            for size, medians in found.get(kind, {}).items():
                shown = ", ".join(f"{name} {significant(time)}" for name, time in medians.items())
                yield f"\n{kind} {size}: {shown} us"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON rather than Markdown")
    parser.add_argument("--quick", action="store_true", help="little work: the numbers say little")
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    size = QUICK if options.quick else FULL
    if options.threads:
        print(json.dumps(measure(size, sweeps=options.threads == 1)))
        return
    found = {str(n): in_process(n, options.quick) for n in size.threads}
    about = {"machine": machine(*PACKAGES), "work": WORK, "overheads": OVERHEADS}
    results = {**about, "threads": found}
    if options.json:
        results["targets"] = {n: verdicts(each) for n, each in found.items()}
        print(json.dumps(results, indent=1))
    else:
        print("\n".join(markdown(results)))


def in_process(threads: int, quick: bool) -> Any:
    """What a process with so many threads finds."""
    limits = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(limits, str(threads))}
    if threads == 1:
        environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    command = [sys.executable, __file__, "--threads", str(threads), *["--quick"] * quick]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
