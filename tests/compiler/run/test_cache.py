"""What is kept is found as it was; what is damaged, or another's, is as if it were not there."""

import errno
import os
import stat
from pathlib import Path

import pytest

from autograd_lite.compiler.run import cache

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there is no C compiler elsewhere")

DATA = bytes(range(256)) * 10


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGRAD_LITE_CACHE", str(tmp_path / "some" / "cache"))
    return tmp_path / "some" / "cache"


def test_what_is_kept_is_found():
    assert cache.find("key") is None
    path = cache.keep("key", DATA)
    assert cache.find("key") == path
    assert path.read_bytes() == DATA
    assert cache.find("ke") is None
    assert cache.find("other") is None


def test_only_the_user_may_read_and_write_there(place):
    path = cache.keep("key", DATA)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_folders_on_the_way_are_the_users_whatever_the_umask(place):
    before = os.umask(0)
    try:
        cache.keep("key", DATA)
    finally:
        os.umask(before)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (place.parent, place)] == [0o700] * 2


def test_without_a_name_it_is_the_users_folder_of_caches(monkeypatch, tmp_path):
    monkeypatch.setenv("AUTOGRAD_LITE_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.folder().name == "autograd_lite"
    assert tmp_path in cache.folder().parents


def test_a_user_without_a_home_has_no_folder(monkeypatch, tmp_path):
    """As in a container that runs under a number: older platformdirs give ~ as it is."""
    monkeypatch.delenv("AUTOGRAD_LITE_CACHE")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: Path("~/.cache/some"))
    monkeypatch.chdir(tmp_path)
    assert cache.folder() is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [".", "below", "../beside"])
def test_a_folder_that_is_named_from_the_present_one(monkeypatch, tmp_path, name):
    """A loader looks for a name without a folder among all libraries, not where that was read."""
    (tmp_path / "here").mkdir(0o700)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("AUTOGRAD_LITE_CACHE", name)
    path = cache.keep("key", DATA)
    assert cache.find("key") == path
    monkeypatch.chdir(tmp_path)
    assert path.read_bytes() == DATA
    assert path.is_absolute()


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(DATA[:-1]),
        lambda path: path.write_bytes(b"x" + DATA[1:]),
        lambda path: path.write_bytes(b""),
        lambda path: path.chmod(0o620),
        lambda path: path.chmod(0o602),
        lambda path: path.parent.chmod(0o770),
        lambda path: path.parent.chmod(0o707),
    ],
)
def test_what_is_damaged_or_open_to_others_is_not_found(damage):
    path = cache.keep("key", DATA)
    damage(path)
    assert cache.find("key") is None


def test_what_is_damaged_is_written_again():
    path = cache.keep("key", DATA)
    path.write_bytes(b"")
    assert cache.keep("key", DATA) == cache.find("key") == path


def test_a_link_is_not_found(tmp_path):
    path = cache.keep("key", DATA)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert path.read_bytes() == DATA
    assert cache.find("key") is None


def test_a_pipe_or_a_folder_of_that_name_is_not_waited_for():
    path = cache.keep("key", DATA)
    path.unlink()
    os.mkfifo(path)
    assert cache.find("key") is None
    path.unlink()
    path.mkdir()
    assert cache.find("key") is None
    assert cache.keep("key", DATA) is None


def test_what_another_user_owns_is_not_found(monkeypatch):
    cache.keep("key", DATA)
    another = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: another)
    assert cache.folder() is None
    assert cache.find("key") is None
    assert cache.keep("key", DATA) is None


def test_a_folder_that_cannot_be_made_does_no_harm(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below", "~no_such_user/cache"):
        monkeypatch.setenv("AUTOGRAD_LITE_CACHE", str(path))
        assert cache.folder() is None
        assert cache.find("key") is None
        assert cache.keep("key", DATA) is None


def test_a_full_disk_leaves_nothing_half_written(monkeypatch, place):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert cache.keep("key", DATA) is None
    assert list(place.iterdir()) == []


def test_an_interrupt_leaves_nothing_half_written(monkeypatch, place):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cache.keep("key", DATA)
    assert list(place.iterdir()) == []


def test_of_too_many_those_go_that_were_used_least_recently(monkeypatch, place):
    monkeypatch.setattr(cache, "MOST", 3)
    place.mkdir(0o700, parents=True)
    for name in ("libm.so", "another-1.so"):
        (place / name).touch()
        os.utime(place / name, (0, 0))
    for i, key in enumerate("abc"):
        os.utime(cache.keep(key, DATA), (i, i))
    assert cache.find("a") is not None  # and used now
    cache.keep("d", DATA)
    assert [cache.find(key) is not None for key in "abcd"] == [True, False, True, True]
    assert len(list(place.iterdir())) == 5
