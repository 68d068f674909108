"""Statements of a loop as steps: what is computed once, what is one step, what is copied."""

from autograd_lite.compiler.lift.instructions import Ref
from autograd_lite.compiler.plan.groups import Loop, Statement
from autograd_lite.compiler.run.lowering import lowered
from autograd_lite.operations.formulas import parse

X, Y, OUT, OTHER = (Ref(100 * i, (1,)) for i in range(4))
INSIDE = Ref(-1, (0,))


def steps(*statements):
    """The functions of the steps, and what they read and write."""
    made = lowered(Loop((8,), list(statements)))
    names = {X: "x", Y: "y", OUT: "out", OTHER: "other"}
    names |= {step: i for i, step in enumerate(made)}
    return [
        (
            step.function,
            *[x if isinstance(x, float) else names[x] for x in step.operands],
            *[f"-> {names[ref]}" for ref in step.stores],
        )
        for step in made
    ]


def statement(out, text, stored=True, add=0, **operands):
    return Statement(out, parse(text), operands, add=add, stored=stored)


def test_what_two_statements_compute_is_computed_once():
    assert steps(statement(OUT, "1 - exp(x)", x=X), statement(OTHER, "exp(x) * 2", x=X)) == [
        ("exp", "x"),
        ("subtract", 1.0, 0, "-> out"),
        ("multiply", 0, 2.0, "-> other"),
    ]


def test_a_number_that_is_not_stored_is_passed_on():
    assert steps(
        statement(INSIDE, "exp(x)", stored=False, x=X), statement(OUT, "x * y", x=INSIDE, y=Y)
    ) == [("exp", "x"), ("multiply", 0, "y", "-> out")]


def test_a_product_and_the_sum_that_alone_reads_it_are_one_step():
    assert steps(statement(OUT, "x * y + 1", x=X, y=Y)) == [
        ("multiply add", "x", "y", 1.0, "-> out")
    ]
    assert steps(statement(OUT, "2 - x * y", x=X, y=Y)) == [
        ("subtract product", "x", "y", 2.0, "-> out")
    ]
    assert steps(statement(OUT, "2 * x - y", x=X, y=Y)) == [
        ("multiply subtract", "x", 2.0, "y", "-> out")
    ]
    momentum = statement(OUT, "0.9 * x + y", x=OUT, y=X)
    assert steps(momentum) == [("multiply add", "out", 0.9, "x", "-> out")]
    twice = steps(statement(OUT, "x * y + 1", x=X, y=Y), statement(OTHER, "exp(x * y)", x=X, y=Y))
    assert [step[0] for step in twice] == ["multiply", "add", "exp"]


def test_a_product_of_what_is_overwritten_is_read_before():
    """It would be read behind the statement that writes it."""
    assert steps(statement(X, "x * y", x=X, y=Y), statement(OUT, "x + 1", x=X)) == [
        ("multiply", "x", "y", "-> x"),
        ("add", 0, 1.0, "-> out"),
    ]
    assert steps(
        statement(INSIDE, "x * y", stored=False, x=X, y=Y),
        statement(X, "y", y=Y),
        statement(OUT, "x + 1", x=INSIDE),
    ) == [
        ("copyto", "x"),
        ("copyto", "y", "-> x"),
        ("multiply add", 0, "y", 1.0, "-> out"),
    ]


def test_a_statement_that_adds_reads_its_target():
    assert steps(statement(OUT, "x", add=1, x=X)) == [("add", "out", "x", "-> out")]
    assert steps(statement(OUT, "x", add=-1, x=X)) == [("subtract", "out", "x", "-> out")]


def test_a_result_that_is_stored_already_is_copied():
    assert steps(statement(OUT, "exp(x)", x=X), statement(OTHER, "exp(x)", x=X)) == [
        ("exp", "x", "-> out"),
        ("copyto", 0, "-> other"),
    ]


def test_sums_and_maxima():
    total = Statement(Ref(300, (0,)), "x", {"x": X}, "sum", (0,), add=-1)
    negative, step = lowered(Loop((8,), [total]))
    assert (negative.function, step.function) == ("negative", "add.reduce")
    assert (step.operands, step.add) == ((negative,), True)
    largest = Statement(Ref(300, (0,)), "x", {"x": X}, "max", (0,))
    (step,) = lowered(Loop((8,), [largest]))
    assert (step.function, step.add) == ("maximum.reduce", False)


def test_a_condition_chooses_between_two_numbers():
    assert steps(statement(OUT, "where(x < 0, exp(x), y)", x=X, y=Y)) == [
        ("exp", "x"),
        ("less", "x", 0.0),
        ("where", 1, 0, "y", "-> out"),
    ]
    for text in ("where(x < 0, 0, 1)", "1 - where(x < 0, 1, 0)"):
        assert steps(statement(OUT, text, x=X)) == [("greater_equal", "x", 0.0, "-> out")]
