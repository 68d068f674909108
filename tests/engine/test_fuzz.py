"""Bytes decoded to calls of the public API, by `fuzz.py`, which goes on as long as one likes."""

import fuzz
from hypothesis import example, given, settings
from hypothesis import strategies as st


@settings(max_examples=40 * settings.default.max_examples)
@given(st.binary(min_size=10, max_size=400))
@example(bytes(400))
def test_whatever_is_called_the_engine_goes_on(program):
    fuzz.run(program)
