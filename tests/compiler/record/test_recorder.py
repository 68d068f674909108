"""A function that cannot be recorded runs eagerly and says why, or is refused."""

import numpy as np
import pytest

from autograd_lite import Value, compile, dot, hvp, take, tanh
from autograd_lite.operations.rules import CODES

W = [Value(0.5), Value(-1.5), Value(2.0)]
NAME_OF = {code: name for name, code in CODES.items()}


def least(x):
    """The least of x + 1, by a view that cannot be written in a recording."""
    view = np.asarray(x + 1)
    view.sort()
    return view[0]


def test_what_tracers_cannot_do_runs_eagerly_with_a_warning():
    compiled, x = compile(lambda x: W[0] * least(x)), np.arange(4.0)
    with pytest.warns(RuntimeWarning, match="it fails on what stands for the numbers"):
        assert compiled(x).data == 0.5
    assert compiled(x).data == 0.5


@pytest.mark.parametrize(
    ("function", "arg", "remedy"),
    [
        (lambda x: W[0] * len([np.asarray(x + 1).sort()]), np.ones(2), "Compute it outside, and"),
        (lambda i: take(["a", "b"], i), np.int64(1), "Compute it outside, and pass the result"),
    ],
)
def test_the_remedy_is_that_for_the_failure(function, arg, remedy):
    with pytest.warns(RuntimeWarning, match=rf"\):\n  {__file__}:\d+\n    .*lambda.*\n{remedy}"):
        compile(function)(arg)


def test_nodes_made_by_hand_run_eagerly_with_a_warning():
    def f(x):
        out = Value(x.data * 2, (x,), "twice")

        def backward():
            x.grad += 2 * out.grad

        out._backward = backward
        return out

    compiled = compile(f)
    x = Value(3.0)
    with pytest.warns(RuntimeWarning, match="twice was made by hand. Write it with @operation"):
        compiled(x).backward()
    assert x.grad == 2.0


def test_explain_says_why_a_function_runs_eagerly():
    f = compile(lambda xs: W[0] * least(xs) if xs[0] > 0 else W[0] * 2)
    with pytest.warns(RuntimeWarning, match="Compute it outside, and pass the result"):
        f(np.ones(2))
    for show in (f.explain, f.programs, f.steps):
        with pytest.raises(ValueError, match=r"no program, as it runs eagerly: it fails on .*read"):
            show()
    f([-1.0])
    assert "runs eagerly for some arguments: it fails on what" in f.explain()


def test_an_exception_while_recording_is_the_functions_own():
    @compile
    def f(x):
        if x > 1:
            raise KeyError("mine")
        return x * 2

    with pytest.raises(KeyError, match="mine"):
        f(2.0)
    assert f(Value(0.5)).data == 1.0
    assert (f.recordings, f(Value(0.25)).data) == (1, 0.5)


def test_which_node_is_whose_derivative():
    """Of nested transforms, the way down to what is no derivative."""
    w, v = np.array([0.5, -0.3]), np.array([1.0, 2.0])
    compiled = compile(lambda w, v: hvp(lambda w: tanh(dot(w, [1.0, 2.0])), (w,), (v,)))
    compiled(w, v)
    tape = compiled.programs()[0].tape
    passes = {made_in for made_in, _ in tape.marks.values()}
    assert passes == {"R", "dR"}
    codes = {made_in: set() for made_in in passes}
    for made_in, of in tape.marks.values():
        codes[made_in].add(NAME_OF.get(int(tape.codes[of]), "leaf"))
        assert of not in tape.marks
    assert {"tanh", "dot"} <= codes["R"]
    assert {"leaf", "dot"} <= codes["dR"]
