"""Random programs, by `fuzz_exports.py`: exported, they give what they give eagerly."""

import os
from collections import Counter

import numpy as np
import pytest

from tests.compiler import fuzz_exports as fuzz

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "")
PROGRAMS = {"long": 10_000, "quick": 50}.get(PROFILE, 300)
EVERY = 1 if PROFILE == "long" else 10  # of what is slow


@pytest.mark.parametrize("first", range(0, PROGRAMS, fuzz.TOGETHER))
def test_a_source_gives_what_the_function_gives(first):
    counts = Counter()
    given = fuzz.cases(range(first, first + fuzz.TOGETHER), counts)
    assert counts["losses"] > counts["steps"] > counts["refused"] > 0
    found = [fault for way in fuzz.ways(EVERY).values() for fault in fuzz.faults(way, given)]
    assert not found, "\n".join(found[:10])


@pytest.mark.parametrize("way", ["numpy", "c gcc"])
def test_other_numbers_are_found(way, monkeypatch):
    known = fuzz.ways()
    if way not in known:
        pytest.skip("it is not here")
    given = fuzz.cases(range(4), Counter())
    assert not fuzz.faults(known[way], given)
    right = fuzz.Exported.numbers

    def wrong(self, outputs, gradients):
        return right(self, outputs * (1 + 1e-7), gradients)

    for each in given:
        _ = each.other.reference
    if way == "numpy":
        run = known[way].module.run

        def wrong_run(*given):
            numbers, by = run(*given)
            return numbers._replace(results=[np.asarray(numbers.results[0]) * (1 + 1e-7)]), by

        monkeypatch.setattr(known[way].module, "run", wrong_run)
    else:
        monkeypatch.setattr(fuzz.Exported, "numbers", wrong)
    assert len(fuzz.faults(known[way], given)) == len(given)
