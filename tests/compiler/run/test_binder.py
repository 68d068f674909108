"""Groups as calls of NumPy, on views of the memory."""

import numpy as np
import pytest

from autograd_lite.compiler.run import native
from tests.support.lifting import Lifted
from tests.support.scalar_programs import KINDS, program


@pytest.mark.parametrize("seed", range(3 * len(KINDS)))
def test_no_operation_reads_what_it_writes_but_element_by_element(monkeypatch, seed):
    """NumPy would copy operands that overlap with the target; C would not."""
    monkeypatch.setattr(native, "IN_C", False)
    function, args = program(seed)
    space = Lifted(function, *args).arrays.workspace()
    for name, out, operands in space.forward_calls + space.backward_calls:
        if name in ("put", "add.at", "take"):  # of all of the memory: see plan/check.py
            continue
        for x in operands:
            if np.shares_memory(x, out):
                assert name not in ("matmul", "add.reduce", "maximum.reduce")
                assert (x.ctypes.data, x.strides) == (out.ctypes.data, out.strides)


@pytest.mark.parametrize("seed", range(2 * len(KINDS)))
def test_without_c_all_is_left_to_numpy(monkeypatch, seed):
    monkeypatch.setattr(native, "IN_C", False)
    function, args = program(seed)
    assert Lifted(function, *args).agrees()
