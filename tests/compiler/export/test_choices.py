"""What indices choose: rows of tables, and entries of rows."""

import numpy as np
import pytest

from autograd_lite.compiler.export.choices import choice
from autograd_lite.compiler.export.expressions import name
from autograd_lite.compiler.export.numpy import DIALECT
from autograd_lite.compiler.export.python import Printer


def chosen(shape, places, positions, ids):
    """The text of a choice, and what it gives."""
    tables = {}

    def ints(table):
        known = f"TABLE{len(tables)}"
        tables[known] = table
        return name(known, table.shape)

    x, ids = np.arange(float(np.prod(shape))).reshape(shape), np.array(ids)
    found = choice(name("x", shape), places, name("ids", ids.shape), positions, ints)
    text = Printer(DIALECT).text(found)
    return text, eval(text, {"np": np, "x": x, "ids": ids, **tables})


IDS = [2, 0, 2, 1]


@pytest.mark.parametrize(
    ("places", "positions", "start"),
    [
        # rows of a table of three by two
        (np.add.outer([0, 1] * 4, 2 * np.arange(3)), np.repeat(range(4), 2), "x[ids]"),
        # of each of four rows of three an entry
        (np.add.outer(3 * np.arange(4), np.arange(3)), np.arange(4), "x[TABLE0, ids]"),
        # the same again
        (np.add.outer([0, 3, 0, 3], np.arange(3)), np.array([0, 1, 0, 1]), "x["),
        # what is not regular
        (np.array([[5, 0, 7], [1, 1, 2], [3, 9, 4], [8, 8, 0]]), np.arange(4), "x.reshape(12)"),
    ],
)
def test_the_elements_that_indices_choose(places, positions, start):
    shape = (3, 2) if start == "x[ids]" else (4, 3)
    text, value = chosen(shape, places, positions, IDS)
    expected = [row[IDS[k]] for row, k in zip(places, positions, strict=True)]
    assert value.ravel().tolist() == expected
    assert text.startswith(start)
