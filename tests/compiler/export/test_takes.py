"""What is taken by indices and added at them, and masks of padding."""

import numpy as np

import autograd_lite as al
from autograd_lite import Value
from autograd_lite import take as taken
from autograd_lite.compiler.export.takes import Takes
from tests.compiler.export.test_numpy import run
from tests.support.array_exports import MADE


def test_a_mask_has_the_axes_along_which_it_differs():
    arrays = Takes(1, np.zeros(1, int), [])
    lower = np.tri(4, dtype=bool)
    found = arrays._mask(np.broadcast_to(lower[:, None], (4, 3, 4)))
    assert (found.op, found.shape, arrays.tables) == ("index", (4, 1, 4), {})
    assert arrays._mask(np.broadcast_to(lower, (3, 4, 4))).op == "lower"
    rows = np.array([True, False, True])
    assert arrays._mask(np.broadcast_to(rows[:, None], (3, 5))).shape == (3, 1)
    assert arrays.tables["MASK"].tolist() == rows.tolist()


def test_each_argument_takes_and_adds_what_is_its_own():
    p = [Value(0.5 * k) for k in range(5)]
    source = al.export(lambda i, j: taken(p, i) * taken(p, j) * taken(p, i), "numpy", 1, 2)
    _, gradients = run(source)["function_and_grad"](source.parameters(), 3, 3)
    assert gradients["p"].tolist() == [0.0, 0.0, 0.0, 3 * 1.5**2, 0.0]


def test_rows_of_which_each_has_its_own_entry_keep_their_shape():
    function, args = MADE["bigrams"]()
    assert "np.zeros((n, 5))\n    np.add.at(" in al.export(function, "numpy", *args).text
