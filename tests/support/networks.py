"""Networks as people write them: (function, arguments), of a size that matters."""

import random
from itertools import pairwise

import numpy as np

import autograd_lite as ag
import nn
from autograd_lite import Value, dot, take


def rows(draw, *sizes):
    return [rows(draw, *sizes[1:]) for _ in range(sizes[0])] if sizes else draw.gauss(0, 0.5)


def weights(draw, *sizes):
    return (
        [weights(draw, *sizes[1:]) for _ in range(sizes[0])] if sizes else Value(draw.gauss(0, 0.3))
    )


def moons():
    """micrograd's network on the moons, with its loss, all in scalar code."""
    draw = random.Random(0)
    sizes = [2, 16, 16, 1]
    layers = [[(weights(draw, m), Value(0.0)) for _ in range(n)] for m, n in pairwise(sizes)]

    def network(x):
        for i, layer in enumerate(layers):
            x = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b) for w, b in layer]
            x = [z.relu() for z in x] if i < 2 else x
        return x[0]

    def loss(xs, ys):
        losses = [(1 + -y * network(x)).relu() for x, y in zip(xs, ys, strict=True)]
        return sum(losses) * (1.0 / len(losses))

    return loss, (rows(draw, 100, 2), [draw.choice([-1.0, 1.0]) for _ in range(100)])


def perceptron():
    """The same with the layers of nn."""
    network = nn.MLP(2, [16, 16, 1], rng=0)

    def loss(xs, ys):
        scores = [network(x) for x in xs]
        return sum((1 - y * s).relu() for y, s in zip(ys, scores, strict=True)) / len(ys)

    _, args = moons()
    return loss, args


def chapter():
    """100-50-10 with sigmoids and the quadratic loss, on a batch of 64."""
    draw = random.Random(0)
    first, second = nn.Linear(100, 50, rng=0), nn.Linear(50, 10, rng=1)

    def loss(xs, ys):
        total = 0
        for x, y in zip(xs, ys, strict=True):
            hidden = [z.sigmoid() for z in first(x)]
            out = [z.sigmoid() for z in second(hidden)]
            total = total + sum((a - b) ** 2 for a, b in zip(out, y, strict=True)) / 2
        return total / len(xs)

    return loss, (rows(draw, 64, 100), rows(draw, 64, 10))


def microgpt(length=8, width=16, heads=4, vocabulary=27):
    """A GPT of one layer: causal attention, RMS norms, cross entropy."""
    draw = random.Random(0)
    tokens, positions = weights(draw, vocabulary, width), weights(draw, 16, width)
    wq, wk, wv, wo = (weights(draw, width, width) for _ in range(4))
    w1, w2 = weights(draw, 4 * width, width), weights(draw, width, 4 * width)
    head, size = weights(draw, vocabulary, width), width // heads

    def linear(x, w):
        return [sum(wi * xi for wi, xi in zip(row, x, strict=True)) for row in w]

    def norm(x):
        scale = (sum(xi * xi for xi in x) / len(x) + 1e-5) ** -0.5
        return [xi * scale for xi in x]

    def softmax(xs):
        exps = [x.exp() for x in xs]
        total = sum(exps)
        return [e / total for e in exps]

    def attention(q, keys, values, part):
        q, keys, values = q[part], [k[part] for k in keys], [v[part] for v in values]
        scores = [sum(a * b for a, b in zip(q, k, strict=True)) / size**0.5 for k in keys]
        p = softmax(scores)
        return [sum(p[t] * values[t][j] for t in range(len(p))) for j in range(size)]

    def loss(inputs, targets):
        keys, values, losses = [], [], []
        for t in range(len(inputs)):
            x = norm([a + b for a, b in zip(take(tokens, inputs[t]), positions[t], strict=True)])
            residual, x = x, norm(x)
            q = linear(x, wq)
            keys.append(linear(x, wk))
            values.append(linear(x, wv))
            parts = [slice(h * size, (h + 1) * size) for h in range(heads)]
            x = linear([o for part in parts for o in attention(q, keys, values, part)], wo)
            x = [a + b for a, b in zip(x, residual, strict=True)]
            residual, x = x, norm(x)
            x = linear([a.relu() ** 2 for a in linear(x, w1)], w2)
            x = [a + b for a, b in zip(x, residual, strict=True)]
            losses.append(-take(softmax(linear(x, head)), targets[t]).log())
        return sum(losses) * (1 / len(losses))

    text = np.random.default_rng(0).integers(0, vocabulary, length + 1)
    return loss, (text[:-1], text[1:])


def convolution():
    """Two convolutions, the first padded, on a batch of 4 images."""
    first, second = nn.Conv2d(2, 4, 3, padding=1, rng=0), nn.Conv2d(4, 6, 3, rng=0)

    def loss(images):
        maps = [
            [[[v.relu() for v in row] for row in channel] for channel in image]
            for image in first(images)
        ]
        return sum(v * v for image in second(maps) for c in image for row in c for v in row)

    return loss, (rows(random.Random(0), 4, 2, 8, 8),)


def recurrent(kind, length):
    """A layer of 8 units on 5 sequences, each step with an error."""
    network, head = kind(4, 8, rng=0), nn.Linear(8, 1, rng=0)

    def loss(xs):
        out, _ = network(xs)
        return sum(head(h)[0] ** 2 for step in out for h in step)

    return loss, (rows(random.Random(0), length, 5, 4),)


def lstm():
    return recurrent(nn.LSTM, 6)


def transformer(length=8, width=16):
    """A layer of nn with causal attention, on 3 texts."""
    network = nn.TransformerEncoderLayer(width, 4, 64, dropout=0.0, batch_first=True, rng=0)

    def loss(xs):
        return sum(v * v for text in network(xs, is_causal=True) for row in text for v in row)

    return loss, (rows(random.Random(0), 3, length, width),)


def actor_and_critic():
    """Two layers of different widths on the same inputs."""
    draw = random.Random(0)
    body, actor, critic = nn.Linear(3, 8, rng=0), nn.Linear(8, 4, rng=1), nn.Linear(8, 1, rng=2)

    def loss(xs):
        total = 0
        for x in xs:
            h = [z.tanh() for z in body(x)]
            total = total - ag.logsumexp(actor(h)) + dot(critic(h), critic(h))
        return total

    return loss, (rows(draw, 16, 3),)


class Box:
    """A model of two weights, with a flag that doubles what it gives."""

    def __init__(self):
        self.w = [Value(2.0), Value(3.0)]
        self.double = False

    def __call__(self, x):
        return ag.sum([w * x for w in self.w]) * (2 if self.double else 1)
