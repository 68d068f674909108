"""A call while programs are tried for it."""

from types import SimpleNamespace

from autograd_lite.compiler.call import Call


def test_the_random_numbers_before_a_decision_that_turned_are_drawn_once():
    call = Call(None, None, (), {})
    call.turned(SimpleNamespace(draws=2), [0.1, 0.2, 0.3])
    assert (call.drawn, call.failed.draws) == ([0.1, 0.2], 2)
    call.turned(SimpleNamespace(draws=1), [0.1, 0.2, 0.4])
    assert (call.drawn, call.failed.draws) == ([0.1, 0.2], 1)
