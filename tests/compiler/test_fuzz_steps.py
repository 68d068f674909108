"""Random training programs, by `fuzz_steps.py`: whole steps, compiled, do what they do eagerly."""

import os
from collections import Counter

import pytest

from autograd_lite.compiler.places import Places
from autograd_lite.compiler.record.ledger import Ledger
from autograd_lite.compiler.tape.interpreter import Interpreter
from tests.compiler import fuzz_steps as fuzz
from tests.support import step_programs

PROGRAMS = {"long": 20_000, "quick": 60}.get(os.environ.get("HYPOTHESIS_PROFILE", ""), 500)
PARTS = min(10, PROGRAMS // 30)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_compiled_step_does_what_the_step_does(part):
    counts = Counter()
    size = PROGRAMS // PARTS
    for seed in range(part * size, (part + 1) * size):  # neighbours: some for each executor
        source, executor = step_programs.program(seed), fuzz.executor_of(seed)
        found = fuzz.difference(source, executor, counts)
        if found is not None:
            pytest.fail(f"seed {seed}\n{fuzz.minimal(source, executor, found)}")
    assert counts["gives"] > 10 * counts["raises"]
    assert counts["interrupted, nothing has changed"] > 0
    for check in fuzz.CHECKS:  # steps are recorded, and mostly replayed
        recordings = counts[f"recordings {check}"]
        assert PROGRAMS / PARTS < recordings < counts["gives"] / 10


# ------------------------------------------------------------------ what is wrong is found


def nothing_is_written(patch):
    patch.setattr(Places, "write", lambda self, numbers, start=0: None)


def the_old_state_is_read(patch):
    """The state of the recording is that of every run."""
    right = Places.read

    def wrong(self):
        if not hasattr(self, "first"):
            self.first = right(self)
        return self.first[:]

    patch.setattr(Places, "read", wrong)


def gradients_are_not_accumulated(patch):
    right = Ledger.gradient

    def wrong(self, node):
        right(self, node)
        return 0.0

    patch.setattr(Ledger, "gradient", wrong)


def other_numbers(patch):
    right = Interpreter.forward

    def wrong(*args):
        run = right(*args)
        for i in range(len(run.outputs)):
            run.outputs[i] *= 1 + 1e-5
        return run

    patch.setattr(Interpreter, "forward", wrong)


def exceptions_leave_halves(patch):
    patch.setattr(Ledger, "undo", lambda self: None)


# Each with what the programs have in which it can show: others would only take time.
MISTAKES = [
    (nothing_is_written, ""),
    (the_old_state_is_read, ""),
    (gradients_are_not_accumulated, ""),
    (other_numbers, ""),
    (exceptions_leave_halves, "raise Trouble"),
]


@pytest.mark.parametrize(("mistake", "needed"), MISTAKES)
def test_a_mistake_in_steps_is_found(mistake, needed, monkeypatch):
    mistake(monkeypatch)
    sources = map(step_programs.program, range(300))
    assert any(fuzz.difference(source) is not None for source in sources if needed in source)


PROGRAM = """\
from autograd_lite import Value
ps = [Value(0.5), Value(1.0)]
unused = 1.0

@compiled
def step(x):
    loss = (ps[0] * x - 1.0) ** 2
    loss.backward()
    for p in ps:
        p.data -= 0.1 * p.grad
    return loss

step(1.0)
unused = 2.0
step(2.0)
step(0.5)
"""


def made_smaller():
    with pytest.MonkeyPatch.context() as patch:
        other_numbers(patch)
        patch.setattr(fuzz, "CHECKS", ("never",))
        found = fuzz.difference(PROGRAM)
        assert found.world == "never"
        assert found.statement == "step(2.0)"
        return fuzz.minimal(PROGRAM, "interpret", found)


@pytest.mark.once
def test_a_failing_program_is_made_smaller_and_its_script_shows_the_difference(tmp_path, python):
    """In a process of its own: it forks for each program that it tries, with all that is loaded."""
    script = python("-c", f"from {__name__} import made_smaller; print(made_smaller())")
    assert "unused" not in script
    assert "# after step(" in script
    path = tmp_path / "script.py"
    path.write_text(script)
    assert python(str(path)) == python(str(path), "eager")
    assert python(str(path)).startswith("[(")
