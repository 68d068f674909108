"""Compiled functions that other processes import."""

import random

import numpy as np

import autograd_lite as ag
import nn
from autograd_lite import Value, compile, vmap

model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.ReLU(), nn.Dropout(0.25), nn.Linear(3, 1, rng=1))
scale = Value(2.0)


@compile
def loss(points, labels, power):
    """The mean of squares, which decides on a number and draws others."""
    scores = [row[0] for row in model(points)]
    errors = [abs(s - y) ** power for s, y in zip(scores, labels, strict=True)]
    total = ag.mean(errors)
    return {"loss": total * scale if total > 1 else total, "scores": scores}


@vmap
def score(point):
    return model(point)[0] * scale


def times(x, y):
    return x * y * scale


product = compile(times, executor="numpy")
ARGUMENTS = np.array([[1.0, 2.0], [0.5, -1.0], [2.0, 2.0]]), [1.0, 0.0, 2.0], 2


def results(function, *args):
    """The numbers that it gives and the gradients, and how often it has recorded by then."""
    random.seed(0)
    for parameter in (*model.parameters(), scale):
        parameter.grad = 0.0
    found = function(*args)
    found = [found["loss"], *found["scores"]] if isinstance(found, dict) else found
    found = found if isinstance(found, list) else [found]
    ag.sum(found).backward()
    gradients = [parameter.grad for parameter in (*model.parameters(), scale)]
    return [value.data for value in found] + gradients, function.recordings
