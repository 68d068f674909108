"""A model file that is damaged or malicious gets an error, runs no code; none is half-written."""

import json
import os
import pickle
import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn

pytest.importorskip("safetensors")

STATE = {"weight": [[1.0, -2.0], [0.5, 3.0]], "bias": [4.0, 5.0], "steps": 7.0}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("files") / "model.safetensors"


@pytest.fixture(scope="module")
def good(path):
    """The bytes of a good file."""
    nn.save(STATE, path)
    return path.read_bytes()


def file_of(header, data=b""):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(header)) + header + data


def entry(**other):
    return {"w": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]} | other}


def is_state(thing):
    """Whether it is numbers under names, in nested lists."""
    rows = list(thing.values())
    for row in rows:
        if isinstance(row, list):
            rows += row
    return all(isinstance(x, (list, float, int)) for x in rows)


class Malicious:
    """What pickle would run."""

    ran = False

    def __reduce__(self):
        return setattr, (Malicious, "ran", True)


WRONG = {
    "empty": b"",
    "no header": struct.pack("<Q", 100),
    "a huge header": struct.pack("<Q", 2**63) + b"{}",
    "a header of no JSON": file_of(b"{'w': 1}"),
    "a header of no text": file_of(b"\xff\xfe"),
    "a header of a list": file_of([1]),
    "metadata of a number": file_of({"__metadata__": 3}),
    "half of the numbers": file_of(entry(), bytes(4)),
    "numbers twice": file_of(entry() | {"v": entry()["w"]}, bytes(8)),
    "offsets backwards": file_of(entry(data_offsets=[8, 0]), bytes(8)),
    "offsets beyond the end": file_of(entry(data_offsets=[0, 2**62]), bytes(8)),
    "a shape that overflows": file_of(entry(shape=[2**62, 2**62]), bytes(8)),
    "a shape of another size": file_of(entry(shape=[3]), bytes(8)),
    "a negative shape": file_of(entry(shape=[-1]), bytes(8)),
    "a billion rows of nothing": file_of(entry(shape=[10**9, 0], data_offsets=[0, 0])),
    "a hundred dimensions": file_of(entry(shape=[0] * 100, data_offsets=[0, 0])),
    "complex numbers": file_of(entry(dtype="C64"), bytes(8)),
    "bfloat16": file_of(entry(dtype="BF16", shape=[4]), bytes(8)),
    "float8": file_of(entry(dtype="F8_E4M3", shape=[8]), bytes(8)),
    "float4": file_of(entry(dtype="F4", shape=[16]), bytes(8)),
    "an unknown type": file_of(entry(dtype="OBJECT"), bytes(8)),
    "a pickle": pickle.dumps(Malicious()),
    "a pickle behind a header": file_of({}, pickle.dumps(Malicious())),
    "a pickle for a header": file_of(pickle.dumps(Malicious())),
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_refused(content, path):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"^load: "):
        nn.load(path)
    assert not Malicious.ran


def test_the_malicious_pickle_would_run():
    """A guard for the test above."""
    pickle.loads(pickle.dumps(Malicious()))
    assert Malicious.ran
    Malicious.ran = False


def test_truncated_anywhere(good, path):
    for length in range(len(good)):
        path.write_bytes(good[:length])
        with pytest.raises(ValueError, match=r"^load: "):
            nn.load(path)


@given(changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1))
def test_bytes_that_changed(good, path, changes):
    content = bytearray(good)
    for place, byte in changes:
        content[place % len(content)] = byte
    path.write_bytes(content)
    with suppress(ValueError):
        assert is_state(nn.load(path))


@given(st.binary(max_size=300))
def test_any_bytes(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"^load: "):
        nn.load(path)


@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
)
def test_every_real_type_is_read(dtype, path):
    numpy = pytest.importorskip("numpy")
    from safetensors.numpy import save_file

    save_file({"w": numpy.array([0, 1], dtype)}, path)
    assert nn.load(path) == {"w": [0, 1]}


def test_an_interrupted_save_leaves_the_file_that_was_there(path, monkeypatch):
    nn.save(STATE, path)

    def interrupted(part, whole):
        assert len(list(path.parent.iterdir())) == 2
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        nn.save({"other": [1.0]}, path)
    assert nn.load(path) == STATE
    assert list(path.parent.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    nn.save(STATE, target)
    link.symlink_to(target)
    nn.save({"w": [1.0]}, link)
    assert link.is_symlink()
    assert nn.load(target) == {"w": [1.0]}


def test_a_folder_that_is_missing_is_named(tmp_path):
    folder = tmp_path / "missing"
    with pytest.raises(FileNotFoundError, match=r"save: there is no folder: .*missing'$") as error:
        nn.save(STATE, folder / "model.safetensors")
    assert error.value.filename == str(folder)
    with pytest.raises(FileNotFoundError, match=r"missing.model\.safetensors"):
        nn.load(folder / "model.safetensors")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(IsADirectoryError, match="load: give the path of a file") as error:
        nn.load(tmp_path)
    assert error.value.filename == str(tmp_path)
    with pytest.raises(OSError, match="save: ") as error:  # on Windows a PermissionError
        nn.save(STATE, tmp_path)
    assert error.value.filename == str(tmp_path)
    assert os.name == "nt" or isinstance(error.value, IsADirectoryError)
    assert os.listdir(tmp_path) == []
    assert [name for name in os.listdir(tmp_path.parent) if name.endswith(".part")] == []


def test_what_a_crash_left_is_written_over(tmp_path, monkeypatch):
    def interrupted(part, whole):
        parts.append(part)
        raise KeyboardInterrupt

    path, parts = tmp_path / "model.safetensors", []
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            nn.save(STATE, path)
    Path(parts[0]).touch()
    nn.save(STATE, path)
    assert os.listdir(tmp_path) == ["model.safetensors"]


def test_a_file_that_cannot_be_written_is_named_and_not_its_part(tmp_path, path):
    nn.save(STATE, path)
    with pytest.raises(NotADirectoryError) as error:
        nn.save(STATE, path / "model.safetensors")
    assert error.value.filename == str(path / "model.safetensors")


def test_a_file_of_another_format(tmp_path):
    pytest.importorskip("safetensors")
    path = tmp_path / "model.pt"
    path.write_bytes(b"something that is no safetensors file")
    with pytest.raises(ValueError, match=r"model.pt is not a safetensors file .*write it with nn"):
        nn.load(path)
    with pytest.raises(FileNotFoundError):
        nn.load(tmp_path / "missing")


def test_a_type_of_number_that_numpy_does_not_have(tmp_path):
    safetensors_torch = pytest.importorskip("safetensors.torch")
    torch = pytest.importorskip("torch")
    path = tmp_path / "model.safetensors"
    safetensors_torch.save_file({"w": torch.zeros(2, dtype=torch.bfloat16)}, path)
    with pytest.raises(ValueError, match="load: 'w' has the type BF16"):
        nn.load(path)
