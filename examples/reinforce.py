"""Learn to balance a pole by policy gradients, on scalars.

    pip install ".[examples]"
    python examples/reinforce.py

A pole stands on a cart (gymnasium's CartPole-v1). 50 times a second the cart is pushed left or
right; each push before the pole falls earns 1, for 500 pushes at most. A 4-16-1 network reads the
state s and gives z, and pushes right with the probability σ(z). REINFORCE (Williams, 1992) makes
the pushes that turned out well more likely: it ascends

    sum over t of (R_t - b(s_t)) ∂ log π(a_t | s_t),

where π is the probability of the push that was made and R_t = r_t + γ R_(t+1) the discounted
return from there on. The baseline b, another 4-16-1 network, learns to predict R_t by least
squares. It changes nothing in the mean but makes the gradient less noisy.

The picture reinforce.png shows the returns while it learns, what the networks think of each angle
and its velocity, and how the poles move in the end.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import gymnasium
import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm

import nn
from autograd_lite import Value, dot, logsigmoid, no_grad, sigmoid

SCALE = np.array([2.4, 2.0, 0.2, 2.0])  # of position, velocity, angle, angular velocity
DISCOUNT = 0.99
HORIZON = 1 / (1 - DISCOUNT)  # the largest return there can be
BATCH_SIZE = 4  # episodes
GOAL = 475  # what CartPole-v1 counts as solved


class Agent(nn.Module):
    """The logit z of pushing right, and the baseline b as a fraction of HORIZON."""

    def __init__(self, rng: random.Random) -> None:
        self.policy = nn.MLP(4, [16, 1], activation="tanh", rng=rng)
        self.baseline = nn.MLP(4, [16, 1], activation="tanh", rng=rng)

    def forward(self, state: np.ndarray) -> tuple[Value, Value]:
        x = state / SCALE
        return self.policy(x), self.baseline(x)


def play(agent: Agent, env: gymnasium.Env, rng: random.Random) -> tuple[Value, int]:
    """One episode with pushes drawn from the policy: its loss and its length."""
    state, _ = env.reset(seed=rng.getrandbits(31))
    fallen = timeout = False
    log_probabilities, baselines = [], []
    while not (fallen or timeout):
        z, b = agent(state)
        right = rng.random() < sigmoid(z.data)
        log_probabilities.append(logsigmoid(z if right else -z))
        baselines.append(b)
        state, _, fallen, timeout, _ = env.step(int(right))

    # Where time ran out, the pole would have stood on: the baseline says for about how long.
    ahead = 0.0 if fallen else agent(state)[1].data
    errors = []
    for b in reversed(baselines):
        ahead = 1 / HORIZON + DISCOUNT * ahead
        errors.append(b - ahead)
    disadvantages = [error.data for error in reversed(errors)]
    loss = dot(disadvantages, log_probabilities) + dot(errors, errors) / 2
    return loss, len(baselines)


def train(agent: Agent, env: gymnasium.Env, episodes: int, rng: random.Random) -> list[int]:
    """Adam on batches of episodes until the last 100 reach the goal; the return of each."""
    optimizer = nn.optim.Adam(agent.parameters(), lr=0.02)
    returns: list[int] = []
    with tqdm(total=episodes, unit="episode") as bar:
        while len(returns) < episodes and not (len(returns) >= 100 and recent(returns) >= GOAL):
            optimizer.zero_grad()
            for _ in range(BATCH_SIZE):
                loss, steps = play(agent, env, rng)
                (loss / BATCH_SIZE).backward()
                returns.append(steps)
            nn.optim.clip_grad_norm_(agent.parameters(), 1.0)
            optimizer.step()
            bar.set_postfix(mean_return=f"{recent(returns):.0f}", refresh=False)
            bar.update(BATCH_SIZE)
    return returns


def recent(returns: list[int]) -> float:
    """The mean of the last 100."""
    return float(np.mean(returns[-100:]))


def balance(agent: Agent, env: gymnasium.Env, seed: int) -> np.ndarray:
    """The states of an episode in which the likelier push is always made: (pushes, 4)."""
    state, _ = env.reset(seed=seed)
    fallen = timeout = False
    states = []
    with no_grad():
        while not (fallen or timeout):
            z, _ = agent(state)
            state, _, fallen, timeout, _ = env.step(int(z.data > 0))
            states.append(state)
    return np.array(states)


# ------------------------------------------------------------------------------------ the picture


def draw(agent: Agent, returns: list[int], tests: list[np.ndarray], path: Path) -> None:
    """The returns; policy and baseline by angle and angular velocity; how the poles move."""
    figure = Figure(figsize=(12, 8.5), dpi=150, layout="constrained")
    (learning, motion), maps = figure.subplots(2, 2)
    learning.plot(returns, ".", ms=3, color="#b8cfe4", label="one episode")
    means = [recent(returns[: i + 1]) for i in range(len(returns))]
    learning.plot(means, color="#2166ac", lw=2, label="mean of the last 100")
    learning.axhline(GOAL, color="#d6604d", lw=1, label=f"{GOAL}")
    learning.set(xlabel="episode", ylabel="return", title="Learning")
    learning.legend(frameon=False)

    for states in tests[:20]:
        seconds = np.arange(1, len(states) + 1) / 50
        motion.plot(seconds, np.degrees(states[:, 2]), lw=0.7, color="#2166ac", alpha=0.5)
    mean = np.mean([len(states) for states in tests])
    motion.set(xlabel="time (s)", ylabel="angle of the pole (degrees)")
    motion.set_title(f"Tests: a mean return of {mean:.1f} over {len(tests)} episodes")
    for axes in (learning, motion):
        axes.spines[["top", "right"]].set_visible(False)

    angles, velocities = np.linspace(-12, 12, 41), np.linspace(-3, 3, 41)
    with no_grad():
        seen = [agent(np.array([0, 0, np.radians(a), v])) for v in velocities for a in angles]
    likely = [sigmoid(z.data) for z, _ in seen]
    lasting = [b.data * HORIZON for _, b in seen]
    for axes, values, cmap, title in (
        (maps[0], likely, "RdBu_r", "The probability of a push to the right"),
        (maps[1], lasting, "viridis", "The baseline: how many more pushes, discounted"),
    ):
        image = axes.pcolormesh(angles, velocities, np.reshape(values, (41, 41)), cmap=cmap)
        axes.set(xlabel="angle of the pole (degrees)", ylabel="its velocity (1/s)", title=title)
        figure.colorbar(image, ax=axes)
    figure.savefig(path)


def main() -> None:
    """Train, test, draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--episodes", type=int, default=1000, help="to learn from at most (1,000)")
    parser.add_argument("--seed", type=int, default=0, help="of weights, pushes and starts (0)")
    parser.add_argument("--output", type=Path, default="reinforce.png", help="the picture")
    parser.add_argument("--quick", action="store_true", help="60 episodes, and 5 tests")
    options = parser.parse_args()

    rng = random.Random(options.seed)
    env = gymnasium.make("CartPole-v1")
    agent = Agent(rng)
    start = time.perf_counter()
    returns = train(agent, env, 60 if options.quick else options.episodes, rng)
    seconds = time.perf_counter() - start
    print(f"{len(returns)} episodes, {sum(returns):,} pushes in {seconds:.1f} s")

    tests = [balance(agent, env, seed) for seed in range(5 if options.quick else 100)]
    mean = np.mean([len(states) for states in tests])
    print(f"mean return {mean:.1f} over {len(tests)} episodes")
    draw(agent, returns, tests, options.output)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
