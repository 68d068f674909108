"""Every equation of the stepping page is true: its text, evaluated, gives the number behind "="."""

import ast
import json
import math
import re
from itertools import count
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite
import nn
import visualize
from autograd_lite import Value, dot, tanh
from autograd_lite.operations import ieee
from autograd_lite.operations.formulas import CONSTANTS, parse, to_python
from autograd_lite.operations.rules import OPERATIONS
from tests.support.mathml import read
from visualize.model.nodes import Graph

# ------------------------------------------------------------------ the language of the formulas


def called(function):
    return lambda *xs: function(list(xs))


NAMES = (
    vars(ieee)
    | CONSTANTS
    | {name: called(getattr(autograd_lite, name)) for name in ("mean", "norm", "logsumexp")}
    | {
        "two_x_and_half_y": lambda x, y: 2 * x + y / 2,
        "product_of_three": lambda x, y, z: x * y * z,
    }
    | {"twice": lambda x, _: 2 * x, "take": lambda i, *xs: xs[int(i)]}
    | {"sum_of": called(autograd_lite.sum)}
    | {"nan": math.nan, "inf": math.inf}
    | {
        rule.name: getattr(autograd_lite, rule.name)
        for rule in OPERATIONS
        if not rule.nary and rule.name in autograd_lite.__all__
    }
    | {"polygamma": ieee.polygamma}
)


class Readable(ast.NodeTransformer):
    def visit_BinOp(self, node):
        self.generic_visit(node)
        name = {ast.Pow: "power", ast.FloorDiv: "floor_divide", ast.Mod: "floor_mod"}
        if type(node.op) not in name:
            return node
        return ast.Call(ast.Name(name[type(node.op)]), [node.left, node.right], [])

    def visit_Call(self, node):
        self.generic_visit(node)
        if ast.unparse(node.func) == "sum":  # of operands, not over the operands of a rule
            node.func = ast.Name("sum_of")
        return node


def evaluated(text, names):
    """The number that a formula gives; names may be any text."""
    words = {name: f"name{i}" for i, name in enumerate(sorted(names, key=len, reverse=True))}
    if words:
        pattern = "|".join(map(re.escape, words))
        text = re.sub(rf"(?<![\w.])(?:{pattern})(?![\w\[.])", lambda m: words[m[0]], text)
    # Its minus binds less than its power, as that of Python; here numbers have theirs in brackets.
    source = to_python(parse(ast.unparse(Readable().visit(ast.parse(text, mode="eval")))))
    return eval(source, NAMES | {words[name]: x for name, x in names.items()})


def equal(x, y):
    if x != x or y != y:
        return x != x and y != y
    return x == y or math.isclose(x, y, rel_tol=1e-9)


def close(formula, names, partial):
    """Whether a formula in MathML has this number."""
    return equal(float(read(formula, names)), partial)


def page_of(root, **options):
    """The views of a page, in numbers of all digits; its pictures take time and are left out."""
    with mock.patch("visualize.page.stepping.drawing", return_value=""):
        page = visualize.explain(root, number=".17g", **options)
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.html, re.S)
    return json.loads(text[1])["views"]


def names_of(root, scopes=None):
    """The number that each name on the page stands for."""
    nodes = Graph(root).nodes
    names = {}
    taken = {node.label for node in nodes}
    later = (f"v{i}" for i in count(len(nodes)) if f"v{i}" not in taken)
    for i, node in enumerate(nodes):
        label = node.label or (f"v{i}" if f"v{i}" not in taken else next(later))
        names['"2"' if label == "2" else label] = node.data
    for title, calls in (scopes or {}).items():
        calls = [call for call in (set(nodes).intersection(call) for call in calls) if call]
        made = calls[0] if calls else set()
        results = {p for node in nodes if node not in made for p in node.parents if p in made}
        results |= made & {root}
        if len(calls) == len(results) == 1:
            names[title] = results.pop().data
    return names


def check(views, names):
    """Compare every equation, and every formula of a partial, with its number."""
    for view in views:
        boxes = view["boxes"]
        for box in boxes:
            if not box["formula"] or "…" in box["formula"]:
                continue
            data = float(box["data"])
            assert equal(evaluated(box["numbers"], {}), data), box
            assert equal(evaluated(box["formula"], names), data), box
        for parent, user, partial, count_, operand in view["edges"]:
            formula = boxes[user]["partials"][operand] if boxes[user]["partials"] else None
            if partial is not None and formula is not None:
                own = {boxes[user]["name"]: float(boxes[user]["data"])}
                assert close(formula, names | own, float(partial)), (boxes[user], operand)
            assert partial is None or (count_, boxes[parent]["size"]) == (1, 1)


@settings(deadline=None, max_examples=400)
@given(st.data(), st.sampled_from([None, 0, 1, 2]), st.booleans(), st.booleans())
def test_every_equation_is_true(programs, data, depth, fold, products):
    root, scopes = data.draw(programs)
    if products:
        depth, fold = None, False
    views = page_of(root, depth=depth, fold=fold, products=products)
    names = names_of(root, {} if products else scopes)
    if products:
        (view,) = views
        names |= {b["name"]: float(b["data"]) for b in view["boxes"] if b["name"][0] == "p"}
    check(views, names)


def told(root, i=-1, **options):
    """The equation of a box of the first view."""
    box = page_of(root, **options)[0]["boxes"][i]
    return box["formula"], box["numbers"]


def test_the_operand_of_a_box_is_its_result():
    x = Value(-1.0, label="x")
    with visualize.scope("g"):
        g = x.exp() * 3 - 1  # of which the largest number is not the last
    assert told(g - 1, depth=0) == ("g - 1", f"{g.data:.17g} - 1")


def test_operands_in_one_box_have_their_own_names():
    x = Value(2.0, label="x")
    with visualize.scope("pair"):
        a, b = x.exp(), x.tanh()
    b.label = "b"
    views = page_of(a - b, depth=0)
    assert views[0]["boxes"][-1]["formula"] == "v2 - b"
    assert [box["name"] for box in views[1]["boxes"]] == ["x", "b", "v2"]


def test_a_scope_that_is_called_twice_is_no_name():
    with visualize.scope("f"):
        one = tanh(Value(1.0)) * 2
    with visualize.scope("f"):
        other = tanh(Value(2.0)) * 2
    assert re.fullmatch(r"v\d - v\d", told(one - other, depth=0)[0])


def test_a_dot_pairs_its_factors():
    w = [Value(0.5, label="w1"), Value(-1.5, label="w2")]
    x = [Value(3.0, label="x1"), Value(2.0, label="x2")]
    assert told(dot(w, [3.0, 2.0])) == ("w1*3 + w2*2", "0.5*3 + (-1.5)*2")
    assert told(dot([3.0, 2.0], w)) == ("w1*3 + w2*2", "0.5*3 + (-1.5)*2")
    assert told(dot(w, x)) == ("w1*x1 + w2*x2", "0.5*3 + (-1.5)*2")
    partials = page_of(dot(w, x))[0]["boxes"][-1]["partials"]
    assert partials == [["mi", name] for name in ("x1", "x2", "w1", "w2")]


def test_a_neuron_shows_its_inputs():
    neuron = nn.Neuron(2, rng=0)
    boxes = page_of(neuron([3.0, 2.0]))[0]["boxes"]
    assert [box["name"] for box in boxes if box["kind"] == "constant"] == ["3", "2", "1"]
    assert boxes[-2]["formula"] == "w[0]*3 + w[1]*2 + b*1"
    diagram = visualize.draw(neuron([3.0, 2.0])).diagram
    constants = [i for i, box in enumerate(diagram.boxes) if box.kind == "constant"]
    assert [diagram.boxes[i].data for i in constants] == [3.0, 2.0, 1.0]
    assert {edge.parent for edge in diagram.edges} >= set(constants)


def test_neurons_share_the_inputs_of_their_layer():
    diagram = visualize.draw(autograd_lite.sum(nn.Linear(2, 3, rng=0)([3.0, 2.0]))).diagram
    assert [box.data for box in diagram.boxes if box.kind == "constant"] == [3.0, 2.0, 1.0]
    assert sum(diagram.boxes[edge.parent].kind == "constant" for edge in diagram.edges) == 9


@pytest.mark.parametrize("depth", [None, 0])
def test_a_long_vector_of_plain_numbers_is_one_box(depth):
    numbers = [float(i) for i in range(1, 31)]
    root = dot([Value(1.0, label=f"w{i}") for i in range(30)], numbers)
    diagram = visualize.draw(root, depth=depth).diagram
    (box,) = [box for box in diagram.boxes if box.kind == "constant"]
    assert (box.size, box.low, box.data) == (30, 1.0, 30.0)
    assert [edge.count for edge in diagram.edges if diagram.boxes[edge.parent] is box] == [30]
    assert told(root, depth=depth)[0] == "w0*1 + w1*2 + w2*3 + w3*4 + w4*5 + …"


def test_a_parent_is_as_often_in_the_formula_as_it_is_an_operand():
    x, y = Value(0.5, label="x"), Value(2.0, label="y")
    assert told(dot([x] * 5, [y] * 5))[0] == "x*y + x*y + x*y + x*y + x*y"
    for n in (5, 12):  # of which twelve edges are drawn as one
        assert told(autograd_lite.mean([y] + [x] * n))[0].startswith("mean(y, x, x, x, x")


def test_a_partial_stands_at_its_operand():
    with visualize.scope("bounds"):
        x = tanh(Value(0.5))
        low = x - 1
    high = Value(2.0, label="high")
    (view, *_) = page_of(autograd_lite.clip(x, low, high), depth=0)
    edge = next(e for e in view["edges"] if view["boxes"][e[0]]["name"] == "high")
    assert edge[4] == 2
    names = {"v2": 0.5, "high": 0.25, "v4": -1.0}
    assert read(view["boxes"][-1]["partials"][2], names) == 1.0
    assert read(view["boxes"][-1]["partials"][2], names | {"high": 0.75}) == 0.0


@pytest.mark.parametrize(
    ("label", "formula"),
    [
        ("x1*w1 + x2*w2", "(x1*w1 + x2*w2) * y"),
        ("2", '"2" * y'),
        ("1e5", '"1e5" * y'),
        ("inf", '"inf" * y'),
        ("W[0][1]", "W[0][1] * y"),
        ("m.fc1.w", "m.fc1.w * y"),
        ("y", "y₂ * y"),
        ("-x", "(-x) * y"),
    ],
)
def test_a_label_stays_one_operand(label, formula):
    root = Value(3.0, label=label) * Value(2.0, label="y")
    assert told(root) == (formula, "3 * 2")


def test_operands_of_calls_are_told_apart():
    pair, x = Value(1.0, label="a, b"), Value(-2.0, label="x")
    assert told(autograd_lite.sum([pair, x])) == ("sum((a, b), x)", "sum(1, -2)")
    assert told(abs(x)) == ("abs(x)", "abs(-2)")
    assert told(x // 2) == ("x // 2", "(-2) // 2")
    assert told(x % 2) == ("x % 2", "(-2) % 2")
    assert told(x**2) == ("x**2", "(-2)**2")
    assert told(autograd_lite.elu(x, 0.5)) == (
        "elu(x, 0.5)",
        "elu(-2, 0.5)",
    )


def test_a_number_that_was_set_makes_no_equation():
    x = Value(3.0, label="x")
    y, z = x * 2, dot([x, x], [1.0, 2.0])
    y.label, z.label = "y", "z"
    root = y + z
    root.label = "root"
    x.data = 5.0
    view = page_of(root)[0]
    told = {box["name"]: (box["formula"], box["numbers"]) for box in view["boxes"]}
    assert told["y"] == ("x * 2", "")
    assert told["z"] == ("x*1 + x*2", "")
    assert told["root"] == ("y + z", "6 + 9")
    z = dot([x], [y])
    x.data = 7.0
    (view,) = page_of(z, products=True)
    assert [box["numbers"] for box in view["boxes"] if box["name"] == "p0"] == [""]
    again = abs(Value(-1.0, label="x"))
    again.parents[0].data = 1.0  # the value is the same, the partial is not
    box = page_of(again)[0]["boxes"][-1]
    assert (box["numbers"], box["partials"]) == ("abs(1)", [None])


def test_a_partial_that_rounds_away_has_no_formula():
    """exp(x - out) where x is so large that out is x."""
    x = Value(1e300, label="x")
    box = page_of(autograd_lite.logsumexp([x, x]))[0]["boxes"][-1]
    assert (box["formula"], box["partials"]) == ("logsumexp(x, x)", [None, None])


def test_by_hand_the_sum_of_the_partials_by_one_parent_is_one_edge(by_hand):
    x = Value(3.0, label="x")
    view = page_of(by_hand(x))[0]
    assert view["edges"] == [[0, 1, 2.0, 1, 0]]
    assert (
        visualize.draw(by_hand(x), partials=True).svg.count(
            "local partial of twice with respect to x: 2"
        )
        == 1
    )


def test_a_scope_of_one_node_has_its_equation_and_its_gradient():
    x = Value(3.0, label="x")
    with visualize.scope("g"):
        y = tanh(x * 1)
    with visualize.scope("h"):
        z = tanh(y)
    root = z * -5
    root.backward()
    (view, *_) = page_of(root, depth=0)
    (h,) = [box for box in view["boxes"] if box["name"] == "h"]
    assert (h["size"], h["formula"], h["grad"]) == (1, "tanh(g)", -5.0)
    assert "grad -5" in visualize.draw(root, depth=0).dot


def replayed(function, *xs):
    """What the compiled function gives in its third call."""
    compiled = autograd_lite.compile(function)
    for _ in range(2):
        compiled(*xs)
    return compiled(*xs)


def test_results_of_a_compiled_function_have_its_operands():
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    a, b = replayed(lambda x, y: (x * y + x, x - y * y), x, y)
    a.label, b.label = "a", "b"
    root = a * 2 + b
    (view,) = page_of(root)
    boxes = {box["name"]: box for box in view["boxes"]}
    assert boxes.keys() == {"x", "y", "a", "b", "2", "v5", "out"}
    assert boxes["a"]["formula"].endswith("(x, y)[0]")
    assert boxes["b"]["formula"].endswith("(x, y)[1]")
    assert told(replayed(lambda x: x * x, x))[0].endswith("(x)")
    assert [boxes[name]["data"] for name in "ab"] == [8.0, -7.0]
    root.backward()
    assert (boxes["x"]["grad"], boxes["y"]["grad"]) == (x.grad, y.grad) == (9.0, -2.0)
    names = [box["name"] for box in view["boxes"]]
    partials = {(names[user], names[parent]): p for parent, user, p, *_ in view["edges"]}
    assert partials["a", "x"] == 4.0
    assert partials["a", "y"] == 2.0
    assert partials["b", "x"] == 1.0
    assert partials["b", "y"] == -6.0


@pytest.mark.parametrize("show", [page_of, lambda root: visualize.draw(root, partials=True)])
def test_a_picture_leaves_nothing_behind_in_a_compiled_function(show):
    x, y = Value(2.0), Value(3.0)
    a, b = replayed(lambda x, y: (x * y + x, x - y * y), x, y)
    show(a * 2 + b)
    a.backward()
    assert (x.grad, y.grad) == (4.0, 2.0)
