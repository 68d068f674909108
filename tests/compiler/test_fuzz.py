"""Random programs, compiled for every executor, against the eager engine and against PyTorch."""

import os

import numpy as np
import pytest

pytest.importorskip("torch")
from autograd_lite import Value, compile
from autograd_lite.compiler.choice import EXECUTORS
from autograd_lite.compiler.run.compiler import command
from autograd_lite.compiler.tape.interpreter import Interpreter
from tests.support.agreement import outcome, parameters_of, values_in
from tests.support.scalar_programs import KINDS, program
from tests.support.torch_rules import outcome_in_torch

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
SEEDS = range(20_000 if LONG else 340)
CALLS = 3  # the first is recorded, the second lifted


def moved(thing, rng, as_values):
    """Arguments like these with other numbers: the floats as Values, or as they are.

    Indices are put into another order.
    """
    if isinstance(thing, (list, tuple)):
        return type(thing)(moved(x, rng, as_values) for x in thing)
    if isinstance(thing, Value):
        return Value(thing.data + 0.5 * rng.normal())
    if isinstance(thing, float):
        x = thing + 0.5 * rng.normal()
        return Value(x) if as_values else x
    return rng.permutation(thing) if isinstance(thing, np.ndarray) else thing


def certain(function, args, parameters, cotangents, rng):
    """Which results and gradients the last digit of the parameters hardly changes.

    Others are lost to rounding anyway, as in sin(exp(40)).
    """
    expected = np.array(outcome(function, args, parameters, cotangents))
    known = np.ones(len(expected), bool)
    numbers = [p.data for p in parameters]
    for _ in range(4):
        for p, x in zip(parameters, numbers, strict=True):
            p.data = x * (1 + 1e-15 * rng.normal())
        change = np.array(outcome(function, args, parameters, cotangents)) - expected
        known &= np.abs(change) < 1e-11 * (1 + np.abs(expected))
    for p, x in zip(parameters, numbers, strict=True):
        p.data = x
    return known


def compared(seed):
    """Runs a program every way; how many results and gradients there are, and how many agree.

    Raises AssertionError where one differs by more than 1e-9.
    """
    function, args = program(seed)
    rng = np.random.default_rng(seed)
    as_values = bool(rng.integers(2))
    parameters = parameters_of(function, args)
    results = len(values_in(function(*args)))
    in_c = command() is not None and (LONG or seed // len(KINDS) % 10 == 0)  # it takes its time
    kinds = [kind for kind in EXECUTORS if in_c or kind != "c"]
    ways = {kind: (outcome, compile(function, executor=kind)) for kind in kinds}
    number = agreeing = 0
    for call in range(CALLS):
        args, cotangents = moved(args, rng, as_values), rng.normal(size=results)
        for p in parameters:
            p.data += 0.25 * rng.normal()
        expected = np.array(outcome(function, args, parameters, cotangents))
        finite = np.isfinite(expected)
        if call == CALLS - 1 and finite.all():
            ways["torch"] = outcome_in_torch, function
        for way, (run, f) in ways.items():
            found = np.array(run(f, args, parameters, cotangents))
            # Terms as large as the largest number may have cancelled, but for their last digits.
            lost = 1e-15 * np.abs(expected[finite]).max(initial=0.0)
            close = np.isclose(found, expected, rtol=1e-9, atol=1e-9 + lost, equal_nan=True)
            if way == "torch":
                close |= np.isnan(found)  # where a zero cotangent meets an infinite partial
            if not close.all():
                known = ~finite | certain(function, args, parameters, cotangents, rng)
                assert close[known].all(), (seed, call, way, found, expected)
            number, agreeing = number + len(close), agreeing + close.sum()
    choices = [each.choice for kind in kinds for each in ways[kind][1].programs()]
    assert not any(choice.mismatched for choice in choices), seed
    lifted = [arrays for choice in choices if (arrays := choice.arrays()) is not None]
    runs, fallbacks = ([getattr(x, name) for x in lifted] for name in ("runs", "fallbacks"))
    return number, agreeing, sum(runs), sum(fallbacks)


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=[kind.__name__ for kind in KINDS])
def test_every_way_to_run_a_program_agrees(kind):
    found = [compared(seed) for seed in SEEDS[kind :: len(KINDS)]]
    number, agreeing, runs, fallbacks = np.sum(found, axis=0)
    assert agreeing > 0.999 * number  # the others are lost to rounding
    assert runs > len(SEEDS) / len(KINDS)  # the lifted programs ran,
    assert fallbacks < 0.02 * runs  # and hardly ever left a run to the interpreter


@pytest.mark.parametrize("name", ["forward", "gradient"])
def test_a_difference_in_the_eighth_digit_is_noticed(name, monkeypatch):
    monkeypatch.delenv("AUTOGRAD_LITE_CHECK", raising=False)
    right = getattr(Interpreter, name)

    def wrong(*args):
        run = right(*args)
        numbers = run.outputs if name == "forward" else run
        numbers[0] *= 1 + 1e-8
        return run

    monkeypatch.setattr(Interpreter, name, wrong)
    with pytest.raises(AssertionError):
        compared(3)  # of one result alone, small calls are made another way
