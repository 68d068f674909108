"""The pole is balanced, and the loss of an episode is the one that REINFORCE states."""

import math
import random
import re

import pytest

gymnasium = pytest.importorskip("gymnasium")
np = pytest.importorskip("numpy")


@pytest.mark.once
def test_it_balances(run, size):
    printed = run("reinforce.py", *size)
    ((mean, episodes),) = re.findall(r"^mean return ([\d.]+) over (\d+) episodes", printed, re.M)
    # One that pushes at random has some 22, and 500 is the most there can be.
    least, tests = (150, 5) if "--quick" in size else (475, 100)
    assert float(mean) >= least
    assert int(episodes) == tests


@pytest.mark.parametrize(("most", "b"), [(500, 0.0), (500, 0.3), (5, 0.7)])
def test_the_loss_and_its_gradient(load, most, b):
    """Of an agent that pushes left and right alike, and expects b everywhere."""
    reinforce = load("reinforce.py")
    agent = reinforce["Agent"](random.Random(0))
    for p in agent.parameters():
        p.data = 0.0
    z_bias, b_bias = (net.layers[-1].neurons[0].b for net in (agent.policy, agent.baseline))
    b_bias.data = b
    env = gymnasium.make("CartPole-v1", max_episode_steps=most)
    rng = random.Random(7)
    seed = rng.getrandbits(31)
    states, pushes, ahead = reinforce["play"](agent, env, seed, lambda z: rng.random() < 0.5 + z)
    n = len(pushes)
    gains = reinforce["returns_of"](pushes, ahead)
    loss = sum(map(agent.loss, states, pushes, gains))
    loss.backward()
    assert n == most or (most == 500 and 8 <= n < 100)

    rng = random.Random(7)
    rng.getrandbits(31)  # the seed of the episode
    rights = np.array([rng.random() < 0.5 for _ in range(n)])
    left = np.arange(n, 0, -1)  # how many rewards of 0.01 are to come
    returns = 1 - 0.99**left + (0.99**left * b if n == most else 0)
    advantages = returns - b
    assert loss.data == pytest.approx(sum(advantages) * math.log(2) + sum(advantages**2) / 2)
    assert z_bias.grad == pytest.approx(-sum(advantages * (rights - 0.5)))
    assert b_bias.grad == pytest.approx(-sum(advantages))
