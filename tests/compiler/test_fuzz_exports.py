"""Random programs, by `fuzz_exports.py`: exported, they give what they give eagerly."""

import os
from collections import Counter

import pytest

from tests.compiler import fuzz_exports as fuzz

PROGRAMS = {"long": 10_000, "quick": 60}.get(os.environ.get("HYPOTHESIS_PROFILE", ""), 300)
TOGETHER = 300


@pytest.fixture(scope="module")
def programs():
    """Programs, in parts, and how many no language has."""
    counts = Counter()
    starts = range(0, PROGRAMS, TOGETHER)
    found = [fuzz.cases(range(i, min(i + TOGETHER, PROGRAMS)), counts) for i in starts]
    return found, counts


def test_most_programs_are_exported(programs):
    """And the interpreter's numbers, with which others are compared, are those of eager."""
    _, counts = programs
    assert counts["exported"] > 8 * counts["refused"] > 0


@pytest.mark.parametrize("way", fuzz.ways())
def test_a_source_gives_what_the_function_gives(way, programs):
    found, _ = programs
    faults = []
    for part in found:
        prepared = fuzz.ways()[way]().prepared(part)
        faults += filter(None, (fuzz.difference(prepared, each) for each in part))
    assert not faults, "\n".join(faults[:10])
