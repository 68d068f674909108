"""Random programs: hypothesis strategies of functions that are straight-line code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from hypothesis import assume
from hypothesis import strategies as st

from autograd_lite.operations.rules import OPERATIONS, Rule
from autograd_lite.testing.spelling import call, rule_of, written
from autograd_lite.testing.strategies import below, numbers, numbers_of, smooth

__all__ = ["RandomProgram", "expressions"]


class Step(NamedTuple):
    """One operation: its operands are places among the inputs and earlier steps, or numbers."""

    rule: Rule
    operands: tuple[int | float, ...]

    def places(self) -> list[int]:
        return [x for x in self.operands if isinstance(x, int)]

    def numbers(self, known: Sequence[Any]) -> list[Any]:
        """The operands, each place replaced by the known number there."""
        return [known[x] if isinstance(x, int) else x for x in self.operands]


class RandomProgram:
    """A function that a strategy wrote: straight-line code over its inputs.

    inputs  numbers inside the domains of all its operations: `expression(*expression.inputs)`

    Its repr is Python code that can be run.
    """

    def __init__(self, inputs: Iterable[float], steps: Iterable[Step]) -> None:
        self.inputs = tuple(inputs)
        self.steps = tuple(steps)

    def __call__(self, *inputs: Any) -> Any:
        nodes = list(inputs)
        for step in self.steps:
            nodes.append(call(step.rule, *step.numbers(nodes)))
        return nodes[-1]

    def __repr__(self) -> str:
        names = [f"x{i}" for i in range(len(self.inputs))]
        lines = [f"def expression({', '.join(names)}):"]
        for i, (rule, operands) in enumerate(self.steps):
            names.append(f"n{i}")
            known = [names[x] if isinstance(x, int) else repr(x) for x in operands]
            lines.append(f"    n{i} = {written(rule, known)}")
        lines.append(f"    return {names[-1]}")
        given = ", ".join(f"x{i} = {x!r}" for i, x in enumerate(self.inputs))
        return "\n".join(lines) + f"\n# at {given}"


@st.composite
def expressions(
    draw: st.DrawFn,
    depth: int = 6,
    operations: Iterable[Rule | str | Callable[..., Any]] | None = None,
) -> RandomProgram:
    """Random programs, as DAGs with sharing, fan-out, constants and n-ary nodes.

    depth       the most operations on a path from an input to the result
    operations  the rules, names or functions to use; the whole table if None

    Every operand lies in its operation's domain, off its kinks and ties. A program that fails
    shrinks to few steps.

    Raises ValueError for a depth below 1, or for what is no operation.
    """
    if depth < 1:
        raise ValueError(f"expressions: the depth must be at least 1, not {depth}")
    rules = [rule_of(x) for x in (OPERATIONS if operations is None else operations)]
    if not rules:
        raise ValueError("expressions: give at least one operation")
    inputs = draw(st.lists(numbers(-3.0, 3.0), min_size=1, max_size=4))
    data, depths = list(inputs), [0] * len(inputs)
    steps: list[Step] = []
    used: set[int] = set()
    for _ in range(3 * depth):
        # The latest node first, but those that a step has used last: a program shrinks to a chain.
        places = [i for i in reversed(range(len(data))) if depths[i] < depth]
        places.sort(key=used.__contains__)
        step = draw(_steps(rules, data, places))
        if step is not None:
            steps.append(step)
            used.update(step.places())
            data.append(call(step.rule, *step.numbers(data)))
            depths.append(1 + max(depths[i] for i in step.places()))
        if draw(below(16)) == 0:
            break
    assume(steps)
    return RandomProgram(inputs, _needed(len(inputs), steps))


@st.composite
def _steps(draw: st.DrawFn, rules: list[Rule], data: list[float], usable: list[int]) -> Step | None:
    """A step on `usable` nodes in its domain, off its kinks, and on constants; None if none is."""

    def one_of(choices: list[Any]) -> Any:
        return choices[draw(below(len(choices)))]

    parents = {r: r.domain[: 1 if r.nary else len(r.operands) - r.static] for r in rules}
    intervals = {interval for domain in parents.values() for interval in domain}
    inside = {x: [i for i in usable if x[0] <= data[i] <= x[1]] for x in intervals}
    # The first that can be used from a place in the whole table, which stays its place when the
    # program shrinks.
    first = draw(below(len(rules)))
    able = (r for r in rules[first:] + rules[:first] if any(inside[x] for x in parents[r]))
    rule = next(able, None)
    if rule is None:
        return None
    domain, found = rule.domain, [inside[interval] for interval in parents[rule]]
    if rule.nary:
        n = one_of([2, 4] if rule.name == "dot" else [2, 1, 3, 4])
        domain, found = domain[:1] * n, found * n
    # Few draws a step, and 0 for what is simplest: hypothesis deletes short runs of draws well.
    last = max(i for i, places in enumerate(found) if places)
    operands: list[int | float] = []
    for i, interval in enumerate(domain):
        places = found[i] if i < len(found) else []  # a static parameter is a number
        choice = draw(below(16)) if places else 1
        needed = i == last and not any(isinstance(x, int) for x in operands)
        if 1 <= choice <= 3 and not needed:
            operands.append(draw(numbers_of(interval)))
        else:
            operands.append(one_of(places) if choice > 11 else places[0])
    step = Step(rule, tuple(operands))
    return step if smooth(rule, step.numbers(data)) else None


def _needed(n: int, steps: list[Step]) -> list[Step]:
    """The steps that the last one depends on, with their places counted anew."""
    needed = {n + len(steps) - 1}
    for i in reversed(range(len(steps))):
        if n + i in needed:
            needed.update(steps[i].places())
    kept = [i for i in range(n + len(steps)) if i < n or i in needed]
    place = {old: new for new, old in enumerate(kept)}
    return [
        Step(
            steps[i - n].rule,
            tuple(place[x] if isinstance(x, int) else x for x in steps[i - n].operands),
        )
        for i in kept[n:]
    ]
