"""A program in the style of micrograd's lecture: the graph, an operation by hand, a network."""

import math
import random

from micrograd.engine import Value
from micrograd.nn import MLP

printed = []  # what the program finds, for the test to compare

# One neuron, whose tanh is written by hand.
x1, x2 = Value(2.0), Value(0.0)
w1, w2 = Value(-3.0), Value(1.0)
b = Value(6.8813735870195432)
n = x1 * w1 + x2 * w2 + b


def tanh(x):
    t = (math.exp(2 * x.data) - 1) / (math.exp(2 * x.data) + 1)
    out = Value(t, (x,), "tanh")

    def _backward():
        x.grad += (1 - t**2) * out.grad

    out._backward = _backward
    return out


o = tanh(n)
o.backward()
printed += [o.data, x1.grad, w1.grad, x2.grad, w2.grad, n.grad]
assert o._op == "tanh"
assert o._prev == {n}

# Every operator, and nodes that are used twice.
a, c = Value(-4.0), Value(2.0)
d = a * c + c**3
e = a + c
e += e + 1
e += 1 + e + (-a)
d += d * 2 + (c + a).relu()
f = 3 * d - e / 2 + 10.0 / (e**2 + 1)
g = f.relu() + (f - 1) ** -2
g.backward()
printed += [g.data, a.grad, c.grad]

# A network and its training loop.
random.seed(1337)
model = MLP(3, [4, 4, 1])
xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
ys = [1.0, -1.0, -1.0, 1.0]
for _ in range(20):
    scores = [model(x) for x in xs]
    data_loss = sum((score - y) ** 2 for y, score in zip(ys, scores))  # noqa: B905
    total = data_loss + 1e-4 * sum(p * p for p in model.parameters())
    model.zero_grad()
    total.backward()
    for p in model.parameters():
        p.data -= 0.02 * p.grad
    printed.append(total.data)
assert len(model.parameters()) == 41
assert printed[-1] < printed[-20] / 2
