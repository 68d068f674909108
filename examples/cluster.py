"""A GPT written in scalars trains on several devices, in one process or in several.

    pip install ".[examples,jax,safetensors]"
    python examples/cluster.py                   # eight devices in one process
    python examples/cluster.py --processes 2     # two processes with four devices each

The network is that of gpt.py. `to_jax` makes a function of JAX of the loss of one name. JAX makes
the loss of 32 names of it, differentiates it, and divides the names among the devices. Each device
has all parameters; the gradients of all are added up. Devices are parts of this machine's
processor, or the GPUs that JAX finds.

All devices compute the same, so names are padded to the 16 places that there are, and a weight says
which letters count: 7 of 16 on average. No letter sees those behind it, so padding changes nothing.

A process that dies, or does not answer for ten seconds, ends all of them. With --checkpoint FILE
the state is saved every 50 steps; the same command goes on from there, to the same bits.

On n machines, start process k on each, with the address of the first one:
    python examples/cluster.py --processes n --process k --coordinator 10.0.0.1:1234

It prints how far the losses are from those of autograd_lite on one core. The picture shows them,
and how many names a second so many devices learn.
"""

from __future__ import annotations

import argparse
import copy
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from common import BLUE, ORANGE, command_line, draw_losses, sheet
from gpt import GPT, PLACES, made_up
from letters import numbered, shuffled_names
from tqdm import tqdm

import autograd_lite
from autograd_lite import Value, dot, log_softmax, nn, no_grad, take

try:
    import jax
    import jax.numpy as jnp
    from jax.sharding import Mesh, NamedSharding, PartitionSpec
except ModuleNotFoundError:  # --help does without, and main says what is missing
    jax = None

BATCH_SIZE, LR, BETAS, EPS = 32, 0.01, (0.85, 0.99), 1e-8
DEVICES = 8  # into which a processor is divided
PATIENCE = 10  # seconds without a sign of life after which a process is given up
PARTS = "parameters", "first", "second"  # with the means of Adam: what is trained

State = dict[str, Any]  # {part: {name: array}}, and "steps": how many there have been


# ------------------------------------------------------------------------------------ the loss


def padded(names: list[str]) -> list[np.ndarray]:
    """For each name its letters, those that follow, and 1 where there is one: (names, 16) each."""
    tokens, following = np.zeros((2, len(names), PLACES), int)
    weights = np.zeros((len(names), PLACES))
    for i, name in enumerate(names):
        n = len(name) + 1
        tokens[i, :n], following[i, :n] = numbered(name)[:-1], numbered(name)[1:]
        weights[i, :n] = 1
    return [tokens, following, weights]


class Batches:
    """Batch k of the names, for any k: who goes on at step k learns what comes there."""

    def __init__(self, names: list[str], size: int = BATCH_SIZE) -> None:
        self.names, self.size = names, size

    def __getitem__(self, k: int) -> list[np.ndarray]:
        places = range(k * self.size, (k + 1) * self.size)
        return padded([self.names[i % len(self.names)] for i in places])


def loss_of(model: GPT) -> Callable[..., Value]:
    """The loss of one name: -log p, summed over its letters."""

    def loss(tokens: np.ndarray, following: np.ndarray, weights: np.ndarray) -> Value:
        each = [log_softmax(scores) for scores in model(tokens)]
        return -dot(weights, [take(xs, i) for xs, i in zip(each, following, strict=True)])

    return loss


def ours(
    model: GPT, batches: Batches, steps: int, of: int, eager: bool
) -> tuple[list[float], float]:
    """The first losses of the same training by autograd_lite on one core, and names a second."""
    one = loss_of(model)

    def loss(tokens: np.ndarray, following: np.ndarray, weights: np.ndarray) -> Value:
        each = [one(*name) for name in zip(tokens, following, weights, strict=True)]
        return sum(each) / weights.sum()

    if not eager:
        loss = autograd_lite.compile(loss)
    optimizer = nn.optim.Adam(model.parameters(), LR, BETAS, EPS)
    schedule = nn.optim.LinearLR(optimizer, 1.0, 0.0, of)
    losses, seconds = [], []
    for k in tqdm(range(steps), unit="step", desc="on one core"):
        start = time.perf_counter()
        error = loss(*batches[k])
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        schedule.step()
        losses.append(error.data)
        seconds.append(time.perf_counter() - start)
    return losses, batches.size / min(seconds)


# ---------------------------------------------------------------------------- on many devices


def step_of(loss: Callable[..., Any], steps: int) -> Callable[..., tuple[State, Any]]:
    """A step of Adam as a function of JAX: (state, *batch) -> state, loss."""

    def mean(parameters: dict[str, Any], *batch: Any) -> Any:
        each = jax.vmap(loss, (None, 0, 0, 0))(parameters, *batch)
        return each.sum() / batch[-1].sum()

    def step(state: State, *batch: Any) -> tuple[State, Any]:
        error, gradient = jax.value_and_grad(mean)(state["parameters"], *batch)
        b, c = BETAS
        t = state["steps"] + 1
        rate = LR * (1 - state["steps"] / steps) / (1 - b**t)
        new: State = {"parameters": {}, "first": {}, "second": {}, "steps": t}
        for name, g in gradient.items():
            m = new["first"][name] = b * state["first"][name] + (1 - b) * g
            v = new["second"][name] = c * state["second"][name] + (1 - c) * g * g
            change = rate * m / (jnp.sqrt(v / (1 - c**t)) + EPS)
            new["parameters"][name] = state["parameters"][name] - change
        return new, error

    return jax.jit(step)


def put(tree: Any, sharding: NamedSharding) -> Any:
    """Arrays that every process has, on devices: each process gives what its own ones need."""

    def placed(x: Any) -> Any:
        x = np.asarray(x)
        return jax.make_array_from_callback(x.shape, sharding, lambda index: x[index])

    return jax.tree.map(placed, tree)


class Training:
    """Training on so many devices in a row, equally many of each process."""

    def __init__(self, step: Callable[..., Any], state: State, batches: Batches, devices: int):
        each: dict[int, list[Any]] = {}
        for device in jax.devices():
            each.setdefault(device.process_index, []).append(device)
        row = [device for some in zip(*each.values(), strict=True) for device in some]
        mesh = Mesh(np.array(row[:devices]), ("batch",))
        self.divided = NamedSharding(mesh, PartitionSpec("batch"))
        self.state = put(state, NamedSharding(mesh, PartitionSpec()))
        self.step, self.batches = step, batches

    def next(self) -> float:
        """Learn the next batch, and give its loss.

        It waits for the devices: many steps at once, of several processes, can abort within XLA.
        """
        batch = put(self.batches[int(self.state["steps"])], self.divided)
        self.state, loss = jax.block_until_ready(self.step(self.state, *batch))
        return float(loss)


def throughput(training: Training, steps: int) -> float:
    """Names learnt in a second, in the fastest of so many steps."""
    seconds = []
    for _ in range(steps):
        start = time.perf_counter()
        training.next()
        seconds.append(time.perf_counter() - start)
    return training.batches.size / min(seconds)


# -------------------------------------------------------------------------------- checkpoints


def save(state: State, path: Path) -> None:
    """The state in a file, whole or not at all, under names such as "first.letters.weight"."""
    flat = {f"{part}.{name}": x for part in PARTS for name, x in state[part].items()}
    nn.save({"steps": state["steps"], **flat}, path)


def load(path: Path, like: State) -> State:
    """The state that a file has, with the names of another one."""
    flat = nn.load(path)
    found: State = {
        part: {name: np.array(flat[f"{part}.{name}"]) for name in like[part]} for part in PARTS
    }
    return {**found, "steps": np.array(int(flat["steps"]))}


# ---------------------------------------------------------------------------------- processes


def launch(processes: int) -> None:
    """Run so many processes of this program here. If one fails, all are ended."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    command = [sys.executable, *sys.argv, "--coordinator", address, "--process"]
    workers = [subprocess.Popen([*command, str(k)]) for k in range(processes)]
    try:
        ended: list[int | None] = [None]
        while None in ended:
            time.sleep(0.1)
            ended = [worker.poll() for worker in workers]
            for k, status in enumerate(ended):
                if status:
                    sys.exit(f"process {k} ended with status {status}, so all were ended")
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


def join(options: argparse.Namespace) -> None:
    """Make this process one of several. JAX ends all of them where one does not answer."""
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(
        options.coordinator,
        options.processes,
        options.process,
        initialization_timeout=60,
        heartbeat_timeout_seconds=PATIENCE,
        shutdown_timeout_seconds=PATIENCE,
    )


# -------------------------------------------------------------------------------- the picture


def draw(
    losses: list[float], same: list[float], speed: float, speeds: dict[int, Any], path: Path
) -> None:
    """The losses, and names a second against devices."""
    figure = sheet(4.2)
    left, right = figure.subplots(1, 2)
    draw_losses(left, losses, 100)
    left.plot(same, "x", ms=3, color=ORANGE, label="autograd_lite on one core")
    left.legend(markerscale=2)
    for (size, found), look in zip(speeds.items(), ((BLUE, "o"), (ORANGE, "s")), strict=False):
        colour, mark = look
        label = f"{size} at a time"
        right.plot(list(found), list(found.values()), f"{mark}-", color=colour, label=label)
        right.set_xticks(list(found))
    if speed:
        right.axhline(speed, color=BLUE, ls="--", lw=1, label="autograd_lite on one core")
    right.set(xlabel="devices", ylabel="names a second")
    right.set_title(f"Speed, on a machine of {os.cpu_count()} cores")
    right.yaxis.set_major_formatter("{x:,.0f}")
    right.set_ylim(bottom=0)
    right.legend()
    figure.savefig(path)


# ------------------------------------------------------------------------------------ the run


def main() -> None:
    parser = command_line(__doc__, "40 steps, for a loss of about 2.6")
    parser.add_argument("--processes", type=int, default=1, help="how many (1)")
    parser.add_argument("--process", type=int, help="which one this is; without, all start here")
    parser.add_argument("--coordinator", help="host:port of process 0")
    parser.add_argument("--checkpoint", type=Path, help="a file for the state: .safetensors")
    options = parser.parse_args()
    if jax is None:
        parser.error('this needs JAX: pip install ".[examples,jax,safetensors]"')
    if options.checkpoint and not find_spec("safetensors"):
        parser.error('--checkpoint needs safetensors: pip install ".[examples,jax,safetensors]"')
    if options.processes > 1 and options.process is None:
        launch(options.processes)
        return
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_num_cpu_devices", max(1, DEVICES // options.processes))
    if options.processes > 1:
        join(options)
    devices = jax.device_count()
    if BATCH_SIZE % devices:
        parser.error(f"{BATCH_SIZE} names cannot be divided among {devices} devices")

    rng = random.Random(options.seed)
    batches = Batches(shuffled_names(rng))
    model = GPT(rng)
    alike = copy.deepcopy(model)
    loss, parameters = autograd_lite.to_jax(loss_of(model), *(x[0] for x in batches[0]))
    steps = 40 if options.quick else 1000
    step = step_of(loss, steps)
    zeros = {name: np.zeros(x.shape) for name, x in parameters.items()}
    start: State = {"parameters": parameters, "first": zeros, "second": zeros, "steps": 0}
    resumed = options.checkpoint and options.checkpoint.exists()
    state = load(options.checkpoint, start) if resumed else start

    training = Training(step, state, batches, devices)
    is_first = jax.process_index() == 0
    losses = []
    bar = tqdm(range(int(state["steps"]), steps), unit="step", disable=not is_first)
    for k in bar:
        losses.append(training.next())
        bar.set_postfix(loss=f"{np.mean(losses[-100:]):.3f}", refresh=False)
        if options.checkpoint and is_first and (k + 1) % 50 == 0:
            save(training.state, options.checkpoint)
    trained = jax.device_get(training.state["parameters"])

    speeds: dict[int, dict[int, float]] = {}
    for size in (BATCH_SIZE,) if options.quick else (BATCH_SIZE, 16 * BATCH_SIZE):
        some = Batches(batches.names, size)
        counts = [n for n in (1, 2, 4, 8) if options.processes <= n <= devices]
        counts = [counts[0], counts[-1]] if options.quick else counts
        speeds[size] = {n: throughput(Training(step, start, some, n), 50) for n in counts}
    if options.processes > 1:
        jax.distributed.shutdown()  # what follows is done by the first process alone
    if not is_first:
        return

    for size, found in speeds.items():
        told = ", ".join(f"{x:,.0f} on {n}" for n, x in found.items())
        print(f"names a second, {size} at a time, by devices: {told}")
    same, speed = [], 0.0
    if not resumed:
        few = 4 if options.quick else 200
        same, speed = ours(alike, batches, few, steps, options.eager)
        far = max(abs(x - y) for x, y in zip(losses, same, strict=False))
        print(f"names a second of autograd_lite on one core: {speed:,.0f}")
        print(f"its first {few} losses are the same, to {far:.0e}")
    loss.from_jax(trained)
    with no_grad():
        print("new names:", *(made_up(model, rng) for _ in range(20)))
    if not losses:
        print(f"all {steps:,} steps are in {options.checkpoint}")
        return
    print(f"loss {np.mean(losses[-100:]):.3f} over the last {len(losses[-100:])} steps")
    draw(losses, same, speed, speeds, options.output)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
