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

The picture shows the returns while it learns, what the networks think of each angle and its
velocity, and how the poles move in the end.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import gymnasium
import numpy as np
from common import BLUE, LIGHT_BLUE, ORANGE, command_line, print_gain, sheet
from tqdm import tqdm

import autograd_lite
from autograd_lite import Value, logsigmoid, nn, no_grad, sigmoid

SCALE = np.array([2.4, 2.0, 0.2, 2.0])  # of position, velocity, angle, angular velocity
DISCOUNT = 0.99
HORIZON = 1 / (1 - DISCOUNT)  # the largest return there can be
BATCH_SIZE = 4  # episodes
GOAL = 475  # what CartPole-v1 counts as solved

Act = Callable[[np.ndarray], tuple[Value, Value]]  # what an Agent says of a state


class Agent(nn.Module):
    """The logit z of pushing right, and the baseline b as a fraction of HORIZON."""

    def __init__(self, rng: random.Random) -> None:
        self.policy = nn.MLP(4, [16, 1], activation="tanh", rng=rng)
        self.baseline = nn.MLP(4, [16, 1], activation="tanh", rng=rng)

    def forward(self, state: np.ndarray) -> tuple[Value, Value]:
        x = state / SCALE
        return self.policy(x), self.baseline(x)

    def loss(self, state: np.ndarray, push: float, gain: float) -> Value:
        """Of a push, 1 for right or -1 for left, and the return from there on."""
        z, b = self(state)
        advantage = (gain - b).detach()
        return -advantage * logsigmoid(push * z) + (gain - b) ** 2 / 2


def play(
    act: Act, env: gymnasium.Env, seed: int, choose: Callable[[float], bool]
) -> tuple[list[np.ndarray], list[float], float]:
    """The states and the pushes of an episode, 1 for right and -1 for left, and what is to come.

    choose  of the logit z, whether to push right

    Where time ran out, the pole would have stood on: the baseline says for about how long.
    """
    state, _ = env.reset(seed=seed)
    fallen = timeout = False
    states, pushes = [], []
    with no_grad():
        while not (fallen or timeout):
            right = choose(act(state)[0].data)
            states.append(state)
            pushes.append(1.0 if right else -1.0)
            state, _, fallen, timeout, _ = env.step(int(right))
        return states, pushes, 0.0 if fallen else act(state)[1].data


def returns_of(pushes: list[float], ahead: float) -> list[float]:
    """R_t / HORIZON for every push, with what is to come after the last one."""
    returns = []
    for _ in pushes:
        ahead = 1 / HORIZON + DISCOUNT * ahead
        returns.append(ahead)
    return returns[::-1]


def recent(returns: list[int]) -> float:
    """The mean of the last 100."""
    return float(np.mean(returns[-100:]))


def draw(act: Act, returns: list[int], tests: list[list[np.ndarray]], path: Path) -> None:
    """The returns; policy and baseline by angle and angular velocity; how the poles move."""
    figure = sheet(7.2)
    (learning, motion), maps = figure.subplots(2, 2)
    learning.plot(returns, ".", ms=3, color=LIGHT_BLUE, label="one episode")
    means = [recent(returns[: i + 1]) for i in range(len(returns))]
    learning.plot(means, color=BLUE, lw=2, label="mean of the last 100")
    learning.axhline(GOAL, color=ORANGE, lw=1, label=f"solved: {GOAL}")
    learning.set(xlabel="episode", ylabel="return (pushes)", title="Learning")
    learning.legend(ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.2))

    for states in tests[:20]:
        seconds = np.arange(len(states)) / 50
        motion.plot(seconds, np.degrees(states)[:, 2], lw=0.7, color=BLUE, alpha=0.5)
    mean = np.mean([len(states) for states in tests])
    motion.set(xlabel="time (s)", ylabel="angle of the pole (degrees)")
    motion.set_title(f"Tests: mean return {mean:.1f} in {len(tests)} episodes")

    angles, velocities = np.linspace(-12, 12, 41), np.linspace(-3, 3, 41)
    with no_grad():
        seen = [act(np.array([0, 0, np.radians(a), v])) for v in velocities for a in angles]
    likely = [sigmoid(z.data) for z, _ in seen]
    lasting = [b.data * HORIZON for _, b in seen]
    for axes, values, cmap, title, label in (
        (maps[0], likely, "RdBu_r", "The policy", "probability of a push to the right"),
        (maps[1], lasting, "viridis", "The baseline", "pushes to come, discounted"),
    ):
        image = axes.pcolormesh(angles, velocities, np.reshape(values, (41, 41)), cmap=cmap)
        axes.set(xlabel="angle of the pole (degrees)", ylabel="its velocity (rad/s)", title=title)
        figure.colorbar(image, ax=axes, label=label)
    figure.savefig(path)


def main() -> None:
    options = command_line(__doc__, "60 episodes, and 5 tests").parse_args()
    most, tested = (60, 5) if options.quick else (1000, 100)
    rng = random.Random(options.seed)
    env = gymnasium.make("CartPole-v1")
    agent = Agent(rng)
    act, loss = agent, agent.loss
    if not options.eager:
        act, loss = map(autograd_lite.compile, (act, loss))

    optimizer = nn.optim.Adam(agent.parameters(), lr=0.02)
    returns: list[int] = []
    start = time.perf_counter()
    bar = tqdm(total=most, unit="episode")
    while len(returns) < most and not (len(returns) >= 100 and recent(returns) >= GOAL):
        pushes = []
        for _ in range(BATCH_SIZE):
            seed = rng.getrandbits(31)
            states, made, ahead = play(act, env, seed, lambda z: rng.random() < sigmoid(z))
            pushes += zip(states, made, returns_of(made, ahead), strict=True)
            returns.append(len(made))
        optimizer.zero_grad()
        (sum(loss(*push) for push in pushes) / BATCH_SIZE).backward()
        nn.optim.clip_grad_norm_(agent.parameters(), 1.0)
        optimizer.step()
        bar.set_postfix(mean_return=f"{recent(returns):.0f}", refresh=False)
        bar.update(BATCH_SIZE)
    bar.close()
    print(
        f"{len(returns)} episodes, {sum(returns):,} pushes in {time.perf_counter() - start:.1f} s"
    )
    print_gain(loss, *pushes[0])

    tests = [play(act, env, seed, lambda z: z > 0)[0] for seed in range(tested)]
    mean = np.mean([len(states) for states in tests])
    print(f"mean return {mean:.1f} over {len(tests)} episodes")
    draw(act, returns, tests, options.output)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
