"""Derivatives as further nodes: every rule to third order, in both modes, at awkward points too."""

import math
import random
from array import array

import pytest

from autograd_lite.compiler.choice import ExecutorChoice
from autograd_lite.compiler.tape.derive import tape_of
from autograd_lite.derive import Nodes
from autograd_lite.operations.opcodes import CONSTANT, DETACH, INDEX, LARGEST, LEAF, TAKE
from autograd_lite.operations.rules import CODES, RULES, TABLE
from tests.support.differences import number

pytest.importorskip("mpmath")

from tests.support.derivatives import derivatives, exact

inf, nan = math.inf, math.nan
MODES = ["rrr", "rfr", "fff", "rff"]
every_rule = pytest.mark.parametrize("rule", RULES[1:TABLE], ids=lambda rule: rule.name)


def run(nodes, outputs, leaves, indices=(), executor="interpret"):
    tape = tape_of(nodes, outputs, len(leaves), len(indices))
    choice = ExecutorChoice(tape, [], executor, False)
    return choice.forward(array("d", leaves), array("q", indices), ()).outputs.tolist()


def sample(rule, rng):
    """Operands of a rule, and its static parameter."""
    if rule.nary:
        return [number(rng, rule.domain[0]) for _ in range(4 if rule.pairs else 3)], 0.0
    *xs, last = [number(rng, domain) for domain in rule.domain]
    return (xs, last) if rule.static else ([*xs, last], 0.0)


@every_rule
def test_every_rule_to_third_order_in_both_modes_mixed(rule):
    rng = random.Random(rule.name)
    for _ in range(2):
        xs, c = sample(rule, rng)
        expected = {}
        for modes in MODES:
            for key, found in derivatives(rule, xs, c, modes).items():
                orders = tuple(sorted(key))
                if orders not in expected:
                    expected[orders] = float(exact(rule, xs, key, c))
                assert found == pytest.approx(expected[orders], rel=1e-12, abs=1e-13), (modes, key)


# ------------------------------------------------------------------------------ awkward points

# rule, operands, c: the derivatives of orders 1, 2, ... by the first operand
AWKWARD = {
    "a kink has no curvature": ("abs", [0.0], 0, (0, 0, 0)),
    "relu at 0": ("relu", [0.0], 0, (0, 0, 0)),
    "leaky_relu at 0": ("leaky_relu", [0.0], 0.1, (0.1, 0, 0)),
    "elu at 0": ("elu", [0.0], 0.5, (0.5, 0.5, 0.5)),
    "x**1": ("pow_c", [0.0], 1, (1, 0, 0)),
    "x**2 at 0": ("pow_c", [0.0], 2, (0, 2, 0)),
    "x**3 at 0": ("pow_c", [0.0], 3, (0, 0, 6)),
    "x**0 at 0": ("pow_c", [0.0], 0, (0, 0, 0)),
    "a negative base": ("pow_c", [-2.0], 3, (12, -12, 6)),
    "square at 0": ("square", [0.0], 0, (0, 2, 0)),
    "sqrt at 0": ("sqrt", [0.0], 0, (inf, -inf, inf)),
    "log at 0": ("log", [0.0], 0, (inf, -inf, inf)),
    "sin at 0": ("sin", [0.0], 0, (1, 0, -1)),
    "sinc at 0": ("sinc", [0.0], 0, (0, -(math.pi**2) / 3, 0)),
    "erf at infinity": ("erf", [inf], 0, (0, 0, 0)),
    "a tie": ("maximum", [0.5, 0.5], 0, (0.5, 0, 0)),
    "at a bound": ("clip", [0.5, 0.5, 1.0], 0, (1, 0, 0)),
    "a step": ("floor", [0.5], 0, (0, 0, 0)),
    "sign at 0": ("sign", [0.0], 0, (0, 0, 0)),
    "copysign at 0": ("copysign", [0.0, -1.0], 0, (0, 0, 0)),
    "copysign of the least double": ("copysign", [5e-324, -1.0], 0, (-1, 0, 0)),
    "atan2 of zeros": ("atan2", [0.0, 0.0], 0, (0, 0)),
    "norm of zeros": ("norm", [0.0, 0.0], 0, (0, 0, 0)),
    "huge logits": ("logsumexp", [1e300, 0.0], 0, (1, 0, 0)),
    "equal huge logits": ("logsumexp", [1e300, 1e300], 0, (0.5, 0.25, 0)),
    "a logit that is out": ("logsumexp", [-inf, 0.0], 0, (0, 0, 0)),
    "beside an infinite logit": ("logsumexp", [0.0, inf], 0, (0,)),
}


@pytest.mark.parametrize(("name", "xs", "c", "expected"), AWKWARD.values(), ids=AWKWARD)
@pytest.mark.parametrize("modes", ["rrr", "rff"])
def test_at_awkward_points(name, xs, c, expected, modes):
    found = derivatives(RULES[CODES[name]], xs, float(c), modes)
    by_x = [found[(0,) * (order + 1)] for order in range(len(expected))]
    assert by_x == pytest.approx(list(expected), rel=1e-15)


def test_the_exponent_0_has_a_mixed_derivative():
    """d/dy d/dx x**y = x**(y - 1) (1 + y log x): the guard of 0 * inf at x = 0 must not hide it."""
    for modes in ("rr", "rf", "ff"):
        found = derivatives(RULES[CODES["pow"]], [2.0, 0.0], 0.0, modes)
        assert (found[0, 1], found[1, 0], found[0, 0]) == (0.5, 0.5, 0.0)


FAR = [1e-300, 1e-8, 20.0, 36.5, 40.0, 700.0, 709.7, 745.0, 800.0, 1e5, 1e10]


@pytest.mark.parametrize(
    "name", ["sigmoid", "softplus", "logsigmoid", "silu", "tanh", "gelu", "erf", "erfc", "exp"]
)
def test_far_out(name):
    """Where exp overflows, derivatives of higher order are still numbers, and right."""
    rule = RULES[CODES[name]]
    for x in [0.0, *FAR, *[-x for x in FAR]]:
        if name == "exp" and x > 700:
            continue
        for modes in ("rrr", "rff"):
            for key, found in derivatives(rule, [x], 0.0, modes).items():
                # tanh' = 1 - tanh**2 has an error of one unit in the last place of 1.
                expected = float(exact(rule, [x], key))
                tolerance = 1e-9 if name != "tanh" else 0
                assert found == pytest.approx(expected, rel=tolerance, abs=1e-15), (x, key)


# --------------------------------------------------------------------------- cotangents of zero


def test_a_cotangent_of_0_stays_0_through_an_infinite_partial_and_has_a_derivative():
    """f = where(a > 0, sqrt(x), 0) a at x = 0: with g * p for g of 0, the sum would be NaN; with
    where(g, g * p, 0), d/dg at 0 would be 0.
    """
    nodes = Nodes()
    x, g = nodes.add(LEAF, slot=0), nodes.add(LEAF, slot=1)
    (sent,) = nodes.reverse([(nodes.add(CODES["sqrt"], (x,)), g)], [x])
    (by_g,) = nodes.reverse([(sent, nodes.number(1.0))], [g])
    assert run(nodes, [sent, by_g], [0.0, 0.0]) == [0.0, inf]


# ---------------------------------------------------------------------------- take and largest


@pytest.mark.parametrize("executor", ["interpret", "numpy"])
@pytest.mark.parametrize("index", [0, 2, -1, -3])
def test_take_sends_to_the_element_that_was_taken(index, executor):
    nodes = Nodes()
    xs = [nodes.add(LEAF, slot=i) for i in range(3)]
    taken = nodes.add(TAKE, (nodes.add(INDEX, slot=0), *xs))
    squared = nodes.add(CODES["square"], (taken,))
    first = nodes.reverse([(squared, nodes.number(1.0))], xs)
    tangent = nodes.forward({x: nodes.number(float(1 + i)) for i, x in enumerate(xs)}, [squared])
    second = [nodes.reverse([(d, nodes.number(1.0))], xs)[i] for i, d in enumerate(first)]
    outputs = run(nodes, [*first, *tangent, *second], [3.0, 5.0, 7.0], [index], executor)
    place, x = index % 3, [3.0, 5.0, 7.0][index]
    here = [float(i == place) for i in range(3)]
    assert outputs == [*[2 * x * w for w in here], 2 * x * (1 + place), *[2 * w for w in here]]


@pytest.mark.parametrize("executor", ["interpret", "numpy"])
@pytest.mark.parametrize(
    ("leaves", "place"), [([1.0, 3.0, 2.0], 1), ([4.0, 4.0, 1.0], 0), ([1.0, 2.0, 2.0], 1)]
)
def test_largest_sends_to_the_first_of_the_largest(leaves, place, executor):
    nodes = Nodes()
    xs = [nodes.add(LEAF, slot=i) for i in range(3)]
    squared = nodes.add(CODES["square"], (nodes.add(LARGEST, tuple(xs)),))
    first = nodes.reverse([(squared, nodes.number(1.0))], xs)
    tangent = nodes.forward({x: nodes.number(float(1 + i)) for i, x in enumerate(xs)}, [squared])
    second = [nodes.reverse([(d, nodes.number(1.0))], xs)[i] for i, d in enumerate(first)]
    outputs = run(nodes, [*first, *tangent, *second], leaves, (), executor)
    here, x = [float(i == place) for i in range(3)], max(leaves)
    assert outputs == [*[2 * x * w for w in here], 2 * x * (1 + place), *[2 * w for w in here]]


def test_nothing_flows_through_what_is_detached_or_compared():
    nodes = Nodes()
    x = nodes.add(LEAF, slot=0)
    for code, parents in ((DETACH, (x,)), (CODES["less"], (x, x)), (CODES["floor"], (x,))):
        made = nodes.add(code, parents)
        assert nodes.numbers[nodes.reverse([(made, nodes.number(1.0))], [x])[0]] == 0.0
        assert nodes.numbers[nodes.forward({x: nodes.number(1.0)}, [made])[0]] == 0.0


# ------------------------------------------------------------------------------- what is written


def written(nodes, outputs):
    return str(tape_of(nodes, outputs, 9)).splitlines()[:-1]


def test_nothing_flows_through_an_input_that_is_detached():
    """The code of DETACH is none of a rule: counted from the end it was that of the last but three,
    and what a user's rule there sent was wrong, or crashed.
    """
    nodes = Nodes()
    x = nodes.add(LEAF, slot=0)
    y = nodes.add(DETACH, (nodes.op(CODES["square"], x),))
    z = nodes.op(CODES["mul"], y, x)
    one = nodes.number(1.0)
    found = nodes.reverse([(z, one)], [x, y])
    assert run(nodes, found, [3.0]) == [9.0, 3.0]


def test_of_nodes_that_are_alike_one_is_made():
    """tanh(x) * y and its derivatives have one tanh(x)**2."""
    nodes = Nodes()
    x, y = nodes.add(LEAF, slot=0), nodes.add(LEAF, slot=1)
    z = nodes.add(CODES["mul"], (nodes.add(CODES["tanh"], (x,)), y))
    first = nodes.reverse([(z, nodes.number(1.0))], [x, y])
    second = nodes.reverse([(first[0], nodes.number(1.0))], [x, y])
    lines = [line.partition("= ")[2] for line in written(nodes, [z, *first, *second])]
    assert len(lines) == len(set(lines))


def test_constants_of_the_program_are_data():
    """Whatever they are, the derivatives are the same nodes: they lift to loops over them."""

    def derived(c):
        nodes = Nodes()
        x, constant = nodes.add(LEAF, slot=0), nodes.add(CONSTANT, static=c)
        z = nodes.add(CODES["sin"], (nodes.add(CODES["mul"], (x, constant)),))
        (first,) = nodes.reverse([(z, nodes.number(1.0))], [x])
        return written(nodes, nodes.forward({x: nodes.number(1.0)}, [first]))

    lines = [derived(c) for c in (0.0, 1.0, -1.0, 0.3)]
    assert len({*map(len, lines)}) == 1
    assert all(x == y or "constant" in x for x, y in zip(lines[0], lines[3], strict=True))


def test_what_is_0_or_1_is_not_written():
    """d/dx (x + y) y is y."""
    nodes = Nodes()
    x, y = nodes.add(LEAF, slot=0), nodes.add(LEAF, slot=1)
    z = nodes.add(CODES["mul"], (nodes.add(CODES["add"], (x, y)), y))
    assert nodes.reverse([(z, nodes.number(1.0))], [x]) == [y]
    assert nodes.forward({x: nodes.number(1.0)}, [z]) == [y]


def test_forward_mode_does_only_what_its_targets_need():
    nodes = Nodes()
    x = nodes.add(LEAF, slot=0)
    sine = nodes.add(CODES["sin"], (x,))
    nodes.add(CODES["exp"], (sine,))
    before = len(nodes)
    nodes.forward({x: nodes.number(1.0)}, [sine])
    assert len(nodes) <= before + 3  # 1, 0 and cos(x)


def test_an_input_that_no_output_depends_on():
    nodes = Nodes()
    x, y = nodes.add(LEAF, slot=0), nodes.add(LEAF, slot=1)
    sine = nodes.add(CODES["sin"], (x,))
    assert nodes.numbers[nodes.reverse([(sine, nodes.number(1.0))], [y])[0]] == 0.0
    assert nodes.reverse([(x, y)], [x]) == [y]
    assert nodes.forward({x: y}, [x, sine, y])[0] == y


# ---------------------------------------------------------------------------- alike nodes


def test_a_product_that_was_read_is_known_in_either_order():
    nodes = Nodes()
    x, y = nodes.add(LEAF, slot=0), nodes.add(LEAF, slot=1)
    product = nodes.add(CODES["mul"], (y, x))
    assert nodes.op(CODES["mul"], x, y) == nodes.op(CODES["mul"], y, x) == product


def test_a_copy_has_the_derivative_1():
    nodes = Nodes()
    x = nodes.add(LEAF, slot=0)
    copy = nodes.add(CODES["pow_c"], (x,), 1.0)
    (sent,) = nodes.reverse([(copy, nodes.number(3.0))], [x])
    assert nodes.numbers[sent] == 3.0


def test_what_is_the_derivative_of_what():
    nodes = Nodes()
    x, t = nodes.add(LEAF, slot=0), nodes.add(LEAF, slot=1)
    y = nodes.add(CODES["exp"], (nodes.add(CODES["sin"], (x,)),))
    (first,) = nodes.reverse([(y, nodes.number(1.0))], [x])
    (second,) = nodes.forward({x: t}, [first])
    assert nodes.marks[first] == ("d", x)
    assert nodes.marks[second] == ("dR", x)
    assert {of for made_in, of in nodes.marks.values() if made_in == "R"} >= {y, y - 1}
