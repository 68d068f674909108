"""A call while programs are tried for it: which random numbers are drawn for it, and when."""

import random

from autograd_lite.compiler.call import Call


def test_the_numbers_before_a_decision_are_used_whatever_draws_them_and_others_if_it_is_the_same():
    call, rng = Call(None, None, (), {}), random.Random(0)
    call.turned(1, [0.1, 0.2, 0.3], [len, rng.random, rng.random])
    assert call.draw(0, lambda: 9.0) == 0.1
    assert call.draw(1, rng.random) == 0.2
    assert call.draw(2, lambda: 9.0) == 9.0
    assert call.draw(3, lambda: 8.0) == 8.0
    call.turned(2, [0.1, 0.2], [len, rng.random])
    assert call.draw(1, lambda: 9.0) == 0.2
    assert call.draw(2, rng.random) == 0.3


def test_a_call_that_goes_on_has_what_was_drawn_and_called():
    call = Call(None, None, (), {})
    call.all_drawn([0.5])
    call.called = 2
    other = Call(None, None, (), {}).begun_as(call)
    assert (other.draw(0, float), other.called) == (0.5, 2)
