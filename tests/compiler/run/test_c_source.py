"""Groups in C against the same groups in NumPy, and whole programs against the interpreter."""

import math
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler.lift.instructions import Ref
from autograd_lite.compiler.plan import plan
from autograd_lite.compiler.plan.groups import Loop, Repeat, Statement
from autograd_lite.compiler.run.c_source import FORWARD, NotInCError, c_source
from autograd_lite.compiler.run.compiler import Library
from autograd_lite.operations.formulas import CONSTANTS, FUNCTIONS, functions_of, names_of
from autograd_lite.operations.rules import RULES
from tests.support.in_c import COMPILERS, InC, agree, call, needs_compiler, plan_of
from tests.support.lifting import Lifted
from tests.support.scalar_programs import program

PLUS, TIMES = ("+", "x", "y"), ("*", "x", "y")


@needs_compiler
def test_maps_forwarded_stored_and_added_to():
    row, turned, one = Ref(0, (6, 1)), Ref(24, (1, 4)), Ref(5, (0, 0))
    name = Ref(-1, (0, 0))
    statements = [
        Statement(name, TIMES, {"x": row, "y": one}, stored=False),
        Statement(Ref(60, (6, 1)), PLUS, {"x": name, "y": turned}),
        Statement(Ref(90, (6, 1)), TIMES, {"x": Ref(60, (6, 1)), "y": name}, add=1),
        Statement(turned, "x", {"x": name}, add=-1),
        Statement(Ref(149, (-6, -1)), 2.0, {}),
    ]
    agree([Loop((4, 6), statements)], 160)
    agree([Loop((), [Statement(Ref(3, ()), PLUS, {"x": Ref(1, ()), "y": Ref(2, ())})])], 10)


@needs_compiler
@pytest.mark.parametrize("kind", ["sum", "max"])
@pytest.mark.parametrize("add", [0, 1, -1])
@pytest.mark.parametrize("turned", [False, True])
def test_sums_in_registers_and_in_rows(kind, add, turned):
    """Over rows that lie side by side, and over columns; a map beside them keeps its numbers."""
    add = 0 if kind == "max" else add
    strides = (1, 5) if turned else (20, 1)
    x, out = Ref(0, strides), Ref(100, strides)
    statements = [
        Statement(out, TIMES, {"x": x, "y": x}),
        Statement(Ref(200, (3, 0)), "x", {"x": out}, kind, (1,), add),
        Statement(Ref(230, (1, 0)), ("-", "x"), {"x": x}, kind, (1,), add),
    ]
    agree([Loop((5, 20), statements)], 300)
    deep = Ref(0, (1, 3, 30))
    agree(
        [Loop((3, 10, 8), [Statement(Ref(250, (0, 1, 0)), "x", {"x": deep}, kind, (0, 2), add)])],
        300,
    )
    all_of_it = Statement(Ref(250, (0, 0)), "x", {"x": Ref(0, (20, 1))}, kind, (0, 1), add)
    agree([Loop((5, 20), [all_of_it])], 300)


@needs_compiler
def test_a_long_row_of_sums_is_not_on_the_stack():
    x = Ref(0, (1, 5000))
    text = agree(
        [Loop((5000, 4), [Statement(Ref(20_000, (1, 0)), "x", {"x": x}, "sum", (1,))])], 25_000
    )
    assert "[5000]" not in text


@needs_compiler
def test_a_repetition_reads_what_its_last_turn_has_written():
    first = Statement(Ref(5, (5, 1)), TIMES, {"x": Ref(0, (5, 1)), "y": Ref(100, (0, 0))})
    total = Statement(Ref(60, (1, 0)), "x", {"x": Ref(5, (5, 1))}, "sum", (0,))
    agree([Repeat(9, [Loop((5,), [first]), Loop((5,), [total])])], 110)


@needs_compiler
def test_neighbours_that_are_added_to_and_subtracted_from():
    """Which gcc 12 gets wrong where it makes vectors of straight code."""
    pair = Ref(48, (2, 1))
    groups = [
        Loop((4, 2), [Statement(pair, "x", {"x": Ref(34, (0, 1))}, add=1)]),
        Loop((2, 2), [Statement(pair, "x", {"x": Ref(27, (4, 0))}, add=-1)]),
        Loop((2, 2), [Statement(Ref(52, (2, 1)), "x", {"x": Ref(32, (1, 0))}, add=-1)]),
    ]
    agree(groups, 60)


@needs_compiler
def test_many_groups_are_several_functions():
    loops = [
        Loop(
            (3,),
            [Statement(Ref(3 * i + 3, (1,)), PLUS, {"x": Ref(3 * i, (1,)), "y": Ref(0, (0,))})],
        )
        for i in range(100)
    ]
    text = agree(loops, 400)
    assert "autograd_lite_forward_3" in text


@needs_compiler
def test_every_function_of_the_rules():
    """In a loop, and alone; those that no plan has in C are named."""
    trees = {
        formula.tree
        for rule in RULES
        if not rule.nary and rule.name != "leaf" and rule.user_module is None and not rule.static
        for formula in (rule.value, *rule.partials)
    }
    known = [t for t in sorted(trees, key=str) if not functions_of(t) & {"polygamma"}]
    assert {"exp", "atan2", "floor_mod", "normal_cdf"} <= set().union(*map(functions_of, known))
    place = {"x": Ref(0, (1,)), "y": Ref(20, (1,)), "z": Ref(40, (1,)), "out": Ref(60, (1,))}
    groups = []
    for i, tree in enumerate(known):
        operands = {name: place[name] for name in names_of(tree) - CONSTANTS.keys()}
        groups.append(Loop((20,), [Statement(Ref(80 + 20 * i, (1,)), tree, operands)]))
    with pytest.raises(NotInCError):
        in_c([Loop((20,), [Statement(Ref(80, (1,)), ("polygamma", 0.0, "x"), {"x": place["x"]})])])
    agree([g for g in groups if not _is_in_numpy_only(g)], 80 + 20 * len(groups))


def _is_in_numpy_only(group):
    """The reference has no function of that name: lifted programs have its formula instead."""
    functions = functions_of(group.statements[0].tree) & FUNCTIONS.keys()
    return any(not FUNCTIONS[name].numpy for name in functions)


def in_c(groups):
    return c_source(plan_of(groups, 1000)).text


@needs_compiler
@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "tanh"])
def test_functions_of_lanes_are_as_exact_where_products_are_not_rounded(name):
    """Compiled for this machine, which may multiply and add at once."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=4000), np.exp(rng.uniform(-30, 6, 4000))])
    x = np.abs(x) if name == "log" else x[x > -1]
    n = len(x)
    made = plan_of([Loop((n,), [Statement(Ref(n, (1,)), (name, "x"), {"x": Ref(0, (1,))})])], 2 * n)
    text, work = c_source(made)
    library = Library(text)
    library.wait()
    memory = np.zeros(2 * n + work)
    memory[:n] = x
    call(library.address(FORWARD), memory, np.zeros(1, np.int64))
    wanted = np.array([getattr(math, name)(v) for v in x.tolist()])
    assert (np.abs(memory[n : 2 * n] - wanted) <= 3 * np.spacing(np.abs(wanted))).all()


def test_numbers_that_are_not_finite_are_written_as_c_has_them():
    tree = ("where", ("<", "x", float("inf")), float("-inf"), float("nan"))
    text = in_c([Loop((4,), [Statement(Ref(8, (1,)), tree, {"x": Ref(0, (1,))})])])
    assert "< INFINITY) ? (-INFINITY) : NAN" in text


def test_what_calls_python_is_not_in_c():
    @ag.operation(lambda x, out: 3 * x * x)
    def cube(x):
        return x**3

    lifted = Lifted(lambda xs: ag.sum([cube(x) for x in xs]), [Value(0.1 * i) for i in range(10)])
    with pytest.raises(NotInCError, match="calls Python"):
        c_source(plan(lifted.program))


@needs_compiler
@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("seed", range(7))
def test_programs_agree_with_the_interpreter(seed, compiler, monkeypatch):
    monkeypatch.setenv("CC", compiler)
    function, args = program(seed)
    InC(function, *args).agrees(seed)


@needs_compiler
@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize("compiler", [*COMPILERS, "ziglang"])
def test_more_programs_agree_with_the_interpreter(compiler, monkeypatch):
    monkeypatch.setenv("CC", compiler)
    if compiler == "ziglang":
        pytest.importorskip("ziglang")
        monkeypatch.setenv("CC", f"{sys.executable} -m ziglang cc")
    finite = 0
    for seed in random.Random(compiler).sample(range(10_000), 30):
        function, args = program(seed)
        finite += InC(function, *args).agrees(seed)
    assert finite > 20


SANITIZED = """
import sys
from tests.support.in_c import InC
from tests.support.scalar_programs import program
from autograd_lite.compiler.run import compiler
# At -O2 it takes twice the time, and fewer of the checks are left.
compiler.FLAGS += ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-O1", "-g1")
for seed in range(40, 60):
    function, args = program(seed)
    InC(function, *args).agrees(seed)
print("clean")
"""


@needs_compiler
@pytest.mark.slow
@pytest.mark.once
@pytest.mark.skipif("gcc" not in COMPILERS, reason="needs gcc")
def test_the_c_has_no_undefined_behaviour(tmp_path):
    """Under UBSan, and under ASan, which sees reads beyond the end of the memory."""
    library = subprocess.run(
        ["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if not Path(library).is_absolute():
        pytest.skip("needs libasan")
    environment = {
        **os.environ,
        "CC": "gcc",
        "LD_PRELOAD": library,
        "ASAN_OPTIONS": "detect_leaks=0",
        "PYTHONMALLOC": "malloc",
        "AUTOGRAD_LITE_CACHE": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", SANITIZED], env=environment, capture_output=True, text=True
    )
    assert done.stdout == "clean\n", done.stderr[-3000:]
