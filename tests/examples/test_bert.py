"""Gaps are filled from both sides, by a network that does not see what is hidden there."""

import random
import re

import pytest

np = pytest.importorskip("numpy")


@pytest.fixture
def bert(load):
    return load("bert.py")


def test_it_learns(compiled_only, run, size):
    ((network, bigram),) = re.findall(
        r"^gaps filled rightly: ([\d.]+)% by the network, ([\d.]+)% by the bigram model$",
        run("bert.py", *size),
        re.M,
    )
    assert float(bigram) > 22
    if "--quick" in size:
        assert float(network) > 10  # one letter in 26 is right by chance
    else:
        assert float(network) > float(bigram) + 1


def test_the_network_looks_both_ways_but_not_into_the_gap(bert):
    model = bert["Encoder"](random.Random(0))

    def logits(name):
        gap = np.array([3])
        (row,), _ = model(bert["masked"](bert["numbered"](name), gap), gap)
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
