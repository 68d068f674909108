"""The GPT learns what names look like, and sees no letter before its turn."""

import random
import re

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("matplotlib")
pytest.importorskip("tqdm")


@pytest.fixture(scope="module")
def folder(compiled_only, run, size, tmp_path_factory):
    """Where it ran, and what it printed."""
    folder = tmp_path_factory.mktemp("gpt")
    done = run("gpt.py", folder, *size)
    assert done.returncode == 0, done.stderr
    assert "100%" in done.stderr
    (folder / "printed.txt").write_text(done.stdout, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def gpt(load):
    return load("gpt.py")


def test_it_learns(folder, size):
    printed = (folder / "printed.txt").read_text(encoding="utf-8")
    (loss,) = re.findall(r"^loss ([\d.]+) over the last 100 steps", printed, re.M)
    # log 27 = 3.30 is the loss of one that finds all letters equally likely.
    assert float(loss) < (2.8 if "--quick" in size else 2.35)


def test_it_makes_up_names(folder, gpt):
    printed = (folder / "printed.txt").read_text(encoding="utf-8")
    (names,) = re.findall(r"^new names: (.*)$", printed, re.M)
    made_up = names.split()
    assert len(set(made_up)) > 15
    assert all(re.fullmatch("[a-z]{1,15}", name) for name in made_up)
    known = gpt["NAMES"].read_text(encoding="utf-8").split()
    assert set(made_up) - set(known)


def test_the_picture(folder, is_picture):
    assert {path.name for path in folder.iterdir()} == {"gpt.png", "printed.txt"}
    assert is_picture(folder / "gpt.png")


def test_the_names(gpt):
    names = gpt["NAMES"].read_text(encoding="utf-8").split()
    assert len(names) == 32033
    assert all(re.fullmatch("[a-z]{2,15}", name) for name in names)


def test_the_network(gpt):
    """Its size is microgpt's, and a letter changes no logits before it."""
    model = gpt["GPT"](random.Random(0))
    assert len(model.parameters()) == 4192
    emma, emmy = (
        np.array([[z.data for z in row] for row in model(gpt["numbered"](name))])
        for name in ("emma", "emmy")
    )
    assert emma.shape == (5, 27)
    assert (emma[:4] == emmy[:4]).all()
    assert (emma[4] != emmy[4]).all()


def test_a_gradient_reaches_every_parameter_that_a_name_uses(gpt):
    model = gpt["GPT"](random.Random(0))
    (loss,) = gpt["train"](model, ["abcdefghijklmno", "pqrstuvwxyz"], 1)
    assert 3 < loss < 4
    assert all(p.grad != 0 for p in model.parameters())


def test_help(run, tmp_path):
    done = run("gpt.py", tmp_path, "--help")
    assert done.returncode == 0
    for option in ("steps", "seed", "output", "quick"):
        assert f"--{option}" in done.stdout
    assert list(tmp_path.iterdir()) == []
