"""The GPT learns what names look like, and sees no letter before its turn."""

import random
import re

import pytest

np = pytest.importorskip("numpy")


@pytest.mark.once
def test_it_learns(run, load, size):
    printed = run("gpt.py", *size)
    (loss,) = re.findall(r"^loss ([\d.]+) over the last 100 steps", printed, re.M)
    # log 27 = 3.30 is the loss of one that finds all letters equally likely.
    assert float(loss) < (2.8 if "--quick" in size else 2.35)
    (names,) = re.findall(r"^new names: (.*)$", printed, re.M)
    made_up = names.split()
    assert len(set(made_up)) > 15
    assert all(re.fullmatch("[a-z]{1,15}", name) for name in made_up)
    known = load("letters.py")["NAMES"].read_text(encoding="utf-8").split()
    assert set(made_up) - set(known)


def test_the_names(load):
    names = load("letters.py")["NAMES"].read_text(encoding="utf-8").split()
    assert len(names) == 32033
    assert all(re.fullmatch("[a-z]{2,15}", name) for name in names)


def test_the_network(load):
    """Its size is microgpt's, and a letter changes no logits before it."""
    gpt = load("gpt.py")
    model = gpt["GPT"](random.Random(0))
    assert len(model.parameters()) == 4192
    emma, emmy = (
        np.array([[z.data for z in row] for row in model(gpt["numbered"](name)[:-1])])
        for name in ("emma", "emmy")
    )
    assert emma.shape == (5, 27)
    assert (emma[:4] == emmy[:4]).all()
    assert (emma[4] != emmy[4]).all()


def test_a_gradient_reaches_every_parameter_that_names_use(load):
    gpt = load("gpt.py")
    model = gpt["GPT"](random.Random(0))
    for name in ("abcdefghijklmno", "pqrstuvwxyz"):
        tokens = gpt["numbered"](name)
        loss = gpt["nn"].cross_entropy(model(tokens[:-1]), tokens[1:])
        assert 3 < loss.data < 4
        loss.backward()
    assert all(p.grad != 0 for p in model.parameters())
