"""explain() of a mistake names the first node that differs, and its line."""

import math
import types
import weakref

import pytest

from autograd_lite import Value, compile

W = Value(2.0)
hidden = weakref.WeakValueDictionary()


class Hidden(types.SimpleNamespace):
    """What no name leads to."""


@pytest.fixture
def kept():
    hidden[0] = kept = Hidden(factor=2.0, double=False)
    return kept


def explained(f, change, *args):
    """What the function says of itself after a change that no program sees."""
    f(*args)
    change()
    with pytest.warns(RuntimeWarning, match="explain"):
        f(*args)
    return f.explain()


def test_another_constant(kept):
    @compile
    def f(x):
        y = x * W
        return y * hidden[0].factor + 1  # hidden

    text = explained(f, lambda: setattr(kept, "factor", 3.0), Value(1.0))
    first, _, where, place, line, instead = text.splitlines()
    assert first == (
        "f runs eagerly, as its program gave 5.0 as result, and the function 7.0, at call 2 of the "
        "program"
    )
    assert "makes %3 = constant(3) where the program has %3 = constant(2)" in where
    assert place.startswith(f"  {__file__}:")
    assert line == "    return y * hidden[0].factor + 1  # hidden"
    assert "pass it as an argument" in instead


def test_another_way(kept):
    @compile
    def f(x):
        y = x * W
        if hidden[0].double:
            y = y.exp()  # hidden
        return y

    text = explained(f, lambda: setattr(kept, "double", True), Value(1.0))
    assert "makes %3 = exp(%2) where the program has none" in text
    assert "y = y.exp()  # hidden" in text


def test_what_raises_when_it_is_recorded_again(kept):
    f = compile(lambda x: x * W * hidden[0].factor)

    def change():
        kept.factor = 3.0

    explained(f, change, Value(1.0))
    del kept.factor
    assert "recorded again, it raises AttributeError" in f.explain()


def test_what_has_changed_back(kept):
    f = compile(lambda x: x * W * hidden[0].factor)
    explained(f, lambda: setattr(kept, "factor", 3.0), Value(1.0))
    kept.factor = 2.0
    assert "what differed has changed" in f.explain()


def test_what_a_stand_in_cannot_know(monkeypatch):
    monkeypatch.delenv("AUTOGRAD_LITE_CHECK", raising=False)

    @compile
    def f(x):
        y = x * W
        if type(x) is not Value:
            y = y + 1.0
        return y * 2  # told apart

    text = explained(f, lambda: None, Value(1.0))
    assert "the function computes 4 by '*' where its recording has 6" in text
    assert "return y * 2  # told apart" in text


def test_nothing_is_called_back_when_it_is_explained(kept):
    seen = []

    @compile
    def f(x):
        from autograd_lite import callback

        callback(seen.append, x)
        return x * W * hidden[0].factor

    explained(f, lambda: setattr(kept, "factor", 3.0), Value(1.0))
    assert seen == [1.0] * 2


def test_another_plain_number_as_result(kept):
    def f(x):
        return x * W, hidden[0].factor

    text = explained(compile(f), lambda: setattr(kept, "factor", 3.0), Value(1.0))
    assert "no node differs, but its program gave 2.0 as result[1], and the function 3.0" in text
    assert f"  {__file__}:{f.__code__.co_firstlineno}\n    def f(x):" in text
    assert "pass it as an argument" in text


def test_a_number_that_a_stand_in_cannot_know(monkeypatch):
    monkeypatch.delenv("AUTOGRAD_LITE_CHECK", raising=False)
    f = compile(lambda x: math.sin(x) * (2 if type(x) is float else 1))  # told apart
    text = explained(f, lambda: None, 1.0)
    assert "no node differs, but its recording gave 0.84" in text
    assert "# told apart" in text
