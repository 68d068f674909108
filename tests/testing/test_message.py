"""The message of a failed check: what was compared, where it parts, and how to reproduce it."""

from autograd_lite import Value
from autograd_lite.testing.locate import Fault
from autograd_lite.testing.message import SHOWN, error_message
from autograd_lite.testing.report import Finding


def message(names=("x",), numbers=(2.0,), **found):
    finding = {
        "output": "f", "by": names[0], "reverse": 3.0, "differences": 2.0, "error": 1e-9,
        "against": "central difference", "when": "", "root": None, "inputs": {}, "fault": None,
    }  # fmt: skip
    return error_message(
        message,
        Finding(**{**finding, **found}),
        names=names,
        numbers=numbers,
        tolerance=1e-6,
        checked="reverse mode",
        code="    check_grad(f)",
    )


def test_what_was_compared():
    lines = message().splitlines()
    assert lines[0] == "wrong derivative d f / d x"
    assert lines[2].split(maxsplit=1)[1].startswith(f"message ({__file__}:")
    assert lines[3].split() == ["input", "x", "=", "2.0"]
    assert lines[4].split() == ["reverse", "mode", "3.0"]
    assert lines[5].split() == ["central", "difference", "2.0", "±", "1e-09"]
    assert lines[6].split() == ["relative", "error", "0.4"]
    assert lines[7].endswith("1e-06, and they are 1 apart")
    assert lines[-1] == "    check_grad(f)"


def test_a_result_without_a_gradient():
    assert "first apart at      the result, a number that carries no gradient" in message()


def test_the_node_and_what_is_wrong_with_it():
    x = Value(3.0)
    product = x * Value(5.0, label="w")
    product.label = "y"
    text = message(root=product, inputs={x: "x"}, fault=Fault(product, "it is odd"))
    assert "first apart at      y = *(x = 3.0, w = 5.0) = 15.0\n" in text
    assert "it is odd" in text
    assert "the leaf x = 3.0" in message(root=x, inputs={x: "x"}, fault=Fault(x, ""))


def test_of_many_inputs_the_one_is_shown():
    names = [f"x[{i}]" for i in range(SHOWN + 5)]
    text = message(names, [0.5] * len(names), by="x[3]")
    assert f"x[3] = 0.5, and {len(names) - 1} more" in text
    text = message(names, [0.5] * len(names), by="a direction")
    assert f"x[{SHOWN - 1}] = 0.5, and 5 more" in text


def test_the_use_that_shows_the_error():
    assert "wrong derivative d f / d x when it runs twice\n" in message(when="it runs twice")
