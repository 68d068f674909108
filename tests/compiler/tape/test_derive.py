"""Derivatives of tapes, against the adjoint of the interpreter and differences of it."""

from array import array

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Value, compile
from autograd_lite.compiler.choice import ExecutorChoice
from autograd_lite.compiler.tape.derive import folded, taken_apart, tape_of
from autograd_lite.compiler.tape.interpreter import Interpreter
from autograd_lite.compiler.tape.opcodes import CONSTANT, LEAF
from autograd_lite.compiler.tape.tape import Tape
from autograd_lite.linalg import solve
from autograd_lite.operations.rules import CODES

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(6, 3)), RNG.normal(size=6)


def neuron(w, b):
    rows = zip(X.tolist(), Y.tolist(), strict=True)
    return al.sum([(al.tanh(al.dot(w, x) + b) - y) ** 2 for x, y in rows])


def logits(w, b):
    return al.log_softmax([al.sin(x * b) for x in w] + [al.maximum(w[0], w[1])])


def picked(w, b):
    return [al.largest([w[0] * b, w[1], w[2]]) * w[0], al.where(b > 0, w[1] ** 3, al.sqrt(b))]


def recorded(function):
    """The tape of a function of four Values, and numbers for them."""
    numbers = [0.3, -0.2, 0.5, 0.7]
    f = compile(function)
    w = [Value(x) for x in numbers]
    f(w[:3], w[3])
    return f.programs()[-1].tape, array("d", numbers)


FUNCTIONS = [neuron, logits, picked]
every_function = pytest.mark.parametrize("function", FUNCTIONS)
every_executor = pytest.mark.parametrize("executor", ["interpret", "numpy"])
WRT = [0, 1, 2, 3]


def run(tape, leaves, executor="interpret"):
    choice = ExecutorChoice(tape, [], executor, False)
    return np.array(choice.forward(array("d", leaves), array("q"), ()).outputs)


def gradient(tape, leaves, cotangents):
    made = Interpreter(tape, WRT).forward(array("d", leaves), array("q"))
    return np.array(made.gradient(cotangents))


def gradient_tape(tape, wrt, *, value=False):
    """The tape of the gradient of the first output, behind that output if asked for."""
    nodes, place, leaves = taken_apart(tape, wrt)
    root = place[tape.outputs[0]]
    outputs = nodes.reverse([(root, nodes.number(1.0))], leaves)
    return tape_of(nodes, [root, *outputs] if value else outputs, tape.leaves, tape.indices)


def pullback_tape(tape, wrt):
    """The tape of the sum of cotangent times d result / d leaf, for each leaf.

    The cotangents of the results are leaves, which follow those of the tape.
    """
    nodes, place, leaves = taken_apart(tape, wrt)
    results = [place[i] for i in tape.outputs[: tape.results].tolist()]
    seeds = [(i, nodes.add(LEAF, slot=tape.leaves + k)) for k, i in enumerate(results)]
    size = tape.leaves + len(results)
    return tape_of(nodes, nodes.reverse(seeds, leaves), size, tape.indices)


def pushforward_tape(tape, wrt):
    """The tape of the sum of d result / d leaf times tangent, for each result.

    The tangents are leaves, which follow those of the tape.
    """
    nodes, place, leaves = taken_apart(tape, wrt)
    results = [place[i] for i in tape.outputs[: tape.results].tolist()]
    tangents = {i: nodes.add(LEAF, slot=tape.leaves + k) for k, i in enumerate(leaves)}
    size = tape.leaves + len(leaves)
    return tape_of(nodes, nodes.forward(tangents, results), size, tape.indices)


@every_executor
def test_the_gradient_is_that_of_the_adjoint(executor):
    tape, leaves = recorded(neuron)
    value, *found = run(gradient_tape(tape, WRT, value=True), leaves, executor)
    assert found == pytest.approx(gradient(tape, leaves, [1.0]), rel=1e-14)
    assert value == pytest.approx(run(tape, leaves)[0])
    again = run(gradient_tape(tape, [3, 0]), leaves, executor)
    assert again == pytest.approx([found[3], found[0]], rel=1e-14)


@every_function
@every_executor
def test_pullback_and_pushforward_are_each_others_transpose(function, executor):
    tape, leaves = recorded(function)
    cotangents, tangents = RNG.normal(size=tape.results), RNG.normal(size=4)
    back = run(pullback_tape(tape, WRT), [*leaves, *cotangents], executor)
    there = run(pushforward_tape(tape, WRT), [*leaves, *tangents], executor)
    assert back == pytest.approx(gradient(tape, leaves, cotangents), rel=1e-13)
    assert there @ cotangents == pytest.approx(back @ tangents, rel=1e-12)


@every_function
@pytest.mark.parametrize("order", [2, 3])
def test_derivatives_of_derivatives(function, order):
    """Forward over forward over reverse, against the adjoint of what is below, in a direction."""
    tape, leaves = recorded(function)
    tape = pullback_tape(tape, WRT)
    numbers = [*leaves, *RNG.normal(size=tape.leaves - 4)]
    for _ in range(order - 1):
        tangents = RNG.normal(size=4)
        cotangents = RNG.normal(size=tape.results)
        below = gradient(tape, numbers, cotangents) @ tangents
        tape, numbers = pushforward_tape(tape, WRT), [*numbers, *tangents]
        assert run(tape, numbers) @ cotangents == pytest.approx(below, rel=1e-12)
    step, at = 1e-6, np.array(numbers)
    along = np.append(RNG.normal(size=4), np.zeros(len(at) - 4))
    slope = (run(tape, at + step * along) - run(tape, at - step * along)) / (2 * step)
    tape = pushforward_tape(tape, WRT)
    assert run(tape, [*numbers, *along[:4]]) == pytest.approx(slope, rel=1e-6, abs=1e-8)


CHOICES = {
    "minimum": lambda x, y: al.minimum(x * x, x * y) * x,
    "maximum": lambda x, y: al.maximum(x * y, y * y) * y,
    "largest": lambda x, y: al.largest([x * x, x * y, y * y]) * x,
    "norm": lambda x, y: al.norm([x * y, x - 0.5 * y, x]) ** 3,
    "pow": lambda x, y: (x * x) ** (y * y),
    "atan2": lambda x, y: al.atan2(x * y, x * x) * y,
    "gelu": lambda x, y: al.gelu(x * y),
    "erf": lambda x, y: al.erf(x * y) * x,
    "clip": lambda x, y: al.clip(x * y, x * x, y * y) * y,
    "abs": lambda x, y: abs(x * y) * x,
}


@pytest.mark.parametrize("f", CHOICES.values(), ids=CHOICES)
def test_second_derivatives_of_what_chooses_are_those_of_the_interpreter_as_arrays(f):
    """At numbers with few digits, which arrays do not round, and of which many are ties."""
    draw = np.random.default_rng(0)

    def product(x, y, v):
        def total(x, y):
            return al.sum([f(a, b) for a, b in zip(x, y, strict=True)])

        return al.hvp(total, (x, y), v)

    found, expected = (compile(product, executor=each) for each in ("numpy", "interpret"))
    for bare in (False, True, True, True):
        numbers = draw.integers(-2, 3, (4, 12)) / 2 if bare else draw.normal(size=(4, 12))
        x, y, *v = numbers
        np.testing.assert_allclose(
            found(x, y, tuple(v)), expected(x, y, tuple(v)), rtol=1e-12, atol=1e-12
        )
    (program,) = found.programs()
    assert program.choice.executor is program.choice.arrays()


@every_executor
def test_an_index_is_read_anew_in_a_derivative(executor):
    table = [Value(0.5), Value(2.0), Value(-1.0)]

    @compile
    def f(i, x):
        return al.take(table, i) ** 2 * x

    for i in (0, 1, 0):
        f(i, Value(3.0))
    tape = f.programs()[-1].tape
    assert tape.indices == 1
    slots = range(tape.leaves - 3, tape.leaves)
    for i in (0, 1, 2, -1):
        leaves = [0.0] * tape.leaves
        leaves[: tape.leaves - 3] = [3.0] * (tape.leaves - 3)
        leaves[-3:] = [0.5, 2.0, -1.0]
        made = gradient_tape(tape, slots)
        choice = ExecutorChoice(made, [], executor, False)
        found = choice.forward(array("d", leaves), array("q", [i]), ()).outputs.tolist()
        expected = [0.0] * 3
        expected[i] = 6 * leaves[-3:][i]
        assert found == expected


def test_a_program_that_is_differentiated_stays_small():
    """Nodes of the gradient, and of a product with the Hessian, for each node of the program."""
    tape, _ = recorded(neuron)
    first = gradient_tape(tape, WRT, value=True)
    second = pushforward_tape(first, WRT)
    assert len(first) < 2 * len(tape)
    assert len(second) < 3.5 * len(tape)


def with_a_block(w, b):
    """What it reads twice, and of which it drops a result."""
    x, _, y = solve([[w[0], b, 0.0], [b, 3.0, w[1]], [w[2], 1.0, w[0]]], [1.0, w[1], b])
    return [x * y + w[0], solve([[x]], [b])[0]]


def test_the_pullback_of_a_tape_with_blocks_is_a_tape_with_blocks():
    tape, numbers = recorded(with_a_block)
    derived = pullback_tape(tape, range(4))
    cotangents = [0.7, -1.3]
    found = Interpreter(derived, range(6)).forward(numbers + array("d", cotangents), array("q"))
    reference = Interpreter(tape, range(4)).forward(numbers, array("q")).gradient(cotangents)
    assert found.outputs.tolist() == pytest.approx(reference.tolist(), rel=1e-12)
    names = [block.name for block in derived.blocks]
    assert sorted(names) == ["pullback of solve"] * 2 + ["solve"]  # the second is computed again
    with pytest.raises(TypeError, match="the derivative of solve is not taken forward on a tape"):
        pushforward_tape(tape, range(4))


def test_a_program_with_blocks_is_differentiated_again_as_values():
    """The partial of a factor of theirs is what the blocks give, which is written in Values."""

    def f(x):
        y, _, z = solve([[x[0], x[1], 0.0], [x[1], 3.0, 0.2], [0.1, 1.0, x[0]]], [1.0, x[1], x[0]])
        return al.tanh(y * x[0]) * z

    x, other = [0.7, 0.4], [1.3, -0.2]
    program = compile(f)
    for _ in range(3):
        assert program(x) == f(x)
    for numbers in (x, other, x):
        expected = np.array(al.hessian(f)(numbers))
        assert al.grad(program)(numbers) == pytest.approx(al.grad(f)(numbers), rel=1e-12)
        assert np.array(al.hessian(program)(numbers)) == pytest.approx(expected, rel=1e-10)
        again = al.jacrev(al.grad(program))(numbers)
        assert np.array(again) == pytest.approx(expected, rel=1e-10)


def of_constants(*numbers):
    """A tape of exp(dot(a, b)) * x + sum(a), (sum(a), and exp of the constants alone)."""
    n = len(numbers)
    exp, mul, add = n + 2, n + 3, n + 5
    codes = [*[CONSTANT] * n, LEAF, CODES["dot"], CODES["exp"], CODES["mul"], CODES["sum"]]
    rows = [*[[]] * n, [], [*range(n)], [n + 1], [exp, n], [*range(n)], [mul, n + 4]]
    offsets = np.append(0, np.cumsum([len(row) for row in rows]))
    parents = [p for row in rows for p in row]
    static = [*numbers, *[0.0] * 6]
    slots = [*[-1] * n, 0, *[-1] * 5]
    return Tape([*codes, CODES["add"]], offsets, parents, static, slots, [add, n + 4, exp], 1)


def test_what_is_computed_of_constants_alone_is_a_constant():
    tape = of_constants(0.1, 0.2, 0.3, 0.7)
    found = folded(tape)
    assert [CODES["mul"], CODES["add"]] == [code for code in found.codes.tolist() if code > 0]
    expected = Interpreter(tape, [0]).forward(array("d", [1.5]), array("q")).outputs
    assert Interpreter(found, [0]).forward(array("d", [1.5]), array("q")).outputs == expected
    assert folded(found) is found


def test_a_long_chain_of_constants_is_folded_in_part():
    n = 20
    codes = [CONSTANT, *[CODES["sin"]] * n]
    offsets, rest = [0, 0, *range(1, n + 1)], [-1] * (n + 1)
    tape = Tape(codes, offsets, [*range(n)], [0.5] * (n + 1), rest, [n], 0)
    found = folded(tape)
    assert 0 < (found.codes > 0).sum() < n
    run = [Interpreter(t, []).forward(array("d"), array("q")).outputs for t in (tape, found)]
    assert run[0] == run[1]


# ----------------------------------------------------------------- what is whose derivative


def test_tapes_know_which_node_is_whose_derivative():
    """In z = w0 b + w1, y = tanh(z): the pass of each mark, and its operation."""
    tape, leaves = recorded(lambda w, b: al.tanh(w[0] * b + w[1]))
    add = tape.codes.tolist().index(CODES["add"])
    gradient = gradient_tape(tape, WRT)
    again = pushforward_tape(gradient, WRT)
    assert not tape.marks
    assert {made_in for made_in, _ in gradient.marks.values()} == {"d"}
    assert {made_in for made_in, _ in again.marks.values()} == {"d", "R", "dR"}
    (dz,) = {i for i, mark in gradient.marks.items() if gradient.codes[mark[1]] == CODES["add"]}
    assert gradient.marks[dz] == ("d", add)
    arrays = gradient.codes, gradient.offsets, gradient.parents, gradient.static, gradient.slots
    z = leaves[0] * leaves[3] + leaves[1]
    assert run(Tape(*arrays, [dz], 4), leaves) == pytest.approx([1 - np.tanh(z) ** 2])
    assert folded(again).marks == again.marks
