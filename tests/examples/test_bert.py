"""Gaps are filled from both sides, by a network that does not see what is hidden there."""

import random
import re

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("matplotlib")
pytest.importorskip("tqdm")


@pytest.fixture(scope="module")
def folder(compiled_only, run, size, tmp_path_factory):
    """Where it ran, and what it printed."""
    folder = tmp_path_factory.mktemp("bert")
    done = run("bert.py", folder, *size)
    assert done.returncode == 0, done.stderr
    assert "100%" in done.stderr
    (folder / "printed.txt").write_text(done.stdout, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def bert(load):
    return load("bert.py")


def test_it_learns(folder, size):
    printed = (folder / "printed.txt").read_text(encoding="utf-8")
    ((network, bigram),) = re.findall(
        r"^gaps filled rightly: ([\d.]+)% by the network, ([\d.]+)% by the bigram model$",
        printed,
        re.M,
    )
    assert float(bigram) > 22
    if "--quick" in size:
        assert float(network) > 10  # one letter in 26 is right by chance
    else:
        assert float(network) > float(bigram) + 1


def test_the_picture(folder, is_picture):
    assert {path.name for path in folder.iterdir()} == {"bert.png", "printed.txt"}
    assert is_picture(folder / "bert.png")


def test_the_network_looks_both_ways_but_not_into_the_gap(bert):
    model = bert["Encoder"](random.Random(0))

    def logits(name):
        (row,) = model(bert["hidden"](bert["numbered"](name), [3]), [3])
        return [z.data for z in row]

    emma = logits("emma")
    assert len(emma) == 27
    assert logits("emxa") == emma
    assert all(x != y for x, y in zip(logits("emmy"), emma, strict=True))
    assert all(x != y for x, y in zip(logits("amma"), emma, strict=True))


def test_bigrams_by_hand(bert):
    p = bert["bigrams"](["ab", "ab", "aa"])
    total = 4 + 27 * 0.1
    assert p[1, 1] == pytest.approx(1.1 / total)
    assert p[1, 2] == pytest.approx(2.1 / total)
    assert p[1, 0] == pytest.approx(1.1 / total)
    assert p.sum(axis=1) == pytest.approx(np.ones(27))


def test_the_accuracies_count_gaps(bert):
    """A bigram model of one name knows it by heart, and fills none of another's gaps."""
    model = bert["Encoder"](random.Random(0))
    p = bert["bigrams"](["bcd"])
    for name, rightly in (("bcd", 1), ("xyz", 0)):
        network, bigram = bert["accuracies"](model, p, [name])
        assert bigram == rightly
        assert network in {0, 1 / 3, 2 / 3, 1}


def test_help(run, tmp_path):
    done = run("bert.py", tmp_path, "--help")
    assert done.returncode == 0
    for option in ("steps", "seed", "output", "quick"):
        assert f"--{option}" in done.stdout
    assert list(tmp_path.iterdir()) == []
