"""Models, variables and functions that a function reads are recorded anew when exchanged."""

import types

import pytest

import autograd_lite as ag
from autograd_lite import Value, compile
from autograd_lite.compiler.signature import FREE_PER_SIGNATURE
from tests.support.agreement import outcome
from tests.support.networks import Box


def exchange_in_a_list(box):
    box.w[0] = Value(7.0)


def exchange_an_attribute(box):
    box.w = [Value(7.0), Value(1.0)]


def append(x, cache):
    cache.append(x)
    return ag.sum(cache)


def longer(box):
    box.w.append(Value(7.0))


def a_flag(box):
    box.double = True


@pytest.mark.parametrize("change", [exchange_in_a_list, exchange_an_attribute, longer, a_flag])
def test_an_exchanged_parameter_or_flag_is_recorded_anew(change):
    box = Box()
    f = compile(lambda x: box(x) + 1)
    assert f(2.0).data == box(2.0).data + 1
    change(box)
    assert f(2.0).data == box(2.0).data + 1
    assert f.recordings == 2


def test_flags_may_go_back_and_forth():
    box = Box()
    f = compile(lambda x: box(x))
    for double in (False, True, False, True):
        box.double = double
        assert f(2.0).data == box(2.0).data
    assert f.recordings == 2


def test_models_that_are_exchanged_again_and_again_are_recorded_and_forgotten():
    f = compile(lambda x: box(x))
    for _ in range(3 * FREE_PER_SIGNATURE):
        box = Box()
        assert [f(x).data for x in (2.0, 3.0) * 4] == [10.0, 15.0] * 4
    assert (f.recordings, len(f.programs())) == (3 * FREE_PER_SIGNATURE, FREE_PER_SIGNATURE)


def test_a_state_of_its_own_makes_it_eager_with_a_warning():
    """The function runs once a call, whether it is recorded or not."""
    box = Box()
    box.calls = 0

    def f(x):
        box.calls += 1
        return box(x) * box.calls

    compiled = compile(f)
    assert outcome(compiled, [2.0], box.w) == [10.0, 2.0, 2.0]
    with pytest.warns(RuntimeWarning, match="each call changes the variable box.calls"):
        assert outcome(compiled, [2.0], box.w) == [20.0, 4.0, 4.0]
    assert outcome(compiled, [2.0], box.w) == [30.0, 6.0, 6.0]
    assert box.calls == 3


def test_a_cache_that_the_first_call_fills_is_no_state():
    box = Box()

    def f(x):
        box.cache = getattr(box, "cache", None) or tuple(box.w)
        return box(x)

    compiled = compile(f)
    assert [compiled(x).data for x in (1.0, 2.0)] == [5.0, 10.0]
    assert compiled.recordings == 1


def test_a_rebound_variable_is_recorded_anew():
    w = Value(2.0)
    f = compile(lambda x: w * x)
    assert f(3.0).data == 6.0
    w = Value(4.0)
    assert f(3.0).data == 12.0


def test_an_exchanged_attribute_of_a_module_is_recorded_anew():
    settings = types.ModuleType("settings")
    settings.w, settings.own = Value(2.0), settings  # which leads to itself
    f = compile(lambda x: settings.own.w * x)
    assert f(3.0).data == 6.0
    settings.w = Value(4.0)
    assert f(3.0).data == 12.0


def test_what_a_compiled_function_within_another_reads_is_checked():
    w = Value(2.0)
    scaled = compile(lambda x: w * x)
    f = compile(lambda x: scaled(x) + 1)
    assert f(3.0).data == 7.0
    w = Value(4.0)
    assert f(3.0).data == 13.0


def test_a_model_as_an_argument_and_methods():
    class Model(Box):
        @compile
        def loss(self, x):
            return self(x)

    one, other = Model(), Model()
    other.w[0].data = 10.0
    for _ in range(2):
        assert one.loss(2.0).data == one(2.0).data
        assert other.loss(2.0).data == other(2.0).data
    f = compile(lambda model, x: model(x))
    assert (f(one, 2.0).data, f(other, 2.0).data) == (one(2.0).data, other(2.0).data)
