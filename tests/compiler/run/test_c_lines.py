"""Lines of C."""

from autograd_lite.compiler.run.c_lines import counting


def test_a_loop_counts_from_0_to_its_size():
    assert counting("i0", 12) == "for (long i0 = 0; i0 < 12; i0++) {"
