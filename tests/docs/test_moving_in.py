"""Programs of micrograd's lecture and of microgpt's shape run here once one import is changed."""

import copy
import pickle
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

import nn
from autograd_lite import Value, export

HERE = Path(__file__).parent
COMPILED = not Value.__flags__ >> 9 & 1  # the class is not of a class statement


def run(program, path):
    names = {}
    exec(compile(program, path, "exec"), names)
    return names


def test_the_lectures_code_finds_what_micrograd_finds():
    path = HERE / "lecture.py"
    ours, changed = re.subn(
        "^from micrograd.engine import Value\nfrom micrograd.nn import MLP$",
        "from autograd_lite import Value\nfrom autograd_lite.nn import MLP",
        path.read_text(),
        flags=re.MULTILINE,
    )
    assert changed == 1
    found = run(ours, path)["printed"]
    assert found[1] == pytest.approx(-1.5)  # the lecture's own numbers for its neuron
    assert found[2] == pytest.approx(1.0)
    assert len(found) == 29
    pytest.importorskip("micrograd")
    assert found == pytest.approx(runpy.run_path(str(path))["printed"], rel=1e-12)


def test_a_gpt_of_microgpts_shape_learns_the_same_on_our_value():
    path = HERE / "small_gpt.py"
    ours, changed = re.subn(
        "^class Value:.*?(?=^# ---)",
        "from autograd_lite import Value\n\n\n",
        path.read_text(),
        flags=re.MULTILINE | re.DOTALL,
    )
    assert changed == 1
    assert "_local_grads" not in ours
    ours, theirs = run(ours, path), runpy.run_path(str(path))
    assert ours["losses"] == pytest.approx(theirs["losses"], rel=1e-10)
    assert ours["losses"][-1] < ours["losses"][0]
    assert ours["samples"] == theirs["samples"]
    assert any(ours["samples"])


def test_two_edits_compile_it():
    """Those of docs/from-microgpt.md."""
    path = HERE / "small_gpt.py"
    edits = {
        "^class Value:.*?(?=^# ---)": (
            "from autograd_lite import Value, compile, softmax, take\n\n\n"
        ),
        "^def softmax.*?(?=^def )": "",
        r'state_dict\["wte"\]\[token_id\]': 'take(state_dict["wte"], token_id)',
        r"probabilities\[tokens\[pos_id \+ 1\]\]": "take(probabilities, tokens[pos_id + 1])",
        r"^for step in range.*?(?=^    n = )": "@compile\ndef loss_of(tokens):\n",
        r"^    loss = (\(1 / n\).*?)$": (
            r"    return \1\n\nfor step in range(10):\n"
            "    tokens = [BOS, *map(letters.index, names[step % len(names)]), BOS]\n"
            "    loss = loss_of(tokens)"
        ),
    }
    ours = path.read_text()
    for old, new in edits.items():
        ours, changed = re.subn(old, new, ours, flags=re.MULTILINE | re.DOTALL)
        assert changed == 1, old
    ours, theirs = run(ours, path), runpy.run_path(str(path))
    assert ours["losses"] == pytest.approx(theirs["losses"], rel=1e-10)
    assert ours["samples"] == theirs["samples"]
    lengths = {len(name) for name in ours["names"]}
    assert len(lengths) == 3
    # Ints move from the second name of a length on. The two names before it have other lengths.
    assert ours["loss_of"].recordings == len(lengths) + 2


RECIPES = {
    "our softmax": {
        "^class Value:.*?(?=^# ---)": "from autograd_lite import Value, softmax, take\n\n\n",
        "^def softmax.*?(?=^def )": "",
    },
    "its own softmax": {
        "^class Value:.*?(?=^# ---)": "from autograd_lite import Value, largest, take\n\n\n",
        r"max\(v.data for v in logits\)": "largest(logits).data",
    },
}


@pytest.mark.parametrize(
    ("recipe", "language"),
    [
        ("our softmax", "numpy"),
        ("our softmax", "c"),
        ("its own softmax", "numpy"),
        pytest.param("its own softmax", "jax", marks=pytest.mark.slow),
    ],
)
def test_the_same_edits_export_it(recipe, language):
    """Those of docs/from-microgpt.md; what is exported is compared when it is made."""
    if language == "jax":
        pytest.importorskip("jax")
    path = HERE / "small_gpt.py"
    edits = RECIPES[recipe] | {
        r'state_dict\["wte"\]\[token_id\]': 'take(state_dict["wte"], token_id)',
        r"probabilities\[tokens\[pos_id \+ 1\]\]": "take(probabilities, tokens[pos_id + 1])",
        r"^for step in range.*?(?=^    n = )": "def loss_of(tokens):\n",
        r"^    loss = (\(1 / n\).*?)$.*": r"    return \1\n",
    }
    ours = path.read_text()
    for old, new in edits.items():
        ours, changed = re.subn(old, new, ours, flags=re.MULTILINE | re.DOTALL)
        assert changed == 1, old
    made = run(ours, path)
    tokens = [made["BOS"], *map(made["letters"].index, "emma"), made["BOS"]]
    source = export(made["loss_of"], language, tokens)
    assert {"wte", "layer0.attn_wq", "lm_head"} <= source.parameters().keys()
    if language != "numpy":
        return
    exec(source.text, space := {})
    tokens[1:3] = tokens[3], tokens[1]
    expected = made["loss_of"](tokens)
    expected.backward()
    value, gradients = space["loss_of_and_grad"](source.parameters(), tokens)
    assert value == pytest.approx(expected.data, rel=1e-12)
    grads = [[x.grad for x in row] for row in made["state_dict"]["wte"]]
    np.testing.assert_allclose(gradients["wte"], grads, rtol=0, atol=1e-12)


def test_its_own_lines_are_refused_with_what_to_write():
    path = HERE / "small_gpt.py"
    ours = re.sub(
        "^class Value:.*?(?=^# ---)",
        "from autograd_lite import Value\n\n\n",
        path.read_text(),
        flags=re.MULTILINE | re.DOTALL,
    )
    made = run(ours, path)
    logits = [Value(0.5), Value(-1.0)]
    with pytest.raises(ValueError, match=r"largest\(xs\)\.data for max\(x\.data for x in xs\)"):
        export(lambda: made["softmax"](logits)[0], "numpy")
    row = made["state_dict"]["wte"]
    source = export(lambda tokens: sum(row[i][0] * row[i][1] for i in tokens), "numpy", [2, 0])
    assert "Fixed: tokens = [2, 0]" in source.text
    assert not source.exported.arguments
    with pytest.raises(ValueError, match=r"take\(table, i\) for table\[i\]"):
        export(lambda xs: sum(row[i][i] for i in xs if i > 1), "numpy", [2, 0])


# ------------------------------- what programs derived from micrograd do; docs/from-micrograd.md


class OpenValue(Value):
    pass


class OpenParameter(nn.Parameter):
    pass


@pytest.mark.parametrize("make", [Value, nn.Parameter, nn.Buffer])
def test_there_is_no_room_for_attributes(make):
    p = make(1.0)
    for name in ("m", "gard"):
        with pytest.raises(AttributeError, match=f"no attribute '{name}'"):
            setattr(p, name, 0.0)


@pytest.mark.parametrize("make", [Value, nn.Parameter])
def test_a_value_is_a_key(make):
    ps = [make(1.0), make(1.0)]
    m = dict.fromkeys(ps, 0.0)
    for i, p in enumerate(ps):
        p.data = 3.0
        m[p] += i
    assert [m[p] for p in ps] == [0.0, 1.0]


@pytest.mark.parametrize("make", [OpenValue, OpenParameter])
@pytest.mark.parametrize(
    "twin_of", [copy.copy, copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))]
)
def test_instances_of_a_subclass_have_attributes_that_travel(make, twin_of):
    p = make(1.0)
    p.m, p.v = 0.25, [0.5]
    twin = twin_of(p)
    assert (type(twin), twin.data, twin.m, twin.v) == (make, 1.0, 0.25, [0.5])


def test_a_module_finds_and_an_optimiser_steps_parameters_with_attributes():
    module = nn.Module()
    module.w = OpenParameter(2.0)
    module.w.m = 0.5
    (module.w * 3.0).backward()
    nn.optim.SGD(module.parameters(), lr=1.0).step()
    assert module.state_dict() == {"w": -1.0}
    assert copy.deepcopy(module).w.m == 0.5


@pytest.mark.parametrize("make", [OpenValue, OpenParameter])
def test_results_of_a_subclass_are_plain_values(make):
    p = make(1.0)
    assert {type(p + 1), type(2 * p), type(p.tanh()), type(p.detach())} == {Value}


def test_methods_of_ones_own_are_for_the_interpreted_build():
    """A TypeError that names the class, not a crash or an assignment without effect."""
    if COMPILED:
        with pytest.raises(TypeError, match=r"'cube'.*immutable type.*Value"):
            Value.cube = lambda self: self * self * self
    else:
        Value.cube = lambda self: self * self * self
        assert Value(2.0).cube().data == 8.0
        del Value.cube
