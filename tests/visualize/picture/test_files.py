"""Pictures and pages as files; an error of writing one names its path."""

import os

import pytest

import visualize
from autograd_lite import Value
from visualize.picture.files import write


def test_text_is_written_as_utf_8_and_bytes_as_they_are(tmp_path):
    write(tmp_path / "a", "中\n")
    write(str(tmp_path / "b"), b"\x00\r\n")
    assert (tmp_path / "a").read_bytes() == "中\n".encode()
    assert (tmp_path / "b").read_bytes() == b"\x00\r\n"


def test_what_cannot_be_written_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "a.svg"
    path.write_text("old")

    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match=r"cannot write .*a\.svg: No space left on device"):
        write(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.svg"]
    with pytest.raises(OSError, match="cannot write"):
        write(tmp_path, "a folder")


@pytest.mark.parametrize("kind", ["svg", "dot", "html"])
def test_where_nothing_can_be_saved_the_error_is_pythons_and_names_the_path(tmp_path, kind):
    (tmp_path / f"folder.{kind}").mkdir()
    y = Value(1.0) + 1.0
    saves = [visualize.draw(y).save, lambda path: visualize.save(y, path)]
    if kind == "html":
        saves += [visualize.explain(y).save, lambda path: visualize.explain(y, path)]
    for save in saves:
        with pytest.raises(FileNotFoundError, match=rf"cannot write .*missing.a\.{kind}"):
            save(tmp_path / "missing" / f"a.{kind}")
        with pytest.raises(OSError, match=rf"cannot write .*folder\.{kind}") as error:
            save(tmp_path / f"folder.{kind}")
        assert os.name == "nt" or isinstance(error.value, IsADirectoryError)
    assert os.listdir(tmp_path) == [f"folder.{kind}"]
