"""The instructions of loops: the C enum has the numbers of the module, and each is explained."""

import re

from autograd_lite.compiler.tape import instructions
from tests.support.twins import ROOT

NAMES = [name for name in vars(instructions) if name.isupper() and name not in ("SIZE", "LANES")]


def test_both_twins_have_the_same_numbers():
    text = (ROOT / "autograd_lite/compiler/tape/instructions.pxd").read_text(encoding="utf-8")
    in_c = {name: int(number) for name, number in re.findall(r"(\w+) = (\d+)", text)}
    assert in_c == {name: number for name, number in vars(instructions).items() if name.isupper()}
    assert [in_c[name] for name in NAMES] == [*range(len(NAMES))]


def test_each_instruction_is_explained():
    for name in NAMES:
        assert re.search(rf"^(\w+, )*{name}\b", instructions.__doc__, re.M), name
