"""Exports as WebAssembly: modules that need nothing else, run in Node beside the interpreter."""

import json
import random
import re
import shutil
import subprocess
from base64 import b64decode
from importlib.util import find_spec

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Value, nn
from autograd_lite.compiler.export import ExportError, wasm

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(
    not (NODE and find_spec("ziglang")), reason="needs the package ziglang, and Node"
)

draw = random.Random(0)
X = [[draw.gauss(0, 1) for _ in range(3)] for _ in range(10)]
Y = [draw.choice([-1.0, 1.0]) for _ in range(10)]
network = nn.MLP(3, [5, 1], rng=random.Random(1))
table = [Value(draw.gauss(0, 1)) for _ in range(6)]


def hinge(xs, ys):
    """The mean hinge loss."""
    return al.mean([(1 - y * network(x)).relu() for x, y in zip(xs, ys, strict=True)])


def chosen(tokens, weights, last):
    """Some of a table, exponentiated; and one of them."""
    found = [al.take(table, t) for t in tokens]
    value = al.dot(weights, [al.exp(x) for x in found])
    return {"value": value, "rows": [x.data for x in found], "last": al.take(found, last).data}


@pytest.fixture(scope="module")
def source():
    return al.export(chosen, "wasm", np.array([0, 5, 2]), [1.0, 2.0, -1.0], 1)


@pytest.fixture
def node(tmp_path):
    """A function that runs JavaScript with the module, and gives what it prints as JSON."""

    def run(source, script):
        source.save(tmp_path / "program.mjs")
        text = f'import {{ load }} from "./program.mjs";\nconst program = await load();\n{script}'
        (tmp_path / "test.mjs").write_text(text, encoding="utf-8")
        done = subprocess.run(
            [NODE, tmp_path / "test.mjs"], capture_output=True, text=True, check=False
        )
        assert not done.returncode, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.mark.parametrize(("real", "close"), [("double", 1e-14), ("float", 1e-6)])
def test_the_loss_and_its_gradients(node, real, close):
    source = al.export(hinge, "wasm", X, Y, real=real)
    assert "Checked when it was made: run by Node v" in source.text
    xs = (2 * np.array(X)).tolist()
    found = node(
        source,
        f"""
        const loss = program.value_and_grad({xs}, {Y});
        const gradients = Object.entries(program.gradients).map(([name, g]) => [name, [...g]]);
        console.log(JSON.stringify([loss, program.value(), gradients, program.value({X}, {Y})]));
        """,
    )
    network.zero_grad()
    loss = hinge(xs, Y)
    loss.backward()
    assert found[0] == pytest.approx(loss.data, rel=close)
    assert found[1] == found[0]  # what is left out stays
    assert found[3] == pytest.approx(hinge(X, Y).data, rel=close)
    gradients = dict(found[2])
    assert list(gradients) == list(source.parameters())
    every = [x for p in source.exported.parameters for x in p.values.flat]
    numbers = [x for name in gradients for x in gradients[name]]
    np.testing.assert_allclose(numbers, [x.grad for x in every], rtol=close, atol=close)


def test_parameters_are_views(node, source):
    found = node(
        source,
        """
        const args = [[0, 5, 2], [1, 2, -1], 1];
        const before = program.value(...args);
        program.parameters.table[5] = 0;
        const after = program.value();
        const other = (await load()).value(...args);
        console.log(JSON.stringify([before, after, other, [...program.parameters.table]]));
        """,
    )
    before, after, other, numbers = found
    expected = chosen(np.array([0, 5, 2]), [1.0, 2.0, -1.0], 1)
    assert before == other
    assert before["value"] == pytest.approx(expected["value"].data)
    assert list(before["rows"].values()) == expected["rows"]
    assert before["last"] == expected["last"] == table[5].data
    assert after["value"] - before["value"] == pytest.approx(2 - 2 * np.exp(table[5].data))
    assert numbers == [*(x.data for x in table[:5]), 0]


def test_without_arguments_there_is_no_number(node, source):
    found = node(
        source,
        """
        const said = [];
        const tried = () => { try { program.value(); } catch (e) { said.push(e.message); } };
        tried();
        program.arguments.tokens.set([0, 1, 2]);
        program.arguments.last[0] = 0;
        tried();
        program.arguments.weights.set([1, 0, 0]);
        console.log(JSON.stringify([said, program.value().value]));
        """,
    )
    assert found == [
        ["chosen: an argument is out of range", "chosen: a number is not finite"],
        pytest.approx(np.exp(table[0].data)),
    ]


def test_bad_arguments_are_named_and_change_nothing(node, source):
    calls = [
        "[0, 5, 2]",
        "[0, 1], [1, 2, 3], 1",
        "[0, 1, 2], [1, 2, 3], 1, 5",
        "[3, 1, 2], [1, 2, 'x'], 1",
        "[3, 1, 0.5], [1, 2, 3], 1",
        "[3, 1, 4294967296], [1, 2, 3], 1",
        "[3, 1, NaN], [1, 2, 3], 1",
        "[0, 1, 6], [1, 2, 3], 1",
        "[0, 1, 2], [Infinity, 1, 1], 1",
    ]
    tries = [
        f"try {{ program.value({call}); said.push(''); }} catch (e) {{ said.push(String(e)); }}"
        for call in calls
    ]
    found = node(
        source,
        "const said = [], tokens = [];\nprogram.value([0, 5, 2], [1, 2, 3], 1);\n"
        + "tokens.push(...program.arguments.tokens);".join(["", *tries])
        + "console.log(JSON.stringify([said, tokens]));",
    )
    assert found[0] == [
        "RangeError: chosen: expected 3 arguments, got 1",
        "RangeError: tokens: expected 3 numbers, got 2",
        "RangeError: chosen: expected 3 arguments, got 4",
        "TypeError: weights: expected numbers",
        "TypeError: tokens: expected integers of 32 bits",
        "TypeError: tokens: expected integers of 32 bits",
        "TypeError: tokens: expected integers of 32 bits",
        "RangeError: chosen: an argument is out of range",
        "RangeError: chosen: a number is not finite",
    ]
    assert found[1][:24] == [0, 5, 2] * 8


def test_the_module_is_small_and_asks_for_nothing(node, source):
    (encoded,) = re.findall(r'^const WASM = "(.*)";$', source.text, re.M)
    assert b64decode(encoded)[:4] == b"\0asm"
    assert len(b64decode(encoded)) < 6000
    found = node(
        source,
        f"""
        const bytes = Uint8Array.from(atob("{encoded}"), (x) => x.charCodeAt(0));
        const module = await WebAssembly.compile(bytes);
        console.log(JSON.stringify(WebAssembly.Module.imports(module)));
        """,
    )
    assert found == []


def test_wrong_numbers_are_an_error(monkeypatch):
    wrong = wasm._MODULE.replace("return results();", "return results() + 1e-7;")
    monkeypatch.setattr(wasm, "_MODULE", wrong)
    with pytest.raises(ExportError, match="the wasm source of hinge gives other numbers"):
        al.export(hinge, "wasm", X, Y)


def test_without_node_it_says_so(monkeypatch):
    monkeypatch.setattr(wasm.shutil, "which", lambda name: None)
    assert "Not checked: Node is not there." in al.export(hinge, "wasm", X, Y).text


def test_without_a_compiler_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(wasm, "find_spec", lambda name: None)
    with pytest.raises(ExportError, match=r"pip install 'autograd-lite\[c\]'"):
        al.export(hinge, "wasm", X, Y)


def test_a_loss_and_its_optimiser_are_a_step(node):
    model = nn.MLP(3, [4, 1], rng=random.Random(2))

    def loss(xs, ys):
        return al.mean([(model(x) - y) ** 2 for x, y in zip(xs, ys, strict=True)])

    optimizer = nn.optim.Adam(model.parameters(), lr=0.1)
    source = al.export(loss, "wasm", X, Y, optimizer=optimizer)
    found = node(
        source,
        f"""
        const losses = [0.1, 0.1, 0.02].map((rate) => {{
          program.state["optimizer.lr"][0] = rate;
          return program.step({X}, {Y});
        }});
        const parameters = Object.values(program.parameters).flatMap((p) => [...p]);
        console.log(JSON.stringify([losses, parameters, program.state["optimizer.steps"][0]]));
        """,
    )
    losses = []
    for rate in 0.1, 0.1, 0.02:
        optimizer.lr = rate
        total = loss(X, Y)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        losses.append(total.data)
    numbers = [x for array in source.parameters().values() for x in array.ravel()]
    np.testing.assert_allclose(found[0], losses, rtol=1e-12)
    np.testing.assert_allclose(found[1], numbers, rtol=1e-12, atol=1e-14)
    assert found[2] == optimizer.steps == 3


def test_a_step_of_ones_own(node):
    w = Value(1.0)

    def descend(x):
        w.data -= 0.1 * x

    source = al.export(descend, "wasm", 2.0)
    found = node(
        source,
        """
        const result = program.step(3);
        let said = "";
        try { program.step(Infinity); } catch (e) { said = e.message; }
        console.log(JSON.stringify([result ?? null, program.parameters.w[0], said]));
        """,
    )
    assert found == [None, pytest.approx(0.7), "descend: a number is not finite"]


def test_unknown_numbers_are_refused():
    with pytest.raises(ValueError, match="real must be 'double' or 'float', not 'half'"):
        al.export(hinge, "wasm", X, Y, real="half")


def test_an_example_that_is_not_finite_is_not_run(node):
    w = Value(0.5)
    text = al.export(lambda x: w * x, "wasm", float("inf")).text
    assert "Not checked: the example gives numbers that are not finite" in text
