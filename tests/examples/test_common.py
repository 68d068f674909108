"""What the examples share."""

import random
import sys
from pathlib import Path

import pytest

import autograd_lite
from autograd_lite import Value

np = pytest.importorskip("numpy")

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAMS = {path.stem for path in EXAMPLES.glob("*.py")} - {"common", "letters"}


@pytest.fixture
def common(load):
    return load("common.py")


def without(monkeypatch, *packages):
    """As if they were not installed."""
    for package in packages:
        for name in [package, *sys.modules]:
            if name.split(".")[0] == package:
                monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_help_needs_the_extra_of_the_examples_alone(monkeypatch, run, tmp_path, capsys, name):
    without(monkeypatch, "jax", "safetensors", "torch")
    if name == "reinforce":
        pytest.importorskip("gymnasium")
    with pytest.raises(SystemExit) as stopped:
        run(f"{name}.py", "--help")
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    for option in ("eager", "output", "quick", "seed"):
        assert f"--{option}" in printed
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("package", "options", "what"),
    [("jax", (), "this needs JAX"), ("safetensors", ("--checkpoint", "x"), "--checkpoint needs")],
)
def test_what_no_run_can_do_without_is_named_with_its_extra(
    monkeypatch, run, tmp_path, capsys, package, options, what
):
    if package != "jax":
        pytest.importorskip("jax")
    without(monkeypatch, package)
    with pytest.raises(SystemExit) as stopped:
        run("cluster.py", *options)
    assert stopped.value.code == 2
    printed = capsys.readouterr().err
    assert what in printed
    assert 'pip install ".[examples,jax,safetensors]"' in printed
    assert list(tmp_path.iterdir()) == []


def test_every_example_is_tested():
    assert {path.stem[5:] for path in Path(__file__).parent.glob("test_*.py")} >= PROGRAMS


def test_the_picture_is_called_like_the_program(common, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["folder/gpt.py"])
    options = common["command_line"]("about", "less").parse_args()
    assert (str(options.output), options.seed) == ("gpt.png", 0)
    assert not options.quick
    assert not options.eager


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x.svg", "write a name that ends in .png, not 'x.svg'"),
        ("no/such/x.png", "there is no folder 'no/such'"),
    ],
)
def test_a_picture_that_cannot_be_written_is_refused_at_once(common, capsys, name, message):
    with pytest.raises(SystemExit):
        common["command_line"]("about", "less").parse_args(["--output", name])
    assert message in capsys.readouterr().err


def test_epochs_are_batches_over_and_over(common):
    bar = common["epochs"](3, [[i] for i in range(10)], range(10), 4, random.Random(0))
    assert bar.total == 9
    seen = [ys for _, ys in bar]
    assert [len(ys) for ys in seen] == 3 * [4, 4, 2]
    for i in (0, 3, 6):
        assert sorted(y for ys in seen[i : i + 3] for y in ys) == list(range(10))


def test_the_gain_is_that_of_the_compiled_function(common, capsys):
    x = Value(2.0)

    def square(y):
        return x * y

    compiled = autograd_lite.compile(square)
    common["print_gain"](square, 3.0)
    assert (x.grad, capsys.readouterr().out) == (0, "")
    common["print_gain"](compiled, 3.0)
    assert capsys.readouterr().out.startswith("square and its gradients: ")
    assert compiled.recordings == 1
    assert x.grad == (7 + 7) * 3.0  # compiled and eager


def test_data(common):
    assert common["data"]([[Value(1.0), 2.0]]).tolist() == [[1.0, 2.0]]
