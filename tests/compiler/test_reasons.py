"""What the warnings say of a function that cannot be recorded, or is recorded too often."""

from types import SimpleNamespace

import pytest

from autograd_lite.compiler.call import Call
from autograd_lite.compiler.reasons import failure, other_statics, so_many_programs
from autograd_lite.compiler.record.flatten import flatten_call
from autograd_lite.compiler.record.guards import Guard
from autograd_lite.compiler.signature import Signature


def call_of(*args):
    return Call(Signature(), flatten_call(args, {}, ()), args, {})


def guard(op, integer=False):
    return Guard(op, True, 0, (__file__, 1), integer)


@pytest.mark.parametrize(
    ("failed", "instead"),
    [
        (guard("is", integer=True), "Write take(table, i)"),
        (guard("is"), "Write autograd_lite.exp for math.exp"),
        (guard("=="), "Decide it outside"),
        (guard("<"), "Write where(x > y, a, b)"),
    ],
)
def test_a_decision_with_many_ways(failed, instead):
    call = call_of(1.0)
    call.failed = failed
    what, place, line, advice = so_many_programs(call).splitlines()
    assert what.endswith("different ways through its decisions on numbers, such as this one:")
    assert (place.strip(), line.strip()) == (f"{__file__}:1", f'"""{__doc__}"""')
    assert advice.startswith(instead)


@pytest.mark.parametrize(
    ("changed", "says"), [("the variable w", "such as the variable w"), ("", "out of range")]
)
def test_state_that_changes(changed, says):
    call = call_of(1.0)
    assert so_many_programs(call) == ""
    state = SimpleNamespace(changed=lambda: changed)
    call.signature.programs = [SimpleNamespace(captured=state)]
    assert says in so_many_programs(call)


@pytest.mark.parametrize(
    ("thing", "other", "says"),
    [
        (1, 2, "different values of n (of type int)"),
        ("a", "b", "different values of n (of type str)"),
        (True, False, "Pass 1 for True and 0 for False"),
    ],
)
def test_statics_that_differ(thing, other, says):
    def function(x, n):
        return x

    calls = call_of(1.0, thing), call_of(1.0, other)
    known = [(call.flat.shape.tobytes(), tuple(call.flat.statics)) for call in calls]
    assert says in other_statics(function, calls[0], known, [])
    assert "Pad them to a few lengths" in other_statics(function, calls[0], known[:1], [])
    asked = other_statics(function, calls[0], known, [guard("is")])
    assert (f"{__file__}:1" in asked) == (thing == 1 and thing is not True)


def test_what_fails_on_tracers():
    assert failure(KeyError("k")).startswith("it fails on what stands for the numbers")
    assert "autograd_lite.exp" in failure(TypeError("math's functions take numbers"))
