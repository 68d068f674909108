"""Files are written whole or not at all."""

import os
import stat

import pytest

from autograd_lite import files


def test_a_file_that_cannot_be_replaced_stays(tmp_path, monkeypatch):
    path = tmp_path / "a"
    files.write(path, b"old")

    def fail(source, target):
        raise OSError("no")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no"):
        files.write(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.skipif(os.name == "nt", reason="modes and links of POSIX")
class TestPosix:
    def test_a_file_keeps_its_mode(self, tmp_path):
        path = tmp_path / "a"
        path.touch()
        for mode in 0o600, 0o664:
            path.chmod(mode)
            files.write(path, b"new")
            assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", mode)

    def test_a_new_file_has_the_mode_of_any_new_file(self, tmp_path):
        files.write(tmp_path / "a", b"new")
        (tmp_path / "b").touch()
        assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode

    @pytest.mark.parametrize("there", [True, False])
    def test_a_link_stays_a_link(self, tmp_path, there):
        (tmp_path / "folder").mkdir()
        target, link = tmp_path / "folder" / "a", tmp_path / "link"
        if there:
            target.write_text("old")
        link.symlink_to(target)
        files.write(link, b"new")
        assert link.is_symlink()
        assert target.read_bytes() == b"new"
        assert sorted(os.listdir(tmp_path)) == ["folder", "link"]
        assert os.listdir(target.parent) == ["a"]

    def test_a_pipe_is_written_to(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
        try:
            files.write(tmp_path / "pipe", b"new")
            assert os.read(reader, 10) == b"new"
        finally:
            os.close(reader)
        assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
