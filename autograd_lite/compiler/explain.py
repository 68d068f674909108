"""Reports of a lifted program: `explain()` of a compiled function."""

from __future__ import annotations

from collections import Counter
from functools import cache

from autograd_lite.compiler.messages import counted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeAlias

    from autograd_lite.compiler.choice import ExecutorChoice
    from autograd_lite.compiler.lift import ArrayProgram
    from autograd_lite.compiler.lift.names import Array
    from autograd_lite.compiler.lift.words import Step

    Passes: TypeAlias = tuple[list[Step], list[Step]]

__all__ = ["explain", "explain_choice", "explain_groups", "lines_of_steps"]


def explain(
    program: ArrayProgram,
    passes: Passes,
    calls: tuple[int, int],
    lines: Callable[[], Mapping[int, str]] = dict,
) -> str:
    """The program, a line for each instruction, and what is no operation on arrays.

    passes  its steps forward and backward, as `program.steps` gives them
    calls   numbers of operations of a run, and of its gradient
    lines   function that gives {node of the tape: line of the user's code that made it}
    """
    text = [f"{counted(len(program.tape), 'scalar')}, {len(program.leaves)} of them leaves"]
    for title, n, steps in zip(("forward", "backward"), calls, passes, strict=True):
        text += ["", f"{title}: {counted(n, 'operation')}"]
        text += [f"    {step.text}" for step in steps if step.text]
    every = [*passes[0], *passes[1]]
    if any(step.irregular for step in every):
        text += ["", "not on views of the memory:"]
        for step, line in zip(every, lines_of_steps(every, lines()), strict=True):
            if step.irregular:
                parts = [f"        {part.strip()}" for part in line.splitlines()]
                text += [f"    {step.irregular}", *parts]
    return "\n".join(text)


def explain_choice(
    choice: ExecutorChoice,
    names: Mapping[range, str],
    lines: Callable[[], Mapping[int, str]],
) -> str:
    """`explain` of the lifted program, and which executor runs it."""
    if choice.tape.blocks:
        names_of_blocks = ", ".join(dict.fromkeys(block.name for block in choice.tape.blocks))
        return (
            f"{counted(len(choice.tape), 'scalar')}\n\nrun by the interpreter, node by node: "
            f"{names_of_blocks} is no operation on arrays"
        )
    lifted, lines = choice.lifted(), cache(lines)
    program, calls = lifted.program, lifted.calls
    passes = program.steps(names)
    text = explain(program, passes, calls, lines)
    if choice.kind == "c":
        return f"{text}\n\nrun in C that was compiled for these operations"
    if choice.kind != "interpret":
        return f"{text}\n\nrun by these operations"
    text += "\n\nrun by the interpreter, node by node"
    if not choice.automatic:
        return text
    return f"{text}: {explain_groups(program, passes, sum(calls), lines())}"


def explain_groups(
    program: ArrayProgram, passes: Passes, calls: int, lines: Mapping[int, str]
) -> str:
    """Why arrays are not worth their while, and which lines make most of their instructions.

    passes  steps of the program forward and backward
    calls   number of operations of a run and of its gradient
    """
    where = Counter(lines_of_steps([*passes[0], *passes[1]], lines))
    del where[""]
    scalars = counted(len(program.tape), "scalar")
    text = [f"arrays take longer, with {counted(calls, 'operation')} for {scalars}"]
    for line, count in where.most_common(3):
        first, *others = [part.strip() for part in line.splitlines()]
        text += [
            f"    {counted(count, 'instruction')} for {first}",
            *(f"        {part}" for part in others),
        ]
    return "\n".join(text)


def lines_of_steps(steps: Iterable[Step], lines: Mapping[int, str]) -> list[str]:
    """The line that made a node which each step computes, or prepares, or else reads; or "".

    lines  {node of the tape: line of the user's code that made it}
    """

    def first(arrays: Iterable[Array]) -> str:
        return next((lines[array.node] for array in arrays if array.node in lines), "")

    prepared: dict[Array, str] = {}  # of an array that others read, a line of the first of these
    for step in steps:
        line = first(step.writes)
        for array in step.reads if line else ():
            prepared.setdefault(array, line)
    return [
        first(step.writes)
        or next((prepared[array] for array in step.writes if array in prepared), "")
        or first(step.reads)
        for step in steps
    ]
