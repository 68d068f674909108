"""`from autograd_lite import nn, visualize` gives the packages nn and visualize, and no others."""

import pickle
import re
import shutil
import sys
import textwrap
from importlib.machinery import PathFinder
from pathlib import Path

import pytest

import autograd_lite
import nn
from autograd_lite import _packages

ROOT = Path(autograd_lite.__file__).parents[1]

FORMS = (
    "from autograd_lite import {0}",
    "import autograd_lite.{0}",
    "from autograd_lite.{0} import {1}",
)
NAMES = {"nn": "MLP", "visualize": "draw"}


@pytest.fixture
def script(python, tmp_path):
    """Run a script that lies in tmp_path, which Python then searches first."""

    def run(code, name="script.py", **environment):
        path = tmp_path / name
        path.write_text(textwrap.dedent(code))
        return python(str(path), **environment)

    return run


@pytest.mark.parametrize(
    ("form", "order"), [*((form, 1) for form in FORMS), (FORMS[0], -1)], ids=str
)
def test_both_names_are_of_the_same_modules(script, form, order):
    by_project = "; ".join(form.format(name, NAMES[name]) for name in NAMES)
    imports = "\n".join([by_project, "import nn, visualize"][::order])
    script(f"""{imports}
import sys, autograd_lite, nn, visualize
assert autograd_lite.nn is nn is sys.modules["autograd_lite.nn"]
assert autograd_lite.visualize is visualize is sys.modules["autograd_lite.visualize"]
assert nn.__name__ == nn.__spec__.name == "nn"
assert not [name for name in sys.modules if name.startswith("autograd_lite.nn.")]
""")


def test_modules_within_them_have_one_copy(script):
    script("""
        import autograd_lite.nn.optim as optim
        from autograd_lite.nn import functional
        from autograd_lite.nn.linear import Linear
        from autograd_lite.visualize.formula_reader import evaluate
        import nn.linear, visualize.formula_reader
        assert optim is nn.optim and functional is nn.functional and Linear is nn.Linear
        assert evaluate is visualize.formula_reader.evaluate
        try:
            import autograd_lite.nn.nothing
        except ModuleNotFoundError as error:
            assert str(error) == "No module named 'autograd_lite.nn.nothing'", error
    """)


def test_pickles_open_where_they_were_imported_otherwise(script, tmp_path):
    (tmp_path / "pickle").write_bytes(pickle.dumps((nn.Linear(2, 1, rng=0), nn.optim.SGD)))
    script(f"""
        import pickle
        with open({str(tmp_path / "pickle")!r}, "rb") as file:
            linear, sgd = pickle.load(file)
        from autograd_lite.nn import Linear, optim
        assert isinstance(linear, Linear) and sgd is optim.SGD
        assert pickle.dumps(Linear) == {pickle.dumps(nn.Linear)}
    """)


def test_autograd_lite_alone_imports_neither(python):
    show = "import sys, autograd_lite; print(*sys.modules); print(*dir(autograd_lite))"
    modules = python("-c", show).split()
    assert "autograd_lite" in modules
    assert not {name for name in modules if re.match(r"nn|visualize|.*_packages", name)}


def test_an_attribute_that_is_missing_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'autograd_lite' has no attribute 'Vaule'"):
        autograd_lite.Vaule  # noqa: B018
    assert not hasattr(autograd_lite, "functional")


def test_every_module_within_nn_has_a_stub():
    stubs = {path.stem for path in (ROOT / "autograd_lite" / "nn").glob("*.pyi")}
    assert stubs == {"functional", "init", "optim", "testing"}
    assert stubs - {"testing"} <= set(nn.__all__)  # which needs hypothesis


@pytest.mark.slow
def test_they_are_seen_by_type_checkers(tmp_path, pytestconfig):
    api = pytest.importorskip("mypy.api")
    path = tmp_path / "user.py"
    path.write_text(
        textwrap.dedent("""
            import autograd_lite
            import autograd_lite.nn.functional as F
            import nn as top
            from autograd_lite import nn, visualize
            from autograd_lite.nn import MLP
            from autograd_lite.nn.optim import Adam
            from autograd_lite.visualize import draw

            model: top.MLP = MLP(2, [1])
            other: autograd_lite.nn.MLP = nn.MLP(2, [1])
            adam: nn.optim.Adam = Adam(model.parameters())
            drawing: visualize.Drawing = draw(F.relu(1.0))
            wrong = nn.Mlp
            mistaken: int = Adam(model.parameters())
        """)
    )
    cache = str(pytestconfig.cache.mkdir("mypy"))
    out, error, _ = api.run(["--strict", "--cache-dir", cache, str(path)])
    assert not error
    assert re.findall(r":(\d+): error: (\w+)", out) == [("14", "Module"), ("15", "Incompatible")]


def test_names_of_the_package_are_looked_up_in_the_fast_way():
    """Python does so in modules without a __getattr__."""
    assert "__getattr__" not in vars(autograd_lite)


# ------------------------------------------------------------------- where another is found first


def refusal(package, path):
    return f"cannot import autograd_lite's {package}: {path} stands in the way; rename it, or"


REFUSED = """
for statement in {}:
    try:
        exec(statement)
    except ImportError as error:
        print(error.name, error.path, error, sep="\\n")
"""


@pytest.mark.parametrize("package", NAMES)
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_file_or_folder_of_the_user_is_named_and_not_run(script, tmp_path, package, kind):
    path = tmp_path / (f"{package}.py" if kind == "file" else f"{package}/__init__.py")
    path.parent.mkdir(exist_ok=True)
    path.write_text("import autograd_lite\nprint('it was run')")
    statements = [form.format(package, NAMES[package]) for form in FORMS]
    lines = script(REFUSED.format(statements)).splitlines()
    assert len(lines) == 3 * len(statements)
    for name, file, message in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        assert (name, file) == (package, str(path))
        assert message.startswith(refusal(package, path))


def test_a_script_of_that_name_is_named(script, tmp_path):
    code = REFUSED.format(["from autograd_lite import visualize"])
    *_, message = script(code, "visualize.py").splitlines()
    assert message.startswith(refusal("visualize", tmp_path / "visualize.py"))


def test_what_the_user_imported_first_stays_the_users(script, tmp_path):
    (tmp_path / "nn.py").write_text("mine = True")
    code = """
        import nn
        assert nn.mine
        try:
            from autograd_lite import nn as ours
        except ImportError as error:
            print(error)
        import nn
        assert nn.mine
        from autograd_lite import visualize
        assert visualize.draw
    """
    assert script(code).startswith(refusal("nn", tmp_path / "nn.py"))


def test_one_in_the_way_does_not_hide_the_other(script, tmp_path):
    """visualize draws, and the engine checks and compiles, where a file is called nn.py."""
    (tmp_path / "nn.py").write_text("mine = True")
    script("""
        import nn
        from autograd_lite import Value, visualize, testing
        assert "digraph" in visualize.draw(Value(1.0) + 1.0).dot
        testing.check_grad(Value.tanh, 0.5)
    """)


def test_a_folder_that_is_no_package_is_no_obstacle(script, tmp_path):
    (tmp_path / "nn").mkdir()
    script("from autograd_lite.nn import MLP")


def test_a_module_that_was_made_by_hand(script):
    code = "import sys, types\nsys.modules['nn'] = types.ModuleType('nn')"
    code += REFUSED.format(["from autograd_lite import nn"])
    *_, message = script(code).splitlines()
    assert message == "cannot import autograd_lite's nn: sys.modules['nn'] is another"


def test_where_there_is_none_the_error_says_where_it_should_be(monkeypatch):
    monkeypatch.delitem(sys.modules, "nn")
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", [PathFinder])
    with pytest.raises(ImportError, match=re.escape(f"though it should be in {ROOT}")):
        _packages._ours("nn")


def test_a_package_that_was_installed_over_ours(script, tmp_path):
    site = tmp_path / "site"
    for package in ("autograd_lite", "nn", "visualize"):
        ignore = shutil.ignore_patterns("__pycache__", "*.c")
        shutil.copytree(ROOT / package, site / package, ignore=ignore)
    own = script("from autograd_lite import nn; print(nn.__file__)", PYTHONPATH=str(site))
    assert own.strip() == str(site / "nn" / "__init__.py")
    (site / "nn" / "__init__.py").write_text("print('it was run')")
    code = REFUSED.format(["from autograd_lite import nn"])
    name, file, message = script(code, PYTHONPATH=str(site)).splitlines()
    assert (name, file) == ("nn", str(site / "nn" / "__init__.py"))
    assert f"{file} is of another package, which was installed over it; uninstall" in message


def test_what_names_them_within_autograd_lite_says_so_too(script, tmp_path):
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text("")
    lines = script("""
        import warnings
        from importlib.metadata import EntryPoint
        warnings.simplefilter("ignore")
        for module, name in ("visualize.failures", "save_failure"), ("testing", "modules"):
            try:
                EntryPoint(name, f"autograd_lite.{module}:{name}", "").load()
            except ImportError as error:
                print(error)
    """).splitlines()
    assert lines[0].startswith(refusal("visualize", tmp_path / "visualize.py"))
    assert lines[1].startswith(refusal("nn", tmp_path / "nn.py"))


def test_the_command_names_a_file_in_its_way(script, tmp_path):
    (tmp_path / "visualize.py").write_text("print('it was run')")
    run = "import runpy; runpy.run_module('autograd_lite.visualize', run_name='__main__')"
    _, _, message = script(REFUSED.format([run])).splitlines()
    assert message.startswith(refusal("visualize", tmp_path / "visualize.py"))


def test_the_command_runs_by_the_name_of_the_project(python, tmp_path):
    path = tmp_path / "product.dot"  # for which no layout engine is needed
    python("-m", "autograd_lite.visualize", "x*y", "--at", "x=1", "y=2", "-o", str(path))
    assert path.read_text().startswith("digraph")
