"""What `import autograd_lite` brings, and what it does not."""

import inspect
import os
import shutil
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

import autograd_lite as al
from autograd_lite import implicit, loops

ROOT = Path(__file__).parents[2]


def test_the_public_names_exist_and_are_documented():
    for name in al.__all__:
        assert hasattr(al, name)
        if name != "compiled":
            assert getattr(al, name).__doc__


@pytest.mark.parametrize(
    "name", ["scan", "fori_loop", "checkpoint", "implicit_root", "fixed_point"]
)
def test_loops_and_roots_are_those_of_their_modules(name):
    module = loops if hasattr(loops, name) else implicit
    assert inspect.signature(getattr(al, name)) == inspect.signature(getattr(module, name))


def test_loops_and_roots_by_their_short_names():
    w = al.Value(0.5)
    for s in al.repeat(3, x=1.0):
        s.x = s.x * w
    assert s.x.data == al.scan(lambda c, _: (c * w, None), 1.0, length=3)[0].data == 0.125
    assert al.fori_loop(0, 3, lambda i, c: c * w, 1.0).data == al.checkpoint(lambda x: x**3)(w).data
    assert al.fixed_point(lambda x: w * x + 1, 0.0).data == pytest.approx(2.0)
    root = al.implicit_root(lambda x, a: x * x - a, lambda f, x0: 3.0)(1.0, al.Value(9.0))
    assert root.data == 3.0


def test_it_imports_the_standard_library_only(python):
    show = (
        "import sys; before = set(sys.modules); import autograd_lite; "
        "new = [name for name in sys.modules if name not in before]; "
        "print(*{name.partition('.')[0] for name in new if sys.modules[name].__spec__})"
    )
    assert set(python("-c", show).split()) - sys.stdlib_module_names == {"autograd_lite"}


def test_compiled_says_which_build_runs(python):
    show = "import autograd_lite as al, autograd_lite.value as v; print(al.compiled, v.__file__)"
    compiled, path = python("-c", show, AUTOGRAD_LITE_PURE="1").split()
    assert compiled == "False"
    assert path.endswith("value.py")
    compiled, path = python("-c", show, AUTOGRAD_LITE_PURE="0").split()
    assert compiled == str(not path.endswith(".py"))


def test_this_run_tests_the_build_that_was_asked_for():
    if os.environ.get("AUTOGRAD_LITE_PURE", "") not in ("", "0"):
        assert not al.compiled


def test_the_example_of_the_docstring():
    import doctest

    assert doctest.testmod(al).failed == 0
    assert doctest.testmod(al).attempted > 0


# The setup without the slow part: nothing is translated to C, nothing compiled.
NO_CYTHON = {
    "__init__.py": "",
    "Build.py": "def cythonize(*args, **options): return []",
    "Compiler/__init__.py": "",
    "Compiler/Errors.py": "",
    "Compiler/Options.py": "def get_directive_defaults(): return {}",
}


@pytest.mark.parametrize("broken", ["an extension", "an import"])
def test_what_an_earlier_build_left_does_not_stop_the_next(tmp_path, broken):
    pytest.importorskip("setuptools", minversion="77")  # as pyproject.toml asks for
    package = tmp_path / "autograd_lite"
    built = shutil.ignore_patterns("*.so", "kernels.h")
    shutil.copytree(ROOT / "autograd_lite", package, ignore=built)
    for file in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, tmp_path)
    for name, text in NO_CYTHON.items():
        path = tmp_path / "no" / "Cython" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    if broken == "an extension":
        (package / f"value{EXTENSION_SUFFIXES[0]}").write_bytes(b"\x7fELF garbage")
    else:
        with open(package / "value.py", "a") as file:
            file.write("\nimport no_such_module\n")
    for pure in ("0", "1"):
        environment = os.environ | {"AUTOGRAD_LITE_PURE": pure, "PYTHONPATH": str(tmp_path / "no")}
        done = subprocess.run(
            [sys.executable, "setup.py", "--version"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        assert done.stdout.split()[-1] == al.__version__
        header = package / "operations" / "kernels.h"
        assert "static double k_tanh(const double *a, double *d)" in header.read_text()
        header.unlink()
