"""Files are written whole or not at all, where a link leads, with the mode that they had."""

import os
import stat

import pytest

import visualize
from autograd_lite import Value
from visualize.files import write


def test_text_is_written_as_utf_8_and_bytes_as_they_are(tmp_path):
    write(tmp_path / "a", "中\n")
    write(str(tmp_path / "b"), b"\x00\r\n")
    assert (tmp_path / "a").read_bytes() == "中\n".encode()
    assert (tmp_path / "b").read_bytes() == b"\x00\r\n"


@pytest.mark.skipif(os.name == "nt", reason="modes and links of POSIX")
class TestPosix:
    def test_a_file_keeps_its_mode(self, tmp_path):
        path = tmp_path / "a.svg"
        path.touch()
        for mode in 0o600, 0o664:
            path.chmod(mode)
            write(path, "new")
            assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", mode)

    def test_a_new_file_has_the_mode_of_any_new_file(self, tmp_path):
        write(tmp_path / "a.svg", "new")
        (tmp_path / "b.svg").touch()
        assert (tmp_path / "a.svg").stat().st_mode == (tmp_path / "b.svg").stat().st_mode

    @pytest.mark.parametrize("there", [True, False])
    def test_a_link_stays_a_link(self, tmp_path, there):
        (tmp_path / "folder").mkdir()
        target, link = tmp_path / "folder" / "a.svg", tmp_path / "link.svg"
        if there:
            target.write_text("old")
        link.symlink_to(target)
        write(link, "new")
        assert link.is_symlink()
        assert target.read_text() == "new"
        assert sorted(os.listdir(tmp_path)) == ["folder", "link.svg"]
        assert os.listdir(target.parent) == ["a.svg"]

    def test_a_pipe_is_written_to(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
        try:
            write(tmp_path / "pipe", "new")
            assert os.read(reader, 10) == b"new"
        finally:
            os.close(reader)
        assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


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
