"""Speakers are recognised, by both cells, from data that are what their description says."""

import re
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("matplotlib")
pytest.importorskip("tqdm")


@pytest.fixture(scope="module", params=["lstm", "rnn"])
def cell(request):
    return request.param


@pytest.fixture(scope="module")
def folder(run, size, cell, tmp_path_factory):
    """Where it ran, and what it printed."""
    folder = tmp_path_factory.mktemp("speech")
    done = run("speech.py", folder, f"--cell={cell}", *size)
    assert done.returncode == 0, done.stderr
    assert "100%" in done.stderr
    (folder / "printed.txt").write_text(done.stdout, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def speech(load):
    return load("speech.py")


def test_it_learns(folder, cell, size):
    printed = (folder / "printed.txt").read_text(encoding="utf-8")
    (accuracy,) = re.findall(rf"^{cell}: speaker accuracy ([\d.]+)%", printed, re.M)
    # One guess in nine is right by chance.
    assert float(accuracy) >= (60 if "--quick" in size else 95)


def test_the_picture(folder, is_picture):
    assert {path.name for path in folder.iterdir()} == {"speech.png", "printed.txt"}
    assert is_picture(folder / "speech.png")


def test_the_data(speech):
    for part, utterances, frames in (("train", 270, 4274), ("test", 370, 5687)):
        x, speakers = speech["load"](part)
        assert len(x) == len(speakers) == utterances
        assert {len(frame) for utterance in x for frame in utterance} == {12}
        assert sum(map(len, x)) == frames
        assert (min(map(len, x)), max(map(len, x))) == ((7, 26) if part == "train" else (7, 29))
        counts = np.bincount(speakers).tolist()
        assert counts == [30] * 9 if part == "train" else [31, 35, 88, 44, 29, 24, 40, 50, 29]
    heard = np.concatenate(speech["load"]("train")[0])
    assert heard.mean(axis=0) == pytest.approx(np.zeros(12), abs=1e-9)
    assert heard.std(axis=0) == pytest.approx(np.ones(12))
    assert Path(speech["DATA"]).stat().st_size < 250_000


def test_help(run, tmp_path):
    done = run("speech.py", tmp_path, "--help")
    assert done.returncode == 0
    for option in ("cell", "epochs", "seed", "output", "quick"):
        assert f"--{option}" in done.stdout
    assert list(tmp_path.iterdir()) == []
