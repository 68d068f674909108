"""What a recording costs, counted in steps."""

import nn
from autograd_lite import compile
from autograd_lite.compiler import captures


def test_parameters_are_not_looked_into_one_by_one(monkeypatch):
    looks = []
    followed = captures._followed
    monkeypatch.setattr(captures, "_followed", lambda thing: looks.append(thing) or followed(thing))
    model = nn.Linear(20, 20, rng=0)
    compile(lambda x: model(x))([1.0] * 20)
    assert len(looks) < 100


def test_a_parameter_with_a_state_of_its_own_is_looked_into():
    class Scaled(nn.Parameter):
        __slots__ = ("scale",)

    weights = [Scaled(1.0), Scaled(2.0)]
    for w in weights:
        w.scale = 1.0
    f = compile(lambda x: sum(w * w.scale * x for w in weights))
    assert f(1.0).data == 3.0
    weights[1].scale = 10.0
    assert f(1.0).data == 21.0
