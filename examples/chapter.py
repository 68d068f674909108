"""The program of a textbook chapter on backpropagation, beside the delta recursion of the chapter.

    pip install ".[examples]"
    python examples/chapter.py

A network with 100 inputs, 50 hidden units and 10 outputs learns m random targets y of n numbers:

    z¹ = W¹ x + b¹,    a¹ = max(z¹, 0),    z² = W² a¹ + b²
    J = 1/m sum of 1/n ‖z² - y‖²

`backward()` goes through the graph of J. Beside it is the recursion that such chapters derive:

    δ² = 2/n (z² - y),                     δ¹ = (W²)ᵀ δ² where z¹ > 0, else 0
    ∂J/∂W² = 1/m sum of δ² (a¹)ᵀ,          ∂J/∂b² = 1/m sum of δ²
    ∂J/∂W¹ = 1/m sum of δ¹ xᵀ,             ∂J/∂b¹ = 1/m sum of δ¹

Both find the same J and the same gradients, up to rounding. The picture shows the loss, and
for every gradient how far the two ways are apart.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
from common import BLUE, ORANGE, command_line, print_gain, sheet
from matplotlib.ticker import MaxNLocator

import autograd_lite
from autograd_lite import Value, nn

SAMPLES = 64
TOLERANCE = 1e-7  # a smaller change of the loss ends the training


class Net(nn.Module):
    """fc2(relu(fc1(x)))."""

    def __init__(self, rng: random.Random) -> None:
        self.fc1 = nn.Linear(100, 50, rng=rng)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(50, 10, rng=rng)

    def forward(self, x: np.ndarray) -> list[list[Value]]:
        return self.fc2(self.relu(self.fc1(x)))


def train(
    model: Net, loss: Callable, x: np.ndarray, y: np.ndarray, epochs: int, tolerance: float
) -> list[float]:
    """Gradient descent until the loss has converged; the loss of every epoch."""
    optimizer = nn.optim.SGD(model.parameters(), lr=0.01)
    losses = []
    for epoch in range(1, epochs + 1):
        error = loss(x, y)
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        losses.append(error.data)
        if epoch % 100 == 0:
            print(f"Epoch [{epoch}/{epochs}], Loss: {error.data:.4f}")
        if epoch > 1 and abs(losses[-2] - losses[-1]) < tolerance:
            print(f"Converged at epoch {epoch}, Loss: {error.data:.4f}")
            break
    return losses


def by_backward(model: Net, x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """J, and its gradients with respect to W¹, b¹, W² and b² in one row."""
    model.zero_grad()
    J = nn.mse_loss(model(x), y)  # noqa: N806
    J.backward()
    return J.data, np.array([p.grad for p in model.parameters()])


def by_recursion(model: Net, x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """The same by the recursion: forward, then from the last layer to the first."""
    W1, b1, W2, b2 = map(np.array, model.state_dict().values())  # noqa: N806
    m, n = y.shape
    J = 0.0  # noqa: N806
    dW1, db1, dW2, db2 = map(np.zeros_like, (W1, b1, W2, b2))  # noqa: N806
    for sample, target in zip(x, y, strict=True):
        z1 = W1 @ sample + b1
        a1 = np.maximum(z1, 0)
        z2 = W2 @ a1 + b2
        J += sum((z2 - target) ** 2) / n / m  # noqa: N806

        delta2 = 2 / n * (z2 - target)
        dW2 += np.outer(delta2, a1) / m  # noqa: N806
        db2 += delta2 / m
        delta1 = W2.T @ delta2 * (z1 > 0)
        dW1 += np.outer(delta1, sample) / m  # noqa: N806
        db1 += delta1 / m
    return J, np.concatenate([dW1.ravel(), db1, dW2.ravel(), db2])


def compare(when: str, model: Net, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Print how far apart J and its gradients are, by backward() and by the recursion."""
    (J, gradients), (other_J, others) = by_backward(model, x, y), by_recursion(model, x, y)  # noqa: N806
    print(
        f"{when} training, backward() and the recursion differ by {abs(J - other_J):.1e} in J, "
        f"and by at most {abs(gradients - others).max():.1e} in its {len(others):,} gradients"
    )
    return gradients, others


def draw(losses: list[float], pairs: dict[str, tuple], path: Path) -> None:
    """The loss of every epoch; how far the recursion's gradients are from those of backward()."""
    figure = sheet(4.2)
    learning, agreement = figure.subplots(1, 2)
    learning.plot(range(1, len(losses) + 1), losses, color=BLUE, lw=2)
    learning.set(xlabel="epoch", ylabel="J", title="Loss: the mean squared error")
    looks = ((ORANGE, "x"), (BLUE, "."))
    for (when, pair), (color, mark) in zip(pairs.items(), looks, strict=True):
        ours, others = pair
        agreement.plot(ours, others - ours, mark, ms=3, color=color, label=f"{when} training")
    agreement.set(xlabel="gradient by backward()", ylabel="by the recursion, less by backward()")
    agreement.set_title("Each gradient: how far the two are apart")
    agreement.xaxis.set_major_locator(MaxNLocator(4))
    agreement.legend(markerscale=2)
    figure.savefig(path)


def main() -> None:
    options = command_line(__doc__, "200 epochs, not 1,000").parse_args()
    rng = random.Random(options.seed)
    x, y = (
        np.array([[rng.gauss(0, 1) for _ in range(size)] for _ in range(SAMPLES)])
        for size in (100, 10)
    )
    model = Net(rng)
    print(model)

    def loss(x: np.ndarray, y: np.ndarray) -> Value:
        return nn.mse_loss(model(x), y)

    if not options.eager:
        loss = autograd_lite.compile(loss)

    pairs = {"before": compare("before", model, x, y)}
    losses = train(model, loss, x, y, 200 if options.quick else 1000, TOLERANCE)
    pairs["after"] = compare("after", model, x, y)
    print_gain(loss, x, y)
    draw(losses, pairs, options.output)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
