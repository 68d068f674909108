"""python -m autograd_lite export."""

import subprocess
import sys
from types import ModuleType

import pytest

import autograd_lite.__main__ as command
from autograd_lite.compiler import export as exports
from autograd_lite.compiler.export.language import Written

TRAIN = """\
import numpy as np
from autograd_lite import Value, compile, sum

w = Value(0.5, label="w")
batch = [1.0, 2.0],
ids = [3]

@compile
def loss(xs):
    return sum([w * x for x in xs])

def example():
    return [1.0, 2.0, 3.0],

class Model:
    @staticmethod
    def score(x):
        return w * x

def called(x):
    return w * x

called = compile(called)
called(2.0)
"""


def write(exported, extra=""):
    arguments = ", ".join(f"{a.name}{[*a.shape]}" for a in exported.arguments)
    return Written(f"{exported.name}({arguments}){extra}\n")


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    """A folder with train.py, and a language that writes the names of an `Exported`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(TRAIN)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    module = ModuleType("autograd_lite.compiler.export.names")
    module.fence, module.head = "text", lambda lines: ""
    module.write = write
    module.run = lambda text, exported, extra="": (exported.reference[0], "hand")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(exports.LANGUAGES, "names", "names")
    yield
    for name in ("train", "fails", "ends", "needs"):
        sys.modules.pop(name, None)


def run(*arguments, capsys):
    path = list(sys.path)
    status = command.main(["export", *arguments])
    assert sys.path == path
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("train:loss", "--args", "train:batch"), "loss(xs[2])\n"),
        (("train:loss", "--args", "train:example"), "loss(xs[3])\n"),
        (("train:called",), "called(x[])\n"),
        (("train:loss", "--args", "train:batch", "--option", "name=f", "extra=;"), "f(xs[2]);\n"),
        (("train:called", "--option", "extra=train:ids"), "called(x[])[3]\n"),
        (("train:called", "--option", "extra=[4]"), "called(x[])[4]\n"),
    ],
)
def test_the_source_is_printed(arguments, text, capsys):
    assert run(*arguments, "--to", "names", capsys=capsys) == (0, text, "")


def test_the_source_is_written(tmp_path, capsys):
    arguments = "train:called", "--to", "names", "-o", "f.txt"
    assert run(*arguments, capsys=capsys) == (0, "wrote f.txt\n", "")
    assert (tmp_path / "f.txt").read_text() == "called(x[])\n"
    arguments = "train:called", "--to", "names", "-o", "nowhere/f.txt"
    said = "error: cannot write nowhere/f.txt: No such file or directory\n"
    assert run(*arguments, capsys=capsys) == (2, "", said)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("train.py:loss",), "train.py:loss is a file: write its module, as train:loss"),
        (("src/train.py:f",), "src/train.py:f is a file: write its module, as src.train:f"),
        (("train",), "expected module:name, as train:loss, not 'train'"),
        (("nowhere:loss",), "there is no module nowhere here"),
        (("train:nothing",), "train has nothing called nothing"),
        (("train:loss",), "loss has recorded nothing yet; call it first, or pass its arguments"),
        (("train:loss", "--args", "train:w"), "--args train:w must be a tuple of arguments"),
        (("train:w", "--args", "train:batch"), "export: expected a function, not Value"),
        (("train:called", "--option", "extra"), "--option expects NAME=VALUE, not 'extra'"),
        (("train:called", "--option", "more=1"), "export: 'names' has no option 'more'"),
        (("ends:f",), "ends ends the program when it is imported"),
        (("needs:f",), "ModuleNotFoundError: No module named 'nowhere_at_all'"),
    ],
)
def test_errors_say_what_to_write(arguments, error, tmp_path, capsys):
    (tmp_path / "ends.py").write_text("raise SystemExit\n")
    (tmp_path / "needs.py").write_text("import nowhere_at_all\n")
    status, out, err = run(*arguments, "--to", "names", capsys=capsys)
    assert (status, out) == (2, "")
    assert error in err
    assert err.startswith("error: ")


def test_a_module_that_fails_shows_its_own_lines_alone(tmp_path, capsys):
    (tmp_path / "fails.py").write_text("x = 1\ny = x / 0\n")
    status, _, err = run("fails:f", "--to", "names", capsys=capsys)
    assert status == 2
    assert "fails fails:\nTraceback" in err
    assert "y = x / 0" in err
    assert "importlib" not in err
    assert "__main__" not in err


@pytest.mark.slow
def test_python_runs_it(tmp_path):
    run = [sys.executable, "-m", "autograd_lite", "export", "train:called", "--to", "nothing"]
    found = subprocess.run(run, capture_output=True, text=True, cwd=tmp_path)
    assert found.returncode == 2
    assert "export: the language must be one of" in found.stderr
