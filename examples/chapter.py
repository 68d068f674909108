"""The backpropagation chapter's network, twice: on nn, and as the recursion the chapter derives.

    python examples/chapter.py --help

A network with 100 inputs, 50 hidden units and 10 outputs learns random targets on nn, where
`loss.backward()` walks the graph of scalars. Beside it stands the chapter's delta recursion

    z^l = W^l a^(l-1) + b^l            a^l = sigma(z^l)           J = 1/m sum of 1/2 ||a^L - y||^2
    delta^L = (a^L - y) sigma'(z^L)    delta^l = (W^(l+1))^T delta^(l+1) * sigma'(z^l)
    dJ/dW^l = 1/m sum of delta^l (a^(l-1))^T                      dJ/db^l = 1/m sum of delta^l

where m is the number of samples. sigma is ReLU in the hidden layer, and the identity in the last.
Both must give the same J and gradients to 1e-12, before training and after. It trains on the mean
squared error, which is 2/10 of J.
"""

from __future__ import annotations

import argparse
import random
from typing import TypeAlias

from common import print_gain

import autograd_lite
import nn
from autograd_lite import Value

Vector: TypeAlias = list[float]
Matrix: TypeAlias = list[Vector]


class Net(nn.Module):
    """fc2(relu(fc1(x)))."""

    def __init__(self, rng: random.Random) -> None:
        self.fc1 = nn.Linear(100, 50, rng=rng)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(50, 10, rng=rng)

    def forward(self, x: Matrix) -> list[list[Value]]:
        return self.fc2(self.relu(self.fc1(x)))  # type: ignore[no-any-return]


def train(model: Net, x: Matrix, y: Matrix, options: argparse.Namespace) -> None:
    """The chapter's training loop. Stops early where the loss has converged."""

    def criterion(x: Matrix, y: Matrix) -> Value:
        return nn.mse_loss(model(x), y)

    if not options.eager:
        criterion = autograd_lite.compile(criterion)

    optimizer = nn.optim.SGD(model.parameters(), lr=0.01)
    last = float("inf")
    for epoch in range(1, options.epochs + 1):
        loss = criterion(x, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if epoch % 100 == 0:
            print(f"Epoch [{epoch}/{options.epochs}], Loss: {loss.data:.4f}")
        if abs(last - loss.data) < options.tolerance:
            print(f"Converged at epoch {epoch}, Loss: {loss.data:.4f}")
            break
        last = loss.data
    print_gain(criterion, x, y)


# ------------------------------------------------------------------- the recursion, by hand


def delta_recursion(
    weights: list[Matrix], biases: list[Vector], x: Matrix, y: Matrix
) -> tuple[float, list[Matrix], list[Vector]]:
    """J, and its gradients by every weight and bias. Hidden layers have relu, the last has none."""
    m = len(x)
    J = 0.0  # noqa: N806
    dW = [[[0.0] * len(row) for row in W] for W in weights]  # noqa: N806
    db = [[0.0] * len(b) for b in biases]
    for sample, target in zip(x, y, strict=True):
        # Forward: a^0 = x, then z^l and a^l layer by layer.
        activations, zs = [sample], []
        for layer, (W, b) in enumerate(zip(weights, biases, strict=True)):  # noqa: N806
            z = [dot(row, activations[-1]) + bias for row, bias in zip(W, b, strict=True)]
            zs.append(z)
            last = layer == len(weights) - 1
            activations.append(z if last else [max(number, 0.0) for number in z])

        # Backward: delta^L at the output, then delta^l from delta^(l+1).
        delta = [a - t for a, t in zip(activations[-1], target, strict=True)]
        J += dot(delta, delta) / 2 / m  # noqa: N806
        for layer in reversed(range(len(weights))):
            for i, d in enumerate(delta):
                db[layer][i] += d / m
                for j, a in enumerate(activations[layer]):
                    dW[layer][i][j] += d * a / m
            if layer > 0:
                columns = zip(*weights[layer], strict=True)
                delta = [
                    dot(column, delta) * (z > 0)
                    for column, z in zip(columns, zs[layer - 1], strict=True)
                ]
    return J, dW, db


def dot(xs: Vector | tuple[float, ...], ys: Vector) -> float:
    return sum(x * y for x, y in zip(xs, ys, strict=True))


def largest_difference(model: Net, x: Matrix, y: Matrix) -> float:
    """Between the recursion's gradients, and J, and the engine's."""
    state = model.state_dict()
    J, dW, db = delta_recursion(  # noqa: N806
        [state["fc1.weight"], state["fc2.weight"]], [state["fc1.bias"], state["fc2.bias"]], x, y
    )
    model.zero_grad()
    loss = nn.quadratic_loss(model(x), y)
    loss.backward()
    differences = [abs(loss.data - J)]
    for layer, dw, d in zip((model.fc1, model.fc2), dW, db, strict=True):
        for parameters, gradients in zip((*layer.weight, layer.bias), (*dw, d), strict=True):
            differences += [abs(p.grad - g) for p, g in zip(parameters, gradients, strict=True)]
    return max(differences)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=1000, help="at most so many (1000)")
    parser.add_argument("--samples", type=int, default=64, help="how many to learn (64)")
    parser.add_argument("--tolerance", type=float, default=1e-7, help="a change of the loss (1e-7)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and samples (0)")
    parser.add_argument("--eager", action="store_true", help="without autograd_lite.compile")
    options = parser.parse_args()

    rng = random.Random(options.seed)
    x = [[rng.gauss(0, 1) for _ in range(100)] for _ in range(options.samples)]
    y = [[rng.gauss(0, 1) for _ in range(10)] for _ in range(options.samples)]
    model = Net(rng)
    print(model)
    before = largest_difference(model, x, y)
    train(model, x, y, options)
    after = largest_difference(model, x, y)
    print(f"Largest difference to the delta recursion: {before:.1e} before, {after:.1e} after")
    if max(before, after) > 1e-12:
        raise SystemExit("backward() and the delta recursion do not agree to 1e-12")


if __name__ == "__main__":
    main()
