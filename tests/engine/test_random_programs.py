"""Random programs against PyTorch in float64, and against the same program written otherwise.

A program is a list of instructions (operation, operands): an operand is the number of an earlier
node. The profile `long` runs 120,000 of them, CI 2,000. Most are short: in a long one gradients
vanish on their way, and mistakes with them.
"""

import random
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd_lite as al
from autograd_lite import Value

torch = pytest.importorskip("torch")
functional = torch.nn.functional
torch.set_num_threads(1)

LARGEST = 500


class Operation(NamedTuple):
    """ours and theirs; n operands, of any number if 0. Results stay bounded, gradients too."""

    ours: object
    theirs: object
    n: int


OPERATIONS = [
    Operation(lambda x, y: (x + y) / 2, lambda x, y: (x + y) / 2, 2),
    Operation(lambda x, y: 1 - x - y, lambda x, y: 1 - x - y, 2),
    Operation(lambda x, y: (x * y).tanh(), lambda x, y: (x * y).tanh(), 2),
    Operation(lambda x, y: x / (2 + y * y), lambda x, y: x / (2 + y * y), 2),
    Operation(al.maximum, torch.maximum, 2),
    Operation(al.minimum, torch.minimum, 2),
    Operation(lambda x, y: al.hypot(x, y + 3), lambda x, y: torch.hypot(x, y + 3), 2),
    Operation(lambda x, y: al.atan2(x, y * y + 1), lambda x, y: torch.atan2(x, y * y + 1), 2),
    Operation(lambda x, y: al.where(x > 0, y, -x), lambda x, y: torch.where(x > 0, y, -x), 2),
    Operation(lambda x, y: (x * x + 1) ** -y.tanh(), lambda x, y: (x * x + 1) ** -y.tanh(), 2),
    Operation(al.sin, torch.sin, 1),
    Operation(al.cos, torch.cos, 1),
    Operation(al.tanh, torch.tanh, 1),
    Operation(al.sigmoid, torch.sigmoid, 1),
    Operation(al.relu, torch.relu, 1),
    Operation(abs, torch.abs, 1),
    Operation(al.softplus, lambda x: -functional.logsigmoid(-x), 1),
    Operation(al.gelu, functional.gelu, 1),
    Operation(al.silu, functional.silu, 1),
    Operation(al.erf, torch.erf, 1),
    Operation(lambda x: al.exp(-x * x), lambda x: torch.exp(-x * x), 1),
    Operation(lambda x: al.log(1 + x**2), lambda x: torch.log(1 + x**2), 1),
    Operation(lambda x: al.sqrt(1 + x * x), lambda x: torch.sqrt(1 + x * x), 1),
    Operation(lambda x: al.clip(x, -1, 2), lambda x: torch.clamp(x, -1, 2), 1),
    Operation(lambda *xs: al.sum(xs) / 3, lambda *xs: torch.stack(xs).sum() / 3, 0),
    Operation(lambda *xs: al.mean(xs), lambda *xs: torch.stack(xs).mean(), 0),
    Operation(lambda *xs: al.logsumexp(xs), lambda *xs: torch.logsumexp(torch.stack(xs), 0), 0),
    Operation(
        lambda *xs: al.dot(xs, xs[::-1]).tanh(),
        lambda *xs: torch.dot(torch.stack(xs), torch.stack(xs[::-1])).tanh(),
        0,
    ),
    Operation(
        lambda *xs: al.norm([*xs, 1]),
        lambda *xs: torch.stack(xs).square().sum().add(1).sqrt(),
        0,
    ),
]
PAIRS = [operation for operation in OPERATIONS if operation.n == 2]


class Program(NamedTuple):
    """The numbers of the leaves, which are nodes 0, 1, ...; and the instructions.

    What is differentiated is the sum of the nodes `results`.
    """

    leaves: list
    instructions: list
    results: list


def random_program(seed, size):
    rng = random.Random(seed)
    leaves = [rng.gauss(0, 1) for _ in range(rng.randint(1, 6))]
    instructions = []
    n = len(leaves)
    for _ in range(size):
        operation = rng.choice(OPERATIONS)
        nodes = range(max(0, n - rng.choice([2, 10, LARGEST])), n)
        instructions.append((operation, rng.choices(nodes, k=operation.n or rng.randint(1, 8))))
        n += 1
    return Program(leaves, instructions, [n - 1, *rng.choices(range(n), k=2)])


def run(program, make, library):
    """All nodes, leaves first, and the result, with the functions "ours" or "theirs"."""
    nodes = [make(x) for x in program.leaves]
    for operation, operands in program.instructions:
        nodes.append(getattr(operation, library)(*[nodes[i] for i in operands]))
    return nodes, sum(nodes[i] for i in program.results)


def outcome(program, before=lambda nodes: None):
    """The value and the gradients, computed here; what is done to the nodes before."""
    nodes, root = run(program, Value, "ours")
    before(nodes)
    root.backward()
    return [root.data, *(leaf.grad for leaf in nodes[: len(program.leaves)])]


def torch_outcome(program):
    nodes, root = run(
        program, lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True), "theirs"
    )
    root.backward()
    leaves = nodes[: len(program.leaves)]
    return [root.item(), *(0.0 if x.grad is None else x.grad.item() for x in leaves)]


def assert_close(ours, theirs, digits=14):
    """Each to 9 digits of itself, or to these digits of the largest, of which some are lost."""
    size = max(1.0, *map(abs, theirs))
    assert ours == pytest.approx(theirs, rel=1e-9, abs=10**-digits * size)


seeds = st.integers(0, 2**64 - 1)
programs = given(seed=seeds, size=st.integers(1, 20) | st.integers(1, 60))


def many(factor):
    """As many examples as the profile asks for, times a factor."""
    return settings(
        max_examples=round(factor * settings.default.max_examples),
        suppress_health_check=[HealthCheck.too_slow],
    )


@many(40)
@programs
def test_as_in_pytorch(seed, size):
    program = random_program(seed, size)
    assert_close(outcome(program), torch_outcome(program))


@many(0.3)
@given(seed=seeds, size=st.integers(100, LARGEST))
def test_long_programs_are_as_in_pytorch(seed, size):
    """To 9 digits of the largest: rounding errors of 500 steps multiply on the way."""
    program = random_program(seed, size)
    assert_close(outcome(program), torch_outcome(program), digits=9)


def renumbered(program, number, instructions):
    """Instructions whose operands have the numbers that they have in program, with new ones."""
    return Program(
        program.leaves,
        [(operation, [number[x] for x in operands]) for operation, operands in instructions],
        [number[x] for x in program.results],
    )


def permuted(program, rng):
    """The same instructions in another order in which operands come before their users."""
    first = len(program.leaves)
    number = {i: i for i in range(first)}
    waiting = dict(enumerate(program.instructions, start=first))
    instructions = []
    while waiting:
        ready = [i for i, (_, operands) in waiting.items() if all(x in number for x in operands)]
        chosen = rng.choice(ready)
        number[chosen] = first + len(instructions)
        instructions.append(waiting.pop(chosen))
    return renumbered(program, number, instructions)


def with_dead_code(program, rng):
    """The program with nodes between that nothing uses."""
    first = len(program.leaves)
    number = {i: i for i in range(first)}
    instructions = []
    for i, instruction in enumerate(program.instructions, start=first):
        for _ in range(rng.randrange(3)):  # its operands are numbered as in program
            instructions.append((rng.choice(PAIRS), rng.choices(range(i), k=2)))
        number[i] = first + len(instructions)
        instructions.append(instruction)
    return renumbered(program, number, instructions)


def with_duplicated_leaves(program):
    """A leaf of its own for each use, and of which leaf each is a duplicate."""
    first = len(program.leaves)
    operands = [x for _, operands in program.instructions for x in operands] + program.results
    of = [x for x in operands if x < first]
    fresh = iter(range(len(of)))

    def moved(xs):
        return [next(fresh) if x < first else x - first + len(of) for x in xs]

    instructions = [(operation, moved(xs)) for operation, xs in program.instructions]
    return Program([program.leaves[x] for x in of], instructions, moved(program.results)), of


@many(4)
@programs
def test_the_order_of_building_does_not_matter(seed, size):
    program = random_program(seed, size)
    assert_close(outcome(permuted(program, random.Random(seed))), outcome(program))


@many(4)
@programs
def test_dead_code_changes_nothing(seed, size):
    """Not even if it is differentiated before."""
    program = random_program(seed, size)
    rng = random.Random(seed)

    def differentiate_some(nodes):
        for node in rng.choices(nodes, k=5):
            node.backward()
        for leaf in nodes[: len(program.leaves)]:
            leaf.grad = 0.0

    assert outcome(with_dead_code(program, rng), differentiate_some) == outcome(program)


@many(4)
@programs
def test_duplicated_leaves_share_the_gradient(seed, size):
    program = random_program(seed, size)
    duplicated, of = with_duplicated_leaves(program)
    value, *grads = outcome(duplicated)
    sums = [0.0] * len(program.leaves)
    for leaf, grad in zip(of, grads, strict=True):
        sums[leaf] += grad
    assert_close([value, *sums], outcome(program))


def test_the_programs_are_worth_running():
    """Most gradients are neither 0 nor huge, and all operations are drawn."""
    drawn, grads = set(), []
    for seed in range(200):
        program = random_program(seed, 100)
        drawn |= {id(operation) for operation, _ in program.instructions}
        grads += outcome(program)[1:]
    assert len(drawn) == len(OPERATIONS)
    assert sum(1e-6 < abs(grad) < 1e6 for grad in grads) > len(grads) / 2
