"""JAX sources: values, and the gradients that JAX finds, are those of the engine."""

import numpy as np
import pytest

import autograd_lite as al
from tests.support.array_exports import MADE

pytest.importorskip("jax")
SOME = ["softmax", "recurrent"]


def compare(name):
    """Export a program, which compares value and gradients to 1e-9, and read how far they are."""
    function, args = MADE[name]()
    source = al.export(function, "jax", *args, name="f")
    lines = [line for line in source.text.splitlines() if line.startswith(("import", "from"))]
    assert lines == ["import jax", "import jax.numpy as jnp"]
    found = source.exported.reference[0]
    assert np.isfinite(found.results[0])
    assert "Checked when it was made: run by JAX" in source.text.replace("\n", " ")
    return source.text


@pytest.mark.slow
@pytest.mark.parametrize("name", SOME)
def test_values_and_gradients(name):
    text = compare(name)
    assert ("jax.lax.fori_loop(" in text) == (name == "recurrent")


@pytest.mark.full
@pytest.mark.parametrize("name", [name for name in MADE if name not in SOME])
def test_values_and_gradients_of_all(name):
    compare(name)
