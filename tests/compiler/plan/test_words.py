"""Plans as they are read."""

from autograd_lite.compiler.lift.instructions import Contraction, Gather, Ref
from autograd_lite.compiler.plan.groups import Loop, Repeat, Statement
from autograd_lite.compiler.plan.words import in_words


def test_groups_read_as_formulas():
    loop = Loop(
        (2, 3),
        [
            Statement(Ref(-1, (0, 0)), ("*", "x", ("-", 1, "y")),
                      {"x": Ref(4, (-3, 1)), "y": Ref(9, (0, 0))}, stored=False),
            Statement(Ref(20, (1, 0)), "t", {"t": Ref(-1, (0, 0))}, "sum", (1,), -1),
        ],
    )  # fmt: skip
    once = Loop((), [Statement(Ref(9, (2,)), 0.5, {})])
    product = Contraction((2, 2), (3,), Ref(0, (2, 1)), Ref(4, (3, 0, 1)), Ref(40, (0, 3, 1)))
    table = Gather(1, Ref(4, (1,)).addresses(5))
    assert list(in_words([loop, Repeat(7, [once]), product, table])) == [
        "for i < 2, j < 3:",
        "    t1 = m[4 - 3i + j] * (1 - m[9])",
        "    m[20 + i] -= sum over j of t1",
        "repeat t < 7:",
        "    once:",
        "        m[9 + 2t] = 0.5",
        "for i < 2, j < 2, k < 3:",
        "    m[2i + j] = sum over k of m[4 + 3i + k] * m[40 + 3j + k]",
        "Gather of 5 numbers",
    ]
