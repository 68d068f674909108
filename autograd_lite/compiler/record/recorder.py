"""A recording: one call of a function on tracers for its arguments, watched by an observer.

The graph is the trace. What a graph does not show is noted as it happens: decisions taken on
numbers become guards; and leaves whose numbers were compared, chosen, drawn or detached from nodes
are noted as such.
"""

from __future__ import annotations

import random
import threading
from functools import reduce
from operator import or_
from types import BuiltinFunctionType, FunctionType, MethodWrapperType
from typing import NamedTuple

import autograd_lite.kinds as kinds
from autograd_lite.anomaly import user_line, user_place
from autograd_lite.compiler.messages import said
from autograd_lite.compiler.record.generators import Generators
from autograd_lite.compiler.record.guards import HOLDS, Guard, as_double
from autograd_lite.compiler.record.ledger import Ledger
from autograd_lite.compiler.record.numbers import (
    NumberTracer,
    PlainNumber,
    TracingObserver,
    bool_of,
    is_bool,
    is_exact,
    is_int,
    plain_number,
    retire,
    tracer_of,
)
from autograd_lite.compiler.record.template import plain
from autograd_lite.compiler.record.tracers import NotRecordedError, Tracers, ValueTracer, end
from autograd_lite.compiler.results import give_parents
from autograd_lite.compiler.tape.opcodes import DETACH, LARGEST, TAKE
from autograd_lite.fields import choose, number_leaf
from autograd_lite.observers import observe, unobserved
from autograd_lite.operations.rules import CODES
from autograd_lite.plain import number_kind
from autograd_lite.value import Node, Value, is_number, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    from autograd_lite.compiler.record.flatten import FlatArguments

    _Draws: TypeAlias = Callable[[int, Callable[[], float], Callable[[Any], Any]], Any]

_BOOLS = {
    "<": CODES["less"],
    "<=": CODES["less_equal"],
    ">": CODES["less"],
    ">=": CODES["less_equal"],
    "==": CODES["equal"],
    "&": CODES["minimum"],
    "|": CODES["maximum"],
}
_CODES = _BOOLS | {"detach": DETACH, "take": TAKE, "largest": LARGEST}
"""What a program computes a leaf by; of > and >= the operands are turned."""

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
    leaf: Node


class Callback(NamedTuple):
    """A function that `callback` was given, and nodes or numbers for it.

    now  {id of a Value that the call has written: the node that has its number}
    """

    function: Callable[..., object]
    values: tuple[Node | float, ...]
    now: dict[int, Node]


class Recording:
    """What a call left behind.

    result         what the function returned
    names          {slots of numbers: the parameter of the function that holds them}
    arguments      {tracer: the slot of its number}
    indices        {tracer of an integer: its index among the integers}
    lines          (node, the user's line that made it); empty but for a LineRecorder
    made           all nodes, in the order in which they were made
    numbers        those of them, and of the tracers, that stand for plain numbers
    computed_from  {leaf: (code on a tape, operands)} of a leaf that was compared, chosen by `take`
                   or `largest`, or detached from a node
    chosen         {id of a leaf that was chosen: which of the operands it is}
    derived        {id of a node: (node, pass, of which node)} of the derivatives that transforms
                   made; of passes see `derive.Nodes`
    draws          the random numbers
    calls          the callbacks
    guards         (x, y, guard) of each decision on numbers, once; y may be a float
    ledger         what the call reads and writes of state
    why_not        why the recording cannot be replayed for other calls, or ""
    elsewhere      True if that is random numbers, which another thread may have drawn
    misled         True if tracers gave another answer than what they stand for
    """

    def __init__(self) -> None:
        self.result: Any = None
        self.names: dict[range, str] = {}
        self.arguments: dict[Node, int] = {}
        self.indices: dict[Node, int] = {}
        self.lines: list[tuple[Node, str]] = []
        self.made: list[Node] = []
        self.numbers: list[Node] = []
        self.computed_from: dict[Node, tuple[int, tuple[Node | float, ...]]] = {}
        self.chosen: dict[int, Node] = {}
        self.derived: dict[int, tuple[Node, str, Node]] = {}
        self.draws: list[Draw] = []
        self.calls: list[Callback] = []
        self.guards: list[tuple[Node, Node | float, Guard]] = []
        self.ledger: Ledger
        self.why_not = ""
        self.elsewhere = self.misled = False

    def call_back(self, start: int = 0) -> None:
        """Make the callbacks from this one on, unobserved, as a program makes them."""
        for function, values, _ in self.calls[start:]:
            unobserved(function, *plain(values))

    def receivers(self) -> list[Any]:
        """The objects that callbacks write into, and from which random numbers are drawn."""
        called = [*[x.function for x in self.calls], *[x.function for x in self.draws]]
        bound = [x for x in called if not isinstance(x, FunctionType) and hasattr(x, "__self__")]
        return [
            *[x for x in called if isinstance(x, FunctionType)],
            *[x.__self__ for x in bound if isinstance(x, (BuiltinFunctionType, MethodWrapperType))],
            *[x.__self__ for x in bound if isinstance(x.__self__, random.SystemRandom)],
        ]

    def leave_behind(self, flat: FlatArguments) -> None:
        """Let gradients flow through the nodes of the recording to what its tracers stood for, and
        leave plain numbers in place of their tracers.
        """
        values = dict(zip(flat.slots, flat.values, strict=True))
        sources: dict[Node, Node] = {
            x: values[slot] for x, slot in self.arguments.items() if slot in values
        }
        for node, (code, _) in self.computed_from.items():
            if code in (TAKE, LARGEST):
                sources[node] = self.chosen[id(node)]
        give_parents(sources, self.made)
        retire(self.numbers)


def _chosen(code: int, number: float, xs: Any) -> Node:
    """The one of xs that was chosen: of the largest the first of equals, or the last NaN."""
    chosen: Node
    if code == TAKE:
        index, *elements = xs
        chosen = elements[int(number_of(index))]
    elif number == number:
        chosen = next(x for x in xs if number_of(x) == number)
    else:
        chosen = [x for x in xs if number_of(x) != number_of(x)][-1]
    return chosen


class Recorder(TracingObserver):
    """Notes what a recording needs of what the engine does.

    reached  what the function reaches: its generators of random numbers are watched
    draw     gives random number i of the call: a known one, or by `new` a new one of a function
    called   how many callbacks have been made for the call, which are not made again
    steps    True if the call may write state
    """

    def __init__(
        self,
        reached: Iterable[object] = (),
        draw: _Draws | None = None,
        called: int = 0,
        steps: bool = False,
    ) -> None:
        self.recording = Recording()
        self._ledger = Ledger(self.recording.made, self.note, self.give_up)
        self.recording.ledger = self._ledger
        self._steps, self._now = steps, self._ledger.now
        self._draw, self.called = draw or (lambda i, f, new: new(f)), called
        self.generators = Generators(reached)
        # By ids, as a table of nodes would ask for their hashes: a guard for each plain number.
        self._computed: dict[int, tuple[Node, str, tuple[Any, ...]]] = {}
        self._decided: set[Any] = set()
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
        self.recording.computed_from = {
            leaf: (_CODES[op], xs[::-1] if op[0] == ">" else xs)
            for leaf, op, xs in self._computed.values()
        }
        if self.generators.disturbed():
            who, instead = "it", "Write autograd_lite.sample(random.random) for random.random()"
            if threading.active_count() > 1:
                who = "it, or another thread meanwhile,"
                instead += ", and give each thread a generator of its own"
            what = f"{who} draws random numbers, which a recording would repeat for ever"
            elsewhere = self.generators.may_be_elsewhere()
            self.recording.elsewhere = elsewhere and not self.recording.why_not
            self.give_up(said(what, instead))

    def note(self, leaf: Node, op: str, *operands: Node | float) -> Node:
        """Note what the number of a leaf is computed from."""
        if self._now:
            operands = tuple([self._now.get(id(x), x) for x in operands])
        self._computed[id(leaf)] = leaf, op, operands
        return leaf

    def detached(self, leaf: Node, source: Node) -> None:
        self.recording.made.append(leaf)
        self.note(leaf, "detach", source)

    def gives(self, node: Node) -> bool:
        given: bool = Node.is_leaf.__get__(node) and id(node) not in self._computed
        return given and is_int(node)

    def chosen(self, op: str, xs: tuple[Node, ...], number: float) -> Node:
        each = [number_kind(x) for x in (xs[1:] if op == "take" else xs)]
        taken = _chosen(_CODES[op], number, xs)
        if all(each):
            kind = reduce(or_, each, kinds.NO_NUMBER if op == "take" else kinds.FLOAT)
            leaf = self.note(number_leaf(kind, number), op, *xs)
            self.recording.chosen[id(leaf)] = taken
            return leaf
        node = Value(number, xs, op)  # type: ignore[arg-type]
        _, _, (source,) = self._computed.get(id(node), (node, "", (node,)))
        self.note(source, op, *xs)  # from which node is detached within `no_grad`
        self.recording.chosen[id(source)] = taken
        choose(source, next(i for i, x in enumerate(xs) if x is taken and (i or op != "take")))
        return node

    def derived(self, node: Node, in_pass: str, source: Node) -> None:
        known = self.recording.derived
        _, before, root = known.get(id(source), (source, "", source))
        known[id(node)] = node, before + in_pass, root

    def sample(self, function: Callable[[], float]) -> Node:
        i = len(self.recording.draws)
        number = self._draw(i, function, self.generators.sample)
        given = ""
        if not is_number(number):
            given = f"{type(number).__name__}, not a number"
        elif not is_exact(number):
            given = f"{number}, which no double holds"
        leaf = tracer_of(0.0 if given else number)
        self.recording.draws.append(Draw(number, function, leaf))
        if given:
            raise NotRecordedError(
                said(
                    f"what sample calls gives {given}",
                    "Draw each number by itself, or pass what is drawn as an argument",
                    user_line(),
                )
            )
        return leaf

    def call(self, function: Callable[..., object], values: tuple[Node | float, ...]) -> bool:
        self.recording.calls.append(Callback(function, values, {**self._now}))
        if len(self.recording.calls) > self.called:
            self.recording.call_back(-1)
            self.called += 1
        return True

    def compared(self, x: Node, op: str, y: Node | float, outcome: bool) -> Node:
        if op == "!=":
            return self.compared(self.compared(x, "==", y, not outcome), "==", 0.0, outcome)
        made = bool_of(x, y, outcome)
        return self.note(made, op, x, y if isinstance(y, Node) else as_double(op, y))

    def read(self, node: Node) -> Node | None:
        if self._steps and not number_kind(node):
            return self._ledger.data(node)
        self._asked(node)
        return None

    def _asked(self, node: Node) -> None:
        """Note that the number of a node is read, for which the recording holds."""
        if not is_bool(node):
            self.decided(node, "is", number_of(node))
            return
        _, op, xs = self._computed.get(id(node), (node, "", ()))
        if op not in HOLDS:  # of two bools; or one that was passed
            self.decided(node, ">", 0.0)
        elif op == "==" and type(xs[1]) is float and xs[1] == 0.0 and is_bool(xs[0]):
            self._asked(xs[0])  # which holds where this one does not
        else:  # the comparison of numbers decides
            self.decided(xs[0], op, xs[1])

    def decided(self, x: Node, op: str, y: Node | float) -> None:
        if self._now:
            x = self._now.get(id(x), x)
            y = self._now.get(id(y), y)
        key = id(x), op, y if type(y) is float else (id(y),)
        if key in self._decided:
            return
        self._decided.add(key)
        recording = self.recording
        outcome = HOLDS[op](number_of(x), number_of(y) if isinstance(y, Node) else y)
        guard = Guard(op, outcome, len(recording.draws), user_place(), is_int(x))
        recording.guards.append((x, y, guard))

    def looked(self, node: Node, what: str) -> None:
        self.recording.misled |= isinstance(node, (NumberTracer, ValueTracer))
        self.give_up(
            said(
                f"it reads {what}, which a recording would repeat for ever",
                "Do it outside, or in autograd_lite.callback",
                user_line(),
            )
        )

    def gradient(self, node: Node) -> Node | None:
        if self._steps:
            return self._ledger.gradient(node)
        return super().gradient(node)

    def wrote(self, node: Node, what: str, number: Node | float | None) -> None:
        if not self._steps or number is None:
            raise NotAllowedError(
                said(
                    "what is run but once, as the body of a loop, may not set .data or .grad",
                    "Do it outside",
                    user_line(),
                )
            )
        self._ledger.write(node, what, number)

    def backward(self, node: Node) -> bool:
        if self._steps:
            self._ledger.backward(node)
        return self._steps

    def state(self, thing: Any) -> Any:
        if self._steps:
            return self._ledger.state(thing)
        name = type(thing).__name__
        problem = f"it reads state of a {name}, which a recording would repeat for ever"
        self.give_up(said(problem, "Pass its number as an argument", user_line()))
        return None

    def sent(self, node: Node, root: Node) -> None:
        raise NotAllowedError(
            said(
                "what is run but once, as the body of a loop, may not call backward()",
                "Do it outside",
                user_line(),
            )
        )


class SilentRecorder(Recorder):
    """Calls nothing back, for the function itself does it."""

    def call(self, function: Callable[..., object], values: tuple[Node | float, ...]) -> bool:
        self.recording.calls.append(Callback(function, values, {**self._now}))
        return True


class LineRecorder(SilentRecorder):
    """Notes the line of each node, too, which takes as long as the recording."""

    def __init__(self, draw: _Draws) -> None:
        super().__init__((), draw, steps=True)
        self.made = self._made_there  # type: ignore[method-assign]

    def _made_there(self, node: Node) -> None:
        self.recording.made.append(node)
        self.recording.lines.append((node, user_line()))


def _leave_plain(error: BaseException) -> None:
    """Put plain numbers in the places of what stands for them in an exception that goes out."""
    held = [*enumerate(error.args), *vars(error).items()]
    plainly: dict[Any, Any] = {at: plain_number(x) for at, x in held if isinstance(x, PlainNumber)}
    if plainly:
        error.args = tuple([plainly.pop(i, x) for i, x in enumerate(error.args)])
        vars(error).update(plainly)


def record(function: Callable[..., Any], flat: FlatArguments, watch: Recorder) -> Recording:
    """Call function on tracers for the numbers of the arguments, which flat took apart.

    Raises TracerError if the function has changed its arguments, and what the function raises.
    """
    tracers = Tracers(flat)
    args, kwargs = tracers.call(function)
    recording = watch.recording
    recording.ledger.passed = set(map(id, flat.values))
    try:
        with observe(watch):
            recording.result = function(*args, **kwargs)
        tracers.check()
    except BaseException as error:
        retire(end([*tracers.arguments, *recording.made]))
        _leave_plain(error)
        raise
    recording.numbers = end([*tracers.arguments, *recording.made])
    watch.ended()
    recording.arguments = {x: i for i, x in enumerate(tracers.arguments)}
    recording.indices = {x: i for i, x in enumerate(tracers.indices)}
    recording.names = tracers.names
    return recording
