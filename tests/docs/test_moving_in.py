"""Programs of micrograd's lecture and of microgpt's shape run here once one import is changed."""

import re
import runpy
from pathlib import Path

import pytest

HERE = Path(__file__).parent


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
            "import numpy as np\nfrom autograd_lite import Value, compile, softmax, take\n\n\n"
        ),
        "^def softmax.*?(?=^def )": "",
        r'state_dict\["wte"\]\[token_id\]': 'take(state_dict["wte"], token_id)',
        r"probabilities\[tokens\[pos_id \+ 1\]\]": "take(probabilities, tokens[pos_id + 1])",
        r"^for step in range.*?(?=^    n = )": "@compile\ndef loss_of(tokens):\n",
        r"^    loss = (\(1 / n\).*?)$": (
            r"    return \1\n\nfor step in range(10):\n"
            "    tokens = [BOS, *map(letters.index, names[step % len(names)]), BOS]\n"
            "    loss = loss_of(np.array(tokens))"
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
    assert ours["loss_of"].recordings == len(lengths) == 3
