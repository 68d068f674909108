"""python -m visualize, and the formulas it reads."""

import math
import os
import runpy
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

import visualize
import visualize.__main__ as command
from autograd_lite import Value, polygamma
from visualize.formula_reader import ExpressionError, evaluate


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


# --------------------------------------------------------------------------------- formulas


def test_a_formula_is_a_graph_of_its_variables():
    root = evaluate("tanh(w*x + b) - 2**-x / 4", {"w": 0.5, "x": 2, "b": -1})
    root.backward()
    assert root.data == math.tanh(0.0) - 2**-2 / 4
    leaves = {leaf.label: leaf.grad for leaf in _leaves(root) if leaf.label}
    assert leaves.keys() == {"w", "x", "b"}
    assert leaves["w"] == 2.0


def _leaves(root):
    from visualize import trace

    return [node for node in trace(root)[0] if node.is_leaf]


def test_operations_of_any_number_of_operands_take_lists():
    assert evaluate("dot([x, y], [1, 2]) + norm((x, y))", {"x": 3, "y": 4}).data == 16.0


def test_plain_numbers_may_be_static_parameters_and_operands():
    at = {"x": 2.0}
    assert evaluate("polygamma(1, x)", at).data == polygamma(1, 2.0)
    assert evaluate("leaky_relu(-x, 0.1) + elu(x)", at).data == pytest.approx(1.8)
    assert evaluate("x * abs(-3) * sum([1, 2]) * polygamma(0, 1)", at).data == 18 * polygamma(0, 1)


@pytest.mark.parametrize("formula", ["{}", "tanh({})", "(({}))", "sum([{}, x])"])
@pytest.mark.parametrize("operator", ["+", "-", "*", "/"])
def test_a_row_has_any_number_of_terms(formula, operator):
    x = y = 1.0009765625
    for _ in range(2_999):
        y = {"+": y + x, "-": y - x, "*": y * x, "/": y / x}[operator]
    wanted = {"tanh": math.tanh(y), "sum(": y + x}.get(formula[:4], y)
    assert evaluate(formula.format(operator.join(["x"] * 3_000)), {"x": x}).data == wanted


def test_signs_and_powers_bind_as_in_python():
    x, y = 1.5, 2.25
    for formula in "-x**2", "2**-x**y", "x**y**x", "--x - -+y", "x - y - x", "x / y * x", "(-x)**2":
        assert evaluate(f"{formula} + 0*x*y", {"x": x, "y": y}).data == eval(formula)
    assert evaluate("x" + "**x" * 3_000, {"x": 1.0}).data == 1.0
    assert evaluate("-" * 4_000 + "x", {"x": 1.0}).data == 1.0
    assert evaluate("(" * 99 + "x" + ")" * 99, {"x": 1.0}).data == 1.0


def test_pi_is_a_number_unless_it_is_given_another():
    assert evaluate("x * pi", {"x": 2.0}).data == 2 * math.pi
    assert evaluate("x * pi", {"x": 2.0, "pi": 3.0}).data == 6.0


def test_numbers_alone_never_raise():
    assert evaluate("1/0 + 2**10**10 + exp(1000) + x", {"x": 1}).data == math.inf


@pytest.mark.parametrize(
    ("formula", "column", "message"),
    [
        ("w*q", 2, "q has no number: add --at q=1"),
        ("w + (w", 4, "was never closed"),
        ("w + tanh", 4, "tanh is an operation: write tanh(x)"),
        ("w + * w", 4, "an operand must stand here, not *"),
        ("中 + * w", 5, "an operand must stand here, not *"),
        ("w+", 2, "the formula ends where an operand must stand"),
        ("tanh(w *", 8, "the formula ends where an operand must stand"),
        ("w^2", 1, "a power is written x**2, not x^2"),
        ("2w", 1, "an operator is missing here, such as *"),
        ("max(w, 1)", 0, "max is no operation of autograd_lite: write maximum(x, y)"),
        ("ln(w)", 0, "ln is no operation of autograd_lite: write log(x)"),
        ("np.exp(w)", 2, "a formula has no attributes: write exp(x)"),
        ("math.pi", 4, "a formula has no attributes: write pi"),
        ("e*w", 0, "e has no number: add --at e=1, or write exp(1) for the number"),
        ("1__0*w", 0, "1__0 is no number"),
        ("w*'a'", 2, "a formula has numbers, names, + - * / // % **, calls and lists only"),
        ("w*True", 2, "a formula has numbers"),
        ("w.data", 1, "a formula has no attributes"),
        ("w + w.x.y", 5, "a formula has no attributes"),
        ("2*w.tanh()", 3, "a formula has no attributes: write tanh(x)"),
        ("w)", 1, "no bracket is open that ')' closes"),
        ("(w]", 2, "no bracket is open that ']' closes"),
        ("w*)", 2, "an operand must stand here, not )"),
        ("q.tanh()", 0, "q has no number"),
        ("中 + (w\n.ｘ)", 0, "a formula has no attributes"),
        ("w if w else w", 2, "a formula has numbers"),
        ("w @ w", 2, "a formula has numbers"),
        ("~w", 0, "a formula has numbers"),
        ("w + (lambda: w)()", 5, "a formula has numbers"),
        ("__import__('os').system('true')", 0, "__import__ is no operation"),
        ("w[0]", 1, "a formula has numbers"),
        ("w + eval(w)", 4, "eval is no operation of autograd_lite"),
        ("w + Value(w)", 4, "Value is no operation of autograd_lite"),
        ("w + leaf(w)", 4, "leaf is no operation"),
        ("w + tanh(w, w)", 4, "tanh takes 1 operand, not 2"),
        ("w + clip(w, 1)", 4, "clip takes 3 operands, not 2"),
        ("w + elu()", 4, "elu takes 1 or 2 operands, not 0"),
        ("w + dot([w])", 4, "dot takes 2 operands, not 1"),
        ("w + sum(w)", 8, "sum takes a list: write [x, y]"),
        ("dot([w], w)", 9, "dot takes a list: write [x, y]"),
        ("abs([w])", 4, "abs takes numbers, not a list"),
        ("w * [w]", 4, "a list goes into an operation such as sum only"),
        ("[w] + [w]", 0, "a list goes into an operation such as sum only"),
        ("polygamma(w, w)", 0, "the order must be an int"),
        ("w + tanh(x=w)", 10, "a formula has numbers"),
        ("w + tanh([w])", 9, "tanh takes numbers, not a list"),
        ("w + dot([w], [w, w])", 4, "dot: the lengths differ, 1 and 2"),
        ("[w, w]", 0, "the result is a list"),
        ("中 + 中 + w + 1" + "0" * 400, 14, "the number is too large"),
    ],
)
def test_errors_point_at_the_column(formula, column, message):
    at = {"w": 1.0} | ({"中": 1.0} if "中 +" in formula else {})
    with pytest.raises(ExpressionError) as caught:
        evaluate(formula, at)
    first, *_, arrow = str(caught.value).split("\n")
    assert message in first
    assert arrow == " " * (2 + column) + "^"


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        (" ", "the formula is empty"),
        ("x" * 20_000, "over 10,000 characters"),
        ("(" * 4_000 + "x" + ")" * 4_000, "nested too deeply"),
        ("tanh(" * 1_000 + "x" + ")" * 1_000, "nested too deeply"),
        ("x + y", "y has no number"),
        ("x\0", "a formula has numbers, names"),
    ],
)
def test_other_errors(formula, message):
    with pytest.raises(ExpressionError, match=message):
        evaluate(formula, {"x": 1.0})


def test_a_formula_of_numbers_has_no_graph():
    with pytest.raises(ExpressionError, match="no variable: nothing to differentiate"):
        evaluate("1 + 2", {})


def test_a_number_for_no_variable():
    with pytest.raises(ExpressionError, match="y is given a number, but is not in the formula"):
        evaluate("x", {"x": 1.0, "y": 2.0})


@given(st.text(alphabet="中ｘ\nx y+-*/()[],.0123456789etanhl_'\"\\=:", max_size=30))
def test_any_text_is_a_graph_or_an_error(text):
    with suppress(ExpressionError):
        assert isinstance(evaluate(text, {"x": 1.0}), Value)


# ----------------------------------------------------------------------------- command line


def run(*arguments, capsys):
    status = command.main(list(arguments))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_a_formula_becomes_a_file(tmp_path, capsys):
    formula = "tanh(w*x + b)", "--at", "w=0.5", "x=2", "b=-1"
    assert run(*formula, capsys=capsys) == (0, "wrote graph.svg\n", "")
    svg = (tmp_path / "graph.svg").read_text("utf-8")
    assert "grad 2<" in svg  # backward has run
    ElementTree.fromstring(svg)
    assert run(*formula, "-o", "g.dot", "--partials", capsys=capsys)[0] == 0
    assert 'label="0.5"' in (tmp_path / "g.dot").read_text("utf-8")
    assert run(*formula, "--html", capsys=capsys) == (0, "wrote graph.html\n", "")
    assert "<!DOCTYPE html>" in (tmp_path / "graph.html").read_text("utf-8")


def test_open_shows_the_file(tmp_path, capsys, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert run("x*x", "--at", "x=3", "--open", capsys=capsys)[0] == 0
    assert opened == [(tmp_path / "graph.svg").as_uri()]


def test_a_value_of_a_file(tmp_path, capsys):
    (tmp_path / "helper.py").write_text("factor = 3.0\n")
    (tmp_path / "model.py").write_text(
        "from autograd_lite import Value\nfrom helper import factor\n"
        "loss = Value(2.0, label='x') * factor\nnumber = 3\n"
        "if __name__ == '__main__':\n    raise SystemExit('not as a script')\n"
    )
    path = list(sys.path)
    assert run("model.py:loss", capsys=capsys) == (
        0,
        "loss had no gradient: set all to 0 and called loss.backward()\nwrote graph.svg\n",
        "",
    )
    assert "grad 3<" in (tmp_path / "graph.svg").read_text("utf-8")
    assert sys.path == path
    assert (
        run("model.py:nothing", capsys=capsys)[2] == "error: model.py has nothing called nothing\n"
    )
    assert (
        "number in model.py must be a Value or a compiled function, not int"
        in run("model.py:number", capsys=capsys)[2]
    )
    assert run("none.py:loss", capsys=capsys)[2] == "error: there is no file none.py\n"
    assert "say which Value of it to draw, as in model.py:loss" in run("model.py", capsys=capsys)[2]
    assert "goes with a formula" in run("model.py:loss", "--at", "x=1", capsys=capsys)[2]


def test_the_options_are_those_of_python(tmp_path, capsys):
    (tmp_path / "model.py").write_text(
        "from autograd_lite import Value, dot\nimport visualize\n"
        "with visualize.scope('inner'):\n    hidden = dot([Value(1.5)] * 2, [2.0, 3.0]).tanh()\n"
        "loss = hidden * 2\nloss.backward()\n"
    )
    names = runpy.run_path(str(tmp_path / "model.py"))
    for options, same in (
        (["--depth", "0"], {"depth": 0}),
        (["--products"], {"products": True}),
        (["--rankdir", "BT", "--number", ".2f"], {"rankdir": "BT", "number": ".2f"}),
        (["--depth", "0", "--fold", "--partials"], {"depth": 0, "fold": True, "partials": True}),
    ):
        assert run("model.py:loss", *options, "-o", "g.dot", capsys=capsys)[0] == 0
        drawn = visualize.draw(names["loss"], **same).dot
        assert (tmp_path / "g.dot").read_text("utf-8") == drawn != visualize.draw(names["loss"]).dot
        assert run("model.py:loss", *options, "-o", "g.html", capsys=capsys)[0] == 0
        same.pop("partials", None)
        page = visualize.explain(names["loss"], **same).html
        assert (tmp_path / "g.html").read_text("utf-8") == page
    for options, message in (
        (["--depth", "-1"], "depth must be an int of 0 or more"),
        (["--products", "--fold"], "products cannot be drawn with depth or fold"),
        (["--rankdir", "XY"], "rankdir must be 'LR', 'TB', 'RL' or 'BT', not 'XY'"),
        (["--number", "%d"], "number must be a format such as '.4g'"),
    ):
        assert message in run("model.py:loss", *options, capsys=capsys)[2]


def test_a_compiled_function_of_a_file(tmp_path, capsys):
    (tmp_path / "model.py").write_text(
        "import autograd_lite\nfrom autograd_lite import Value\n"
        "@autograd_lite.compile\ndef mse(xs):\n"
        "    return autograd_lite.mean([x * x for x in xs])\n"
        "uncalled = autograd_lite.compile(lambda x: x * 2)\n"
        "mse([Value(float(i)) for i in range(4)])\n"
    )
    assert run("model.py:mse", capsys=capsys) == (0, "wrote graph.svg\n", "")
    assert "Program of mse" in (tmp_path / "graph.svg").read_text("utf-8")
    assert run("model.py:mse", "--rankdir", "LR", "-o", "g.dot", capsys=capsys)[0] == 0
    assert "rankdir=LR" in (tmp_path / "g.dot").read_text("utf-8")
    assert (
        "<lambda> has recorded nothing yet; call it first"
        in run("model.py:uncalled", capsys=capsys)[2]
    )
    assert "for a compiled function f" in run("model.py:mse", "--html", capsys=capsys)[2]
    assert "drawn with rankdir alone" in run("model.py:mse", "--depth", "0", capsys=capsys)[2]


def test_three_thousand_terms_are_drawn(tmp_path, capsys):
    assert run("+".join(["x"] * 3_000), "--at", "x=1", "--fold", capsys=capsys)[0] == 0
    assert "grad 3000<" in (tmp_path / "graph.svg").read_text("utf-8")


def test_gradients_that_a_file_made_are_drawn(tmp_path, capsys):
    (tmp_path / "model.py").write_text(
        "from autograd_lite import Value\nx = Value(2.0)\nloss = x * 3\n(loss * 5).backward()\n"
    )
    assert run("model.py:loss", capsys=capsys) == (0, "wrote graph.svg\n", "")
    assert "grad 15<" in (tmp_path / "graph.svg").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "import halves\nhalves.half(0)\n",
            "error: model.py fails:\nTraceback (most recent call last):\n"
            '  File "model.py", line 2, in <module>\n    halves.half(0)\n',
        ),
        ("x = (\n", 'error: model.py fails:\n  File "model.py", line 1\n    x = (\n'),
        ("raise SystemExit\n", "error: model.py ends the program before it can be drawn\n"),
    ],
)
def test_a_file_that_fails_shows_its_own_lines(tmp_path, capsys, text, error):
    (tmp_path / "halves.py").write_text("def half(x):\n    return 1 / x\n")
    (tmp_path / "model.py").write_text(text)
    status, out, shown = run("model.py:loss", capsys=capsys)
    assert (status, out) == (2, "")
    assert shown.startswith(error)
    assert "runpy" not in shown
    assert ("ZeroDivisionError" in shown) == ("halves" in text)


def test_numbers_may_be_given_in_several_places_but_once(capsys):
    at = "--at", "x=3", "--at", "y=4"
    assert run("x*y", *at, "-o", "a.dot", capsys=capsys)[0] == 0
    assert run("x*y", *at, "--at", "x=3", capsys=capsys)[2] == "error: --at gives x twice\n"


@pytest.mark.parametrize("page", [["--html"], ["-o", "graph.HTML"]])
def test_the_page_takes_the_options_too(page, tmp_path, capsys):
    status, out, _ = run("x*x*x", "--at", "x=3", "--fold", "--partials", *page, capsys=capsys)
    assert status == 0
    html = (tmp_path / out.split()[1]).read_text("utf-8")
    assert "* × 2" in html
    assert visualize.explain(evaluate("x*x*x", {"x": 3}), fold=True).html == html


def test_a_name_that_cannot_be_written_is_refused_before_the_file_is_run(capsys):
    for arguments, message in (
        (["-o", "graph.gif"], "must end in .svg"),
        (["--html", "-o", "graph.svg"], "--html cannot write graph.svg"),
    ):
        status, _, error = run("none.py:loss", *arguments, capsys=capsys)
        assert status == 2
        assert message in error


def test_errors_are_one_line_and_status_2(tmp_path, capsys):
    assert run("x*q", "--at", "x=1", capsys=capsys) == (
        2,
        "",
        "error: q has no number: add --at q=1\n  x*q\n    ^\n",
    )
    status, _, error = run("x", "--at", "x=1", "-o", "missing/graph.svg", capsys=capsys)
    assert (status, error) == (
        2,
        "error: cannot write missing/graph.svg: No such file or directory\n",
    )
    assert "must end in .svg" in run("x", "--at", "x=1", "-o", "graph.gif", capsys=capsys)[2]
    for wrong in "x", "=1", "x=one", "1x=2":
        with pytest.raises(SystemExit) as left:
            command.main(["x", "--at", wrong])
        assert left.value.code == 2
        assert repr(wrong) in capsys.readouterr().err


def test_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "visualize", "x*x", "--at", "x=3"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "wrote graph.svg\n", "")
