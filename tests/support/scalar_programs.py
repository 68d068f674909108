"""Random scalar programs of the kinds that people write, for all executors to agree on.

`program(seed)` gives (function, arguments); the function takes them and closes over parameters.
"""

import random
from itertools import pairwise

import numpy as np

import autograd_lite as ag
from autograd_lite import Value, dot, log_softmax, logsumexp, maximum, minimum, softmax, take, where

ACTIVATIONS = [
    ag.relu, ag.tanh, ag.sigmoid, ag.softplus, ag.silu, ag.gelu, ag.exp, ag.sin, ag.atan, abs,
    lambda x: ag.leaky_relu(x, 0.1), lambda x: ag.elu(x, 0.7), lambda x: x**2, lambda x: x**3,
    lambda x: (x * x + 1) ** -0.5, lambda x: 1 / (x * x + 1), lambda x: x, lambda x: -x,
    lambda x: ag.log1p(x * x), lambda x: ag.sqrt(x * x + 0.5), lambda x: ag.clip(x, -0.5, 0.5),
]  # fmt: skip


def parameters(draw, *sizes):
    if not sizes:
        return Value(draw.uniform(-1, 1))
    return [parameters(draw, *sizes[1:]) for _ in range(sizes[0])]


def numbers(draw, *sizes):
    return [numbers(draw, *sizes[1:]) for _ in range(sizes[0])] if sizes else draw.gauss(0, 1)


def weighed_sum(draw):
    """w . x + b, as it is written by hand in several ways."""
    return draw.choice(
        [
            lambda w, x, b: sum((wi * xi for wi, xi in zip(w, x, strict=True)), b),
            lambda w, x, b: sum(wi * xi for wi, xi in zip(w, x, strict=True)) + b,
            lambda w, x, b: dot(w, x) + b,
            lambda w, x, b: dot([*w, b], [*x, 1.0]),
            lambda w, x, b: b - sum(xi * wi for wi, xi in zip(w, x, strict=True)),
            lambda w, x, b: ag.sum([wi * xi for wi, xi in zip(w, x, strict=True)]) + b,
        ]
    )


def reduced(draw):
    return draw.choice(
        [sum, ag.sum, ag.mean, lambda xs: sum(x * x for x in xs), lambda xs: sum(xs) / len(xs)]
    )


def regular(draw):
    """A multilayer perceptron on a batch."""
    sizes = [draw.randint(1, 4) for _ in range(draw.randint(2, 4))]
    shapes = list(zip(sizes[1:], sizes, strict=False))
    layers = [(parameters(draw, n, m), parameters(draw, n)) for n, m in shapes]
    affine, activation = weighed_sum(draw), draw.choice(ACTIVATIONS)
    last, reduce = draw.choice(ACTIVATIONS), reduced(draw)
    residual, whole = draw.random() < 0.3, draw.random() < 0.3

    def network(x):
        for weights, biases in layers:
            out = [activation(affine(w, x, b)) for w, b in zip(weights, biases, strict=True)]
            x = (
                [p + q for p, q in zip(x, out, strict=True)]
                if residual and len(x) == len(out)
                else out
            )
        return x

    def function(xs, ys):
        losses = [last(out - y) for x, y in zip(xs, ys, strict=True) for out in network(x)]
        loss = reduce(losses)
        if whole:
            loss = loss + 0.01 * sum(w * w for ws, _ in layers for row in ws for w in row)
        return loss

    n = draw.randint(1, 6)
    return function, (numbers(draw, n, sizes[0]), numbers(draw, n))


def recurrent(draw):
    """A recurrent network, with a state that is carried from step to step."""
    n, m = draw.randint(1, 3), draw.randint(1, 4)
    w, u, b = parameters(draw, m, n), parameters(draw, m, m), parameters(draw, m)
    out, activation = parameters(draw, m), draw.choice(ACTIVATIONS[:4])
    every, gated, joined = (draw.random() < 0.5 for _ in range(3))
    gate = parameters(draw, m, m)
    samples, length = draw.randint(1, 2), draw.randint(1, 7)

    def step(x, h):
        if joined:
            new = [activation(dot([*w[i], b[i], *u[i]], [*x, 1.0, *h])) for i in range(m)]
        else:
            new = [activation(dot(w[i], x) + dot(u[i], h) + b[i]) for i in range(m)]
        if not gated:
            return new
        z = [ag.sigmoid(dot(row, h) + c) for row, c in zip(gate, b, strict=True)]
        return [a + p * (q - a) for a, p, q in zip(new, z, h, strict=True)]

    def function(sequences):
        states = [[0.0] * m if draw_start else list(start) for _ in sequences]
        seen = []
        for xs in zip(*sequences, strict=True):
            states = [step(x, h) for x, h in zip(xs, states, strict=True)]
            seen.append(sum(dot(out, h) ** 2 for h in states))
        return sum(seen) if every else seen[-1]

    draw_start, start = draw.random() < 0.5, parameters(draw, m)
    return function, (numbers(draw, samples, length, n),)


def attention(draw):
    """Causal attention, each token after those before it."""
    size, heads = draw.randint(1, 3), draw.randint(1, 2)
    width, length = size * heads, draw.randint(1, 5)
    wq, wk, wv, wo = (parameters(draw, width, width) for _ in range(4))
    hand_made, entropy = draw.random() < 0.5, draw.random() < 0.3

    def weights(scores):
        if not hand_made:
            return softmax(scores)
        exps = [s.exp() for s in scores]
        total = sum(exps)
        return [e / total for e in exps]

    def function(tokens):
        keys, values, losses = [], [], []
        for x in tokens:
            scale = (dot(x, x) / width + 1e-5) ** -0.5
            x = [xi * scale for xi in x]
            q, k, v = ([dot(row, x) for row in w] for w in (wq, wk, wv))
            keys.append(k)
            values.append(v)
            joined = []
            for h in range(heads):
                part = slice(h * size, (h + 1) * size)
                scores = [dot(q[part], k[part]) / size**0.5 for k in keys]
                p = weights(scores)
                if entropy:
                    losses.append(sum(pi * pi.log() for pi in p))
                for j in range(part.start, part.stop):
                    joined.append(sum(p[t] * values[t][j] for t in range(len(values))))
            out = [a + b for a, b in zip(x, [dot(row, joined) for row in wo], strict=True)]
            losses.append(-log_softmax(out)[0])
        return sum(losses) / len(losses)

    return function, (numbers(draw, length, width),)


def ragged(draw):
    """Sums, norms and products of rows of different lengths."""
    rows = [draw.randint(1, 6) for _ in range(draw.randint(1, 7))]
    w = parameters(draw, 8)
    reduce = draw.choice([sum, ag.mean, logsumexp, ag.norm, lambda xs: dot(xs, xs)])
    activation, order = draw.choice(ACTIVATIONS), draw.random()

    def function(xs):
        parts = []
        for i, row in enumerate(xs):
            ws = w if order < 0.5 else w[::-1]
            terms = [activation(x * ws[j] + w[i]) for j, x in enumerate(row)]
            parts.append(reduce(terms))
        return sum(parts), parts[0] * parts[-1]

    return function, ([numbers(draw, n) for n in rows],)


def windows(draw):
    """A convolution with padding, and pooling by the largest."""
    length, size, channels = draw.randint(2, 7), draw.randint(1, 3), draw.randint(1, 3)
    kernels, bias = parameters(draw, channels, size), parameters(draw, channels)
    second = parameters(draw, channels, size) if draw.random() < 0.5 else None
    pad, pool = draw.randint(0, 1), draw.choice([max_of, ag.largest, ag.mean])

    def function(x):
        zero = Value(0.0)
        x = [zero] * pad + list(x) + [zero] * pad
        loss = 0.0
        for c, kernel in enumerate(kernels):
            out = [dot(kernel, x[i : i + size]) + bias[c] for i in range(len(x) - size + 1)] or [
                bias[c]
            ]
            out = [ag.relu(o) for o in out]
            if second:
                out = [zero] * size + out
                out = [dot(second[c], out[i : i + size]) for i in range(len(out) - size + 1)]
            for i in range(0, len(out), 2):
                loss = loss + pool(out[i : i + 2])
        return loss

    return function, (numbers(draw, length),)


def slid(draw):
    """Windows over the steps of a recurrence, over each of a few sequences."""
    u, v, w = parameters(draw, 3)
    carried = draw.choice(
        [
            lambda s, x: s + x,
            lambda s, x: 0.5 * s + 0.5 * x,
            lambda s, x: w * s + (1 - w) * x,
            lambda s, x: ag.tanh(s + w * x),
            lambda s, x: s - v * (w * s - x),
        ]
    )
    size, samples = draw.randint(1, 5), draw.choice([1, 1, 2, 4])
    weights, start = parameters(draw, size), draw.choice([0.0, u])
    windowed = draw.choice(
        [
            lambda xs: [b - a for a, b in pairwise(xs)],
            lambda xs: [a + b for a, b in pairwise(xs)],
            lambda xs: [b - v * a for a, b in pairwise(xs)],
            lambda xs: [a - 2 * b + c for a, b, c in zip(xs, xs[1:], xs[2:], strict=False)],
            lambda xs: [ag.mean(xs[i : i + size]) for i in range(len(xs) - size + 1)],
            lambda xs: [dot(weights, xs[i : i + size]) for i in range(len(xs) - size + 1)],
            lambda xs: [b - a for a, b in zip(xs, xs[size:], strict=False)],
            None,  # the recurrence makes what is slid over the sequence
        ]
    )
    reduce = draw.choice([list, list, sum, lambda xs: sum(x * x for x in xs)])

    def states(xs):
        s, found = start, []
        for x in xs:
            s = carried(s, x)
            found.append(s)
        return found

    def filtered(xs):
        kernel = states(weights)
        return [dot(kernel, xs[i : i + size]) for i in range(len(xs) - size + 1)]

    def function(sequences):
        return [reduce(windowed(states(xs)) if windowed else filtered(xs)) for xs in sequences]

    length = draw.randint(max(size, 2) + 1, 14)
    inputs = numbers if start is u else parameters
    return function, (inputs(draw, samples, length),)


def max_of(xs):
    best = xs[0]
    for x in xs[1:]:
        best = maximum(best, x)
    return best


def language(draw):
    """An embedding, and the cross entropy of targets, both by indices of NumPy's."""
    vocabulary, width, n = draw.randint(1, 5), draw.randint(1, 3), draw.randint(1, 5)
    table, out = parameters(draw, vocabulary, width), parameters(draw, vocabulary, width)
    tied = draw.random() < 0.4

    def function(tokens, targets):
        losses = []
        for i in range(len(tokens)):
            x = [ag.tanh(e) for e in take(table, tokens[i])]
            logits = [dot(row, x) for row in (table if tied else out)]
            losses.append(-take(log_softmax(logits), targets[i]))
        return sum(losses) / len(losses)

    pick = np.random.default_rng(draw.randrange(10**9)).integers
    return function, (pick(-vocabulary, vocabulary, n), pick(0, vocabulary, n))


def picks(draw):
    """Elements and rows by indices, from tables that form no single pattern."""
    n, size = draw.randint(1, 8), draw.randint(1, 4)
    table, w, p = parameters(draw, size, size), parameters(draw, size), parameters(draw)
    constants = draw.choice([list, tuple, np.array])(numbers(draw, size))
    readers = [
        lambda x, k, i: [take(w, i)],
        lambda x, k, i: [take(w[::-1], i) * p],
        lambda x, k, i: [take(constants, i) * p],
        lambda x, k, i: [take([*w[1:], 0.5], i) * p],
        lambda x, k, i: [take(x[k], i) * p],
        lambda x, k, i: [logsumexp(row := [q * p for q in x[k]]) - take(row, i)],
        lambda x, k, i: take(table, i),
        lambda x, k, i: take(table, i)[: k % size + 1],
        lambda x, k, i: take([row[k % size :] for row in table], i),
        lambda x, k, i: take(list(zip(*table, strict=True)), i),
        lambda x, k, i: take([[q * p for q in row] for row in table], i),
        lambda x, k, i: take([[p] * size, *table[1:]], i),
        lambda x, k, i: [q * p for q in take([x[k], *x[1:size], *table][:size], i)],
    ]
    loops = [
        (draw.choice(readers), sorted(draw.sample(range(n), draw.randint(1, n))))
        for _ in range(draw.randint(1, 4))
    ]
    activation, each = draw.choice(ACTIVATIONS), draw.random() < 0.5

    def function(x, indices):
        rows = [read(x, k, indices[k]) for read, samples in loops for k in samples]
        picked = [q for row in rows for q in row]
        losses = [activation(sum(row)) for row in rows]
        return sum(losses), picked[::2] if each else sum(q * p for q in picked), table[0][0] * p

    pick = np.random.default_rng(draw.randrange(10**9)).integers
    return function, (numbers(draw, n, size), pick(-size, size, n))


def matrices(draw):
    """Vectors of two matrices in various ways, and sums of all that they are made of."""
    n = draw.randint(2, 5)
    ws, bias = parameters(draw, 2, n, n), parameters(draw, n)
    vectors = [
        lambda w, x, y, i: [dot(row, x) for row in w],
        lambda w, x, y, i: [dot(column, x) for column in zip(*w, strict=True)],
        lambda w, x, y, i: [p + q + b for p, q, b in zip(x, y, bias, strict=True)],
        lambda w, x, y, i: [p * q for p, q in zip(x, y, strict=True)],
        lambda w, x, y, i: [p * w[i][0] for p in x],
        lambda w, x, y, i: [sum(x[: j + 1]) + y[j] for j in range(n)],
        lambda w, x, y, i: [dot(w[j][: j + 1], x[: j + 1]) for j in range(n)],
        lambda w, x, y, i: [ag.tanh(p) for p in x],
    ]
    scalars = [
        lambda w, x, y, i: x[i] * w[i - 1][i],
        lambda w, x, y, i: sum(dot(row, x) for row in w) + sum(x),
        lambda w, x, y, i: sum(dot(row, x) + q for row, q in zip(w, y, strict=True)) / n,
        lambda w, x, y, i: sum(dot(row, x) * q for row, q in zip(w, y, strict=True)),
        lambda w, x, y, i: sum(p * p for row in w for p in row),
    ]
    steps = [
        (draw.choice(vectors + scalars), draw.choice(ws), draw.random(), draw.random())
        for _ in range(draw.randint(2, 5))
    ]

    def function(x):
        known, results = [x], []
        for step, w, p, q in steps:
            x, y = known[int(p * len(known))], known[int(q * len(known))]
            made = step(w, x, y, int(p * n))
            (known if isinstance(made, list) else results).append(made)
        return sum(known[-1], bias[0]), known[-1][0] * bias[0], results

    return function, (numbers(draw, n),)


def branching(draw):
    """Choices between two values, at every element."""
    n = draw.randint(1, 6)
    w, v = parameters(draw, n), parameters(draw, n)
    choose = draw.choice(
        [
            maximum,
            minimum,
            lambda x, y: where(ag.relu(x), x * y, y),
            lambda x, y: ag.clip(x, minimum(y, x), y + 1),
            lambda x, y: ag.hypot(x, y),
            lambda x, y: ag.atan2(x, y),
            lambda x, y: x.copysign(y) if isinstance(x, Value) else x * y,
            lambda x, y: x.detach() * y,
            lambda x, y: (x * x + 0.1) ** y,
        ]
    )

    def function(xs):
        first = [choose(a * x, b + x) for a, b, x in zip(w, v, xs, strict=True)]
        return sum(first), [choose(b, a) for a, b in pairwise(first)]

    return function, (numbers(draw, n),)


OPERATIONS = [
    lambda x, y, z: x + y, lambda x, y, z: x - y, lambda x, y, z: x * y, lambda x, y, z: x * 0.5,
    lambda x, y, z: x + 1.0, lambda x, y, z: 2.0 - x, lambda x, y, z: x / (y * y + 1),
    lambda x, y, z: ag.sum([x, y, z]), lambda x, y, z: dot([x, y], [z, x]),
    lambda x, y, z: ag.mean([x, x, z]), lambda x, y, z: logsumexp([x, y, z]),
    lambda x, y, z: ag.norm([x, y]), lambda x, y, z: maximum(x, y), lambda x, y, z: x * x,
    lambda x, y, z: where(x, y, z), lambda x, y, z: dot([x, y, z], [1.0, 2.0, -1.0]),
    lambda x, y, z: ag.tanh(x), lambda x, y, z: ag.sigmoid(x), lambda x, y, z: ag.sin(x * y),
    lambda x, y, z: x.detach() + y, lambda x, y, z: x / 3, lambda x, y, z: ag.exp(-x * x),
    lambda x, y, z: ag.relu(x), lambda x, y, z: x - x, lambda x, y, z: +x,
]  # fmt: skip


def irregular(draw):
    """A random graph."""
    w = parameters(draw, draw.randint(1, 4))
    steps = [
        (draw.choice(OPERATIONS), [draw.random() for _ in range(3)])
        for _ in range(draw.randint(1, 60))
    ]
    wide = draw.random() < 0.5

    def function(xs):
        nodes = [*w, *xs]
        for operation, places in steps:
            start = 0 if wide else max(0, len(nodes) - 8)
            operands = [nodes[start + int(p * (len(nodes) - start))] for p in places]
            nodes.append(operation(*operands))
        return sum(nodes), nodes[-1], nodes[len(nodes) // 2]

    return function, ([Value(draw.gauss(0, 1)) for _ in range(draw.randint(1, 4))],)


def deciding(draw):
    """Ways that are taken by numbers."""
    w = parameters(draw, 3)
    first, second = draw.choice(ACTIVATIONS), draw.choice(ACTIVATIONS)
    decide = draw.choice(
        [
            lambda x, y: x < y,
            lambda x, y: not x >= y,
            lambda x, y: bool(ag.relu(x - y)),
            lambda x, y: x.data > 0,
            lambda x, y: max(x, y) is x,
        ]
    )

    def function(xs):
        total = 0.0
        for x in xs:
            x = w[0] * x
            total = total + (first(x * w[1]) if decide(x, w[1]) else second(x + w[2]))
        return total

    return function, (numbers(draw, draw.randint(1, 3)),)


KINDS = [
    *(regular, recurrent, attention, ragged, windows, language, branching, irregular),
    *(deciding, matrices, slid, picks),
]


def program(seed):
    draw = random.Random(seed)
    return KINDS[seed % len(KINDS)](draw)
