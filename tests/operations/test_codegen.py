"""The table in C: every kernel is written, and nothing is written that is there already."""

import re

import pytest

from autograd_lite.operations import codegen
from autograd_lite.operations.codegen import write_kernels
from autograd_lite.operations.formulas import FUNCTIONS, functions_of
from autograd_lite.operations.rules import RULES, TABLE


@pytest.fixture(autouse=True)
def without_rules_of_users(monkeypatch):
    """Which other tests have added to the table by now; there are none when the engine is built."""
    monkeypatch.setattr(codegen, "RULES", RULES[:TABLE])


def runs_in_c(rule):
    """Whether C has all functions of the rule's formulas."""
    names = set().union(*(functions_of(f.tree) for f in (rule.value, *rule.partials) if f.text))
    return all(FUNCTIONS[name].c for name in names & {*FUNCTIONS})


def test_every_rule_that_c_can_compute_has_a_kernel(tmp_path):
    write_kernels(tmp_path)
    header = (tmp_path / "kernels.h").read_text()
    kernels = set(re.findall(r"static double k_(\w+)\(", header))
    assert kernels >= {rule.name for rule in RULES[1:TABLE] if not rule.nary and runs_in_c(rule)}
    (table,) = re.findall(r"KERNELS\[\] = \{(.*)\};", header)
    expected = [f"k_{rule.name}" if rule.name in kernels else "NULL" for rule in RULES[:TABLE]]
    assert table.split(", ") == expected


def test_the_codes_are_those_of_the_table(tmp_path):
    write_kernels(tmp_path)
    header = (tmp_path / "kernels.h").read_text()
    codes = {name: int(code) for name, code in re.findall(r"CODE_(\w+) = (\d+),", header)}
    assert codes == {rule.name: rule.code for rule in RULES[:TABLE]}
    names = (tmp_path / "kernels_codes.pxi").read_text()
    assert set(re.findall(r'"CODE_(\w+)"', names)) == set(codes)


def test_a_file_that_is_current_is_left_alone(tmp_path):
    write_kernels(tmp_path)
    before = [path.stat().st_mtime_ns for path in sorted(tmp_path.iterdir())]
    write_kernels(tmp_path)
    assert [path.stat().st_mtime_ns for path in sorted(tmp_path.iterdir())] == before
    (tmp_path / "kernels.h").write_text("old")
    write_kernels(tmp_path)
    assert "k_tanh" in (tmp_path / "kernels.h").read_text()
