"""Sources of three functions, as files that a person has read; tests/golden.py writes them anew.

Not in them is how they were checked, as another machine has other versions and rounds otherwise.
"""

import random
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import nn

FOLDER = Path(__file__).with_name("golden")
DOCS = Path(__file__).parents[3] / "docs" / "export.md"


def chapter():
    """A network of two layers and its cross entropy, as chapters on backpropagation have it."""
    model = nn.Sequential(nn.Linear(4, 8, rng=0), nn.ReLU(), nn.Linear(8, 10, rng=1))

    def loss(images, labels):
        """The mean cross entropy of the digits."""
        return nn.cross_entropy(model(images), labels)

    return loss, "numpy", np.ones((6, 4)), np.array([0, 1, 2, 7, 8, 9])


def attention():
    """One layer of causal attention, from tokens to the cross entropy of those that follow."""
    rng = random.Random(0)
    tokens, places = nn.Embedding(5, 4, rng=rng), nn.Embedding(6, 4, rng=rng)
    attend = nn.MultiheadAttention(4, 2, bias=False, rng=rng)
    logits = nn.Linear(4, 5, bias=False, rng=rng)

    def loss(given, following):
        """The mean cross entropy of the tokens that follow."""
        pairs = zip(tokens(given), places(range(len(given))), strict=True)
        x = [[a + b for a, b in zip(row, place, strict=True)] for row, place in pairs]
        out, _ = attend(x, x, x, is_causal=True)
        return nn.cross_entropy(logits(out), following)

    return loss, "jax", np.array([0, 3, 1, 4, 2]), np.array([3, 1, 4, 2, 0])


def moons():
    """micrograd's network of neurons, with the hinge loss of its demo."""
    model = nn.MLP(2, [4, 1], rng=random.Random(0))

    def loss(points, labels):
        """The mean hinge loss, and a little of the squared weights."""
        scores = [model(point) for point in points]
        losses = [(1 - t * s).relu() for t, s in zip(labels, scores, strict=True)]
        return al.mean(losses) + 1e-4 * al.sum([p * p for p in model.parameters()])

    return loss, "c", [[0.5, -1.0], [-0.25, 0.75], [1.5, 0.25]], [1.0, -1.0, 1.0]


CASES = {"chapter.py": chapter, "attention.py": attention, "moons.h": moons}


def source(make):
    """The source of a function, without the sentence that says how it was checked."""
    text = str(al.export(*make()))
    found, n = re.subn(
        r"\n\n *(Checked when|Not checked).*?\.(?=\n| \*/)", "", text, count=1, flags=re.DOTALL
    )
    assert n == 1
    return found


def shown_on_the_page():
    """The source that the page of exports shows, and that which it would show now."""
    page = DOCS.read_text(encoding="utf-8")
    (blocks,) = re.findall(r"<!-- the source -->\n\n```text\n(.*?)```", page, re.DOTALL)
    names = {}
    exec(re.search(r"```python\n(.*?)```", page, re.DOTALL)[1].rpartition("print")[0], names)
    return blocks, str(names["source"]).partition("import numpy as np\n\n\n")[2]


@pytest.mark.parametrize("name", CASES)
def test_a_source_is_as_it_was_read(name):
    if name == "attention.py" and not find_spec("jax"):
        pytest.skip("there is no JAX")
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert source(CASES[name]) == text, "run  python -m tests.golden , and read what changed"


def test_the_page_shows_what_is_written():
    shown, now = shown_on_the_page()
    assert shown == now, "run  python -m tests.golden"


def write():
    FOLDER.mkdir(exist_ok=True)
    for name, make in CASES.items():
        (FOLDER / name).write_text(source(make), encoding="utf-8")
    shown, now = shown_on_the_page()
    page = DOCS.read_text(encoding="utf-8").replace(shown, now)
    DOCS.write_text(page, encoding="utf-8")
