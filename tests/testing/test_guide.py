"""What docs/gradient-checks.md shows is what happens."""

import re
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "gradient-checks.md"
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(1, len(BLOCKS) + 1))
def test_the_guide_prints_what_it_says(block, capsys):
    promised = re.findall(r"^print\(.*\)  # (.*)$", block, re.MULTILINE)
    exec(compile(block, "gradient-checks.md", "exec"), {"__name__": "guide"})
    assert capsys.readouterr().out.splitlines() == promised != []
