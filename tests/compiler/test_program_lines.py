"""The lines of the user that made what stayed scalar, as explain() shows them."""

import random
import re
from pathlib import Path

import autograd_lite as ag
from autograd_lite import Value, compile, vmap
from autograd_lite.compiler import program as programs

W = [Value(0.5)]


@ag.operation(lambda x, out: 3 * x**2)
def stays_scalar(x):
    return x**3


def text_of(function, *args, executor="auto"):
    compiled = compile(function, executor=executor)
    compiled(*args)
    return compiled.explain()


def test_the_lines_of_what_stayed_scalar():
    def function(xs):
        return sum(
            stays_scalar(x * W[0])  # this is the line
            for x in xs
        )

    text = text_of(function, [0.5, 1.5, 2.5])
    found = re.findall(r"3 times stays_scalar.*\n.*\n.*", text)
    assert len(found) == 1  # its partials are made with it
    assert "one by one, as it is in Python" in found[0]
    here = Path(__file__).name
    assert re.search(rf"{here}:\d+\n +stays_scalar\(x \* W\[0\]\)  # this is the line$", found[0])


def test_it_is_recorded_again_only_where_something_stayed_scalar(monkeypatch):
    recorded = []
    monkeypatch.setattr(programs, "record", lambda *_, **__: recorded.append(1))
    text = text_of(lambda xs: sum(x * x for x in xs), [0.5] * 10, executor="numpy")
    assert "not on views" not in text
    assert recorded == []
    text_of(lambda xs: sum(stays_scalar(x) for x in xs), [0.5] * 10, executor="numpy")
    assert recorded == [1]


def test_the_lines_that_keep_a_program_with_the_interpreter():
    def function(x):
        for _ in range(50):
            x = ag.tanh(x * W[0])  # one after the other
        return x

    text = text_of(function, 0.5)
    found = re.search(
        r"node by node: arrays take longer, with (\d+) operations for (\d+) scalars", text
    )
    assert found
    assert int(found[2]) == 102
    counts = map(int, re.findall(r"ward: (\d+) operation", text))
    assert int(found[1]) == sum(counts)
    assert re.search(
        r" \d\d\d instructions for .*:\d+\n +x = ag.tanh.*  # one after the other", text
    )
    assert text_of(function, 0.5, executor="interpret").endswith("node by node")


def test_the_lines_are_left_out_where_the_function_does_something_else_by_now():
    def function(xs):
        return sum(stays_scalar(x) if switch else x for x in xs)

    switch = True
    compiled = compile(function)
    compiled([0.5, 1.5])
    switch = False
    text = compiled.explain()
    assert "2 times stays_scalar" in text
    assert "switch" not in text


def test_random_numbers_are_not_drawn_for_the_lines():
    compiled = compile(lambda xs: sum(stays_scalar(x * ag.sample(random.random)) for x in xs))
    compiled([0.5, 1.5])
    state = random.getstate()
    assert "for x in xs" in compiled.explain()
    assert random.getstate() == state
    assert "xs * drawn" in compiled.explain() or "drawn * xs" in compiled.explain()


def test_the_lines_of_a_batch():
    batched = vmap(lambda x: stays_scalar(x * W[0]))
    batched([1.0, 2.0, 3.0])
    assert re.search(r"3 times stays_scalar.*\n.*\n +batched = vmap\(lambda", batched.explain())
