"""Where in the user's code the nodes of a program are made.

To note that at every recording would cost as much as the recording. So a function is recorded once
more when somebody asks.
"""

from __future__ import annotations

import numpy as np

from autograd_lite.anomaly import user_line
from autograd_lite.compiler.program import Program
from autograd_lite.compiler.record.flatten import FlatArguments
from autograd_lite.compiler.record.recorder import Recorder, record
from autograd_lite.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["lines_of"]


class _LineRecorder(Recorder):
    def made(self, node: Value) -> None:
        super().made(node)
        self.recording.lines.append((node, user_line()))


def lines_of(function: Callable[..., Any], program: Program) -> dict[int, str]:
    """The line that made each node of a program's tape; {} if the function does something else now.

    Calls the function with the numbers that it was recorded with.
    """
    flat = FlatArguments()
    flat.shape, flat.statics, flat.floats, flat.integers, drawn = program.example
    try:
        recording = record(function, flat, (), drawn, _LineRecorder)
        again = Program(recording, program.captured, flat, program.name, "interpret")
    except Exception:  # the lines are an extra; what it raises, the next call raises as well
        return {}
    same = all(
        np.array_equal(getattr(again.tape, column), getattr(program.tape, column))
        for column in ("codes", "parents")
    )
    return again.lines if same else {}
