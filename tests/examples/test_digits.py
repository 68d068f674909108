"""The example of the README, as a user runs it: a program in a folder of their own."""

import importlib.util
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import autograd_lite
import nn

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")
pytest.importorskip("tqdm")

PROGRAM = Path(__file__).parents[2] / "examples" / "digits.py"
SVG = "{http://www.w3.org/2000/svg}"


def run(folder, *options):
    return subprocess.run(
        [sys.executable, PROGRAM, *options],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the program ran for three epochs, and what it printed."""
    folder = tmp_path_factory.mktemp("digits")
    done = run(folder, "--quick")
    assert done.returncode == 0, done.stderr
    (folder / "printed.txt").write_text(done.stdout, encoding="utf-8")
    (folder / "progress.txt").write_text(done.stderr, encoding="utf-8")
    return folder


def test_it_learns(folder):
    printed = (folder / "printed.txt").read_text(encoding="utf-8")
    (accuracy,) = re.findall(r"test accuracy ([\d.]+)%", printed)
    assert float(accuracy) >= 90  # after 3 epochs; after all 30 it is about 97


def test_the_progress_bar_shows_loss_and_accuracy(folder):
    progress = (folder / "progress.txt").read_text(encoding="utf-8")
    assert re.search(r"epoch 3/3: 100%.*loss=0\.\d+, test_accuracy=\d\d\.\d%", progress)


def test_it_writes_nothing_but_the_two_pictures(folder):
    files = {path.name for path in folder.iterdir()}
    assert files == {"digits.svg", "digits.png", "printed.txt", "progress.txt"}


def test_the_graph_is_labelled_and_small_enough_to_read(folder):
    svg = ElementTree.parse(folder / "digits.svg").getroot()
    assert svg.tag == f"{SVG}svg"
    texts = [text.text for text in svg.iter(f"{SVG}text")]
    for what, times in {"pixel": 3, "z of h": 2, "logit of": 3, "loss": 1, "rest": 5}.items():
        assert sum(text.startswith(what) for text in texts) == times, what
    assert sum(node.get("class") == "node" for node in svg.iter(f"{SVG}g")) < 60


def test_the_figure_is_a_picture(folder):
    image = pytest.importorskip("matplotlib.image").imread(folder / "digits.png")
    height, width, _ = image.shape
    assert height > 1000
    assert width > 1000
    assert image.std() > 0.05  # and not a blank one


def test_the_slice_has_the_numbers_of_the_whole_network():
    spec = importlib.util.spec_from_file_location("digits", PROGRAM)
    digits = importlib.util.module_from_spec(spec)
    sys.modules["digits"] = digits  # where its dataclass looks for it
    try:
        spec.loader.exec_module(digits)
    finally:
        del sys.modules["digits"]
    model = nn.MLP(64, [16, 10], activation="sigmoid", rng=1)
    image, label = [(i * i % 17) / 17 for i in range(64)], 4

    whole = digits.cross_entropy(model(image), label)
    part = digits.slice_loss(model, image, label)
    assert part.data == pytest.approx(whole.data, rel=1e-12)

    # As the caption says: the weights into the logits have the whole network's gradients, and the
    # gradient of a logit is its softmax probability, less 1 for the right digit.
    model.zero_grad()
    whole.backward()
    part.backward()
    drawn = {node.label: node for node in autograd_lite.topological_order(part)}
    probabilities = autograd_lite.softmax([z.data for z in model(image)])
    logits = [int(name[-1]) for name in drawn if name.startswith("logit of")]
    assert len(logits) == 3
    assert label in logits
    for k in logits:
        assert drawn[f"logit of {k}"].grad == pytest.approx(probabilities[k] - (k == label))
        weights = model.layers[1].neurons[k].w
        names = [f"h{j} to {k}" for j in range(16)]
        found = [(drawn[name], w) for name, w in zip(names, weights, strict=True) if name in drawn]
        assert len(found) == 2
        for node, w in found:
            assert (node.data, node.grad) == pytest.approx((w.data, w.grad))


def test_help_explains_the_options(tmp_path):
    done = run(tmp_path, "--help")
    assert done.returncode == 0
    for option in ("epochs", "batch-size", "learning-rate", "seed", "output", "quick"):
        assert f"--{option}" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--epochs=0", "--batch-size=-1"])
def test_a_wrong_option_is_named(tmp_path, option):
    done = run(tmp_path, option)
    assert done.returncode == 2
    assert f"argument {option.split('=')[0]}: invalid" in done.stderr
