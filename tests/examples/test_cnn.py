"""Digits are read by convolution, and an image is moved by a pixel and no more."""

import random
import re

import pytest

np = pytest.importorskip("numpy")


def test_it_learns(compiled_only, run, size):
    (accuracy,) = re.findall(r"^test accuracy ([\d.]+)%", run("cnn.py", *size), re.M)
    assert float(accuracy) >= (60 if "--quick" in size else 98)


def test_no_image_is_both_learnt_from_and_tested_on(load):
    train, test, train_labels, test_labels = load("cnn.py")["load"]()
    assert len(train) == len(train_labels) == 1437
    assert len(test) == len(test_labels) == 360
    images = {tuple(image.ravel()) for image in [*train, *test]}
    assert len(images) == 1437 + 360


def test_the_network_has_the_shapes_that_it_says(load):
    model = load("cnn.py")["network"](random.Random(0))
    assert len(model.parameters()) == 1594
    x, lengths = np.zeros((1, 1, 8, 8)).tolist(), []
    for layer in model:
        x = layer(x)
        lengths.append(np.shape(x)[1:])
    assert lengths == [(24, 6, 6), (24, 6, 6), (24, 2, 2), (96,), (10,)]


def test_moved_by_a_pixel_each_way_or_not_at_all(load):
    moved = load("cnn.py")["moved"]
    image = np.zeros((1, 8, 8))
    image[0, 3, 4] = 1.0
    rng = random.Random(0)
    places = [tuple(map(int, np.argwhere(moved(image, rng))[0])) for _ in range(400)]
    assert set(places) == {(0, 3 + i, 4 + j) for i in (-1, 0, 1) for j in (-1, 0, 1)}
    assert places.count((0, 3, 4)) > 150
