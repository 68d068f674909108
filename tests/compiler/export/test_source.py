"""The source of an export."""

import pytest

from autograd_lite import Value
from autograd_lite.compiler.export.reading import read
from autograd_lite.compiler.export.source import Source

w = Value(2.0)


@pytest.fixture
def source():
    return Source("x = 1\n", "numpy", read(lambda x: w * x, (3.0,), "f"), "python")


def test_it_shows_itself(source):
    assert str(source) == "x = 1\n"
    assert repr(source) == "<numpy source of f: 1 lines>"
    assert source._repr_markdown_() == "```python\nx = 1\n```\n"


def test_parameters_are_those_of_now(source):
    try:
        w.data = 5.0
        assert source.parameters()["w"] == 5.0
    finally:
        w.data = 2.0
    assert source.state() == {}


def test_a_file_that_cannot_be_written_is_left_as_it_was(source, tmp_path):
    path = tmp_path / "folder" / "f.py"
    with pytest.raises(OSError, match="folder"):
        source.save(path)
    path = tmp_path / "f.py"
    path.write_text("before")
    source.save(path)
    assert path.read_text() == "x = 1\n"
    assert [x.name for x in tmp_path.iterdir()] == ["f.py"]
