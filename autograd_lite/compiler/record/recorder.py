"""A recording: one call of a function on tracers for its arguments, watched by an observer.

The graph is the trace. What a graph does not show is noted as it happens: decisions taken on
numbers become guards; nodes of `take` and `largest`, numbers that `sample` drew, and leaves that
were detached from nodes are noted as such.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

from autograd_lite.anomaly import user_line
from autograd_lite.compiler.messages import said
from autograd_lite.compiler.record.generators import Generators
from autograd_lite.compiler.record.guards import Guard, as_double
from autograd_lite.compiler.record.template import plain
from autograd_lite.compiler.record.tracers import (
    NotRecordedError,
    NumberTracer,
    Tracers,
    TracingObserver,
    ValueTracer,
    bool_of,
    end,
    is_bool,
    is_int,
    retire,
    tracer_of,
)
from autograd_lite.compiler.results import give_parents
from autograd_lite.compiler.tape.opcodes import DETACH
from autograd_lite.observers import observe, unobserved
from autograd_lite.operations.rules import CODES
from autograd_lite.value import Value, is_number, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    from autograd_lite.compiler.record.flatten import FlatArguments

    _Draws: TypeAlias = Callable[[int, Callable[[], float], Callable[[Any], Any]], Any]

# The rules of a program that decide; of > and >= the operands are turned.
_RULES = {
    "<": "less",
    "<=": "less_equal",
    ">": "less",
    ">=": "less_equal",
    "==": "equal",
    "&": "minimum",
    "|": "maximum",
}

__all__ = [
    "Callback",
    "LineRecorder",
    "NotAllowedError",
    "Recorder",
    "Recording",
    "SilentRecorder",
    "record",
]


class NotAllowedError(RuntimeError):
    """The function did what no recorded program does, and what it must not do."""


class Draw(NamedTuple):
    """A random number, the function that gave it, and the leaf that holds it."""

    number: float
    function: Callable[[], float]
    leaf: Value


class Callback(NamedTuple):
    """A function that `callback` was given, and nodes or numbers for it."""

    function: Callable[..., object]
    values: tuple[Value | float, ...]


class Recording:
    """What a call left behind.

    result         what the function returned
    names          {slots of numbers: the parameter of the function that holds them}
    arguments      {tracer: the slot of its number}
    indices        {tracer of an integer: its index among the integers}
    lines          (node, the user's line that made it); empty but for a LineRecorder
    made           all nodes, in the order in which they were made
    numbers        those of them, and of the tracers, that stand for plain numbers
    computed_from  {leaf: (code on a tape, operands)} of a leaf that was detached from a node, or
                   compared: no gradient flows through it
    takes          the nodes that `take` made
    largest        the nodes that `largest` made
    draws          the random numbers
    calls          the callbacks
    guards         the decisions on numbers
    why_not        why the recording cannot be replayed for other calls, or ""
    misled         True if tracers gave another answer than what they stand for
    """

    def __init__(self) -> None:
        self.result: Any = None
        self.names: dict[range, str] = {}
        self.arguments: dict[Value, int] = {}
        self.indices: dict[Value, int] = {}
        self.lines: list[tuple[Value, str]] = []
        self.made: list[Value] = []
        self.numbers: list[Value] = []
        self.computed_from: dict[Value, tuple[int, tuple[Value | float, ...]]] = {}
        self.takes: set[Value] = set()
        self.largest: set[Value] = set()
        self.draws: list[Draw] = []
        self.calls: list[Callback] = []
        self.guards: list[Guard] = []
        self.why_not = ""
        self.misled = False

    def call_back(self, start: int = 0) -> None:
        """Make the callbacks from this one on, unobserved, as a program makes them."""
        for function, values in self.calls[start:]:
            unobserved(function, *plain(values))

    def leave_behind(self, flat: FlatArguments) -> None:
        """Let gradients flow through the nodes of the recording to what its tracers stood for, and
        leave plain numbers in place of their tracers.
        """
        values = dict(zip(flat.slots, flat.values, strict=True))
        sources = {x: values[slot] for x, slot in self.arguments.items() if slot in values}
        for node in (*self.takes, *self.largest):
            sources[node] = self._picked(node)
        give_parents(sources, self.made)
        retire(self.numbers)

    def _picked(self, node: Value) -> Value:
        """The parent that a node of `take` or `largest` is: the first of equals, the last NaN."""
        if node in self.takes:
            index, *elements = node.parents
            return elements[int(number_of(index))]
        number = number_of(node)
        if number == number:
            return next(x for x in node.parents if number_of(x) == number)
        return [x for x in node.parents if number_of(x) != number_of(x)][-1]


class Recorder(TracingObserver):
    """Notes what a recording needs of what the engine does.

    reached  what the function reaches: its generators of random numbers are watched
    draw     gives random number i of the call: a known one, or by `new` a new one of a function
    called   how many callbacks have been made for the call, which are not made again
    """

    def __init__(
        self, reached: Iterable[object] = (), draw: _Draws | None = None, called: int = 0
    ) -> None:
        self.recording = Recording()
        self._draw, self.called = draw or (lambda i, f, new: new(f)), called
        self.generators = Generators(reached)
        # By ids, as a table of nodes would ask for their hashes: a guard for each plain number.
        self._detached: list[tuple[Value, Value]] = []
        # By ids of outcomes: these, and the comparisons.
        self._compared: dict[int, tuple[Value, Value, str, Value | float]] = {}
        self._takes: list[Value] = []
        self._largest: list[Value] = []
        # In C, as there is one for each node.
        self.made = self.recording.made.append  # type: ignore[method-assign, assignment]

    def give_up(self, why_not: str) -> None:
        """Note, the first time, why the recording cannot be replayed."""
        self.recording.why_not = self.recording.why_not or why_not

    def misled(self, why_not: str) -> None:
        self.recording.misled = True
        self.give_up(why_not)

    def ended(self) -> None:
        """The call is over, and tables may know its nodes by their identity."""
        computed: Any = [(leaf, (DETACH, (source,))) for leaf, source in self._detached]
        for holds, x, op, y in self._compared.values():
            if op not in _RULES:
                continue
            code, operands = CODES[_RULES[op]], (y, x) if op[0] == ">" else (x, y)
            computed.append((holds, (code, operands)))
        self.recording.computed_from = dict(computed)
        self.recording.takes, self.recording.largest = set(self._takes), set(self._largest)
        if self.generators.disturbed():
            who, instead = "it", "Write autograd_lite.sample(random.random) for random.random()"
            if threading.active_count() > 1:
                who = "it, or another thread meanwhile,"
                instead += ", and give each thread a generator of its own"
            what = f"{who} draws random numbers, which a recording would repeat for ever"
            self.give_up(said(what, instead))

    def detached(self, leaf: Value, source: Value) -> None:
        self.recording.made.append(leaf)
        self._detached.append((leaf, source))

    def took(self, node: Value) -> None:
        self._takes.append(self._source_of(node))

    def largest(self, node: Value) -> None:
        self._largest.append(self._source_of(node))

    def _source_of(self, node: Value) -> Value:
        """A node that was just made, or under no_grad the one from which it was detached."""
        leaf, source = self._detached[-1] if self._detached else (node, node)
        return source if leaf is node else node

    def sample(self, function: Callable[[], float]) -> Value:
        i = len(self.recording.draws)
        number = self._draw(i, function, self.generators.sample)
        if not is_number(number):
            raise NotRecordedError(
                said(
                    f"what sample calls gives {type(number).__name__}, not a number",
                    "Draw each number by itself, or pass what is drawn as an argument",
                    user_line(),
                )
            )
        leaf = tracer_of(number)
        self.recording.draws.append(Draw(number, function, leaf))
        return leaf

    def call(self, function: Callable[..., object], values: tuple[Value | float, ...]) -> bool:
        self.recording.calls.append(Callback(function, values))
        if len(self.recording.calls) > self.called:
            self.recording.call_back(-1)
            self.called += 1
        return True

    def read(self, node: Value) -> None:
        number = number_of(node)
        if is_bool(node):
            self._guard(*self._decided(node, number > 0.0))
        else:
            self._guard(node, "is", number, True)

    def _decided(self, holds: Value, outcome: bool) -> tuple[Value, str, Value | float, bool]:
        """The comparison of numbers that decides whether a bool holds."""
        _, x, op, y = self._compared.get(id(holds), (holds, holds, "&", holds))
        while op == "==" and id(x) in self._compared and not isinstance(y, Value) and y == 0.0:
            holds, x, op, y = self._compared[id(x)]  # which does not hold where this one does
            outcome = not outcome
        if op in "&|":  # of two bools; or one that was passed
            return holds, ">", 0.0, outcome
        return x, op, y, outcome

    def compared(self, x: Value, op: str, y: Value | float, outcome: bool) -> Value:
        if op == "!=":
            return self.compared(self.compared(x, "==", y, not outcome), "==", 0.0, outcome)
        holds = bool_of(x, y, outcome)
        self._compared[id(holds)] = holds, x, op, y if isinstance(y, Value) else as_double(op, y)
        return holds

    def _guard(self, x: Value, op: str, y: Value | float, outcome: bool) -> None:
        draws, integer = len(self.recording.draws), is_int(x)
        self.recording.guards.append(Guard(x, op, y, outcome, draws, user_line(), integer))

    def looked(self, node: Value, what: str) -> None:
        self.recording.misled |= isinstance(node, (NumberTracer, ValueTracer))
        self.give_up(
            said(
                f"it reads {what}, which a recording would repeat for ever",
                "Do it outside, or in autograd_lite.callback",
                user_line(),
            )
        )

    def wrote(self, node: Value) -> None:
        raise NotAllowedError(
            said(
                "a compiled function may not set .data or .grad, as the recorded program would "
                "not do it again",
                "Do it outside",
                user_line(),
            )
        )

    def sent(self, node: Value, root: Value) -> None:
        raise NotAllowedError(
            said(
                "a compiled function may not call backward(), as the recorded program would not "
                "do it again",
                "Return the loss, and call backward() on what the compiled function gives",
                user_line(),
            )
        )


class SilentRecorder(Recorder):
    """Calls nothing back, for the function itself does it."""

    def call(self, function: Callable[..., object], values: tuple[Value | float, ...]) -> bool:
        self.recording.calls.append(Callback(function, values))
        return True


class LineRecorder(SilentRecorder):
    """Notes the line of each node, too, which takes as long as the recording."""

    def __init__(self, draw: _Draws) -> None:
        super().__init__((), draw)
        self.made = self._made_there  # type: ignore[method-assign]

    def _made_there(self, node: Value) -> None:
        self.recording.made.append(node)
        self.recording.lines.append((node, user_line()))


def record(function: Callable[..., Any], flat: FlatArguments, watch: Recorder) -> Recording:
    """Call function on tracers for the numbers of the arguments, which flat took apart.

    Raises TracerError if the function has changed its arguments, and what the function raises.
    """
    tracers = Tracers(flat)
    args, kwargs = tracers.call(function)
    recording = watch.recording
    try:
        with observe(watch):
            recording.result = function(*args, **kwargs)
        tracers.check()
    except BaseException:
        retire(end([*tracers.arguments, *recording.made]))
        raise
    recording.numbers = end([*tracers.arguments, *recording.made])
    watch.ended()
    recording.arguments = {x: i for i, x in enumerate(tracers.arguments)}
    recording.indices = {x: i for i, x in enumerate(tracers.indices)}
    recording.names = tracers.names
    return recording
