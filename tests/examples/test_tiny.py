"""A GPT trains in 100 kB, and in C its loss is what it is in the engine."""

import re
import shutil

import pytest

pytestmark = pytest.mark.skipif(
    not (shutil.which("cc") and shutil.which("size")), reason="needs a C compiler, and size"
)


def test_it_trains_in_100_kb(run, size, compiled_only):
    printed = run("tiny.py", *size)
    (together,) = re.findall(r"^together +([\d,]+)$", printed, re.M)
    assert 90_000 < int(together.replace(",", "")) < 100_000
    rows = re.findall(r"^ *\d+ +(\d\.\d+) +(\d\.\d+) +(\S+)$", printed, re.M)
    assert len(rows) >= 4
    assert all(0 < abs(float(off)) < 1e-5 for _, _, off in rows)
    (loss,) = re.findall(r"^loss ([\d.]+) in C", printed, re.M)
    # log 27 = 3.30 is the loss of one that finds all letters equally likely.
    assert float(loss) < (2.9 if "--quick" in size else 2.5)
    (names,) = re.findall(r"^new names: (.*)$", printed, re.M)
    assert len(set(names.split())) > 10
    assert all(re.fullmatch("[a-z]{1,15}", name) for name in names.split())
