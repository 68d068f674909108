"""Lines: what makes them few changes no number."""

from autograd_lite.compiler.export.expressions import (
    Cut,
    Expression,
    index,
    name,
    number,
    operation,
    reshape,
    transpose,
)
from autograd_lite.compiler.export.lines import Assign, For, assigns, renamed, tidied, with_copies
from autograd_lite.compiler.export.numpy import DIALECT
from autograd_lite.compiler.export.python import Printer

printer = Printer(DIALECT)
x, y, z, w = (name(known, (3,)) for known in "xyzw")
ROW = Cut(1, 2, 1, 3)


def texts(lines):
    return [line.strip() for line in printer.lines(lines)]


def tidy(lines, *needed):
    return texts(tidied(lines, needed, lambda e: len(printer.text(e))))


def test_what_is_added_is_a_term():
    lines = [Assign(z, operation("*", x, y)), Assign(z, w, "+="), Assign(z, x, "-=")]
    assert tidy(lines, "z") == ["z = x * y + w - x"]


def test_nothing_is_merged_over_a_read():
    lines = [Assign(z, x), Assign(w, operation("exp", z)), Assign(z, y, "+=")]
    assert tidy(lines, "z", "w") == ["z = x", "w = np.exp(z)", "z += y"]


def test_a_name_that_is_used_once_gives_way():
    lines = [Assign(z, operation("*", x, y)), Assign(w, operation("exp", z))]
    assert tidy(lines, "w") == ["w = np.exp(x * y)"]
    assert tidy(lines, "w", "z") == ["z = x * y", "w = np.exp(z)"]


def test_a_name_stays_where_what_it_is_made_of_changes():
    part = index(x, (ROW,))
    lines = [
        Assign(z, operation("exp", x)),
        Assign(part, number(0.0)),
        Assign(w, operation("*", number(2.0), z)),
    ]
    assert tidy(lines, "w", "x") == ["z = np.exp(x)", "x[1:] = 0", "w = 2 * z"]


def test_what_nobody_reads_goes():
    assert tidy([Assign(z, x), Assign(z, y, "+="), Assign(w, y)], "w") == ["w = y"]


def test_an_array_that_is_written_to_is_no_view():
    lines = [Assign(z, index(name("m", (2, 3)), (0, Cut(0, 3, 1, 3)))), Assign(z, x, "+=")]
    assert texts(with_copies(lines, [])) == ["z = m[0].copy()", "z += x"]
    assert texts(with_copies(lines[:1], [])) == ["z = m[0]"]
    assert texts(with_copies(lines[:1], ["z"])) == ["z = m[0].copy()"]


def test_an_array_that_is_written_to_in_another_shape_lies_row_after_row():
    z, x, y = name("z", (2, 3)), name("x", (3, 2)), name("y", (2, 3))
    write = Assign(reshape(z, (6,)), name("w", (6,)), "+=")
    turned = Assign(z, transpose(operation("exp", x), (1, 0)))
    assert texts(with_copies([turned, write], [])) == [
        "z = np.exp(x).T.copy()",
        "z.reshape(6) += w",
    ]
    assert texts(with_copies([turned, Assign(z, y, "+=")], [])) == ["z = np.exp(x).T", "z += y"]
    product = Assign(z, Expression("matmul", (transpose(x, (1, 0)), name("v", (3, 3))), (), (2, 3)))
    assert texts(with_copies([product, write], []))[0] == "z = x.T @ v"


def test_lines_of_a_loop_are_renamed_and_stay():
    zeros = Expression("full", (number(0.0),), (3,), (3,))
    loop = For(3, [Assign(index(z, (1,)), operation("exp", y))])
    lines = renamed([Assign(z, zeros), loop], {"z": "h"})
    assert [it.name for it in assigns(lines)] == ["h", "h"]
    assert texts(lines) == ["h = np.zeros(3)", "for t in range(3):", "h[1] = np.exp(y)"]


def test_what_is_added_to_a_part_is_a_term():
    part = index(z, (ROW,))
    zeros = Expression("full", (number(0.0),), (3,), (3,))
    lines = [Assign(z, zeros), Assign(part, index(x, (ROW,))), Assign(part, index(y, (ROW,)), "+=")]
    assert tidy(lines, "z") == ["z = np.zeros(3)", "z[1:] = x[1:] + y[1:]"]
    lines[2].value = operation("exp", part)
    assert tidy(lines, "z")[1:] == ["z[1:] = x[1:]", "z[1:] += np.exp(z[1:])"]
