"""A step of a loop: recorded while its body runs, and known to the later loops of that body."""

from __future__ import annotations

from math import nan
from operator import index
from types import FunctionType

from autograd_lite import observers
from autograd_lite.callables import name_of
from autograd_lite.compiler.body import ROOM, Body, OtherWayError, recorded_body
from autograd_lite.compiler.messages import said
from autograd_lite.compiler.record.captured import CapturedState
from autograd_lite.compiler.record.flatten import FlatArguments, flatten
from autograd_lite.compiler.record.numbers import is_int, retire, tracer_of
from autograd_lite.compiler.record.recorder import Recorder
from autograd_lite.compiler.record.tracers import NotRecordedError, ValueTracer, end
from autograd_lite.leaves import difference, leaves, number, put
from autograd_lite.observers import observe_alone
from autograd_lite.pullback import parents_of
from autograd_lite.value import Node, is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

__all__ = ["Step", "StepRecording", "as_int", "is_whole", "moves_on", "run"]


class StepRecording:
    """The recording of one step, while the body runs.

    carry, x  like what the step is given, with tracers in the places of the numbers
    """

    def __init__(self, name: str, carry: Any, x: Any, reached: Iterable[object]) -> None:
        self.name, self._form = name, carry
        self._carry = [_tracer(c) for c in leaves(carry, name)]
        self._xs = [_tracer(c) for c in leaves(x, name)]
        self.carry, self.x = put(carry, self._carry), put(x, self._xs)
        self._watch = Recorder(reached)
        self._block: Any = None

    def open(self) -> None:
        """Watch what is computed from now on; nobody else is told of it."""
        self._block = observe_alone(self._watch)
        self._block.__enter__()

    def close(self) -> None:
        self._block.__exit__()
        self._numbers = end([*self._carry, *self._xs, *self._watch.recording.made])
        self._watch.ended()

    def drop(self) -> None:
        """Leave nothing that could be taken for a number of the loop."""
        observers.unobserved(self._spoil)  # while all nodes have their parents
        retire(self._numbers)

    def _spoil(self) -> None:
        """Set nan in what depends on the numbers of the step; the body may have kept the others."""
        recording, users = self._watch.recording, dict[int, list[Node]]()
        read = [(node, parents_of(node)) for node in recording.made]
        read += [(leaf, operands) for leaf, (_, operands) in recording.computed_from.items()]
        for node, operands in read:
            for x in operands:
                users.setdefault(id(x), []).append(node)
        todo = [*self._carry, *self._xs]
        while todo:
            node = todo.pop()
            Node.data.__set__(node, nan)  # type: ignore[attr-defined]
            todo += users.pop(id(node), ())

    def step(self, after: Any, y: Any) -> Step:
        """The step, of what it gave."""
        differs = difference(self._form, after, "the carry")
        if differs:
            raise TypeError(
                f"{self.name}: the carry must keep its form from step to step, but after a step "
                f"{differs}"
            )
        found = list(leaves(after, self.name))
        ys = [] if y is None else list(leaves(y, self.name))
        body = recorded_body(self.name, self._watch.recording, self._carry, self._xs, found, ys)
        for k in body.indices():
            if k < len(found) and not is_whole(found[k]):
                raise TypeError(
                    f"{self.name}: an int of the carry is an index, but after a step it is no int"
                )
        return Step(body, y if y is None else put(y, [0.0] * len(ys)))


class Step:
    """A body, and the form of what it gives besides the carry: its y, or None."""

    def __init__(self, body: Body, y: Any) -> None:
        self.body, self.y = body, y

    def is_like(self, other: Step) -> bool:
        """True if both do the same, and give it in the same form."""
        if (self.y is None) != (other.y is None) or not self.body.is_like(other.body):
            return False
        return self.y is None or not difference(self.y, other.y, "y")

    def run(
        self, carry: Any, xs: list[Any], n: int, checkpoint: bool | None
    ) -> tuple[Any, list[Any]]:
        """The carry after n steps, and the ys."""
        body = self.body
        keep_all = n * body.n_carry <= ROOM if checkpoint is None else not checkpoint
        operands = [*leaves(carry, body.name), *xs, *body.captured]
        results = body.block(n, keep_all)(operands)
        k, n_y = body.n_carry, body.n_y
        if is_number(self.y):
            ys = results[k:]
        else:
            starts = range(k, len(results), n_y) if n_y else ()
            ys = [put(self.y, results[start : start + n_y]) for start in starts]
        return put(carry, results[:k]), ys


# --------------------------------------------------------------------------- steps that are known


class _Known:
    """A step that was recorded, the state that it read, and how often it has been run since.

    trusted  False once it has read, besides, what no name leads to
    """

    def __init__(self, state: CapturedState, step: Step, trusted: bool = True) -> None:
        self.state, self.step, self.trusted, self.runs = state, step, trusted, 1


_steps: dict[Any, _Known] = {}
"""{the function, the loop and the form of its arguments: its step}, of the last KEPT loops"""

KEPT = 32


def run(
    name: str,
    function: Any,
    f: Callable[..., Any],
    carry: Any,
    x: Any,
    steps: tuple[list[Any], int, bool | None],
) -> tuple[Step, Any]:
    """The step of a body, and what it gives when it is run.

    function  what the user wrote
    f         the same as a function of carry and x
    steps     what `Step.run` is given after the carry
    """
    key, known = _step(name, function, f, carry, x)
    step, is_new = known.step, known.runs == 1
    try:
        return step, step.run(carry, *steps)
    except OtherWayError as other:
        if is_new or other.step > 0:
            raise
    _steps.pop(key, None)  # the first step goes another way than that of an earlier loop
    step = _step(name, function, f, carry, x)[1].step
    return step, step.run(carry, *steps)


def _step(
    name: str, function: Any, f: Callable[..., Any], carry: Any, x: Any
) -> tuple[Any, _Known]:
    """The key and the step of a body, recorded unless it is known."""
    flat = FlatArguments(moving=True, own=True)
    flatten((carry, x), flat)
    key = _identity(function), name, flat.shape.tobytes(), tuple(flat.statics)
    known = _steps.pop(key, None)
    if known is None:
        known = _Known(*_checked(name, function, f, carry, x))
    elif known.state.changed():
        known = _Known(*_recorded_anew(name, function, f, carry, x), known.trusted)
    else:
        known.runs += 1
        # As compiled functions are; and in another recording, whose own checks rely on it.
        if not known.trusted or known.runs & (known.runs - 1) == 0 or observers.tracing():
            state, step = _recorded_anew(name, function, f, carry, x)
            if not step.is_like(known.step):
                known = _Known(state, step, trusted=False)
    _steps[key] = known
    for oldest in [*_steps][:-KEPT]:
        _steps.pop(oldest, None)
    return key, known


def _identity(function: Any, within: tuple[Any, ...] = ()) -> Any:
    """What is equal of functions that do the same: those that a line makes anew when it runs again.

    They have the same code and globals, and their closures and defaults hold the same. Other
    functions go by their id, as they may be equal and not the same. All is kept alive by the state.
    """
    if type(function) is not FunctionType or function.__dict__ or function in within:
        return id(function)
    cells = function.__closure__ or ()
    try:
        held = [cell.cell_contents for cell in cells]
    except ValueError:  # a variable without a value yet
        return id(function)
    held += function.__defaults__ or ()
    held += [x for pair in (function.__kwdefaults__ or {}).items() for x in pair]
    within += (function,)
    found = [
        _identity(x, within)
        if type(x) is FunctionType
        else (type(x), repr(x))
        if type(x) in (float, int, bool, str)
        else id(x)
        for x in held
    ]
    return id(function.__code__), id(function.__globals__), len(cells), *found


def _checked(
    name: str, function: Any, f: Callable[..., Any], carry: Any, x: Any
) -> tuple[CapturedState, Step]:
    """The state and the step of a body, which is the same when the body runs again."""
    state, step = _recorded_anew(name, function, f, carry, x)
    for _ in range(2):  # the first call may fill a cache
        before = step
        state, step = _recorded_anew(name, function, f, carry, x)
        if step.is_like(before):
            return state, step
    raise TypeError(
        said(
            f"{name}: the body does something else each time it runs, such as to read a clock, "
            "but it is run once",
            "Pass what it reads as xs",
        )
    )


def _recorded_anew(
    name: str, function: Any, f: Callable[..., Any], carry: Any, x: Any
) -> tuple[CapturedState, Step]:
    changed = ""
    for _ in range(2):  # the first call may fill a cache
        state = CapturedState([(name_of(function), function)])
        if state.unseen:
            raise TypeError(moves_on(name, state.unseen))
        step: Step = observers.unobserved(_recorded, name, f, carry, x, state)
        changed = state.changed()
        if not changed:
            return state, step
    raise TypeError(
        said(
            f"{name}: the body changes {changed}, but it is run once",
            "Make it a part of the carry",
        )
    )


def moves_on(name: str, unseen: str) -> str:
    return said(
        f"{name}: the body reads {unseen}, which each step may move on, but it is run once",
        "Pass what it gives to scan, as xs",
    )


def _recorded(name: str, f: Callable[..., Any], carry: Any, x: Any, state: CapturedState) -> Step:
    recording = StepRecording(name, carry, x, state.reached)
    recording.open()
    try:
        try:
            result = f(recording.carry, recording.x)
        except NotRecordedError as problem:
            raise TypeError(f"{name}: {problem}") from None
        finally:
            recording.close()
        if not isinstance(result, tuple) or len(result) != 2:
            raise TypeError(
                f"{name} must give a pair, the carry after the step and a y; write return carry, "
                "None"
            )
        after, y = result
        return recording.step(after, y)
    finally:
        recording.drop()


# --------------------------------------------------------------------------- their numbers


def _tracer(x: Any) -> Any:
    """What stands for a number of a step: a Value, and for an int an int, which may be an index."""
    if is_whole(x):
        return tracer_of(int(number(x)))
    return ValueTracer(number(x))


def as_int(name: str, n: Any) -> int:
    try:
        return index(n)
    except TypeError:
        raise TypeError(f"{name} must be an int, not {type(n).__name__}") from None


def is_whole(x: Any) -> bool:
    return is_int(x) or type(x) is bool
