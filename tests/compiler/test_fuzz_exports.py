"""Random programs, by `fuzz_exports.py`: exported, they give what they give eagerly."""

import os
from collections import Counter
from importlib import import_module

import pytest

from tests.compiler import fuzz_exports as fuzz

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "")
PROGRAMS = {"long": 10_000, "quick": 20}.get(PROFILE, 300)
EVERY = 1 if PROFILE == "long" else 20  # of what is slow

pytestmark = pytest.mark.once  # each language has tests of its own


@pytest.mark.parametrize("first", range(0, PROGRAMS, fuzz.TOGETHER))
def test_a_source_gives_what_the_function_gives(first):
    counts = Counter()
    given = fuzz.cases(range(first, min(first + fuzz.TOGETHER, PROGRAMS)), counts)
    assert counts["losses"] > 2 * counts["steps"] > counts["refused"] > 0
    found = [fault for way in fuzz.ways(EVERY).values() for fault in fuzz.faults(way, given)]
    assert not found, "\n".join(found[:10])


@pytest.mark.parametrize(("way", "runs"), [("numpy", "run_in_numpy"), ("c gcc", "called")])
def test_other_numbers_are_found(way, runs, monkeypatch):
    known = fuzz.ways()
    if way not in known:
        pytest.skip("it is not here")
    given = fuzz.cases(range(1, 4), Counter())
    assert not fuzz.faults(known[way], given)
    module = import_module(f"autograd_lite.compiler.export.{known[way].language}")
    called = getattr(module, runs)

    def wrong(*given, **options):
        numbers = called(*given, **options)
        return numbers._replace(results=[x + 1e-5 for x in numbers.results])

    monkeypatch.setattr(module, runs, wrong)
    assert len(fuzz.faults(known[way], given)) == len(given)
