"""What `import autograd_lite` brings, and what it does not."""

import os
import sys

import autograd_lite as al


def test_the_public_names_exist_and_are_documented():
    for name in al.__all__:
        assert hasattr(al, name)
        if name != "compiled":
            assert getattr(al, name).__doc__


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
