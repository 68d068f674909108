"""python -m visualize."""

import os
import runpy
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

import visualize
import visualize.__main__ as command
from visualize.formula_reader import evaluate


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


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
    assert (
        "missing a required argument: 'xs'; visualize.draw(mse) shows its program"
        in run("model.py:mse", "--html", capsys=capsys)[2]
    )
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
