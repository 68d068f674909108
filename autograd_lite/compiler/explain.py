"""Reports of a lifted program: `explain()` of a compiled function."""

from __future__ import annotations

from collections import Counter
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from autograd_lite.compiler.choice import ExecutorChoice
    from autograd_lite.compiler.lift import ArrayProgram
    from autograd_lite.compiler.lift.names import Array
    from autograd_lite.compiler.lift.words import Step

__all__ = ["explain", "explain_choice", "explain_groups", "lines_of_steps"]


def explain(
    program: ArrayProgram,
    calls: tuple[int, int],
    names: Mapping[range, str] = {},
    lines: Callable[[], Mapping[int, str]] = dict,
) -> str:
    """The program, a line for each instruction, and what is no operation on arrays.

    calls  numbers of operations of a run, and of its gradient
    names  {range of slots: name of the leaves in it}
    lines  function that gives {node of the tape: line of the user's code that made it}
    """
    passes = program.steps(names)
    scalars = len(program.tape)
    text = [f"{scalars} scalar{'s' * (scalars != 1)}, {len(program.leaves)} of them leaves"]
    for title, n, steps in zip(("forward", "backward"), calls, passes, strict=True):
        text += ["", f"{title}: {n} operation{'s' * (n != 1)}"]
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
    lifted, lines = choice.lifted(), cache(lines)
    text = explain(lifted.program, lifted.calls, names, lines)
    if choice.executor is not choice.interpreter:
        return f"{text}\n\nrun by these operations"
    text += "\n\nrun by the interpreter, node by node"
    if not choice.automatic:
        return text
    return f"{text}: {explain_groups(lifted.program, sum(lifted.calls), lines())}"


def explain_groups(program: ArrayProgram, calls: int, lines: Mapping[int, str]) -> str:
    """Why arrays are not worth their while, and which lines make most of their instructions.

    calls  number of operations of a run and of its gradient
    """
    passes = program.steps()
    every = [*passes[0], *passes[1]]
    where = Counter(lines_of_steps(every, lines))
    del where[""]
    scalars = len(program.tape)
    text = [
        "arrays take longer, with "
        f"{calls} operation{'s' * (calls != 1)} for {scalars} scalar{'s' * (scalars != 1)}"
    ]
    for line, count in where.most_common(3):
        first, *others = [part.strip() for part in line.splitlines()]
        text += [
            f"    {count} instruction{'s' * (count != 1)} for {first}",
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
