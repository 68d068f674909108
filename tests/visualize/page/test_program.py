"""The program that a page carries: its engine gives Python's numbers, by node and as a whole."""

import random
from importlib.resources import files

import pytest

import autograd_lite
from autograd_lite import Value, compile, dot, mean, norm, relu, sqrt, tanh
from autograd_lite.fields import static_of
from autograd_lite.graph import cotangents, partials
from autograd_lite.operations.javascript import rules_in_javascript
from tests.engine.programs import random_graph
from tests.support.javascript import agree, as_json, javascript, needs_javascript
from visualize.model.nodes import Graph
from visualize.model.select import products_of
from visualize.page.program import Program

ENGINE = files("visualize.page").joinpath("script/engine.js").read_text("utf-8")

# What the engine makes of each node, of Python's numbers; and of a pass back, of its partials.
NODE_BY_NODE = """
const result = given.map(({ program, data, partials }) => {
  const engine = new Engine(program), numbers = data.map(Number), made = [];
  for (let i = 0; i < engine.n; i++) {
    const k = engine.code[i], e = engine.start[i];
    made.push(k < 0 ? engine.data[i] : engine.kernels[k](
      numbers, engine.parents, e, engine.start[i + 1] - e, engine.constants[i], engine.partials));
  }
  const own = [...engine.partials];
  engine.partials.set(partials.map(Number));
  engine.backward();
  return [made, own, [...engine.grad]];
});
"""

# The numbers, partials and gradients of the engine by itself.
WHOLE = """
const result = given.map((program) => {
  const engine = new Engine(program);
  engine.forward();
  engine.backward();
  return [[...engine.data], [...engine.partials], [...engine.grad]];
});
"""


def in_python(graph):
    """The number and the gradient of each node, and the partials of all edges."""
    grads = cotangents(graph.nodes[::-1])
    edges = []
    for node in graph.nodes:
        own = list(partials(node))
        edges.append(own + [None] * (len(graph.parents(node)) - len(own)))
    return [node.data for node in graph.nodes], edges, [grads[node] for node in graph.nodes]


def run(source, programs, given):
    rules = list(dict.fromkeys(rule for program in programs for rule in program.rules))
    return javascript(rules_in_javascript(rules) + ENGINE + source, given)


def whole(*programs):
    """(numbers, partials, gradients) of each program by the page's engine."""
    return run(WHOLE, programs, [program.as_json() for program in programs])


@needs_javascript
def test_random_programs_agree():
    """Nodes of Python's operands to 4 ulps, gradients of Python's partials to the bit."""
    graphs = [Graph(random_graph(seed)) for seed in range(1000)]
    programs = [Program.of_graph(graph) for graph in graphs]
    expected = [in_python(graph) for graph in graphs]
    given = [
        {
            "program": program.as_json(),
            "data": as_json(data),
            "partials": as_json([p or 0.0 for own in edges for p in own]),
        }
        for program, (data, edges, _) in zip(programs, expected, strict=True)
    ]
    found = run(NODE_BY_NODE, programs, given)
    nodes = 0
    for seed, (graph, ours, theirs) in enumerate(zip(graphs, expected, found, strict=True)):
        made, own, grads = theirs
        assert list(map(repr, grads)) == list(map(repr, ours[2])), f"program {seed}"
        edges = iter(own)
        for i, node in enumerate(graph.nodes):
            nodes += 1
            pairs = [(node.data, made[i])]
            pairs += [(p, q) for p, q in zip(ours[1][i], edges) if p is not None]  # noqa: B905
            for x, y in pairs:
                same = node.parents and agree(node.rule, x, y, static_of(node))
                assert same or repr(x) == repr(y), (
                    f"program {seed}: {node._op} gives {y!r}, not {x!r}"
                )
    assert nodes > 30_000


def exact(seed):
    """A random program of operations that every machine rounds alike."""
    draw = random.Random(seed)
    values = [Value(draw.gauss(0, 2)) for _ in range(4)]
    for _ in range(30):
        x, y, z = draw.choices(values[-8:], k=3)
        choices = [x + y, x * y, x - y, x / (y * y + 1), sqrt(x * x + 1), relu(x), -x, x**2, 2 - z]
        choices += [autograd_lite.maximum(x, y), dot([x, y, z], [z, 2.0, x]), abs(x), x * x * 0.1]
        choices += [dot([x, y], [0.5, -0.25]), mean([x, y, z]), norm([x, y])]
        values.append(draw.choice(choices))
    return autograd_lite.sum(values)


@needs_javascript
def test_whole_programs_have_the_same_bits():
    graphs = [Graph(exact(seed)) for seed in range(100)]
    found = whole(*map(Program.of_graph, graphs))
    for graph, (data, _, grads) in zip(graphs, found, strict=True):
        ours, _, by_python = in_python(graph)
        assert [*map(repr, data)] == [*map(repr, ours)]
        for node, grad, expected in zip(graph.nodes, grads, by_python, strict=True):
            assert node.is_constant or repr(grad) == repr(expected)


@needs_javascript
def test_a_gradient_of_zero_stays_zero():
    x = Value(0.0)
    ((_, _, grads),) = whole(Program.of_graph(Graph(sqrt(x) * 0.0 + x)))
    assert grads[0] == 1.0


@needs_javascript
def test_products_are_nodes_of_their_own():
    x, y, w = Value(3.0), Value(-2.0), Value(0.5)
    root = tanh(dot([x, y, w], [w, 4.0, x]))
    graph = Graph(root)
    diagram = products_of(graph, cotangents(graph.nodes[::-1]), measured=True)
    ((data, _, grads),) = whole(Program.of_products(diagram))
    assert data == [box.data for box in diagram.boxes]
    for box, grad in zip(diagram.boxes, grads, strict=True):
        assert box.kind == "constant" or box.grad == grad


@needs_javascript
def test_what_python_alone_can_compute_is_kept(by_hand):
    @autograd_lite.operation(lambda x, out: 3.0)
    def thrice(x):
        return 3 * x

    @compile
    def square(x):
        return x * x

    for _ in range(2):
        square(Value(1.0))
    x = Value(2.0)
    root = by_hand(x) + thrice(x) + square(x) + tanh(x)
    graph = Graph(root)
    program = Program.of_graph(graph)
    assert {graph.nodes[i]._op: why for i, why in program.kept.items()} == {
        "twice": "its operation was written by hand, with a _backward of its own",
        "thrice": "its operation is a function of Python",
        "square": "a compiled function, a loop or a solver computed it",
    }
    ((data, _, grads),) = whole(program)
    ours, _, by_python = in_python(graph)
    assert data[:-1] == pytest.approx(ours[:-1], rel=1e-15)
    assert grads == pytest.approx(by_python, rel=1e-15)
