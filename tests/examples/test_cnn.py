"""Digits are read by convolution, and an image is moved by a pixel and no more."""

import random
import re

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")
pytest.importorskip("tqdm")


@pytest.fixture(scope="module")
def folder(compiled_only, run, size, tmp_path_factory):
    """Where it ran, and what it printed."""
    folder = tmp_path_factory.mktemp("cnn")
    done = run("cnn.py", folder, *size)
    assert done.returncode == 0, done.stderr
    assert "100%" in done.stderr
    (folder / "printed.txt").write_text(done.stdout, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def cnn(load):
    return load("cnn.py")


def test_it_learns(folder, size):
    printed = (folder / "printed.txt").read_text(encoding="utf-8")
    (accuracy,) = re.findall(r"^test accuracy ([\d.]+)%", printed, re.M)
    assert float(accuracy) >= (70 if "--quick" in size else 98)


def test_the_picture(folder, is_picture):
    assert {path.name for path in folder.iterdir()} == {"cnn.png", "printed.txt"}
    assert is_picture(folder / "cnn.png")


def test_no_image_is_both_learnt_from_and_tested_on(cnn):
    train, test, train_labels, test_labels = cnn["load"]()
    assert len(train) == len(train_labels) == 1437
    assert len(test) == len(test_labels) == 360
    images = [tuple(np.ravel(image)) for image in train + test]
    assert len(set(images)) == len(images)


def test_the_network_has_the_shapes_that_it_says(cnn):
    model = cnn["network"](random.Random(0))
    assert len(model.parameters()) == 1594
    x, lengths = np.zeros((1, 1, 8, 8)).tolist(), []
    for layer in model:
        x = layer(x)
        lengths.append(np.shape(x)[1:])
    assert lengths == [(24, 6, 6), (24, 6, 6), (24, 2, 2), (96,), (10,)]


def test_moved_by_a_pixel_each_way_or_not_at_all(cnn):
    image = np.zeros((1, 8, 8))
    image[0, 3, 4] = 1.0
    rng = random.Random(0)
    places = [tuple(np.argwhere(cnn["moved"](image.tolist(), rng))[0]) for _ in range(400)]
    assert set(places) == {(0, 3 + i, 4 + j) for i in (-1, 0, 1) for j in (-1, 0, 1)}
    assert places.count((0, 3, 4)) > 150


def test_help(run, tmp_path):
    done = run("cnn.py", tmp_path, "--help")
    assert done.returncode == 0
    for option in ("epochs", "seed", "output", "quick"):
        assert f"--{option}" in done.stdout
    assert list(tmp_path.iterdir()) == []
