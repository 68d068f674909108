"""The kinds of node: the C enum has the numbers of the module."""

import re

from autograd_lite import kinds
from tests.support.twins import ROOT


def test_both_twins_have_the_same_numbers():
    text = (ROOT / "autograd_lite" / "kinds.pxd").read_text(encoding="utf-8")
    in_c = {name: int(number) for name, number in re.findall(r"(\w+) = (-?\d+)", text)}
    assert in_c == {name: number for name, number in vars(kinds).items() if name.isupper()}
    for enum in text.split("cdef enum:")[1:]:
        numbers = re.findall(r"= (-?\d+)", enum)
        assert len(set(numbers)) == len(numbers)
