# Two moons: a network of two layers tells them apart
import random
from math import cos, pi, sin

from autograd_lite import nn, visualize
from autograd_lite.nn import optim

random.seed(1)
X, y = [], []
for k in range(20):
    t = pi * k / 19
    X.append([cos(t) + random.gauss(0, 0.1), sin(t) + random.gauss(0, 0.1)])
    X.append([1 - cos(t) + random.gauss(0, 0.1), 0.5 - sin(t) + random.gauss(0, 0.1)])
    y += [-1, 1]

model = nn.MLP(2, [8, 1], activation="tanh", rng=1)
optimizer = optim.Adam(model.parameters(), lr=0.1)


def mean_hinge():
    margins = [label * model(x) for x, label in zip(X, y, strict=True)]
    return sum((1 - m).relu() for m in margins) / len(X)


for epoch in range(4):
    loss = mean_hinge()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"epoch {epoch}: loss = {loss.data:.4f}")

# Play, under Descend, goes on: the boundary moves between the moons. A rate of 0.5 is good.
visualize.explain(mean_hinge, boundary=(model, X, y))
