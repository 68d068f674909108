"""A language of exports, from `export` to the `Source`: with one that gives numbers as told."""

import sys
from types import ModuleType

import numpy as np
import pytest

import autograd_lite as al
from autograd_lite import Value
from autograd_lite.compiler import export as exports
from autograd_lite.compiler.export.check import CannotRunError
from autograd_lite.compiler.export.language import Written

w = [Value(0.5), Value(2.0)]


def loss(xs):
    """The weighted sum."""
    return sum(a * x for a, x in zip(w, xs, strict=True))


@pytest.fixture
def language(monkeypatch):
    """A language whose source is the formula; `change` is what goes wrong in its run."""
    module = ModuleType("autograd_lite.compiler.export.formula")
    module.fence, module.change = "text", lambda numbers: numbers
    module.head = lambda lines: "".join(f"# {line}".rstrip() + "\n" for line in lines)
    module.write = lambda exported, tidy=True: Written(
        f"{exported.name} = w @ xs\n", {"xs": ("n",)}
    )
    module.run = lambda text, exported, tidy=True: (module.change(exported.reference[0]), "hand")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(exports.LANGUAGES, "formula", "formula")
    return module


def test_a_source_says_what_it_computes_and_how_it_was_checked(language, tmp_path):
    source = al.export(loss, "formula", [1.0, 3.0])
    assert str(source) == (
        "# loss, exported by autograd_lite.\n"
        "# The weighted sum.\n"
        "#\n"
        "# Parameters:\n"
        "#     w  (2,)\n"
        "#\n"
        "# Arguments:\n"
        "#     xs  (n,)\n"
        "#\n"
        "# Results:\n"
        "#     value  ()\n"
        "#\n"
        "# Checked when it was made: run by hand on the numbers of a recorded call, beside\n"
        "# autograd_lite's interpreter, its value and gradients are equal bit for bit.\n"
        "loss = w @ xs\n"
    )
    source.save(tmp_path / "loss.txt")
    assert (tmp_path / "loss.txt").read_text(encoding="utf-8") == source.text
    assert source.parameters()["w"].tolist() == [0.5, 2.0]


def test_another_name(language):
    assert al.export(loss, "formula", [1.0, 3.0], name="f").text.endswith("f = w @ xs\n")
    with pytest.raises(ValueError, match="must be an identifier, not 'a b'"):
        al.export(loss, "formula", [1.0, 3.0], name="a b")


def test_wrong_numbers_are_an_error_and_no_source(language):
    def wrong(numbers):
        gradients = {"w": numbers.gradients["w"] * [1, 1 + 1e-8]}
        return numbers._replace(gradients=gradients)

    language.change = wrong
    with pytest.raises(
        exports.ExportError, match=r"the derivative with respect to w\[1\] is 3.0000000"
    ):
        al.export(loss, "formula", [1.0, 3.0])


def test_without_its_tool_a_source_says_that_it_was_not_checked(language):
    def lacks(numbers):
        raise CannotRunError("there is no hand")

    language.change = lacks
    assert "# Not checked: there is no hand.\n" in str(al.export(loss, "formula", [1.0, 3.0]))


def test_languages_and_options_that_are_not_there_are_named(language):
    with pytest.raises(ValueError, match=r"must be one of .*'formula', not 'fortran'"):
        al.export(loss, "fortran", [1.0, 3.0])
    with pytest.raises(ValueError, match=r"must be one of .*, not \[1.0, 3.0\]"):
        al.export(loss, [1.0, 3.0])
    with pytest.raises(TypeError, match="'formula' has no option 'xs'; it has tidy"):
        al.export(loss, "formula", xs=np.ones(2))
