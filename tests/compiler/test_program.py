"""Programs that f.programs() lists: what can be asked of each."""

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile, dot, vmap

W = [Value(0.5), Value(-1.0)]
ROWS = [[1.0, 2.0], [3.0, 1.0], [0.5, 4.0]] * 200


def total(rows):
    return ag.sum([dot(W, row) for row in rows])


@pytest.mark.parametrize("executor", ["interpret", "numpy"])
def test_the_executor_that_was_asked_for(executor):
    f = compile(total, executor=executor)
    f(ROWS), f(ROWS)
    assert [program.executor for program in f.programs()] == [executor]


def test_auto_chooses_when_the_program_runs_again(monkeypatch):
    monkeypatch.delenv("AUTOGRAD_LITE_CHECK", raising=False)
    regular, irregular = compile(total), compile(lambda x: x * x)
    for f, arg, chosen in ((regular, ROWS, "numpy"), (irregular, 2.0, "interpret")):
        f(arg)
        (program,) = f.programs()
        assert program.executor == "auto"
        f(arg)
        assert program.executor == chosen


@pytest.mark.parametrize("f", [compile(total), vmap(lambda row: dot(W, row))])
def test_the_tape_and_the_operations_on_arrays(f):
    f(ROWS)
    (program,) = f.programs()
    n = 2 * len(ROWS)
    assert program.tape.leaves == n + len(W)
    assert str(program.tape).count("dot") == len(ROWS)
    assert program.array_program.tape is program.tape


def test_programs_stand_in_the_order_of_their_calls():
    f = compile(lambda xs: sum(xs))
    for n in (2, 3, 2):
        f([1.0] * n)
    assert [program.tape.leaves for program in f.programs()] == [3, 2]


def test_arrays_of_results_are_the_callers():
    earlier = np.full(4, -1.0)
    f = compile(lambda x: {"double": 2.0 * x, "triple": [3.0 * x, x.sum()]}, check="never")
    for k in range(4):
        x = np.arange(4.0) + k
        found = f(x)
        double, (triple, total) = found["double"], found["triple"]
        assert (double == 2 * x).all()
        assert (triple == 3 * x).all()
        assert total == x.sum()
        double[:] = -1.0
        assert (triple == 3 * x).all()
        assert (earlier == -1.0).all()
        earlier = double
