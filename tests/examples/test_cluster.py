"""The GPT trains on eight devices as on one core, from a checkpoint to the same bits, and a process
that dies ends the others.
"""

import os
import random
import re
import signal
import subprocess
import sys
import time

import pytest

np = pytest.importorskip("numpy")
jax = pytest.importorskip("jax")
pytest.importorskip("safetensors")
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("compiled_only")]


@pytest.fixture
def program(examples, tmp_path):
    """A function of options that starts the program in a folder of its own."""
    started = []

    def start(*options):
        process = subprocess.Popen(
            [sys.executable, str(examples / "cluster.py"), *options],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(("--quick",), id="quick"),
        pytest.param(("--quick", "--processes", "2"), id="processes", marks=pytest.mark.full),
        pytest.param((), id="full", marks=pytest.mark.full),
    ],
)
def test_it_learns_what_one_core_learns(program, options, tmp_path):
    printed, errors = program(*options).communicate()
    (far,) = re.findall(r"^its first \d+ losses are the same, to (\S+)$", printed, re.M)
    assert float(far) < 1e-9, errors
    (loss,) = re.findall(r"^loss ([\d.]+) over the last", printed, re.M)
    # log 27 = 3.30 is the loss of one that finds all letters equally likely.
    assert float(loss) < (2.7 if "--quick" in options else 2.2)
    assert re.search("on 8$", printed, re.M)
    assert (tmp_path / "cluster.png").stat().st_size > 10_000


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return list(map(int, file.read().split()))


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="finds processes in /proc")
@pytest.mark.parametrize("victim", [1, pytest.param(0, marks=pytest.mark.full)])
def test_a_process_that_dies_ends_all_and_a_checkpoint_goes_on(program, victim, tmp_path):
    checkpoint = tmp_path / "state.safetensors"
    running = program("--processes", "2", "--checkpoint", checkpoint.name)
    deadline = time.monotonic() + 300
    while not checkpoint.exists():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    workers = children(running.pid)
    os.kill(workers[victim], signal.SIGKILL)
    _, errors = running.communicate(timeout=30)
    assert running.returncode == 1
    assert f"process {victim} ended with status -9, so all were ended" in errors
    assert not any(os.path.exists(f"/proc/{worker}") for worker in workers)
    nn = pytest.importorskip("autograd_lite.nn")
    assert nn.load(checkpoint)["steps"] % 50 == 0


@pytest.fixture
def double():
    with jax.enable_x64(True):
        yield


@pytest.mark.usefixtures("double")
def test_a_checkpoint_leads_to_the_same_bits(load, tmp_path):
    cluster = load("cluster.py")
    rng = random.Random(0)
    batches = cluster["Batches"](cluster["shuffled_names"](rng), 4)
    loss, parameters = cluster["autograd_lite"].to_jax(
        cluster["loss_of"](cluster["GPT"](rng)), *(x[0] for x in batches[0])
    )
    step = cluster["step_of"](loss, 10)
    zeros = {name: np.zeros(x.shape) for name, x in parameters.items()}
    start = {"parameters": parameters, "first": zeros, "second": zeros, "steps": 0}
    whole = cluster["Training"](step, start, batches, 1)
    losses = [whole.next() for _ in range(3)]
    cluster["save"](whole.state, tmp_path / "state.safetensors")
    losses += [whole.next() for _ in range(3)]

    found = cluster["load"](tmp_path / "state.safetensors", start)
    resumed = cluster["Training"](step, found, batches, 1)
    assert [resumed.next() for _ in range(3)] == losses[3:]
    jax.tree.map(np.testing.assert_array_equal, resumed.state, whole.state)
    assert len({*losses}) == 6


def test_padding(load):
    padded = load("cluster.py")["padded"]
    tokens, following, weights = padded(["emma", "abcdefghijklmno"])
    assert tokens.shape == following.shape == weights.shape == (2, 16)
    assert tokens[0].tolist() == [0, 5, 13, 13, 1, *[0] * 11]
    assert following[0].tolist() == [5, 13, 13, 1, *[0] * 12]
    assert weights[0].tolist() == [1] * 5 + [0] * 11
    assert tokens[1].tolist() == [*range(16)]
    assert following[1].tolist() == [*range(1, 16), 0]
    assert (weights[1] == 1).all()
