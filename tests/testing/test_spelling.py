"""Operations as they are written."""

from autograd_lite.operations.rules import CODES, RULES
from autograd_lite.testing.spelling import written


def test_operations_are_written_as_they_are_called():
    assert written(RULES[CODES["pow_c"]], ["x", "2.0"]) == "x ** 2.0"
    assert written(RULES[CODES["dot"]], ["a", "b", "c", "d"]) == "dot([a, b], [c, d])"
    assert written(RULES[CODES["polygamma"]], ["x", "1.0"]) == "polygamma(1, x)"
