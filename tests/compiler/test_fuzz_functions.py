"""Random functions in Python, by `fuzz_functions.py`: compiled, they give what they give."""

import os
from collections import Counter

import pytest

from autograd_lite.compiler import function, program
from autograd_lite.compiler.record.captured import CapturedState
from autograd_lite.compiler.record.numbers import FloatTracer
from autograd_lite.compiler.tape.interpreter import Interpreter
from tests.compiler import fuzz_functions as fuzz
from tests.support import python_programs

PROGRAMS = {"long": 20_000, "quick": 90}.get(os.environ.get("HYPOTHESIS_PROFILE", ""), 300)
PARTS = min(10, PROGRAMS // 30)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_compiled_function_gives_what_the_function_gives(part):
    counts = Counter()
    for seed in range(part, PROGRAMS, PARTS):
        source, executor = python_programs.program(seed), fuzz.executor_of(seed)
        found = fuzz.difference(source, executor, counts)
        if found is not None:
            pytest.fail(f"seed {seed}\n{fuzz.minimal(source, executor, found)}")
    assert counts["gives"] > 3 * counts["raises"]
    for check in fuzz.CHECKS:  # many calls were replays
        assert counts[f"recordings {check}"] < 0.9 * counts[f"calls {check}"]


# ------------------------------------------------------------------ what is wrong is found


def blind(patch):
    """Captured state never changes."""
    patch.setattr(CapturedState, "changed", lambda self: "")


def without_guards(patch):
    patch.setattr(program.Guards, "failed", lambda self, outputs: None)


def equal_to_all(patch):
    """A tracer is equal to every number."""
    patch.setattr(FloatTracer, "__eq__", lambda self, other: True)


def the_number_of_the_recording(patch):
    """A comparison is answered, and no guard notes it."""
    patch.setattr(FloatTracer, "__lt__", lambda self, other: self.data < float(other))
    patch.setattr(FloatTracer, "__gt__", lambda self, other: self.data > float(other))


def other_numbers(patch):
    right = Interpreter.forward

    def wrong(*args):
        run = right(*args)
        for i in range(len(run.outputs)):
            run.outputs[i] *= 1 + 1e-5
        return run

    patch.setattr(Interpreter, "forward", wrong)


def other_gradients(patch):
    right = Interpreter.gradient

    def wrong(*args):
        gradient = right(*args)
        for i in range(len(gradient)):
            gradient[i] *= 1 + 1e-7
        return gradient

    patch.setattr(Interpreter, "gradient", wrong)


def silent(patch):
    """A replay does not call back."""
    patch.setattr(program.Program, "call_back", lambda self, outputs, call: None)


def drawn_once(patch):
    """A replay has the random numbers of the recording."""
    right = program.Program.drawn

    def wrong(self, attempt):
        if not hasattr(self, "first"):
            self.first = right(self, attempt)
        return self.first

    patch.setattr(program.Program, "drawn", wrong)


# Each with what the programs have in which it can show: others would only take time.
MISTAKES = [
    (blind, ""),
    (without_guards, ""),
    (equal_to_all, "=="),
    (the_number_of_the_recording, " if "),
    (other_numbers, ""),
    (other_gradients, ""),
    (silent, "callback("),
    (drawn_once, "sample(noise)"),
]


@pytest.mark.parametrize(("mistake", "needed"), MISTAKES)
def test_a_mistake_of_the_compiler_is_found(mistake, needed, monkeypatch):
    mistake(monkeypatch)
    sources = map(python_programs.program, range(1000))
    assert any(fuzz.difference(source) is not None for source in sources if needed in source)


def warned(patch):
    """Whether the check of one of some programs tells of a difference."""
    patch.setattr(fuzz, "CHECKS", ("always",))
    differences = [fuzz.difference(python_programs.program(seed)) for seed in range(30)]
    return any("its program gave" in x.warning for x in differences if x is not None)


@pytest.mark.parametrize("mistake", [without_guards, other_numbers])
def test_a_check_tells_of_a_mistake(mistake, monkeypatch):
    """It must say so: the function's numbers count then, and they are right."""
    mistake(monkeypatch)
    assert warned(monkeypatch)


def test_a_check_that_compares_nothing_is_noticed(monkeypatch):
    other_numbers(monkeypatch)
    monkeypatch.setattr(function, "difference", lambda *_: "")
    assert not warned(monkeypatch)


# ------------------------------------------------------------------ a failure is shown

PROGRAM = """\
unused = [1.0, 2.0]

def other(x):
    return x

def f(x, y):
    z = other(y) * 2
    if x > 1.0:
        z = z + x
    return [z, 1.0]

f(0.5, 1.0)
unused = 3.0
f(0.5, 2.0)
f(2.0, 2.0)
f(2.0, 3.0)
"""


def made_smaller():
    with pytest.MonkeyPatch.context() as patch:
        without_guards(patch)
        found = fuzz.difference(PROGRAM)
        assert (found.world, found.call) == ("never", 3)
        return fuzz.minimal(PROGRAM, "interpret", found)


@pytest.mark.once
def test_a_failing_program_is_made_smaller(python):
    """In a process of its own: it forks for each program that it tries, with all that is loaded."""
    script = python("-c", f"from {__name__} import made_smaller; print(made_smaller())")
    assert "unused" not in script
    assert "other" not in script
    assert len(script.splitlines()) < 30


def test_the_script_shows_the_difference(tmp_path, python, monkeypatch):
    with monkeypatch.context() as patch:
        without_guards(patch)
        script = fuzz.script(PROGRAM, "interpret", fuzz.difference(PROGRAM))
    path = tmp_path / "script.py"
    path.write_text(script)
    assert python(str(path)) == python(str(path), "eager")
    assert "# at call 3:" in script
    assert python(str(path)).splitlines() == [
        "[2.0, 1.0]",
        "[4.0, 1.0]",
        "[6.0, 1.0]",
        "[8.0, 1.0]",
    ]
