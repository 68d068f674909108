"""Bytes decoded to calls of the public API, by `fuzz.py`, which goes on as long as one likes."""

import random
from collections import Counter

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.engine import fuzz


@settings(max_examples=40 * settings.default.max_examples)
@given(st.binary(min_size=10, max_size=400))
@example(bytes(400))
def test_whatever_is_called_the_engine_goes_on(program):
    fuzz.run(program)


def test_every_step_and_function_succeeds_again_and_again():
    rng, succeeded = random.Random(0), Counter()
    for _ in range(400):
        succeeded += fuzz.run(rng.randbytes(400))
    names = fuzz.STEPS + [function.__name__ for function in fuzz.NEEDED]
    assert [name for name in names if succeeded[name] < 10] == []
