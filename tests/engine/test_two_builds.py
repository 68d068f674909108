"""The compiled and the interpreted engine give the same bits, for whole programs."""

from pathlib import Path

import pytest

import autograd_lite as al

PROGRAMS = str(Path(__file__).with_name("programs.py"))
N = 1000


@pytest.mark.skipif(not al.compiled, reason="compared where the compiled build is tested")
def test_random_programs_agree(python):
    compiled = python(PROGRAMS, str(N), AUTOGRAD_LITE_PURE="0").splitlines()
    interpreted = python(PROGRAMS, str(N), AUTOGRAD_LITE_PURE="1").splitlines()
    assert (compiled[0], interpreted[0]) == ("compiled", "interpreted")
    assert len(compiled) == len(interpreted) == N + 1
    for seed, (ours, theirs) in enumerate(zip(compiled[1:], interpreted[1:], strict=True)):
        for node, twin in zip(ours.split(";"), theirs.split(";"), strict=True):
            assert node == twin, f"program {seed}"


def test_the_programs_are_worth_comparing(python):
    """Most nodes hold a finite number and get a gradient; some hold infinities and nan."""
    nodes = [
        node.split(":")
        for line in python(PROGRAMS, "100").splitlines()[1:]
        for node in line.split(";")
    ]
    finite = [data for _, data, _, *_ in nodes if data not in ("nan", "inf", "-inf")]
    sent = [grad for _, _, grad, *_ in nodes if grad not in ("nan", "0x0.0p+0")]
    assert len(finite) > len(nodes) / 2
    assert len(finite) < len(nodes)
    assert len(sent) > len(nodes) / 4
