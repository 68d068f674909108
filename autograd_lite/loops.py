"""Loops whose body is recorded once and run as often as needed: scan, fori_loop, repeat.

A plain `for` makes nodes at every step; these make one operation of the whole loop, whose
derivative is a loop backward.
"""

from __future__ import annotations

import sys
from collections import deque
from dis import get_instructions
from functools import partial, wraps
from itertools import chain
from math import isnan, nan
from operator import index

import numpy as np

from autograd_lite import functions, observers
from autograd_lite.block import Block
from autograd_lite.callables import name_of
from autograd_lite.compiler.body import ROOM, Body, OtherWayError, recorded_body
from autograd_lite.compiler.messages import said
from autograd_lite.compiler.record.captured import CapturedState
from autograd_lite.compiler.record.flatten import FlatArguments, flatten
from autograd_lite.compiler.record.held import same
from autograd_lite.compiler.record.numbers import is_int, retire, tracer_of
from autograd_lite.compiler.record.recorder import Recorder
from autograd_lite.compiler.record.tracers import NotRecordedError, ValueTracer, end
from autograd_lite.compiler.samples import stacked
from autograd_lite.leaves import difference, leaves, number, put
from autograd_lite.observers import observe_alone
from autograd_lite.pullback import Graph, by_operand, parents_of
from autograd_lite.reading import Reading, gradient
from autograd_lite.tree import children, rebuild
from autograd_lite.value import Node, Value, is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import FrameType
    from typing import Any

__all__ = ["checkpoint", "fori_loop", "repeat", "scan"]


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    *,
    checkpoint: bool | None = None,
) -> tuple[Any, Any]:
    """carry, ys of `for x in xs: carry, y = f(carry, x)`: JAX's `lax.scan`.

    f           function of carry and x that gives the carry after the step, and a y
    init        the carry before the first step: a number, or a container of numbers and Values
    xs          what is given to the steps: a list or an array, or a tuple or dict of such; None for
                nothing, of which there are `length`
    reverse     True to go from the last x to the first
    checkpoint  False to keep the carry before every step for the gradient, True for every
                sqrt(T)-th, from which the others are computed again; by default as memory allows

    f is called on Values that stand for the numbers of the carry; that step is recorded, and run T
    times. At first f is called twice, to see that it does the same again, and once more when it is
    used the 2nd, 4th, 8th time, and so on. It may read Values from outside, which are parameters.
    The numbers are those of the unrolled loop, bit for bit, and the memory of the gradient is that
    of the carries. ys come as `vmap` gives results: as a list, or of arrays as an array; None if
    each y is None.

    Raises TypeError for a body that cannot be run again: that changes what it reads, that reads an
    iterator or a clock, that draws random numbers, or whose carry changes its form; ValueError for
    xs whose rows differ in form; and RuntimeError where a decision on a number
    goes another way than in the step that was recorded.
    """
    name = f"scan: {name_of(f)}"
    first, given, n = _given(name, xs, length, reverse)
    if n == 0:
        return init, []
    step, (carry, ys) = _run(name, f, f, init, first, (given, n, checkpoint))
    if not step.body.n_y:
        return carry, None if step.y is None else stacked([step.y] * n)
    return carry, stacked(ys[::-1] if reverse else ys)


def fori_loop(
    lower: int,
    upper: int,
    body_fun: Callable[[int, Any], Any],
    init_val: Any,
    *,
    checkpoint: bool | None = None,
) -> Any:
    """val of `for i in range(lower, upper): val = body_fun(i, val)`: JAX's `lax.fori_loop`.

    body_fun    function of the int i and the val before the step; `take(table, i)` is table[i]
    init_val    a number, or a container of numbers and Values
    checkpoint  as in `scan`, as everything else
    """
    first, last = _int("fori_loop: lower", lower), _int("fori_loop: upper", upper)
    if last <= first:
        return init_val

    def counting(carry: tuple[Any, Any], x: None) -> tuple[Any, Any]:
        i, val = carry
        return (i + 1, body_fun(i, val)), None

    name, init = f"fori_loop: {name_of(body_fun)}", (first, init_val)
    _, (carry, _) = _run(name, body_fun, counting, init, (), ([], last - first, checkpoint))
    return carry[1]


class repeat:
    """`for s in repeat(T, x=1.0, v=0.0): s.x, s.v = ...` runs the loop's body T times.

    The body runs once, on a state `s` of Values that stand for the numbers of x and v; that step is
    recorded, and run T times. After the loop, s.x and s.v are the results. What a body of `scan`
    may do, this one may, too; what each step changes has to be in s.

    Raises, when the body has run, what `scan` raises, and TypeError for a variable that the body
    changes besides. After `break` or `return` within the body, s raises RuntimeError, and what the
    body has computed is nan.
    """

    def __init__(self, n: int, /, **state: Any) -> None:
        self._n = _int("repeat: the number of steps", n)
        if self._n < 0:
            raise ValueError(f"repeat: the number of steps must be 0 or more, not {self._n}")
        if not state:
            raise TypeError("repeat: name what the body changes: repeat(T, x=0.0)")
        self._given = state
        self._body: _Recording | None = None
        self._state = State()

    def __iter__(self) -> repeat:
        return self

    def __next__(self) -> Any:
        frame = sys._getframe(1)
        if self._body is None:
            self._read = CapturedState(_named_in_loop(frame))
            if self._read.unseen:
                raise TypeError(_moves_on("repeat", self._read.unseen))
            self._body = body = _Recording("repeat", self._given, (), self._read.reached)
            self._locals = {name: _content(thing) for name, thing in frame.f_locals.items()}
            vars(self._state).update(body.carry)
            body.open()
            return self._state
        recording, self._body = self._body, None
        recording.close()
        after = dict(vars(self._state))
        try:
            self._check(after, frame.f_locals)
            step = recording.step(after, None)
            results = self._given
            if self._n:
                results, _ = step.run(self._given, [], self._n, None)
            vars(self._state).update(results)
        except BaseException:
            self._spoil()
            raise
        finally:
            recording.drop()
        raise StopIteration

    def _check(self, after: dict[str, Any], names: Mapping[str, Any]) -> None:
        for name in after.keys() - self._given.keys():
            raise TypeError(
                f"repeat: s.{name} is no state of the loop; write repeat(T, ..., {name}=...)"
            )
        for name, thing in self._locals.items():
            now = names.get(name)
            if now is self._state or _is_left_behind(thing[0]) or _same(thing, _content(now)):
                continue
            raise TypeError(
                f"repeat: the body changes {name}, but it runs once; make it a state of the "
                f"loop, repeat(T, ..., {name}={name}), or use another name for it"
            )
        changed = self._read.changed()
        if changed:
            raise TypeError(
                said(
                    f"repeat: the body changes {changed}, but it runs once",
                    "Make it a state of the loop; a cache has to be filled before",
                )
            )

    def _spoil(self) -> None:
        vars(self._state).clear()

    def __del__(self) -> None:
        recording = getattr(self, "_body", None)
        if recording is not None:  # left by break, return, or an error
            recording.close()
            recording.drop()
            self._spoil()


class State:
    """The state of a loop of `repeat`: an attribute for each number that it changes."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(
            f"repeat: there is no s.{name}: the body of the loop was left before its end, by "
            "break, return or an error, and it runs only once. Write where(done, s.x, ...) to stop "
            "changing a state"
        )


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, whose nodes are not kept: they are made again when a gradient is taken.

    f  function of numbers and Values, or of containers of them, that gives such. It is called again
       in the backward pass, so that it must give the same again

    As `jax.checkpoint`, for a chain of long functions: its memory is that of the longest, and its
    time one more forward pass. Values that f reads besides are parameters. In a compiled function
    it is f itself.

    Raises RuntimeError, in the backward pass, if f gives other numbers there.
    """

    @wraps(f)
    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        if observers.tracing():
            return f(*args, **kwargs)
        return _Checkpoint(wraps(f)(partial(f, **kwargs)) if kwargs else f, args)()

    return checkpointed


class _Checkpoint:
    """One call of a function whose nodes are made again."""

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self._f, self._args, self._name = f, args, f"checkpoint: {name_of(f)}"
        self._given = list(leaves(args, self._name))

    def __call__(self) -> Any:
        watch = Reading()
        self._form = observers.unobserved(self._watched, watch)
        numbers = [number(x) for x in watch.results]
        captured = watch.captured()
        block = Block(
            self._name,
            lambda given: (numbers, (given, numbers)),
            self._pullback,
            partial(self._backward, captured),
            captured,
        )
        return put(self._form, block([*self._given, *captured]))

    def _watched(self, watch: Reading) -> Any:
        with observers.observe(watch):
            result = self._f(*put(self._args, [Value(number(x)) for x in self._given]))
            watch.results = list(leaves(result, self._name))
        return put(result, [0.0] * len(watch.results))

    def _outputs(self, operands: Sequence[Any]) -> list[Any]:
        """What f gives when it is called again."""
        result = self._f(*put(self._args, operands))
        return list(leaves(result, self._name))

    def _backward(
        self, captured: list[Value], kept: tuple[list[float], list[float]], cotangents: list[float]
    ) -> list[float]:
        given, before = kept
        xs = [Value(x) for x in given[: len(self._given)]]
        outputs = self._outputs(xs)
        self._check(before, outputs)
        pairs = zip(outputs, cotangents, strict=True)
        total = functions.sum([y * g for y, g in pairs if isinstance(y, Node) and g != 0.0])
        if not isinstance(total, Node):
            return [0.0] * len(given)
        return gradient(total, [*xs, *captured])

    def _check(self, before: list[float], outputs: list[Any]) -> None:
        after = [number(y) for y in outputs]
        if len(after) != len(before):
            raise RuntimeError(f"{self._name} gave {len(before)} numbers, and then {len(after)}")
        for x, y in zip(before, after, strict=True):
            if x != y and not (x != x and y != y):
                raise RuntimeError(
                    f"{self._name} gave {x!r}, and {y!r} when it was called again for the "
                    "gradient. Draw random numbers before it, and change parameters after "
                    "backward()"
                )

    def _pullback(
        self, operands: Sequence[Any], results: Sequence[Any], cotangents: Sequence[Any]
    ) -> list[Any]:
        outputs = self._outputs(operands[: len(self._given)])
        self._check([number(y) for y in results], outputs)
        inputs: list[Any] = [x for x in operands if isinstance(x, Node)]
        return by_operand(Graph(outputs, inputs).pullback(cotangents), operands)


# --------------------------------------------------------------------------- recording a step


class _Recording:
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

    def step(self, after: Any, y: Any) -> _Step:
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
            if k < len(found) and not _is_int(found[k]):
                raise TypeError(
                    f"{self.name}: an int of the carry is an index, but after a step it is no int"
                )
        return _Step(body, y if y is None else put(y, [0.0] * len(ys)))


class _Step:
    """A body, and the form of what it gives besides the carry: its y, or None."""

    def __init__(self, body: Body, y: Any) -> None:
        self.body, self.y = body, y

    def is_like(self, other: _Step) -> bool:
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


class _Known:
    """A step that was recorded, the state that it read, and how often it has been run since.

    trusted  False once it has read, besides, what no name leads to
    """

    def __init__(self, state: CapturedState, step: _Step, trusted: bool = True) -> None:
        self.state, self.step, self.trusted, self.runs = state, step, trusted, 1


_steps: dict[Any, _Known] = {}
"""{the function, the loop and the form of its arguments: its step}, of the last KEPT loops"""

KEPT = 32


def _run(
    name: str,
    function: Any,
    f: Callable[..., Any],
    carry: Any,
    x: Any,
    steps: tuple[list[Any], int, bool | None],
) -> tuple[_Step, Any]:
    """The step of a body, and what it gives when it is run.

    function  what the user wrote
    f         the same as a function of carry and x
    steps     what `_Step.run` is given after the carry
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
    # By its id, as functions may be equal and not the same; the state keeps it alive.
    key = id(function), name, flat.shape.tobytes(), tuple(flat.statics)
    known = _steps.pop(key, None)
    if known is None:
        known = _Known(*_checked(name, function, f, carry, x))
    elif known.state.changed():
        known = _Known(*_recorded_anew(name, function, f, carry, x), known.trusted)
    else:
        known.runs += 1
        if not known.trusted or known.runs & (known.runs - 1) == 0:  # as compiled functions are
            state, step = _recorded_anew(name, function, f, carry, x)
            if not step.is_like(known.step):
                known = _Known(state, step, trusted=False)
    _steps[key] = known
    for oldest in [*_steps][:-KEPT]:
        _steps.pop(oldest, None)
    return key, known


def _checked(
    name: str, function: Any, f: Callable[..., Any], carry: Any, x: Any
) -> tuple[CapturedState, _Step]:
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
) -> tuple[CapturedState, _Step]:
    changed = ""
    for _ in range(2):  # the first call may fill a cache
        state = CapturedState([(name_of(function), function)])
        if state.unseen:
            raise TypeError(_moves_on(name, state.unseen))
        step: _Step = observers.unobserved(_recorded, name, f, carry, x, state)
        changed = state.changed()
        if not changed:
            return state, step
    raise TypeError(
        said(
            f"{name}: the body changes {changed}, but it is run once",
            "Make it a part of the carry",
        )
    )


def _moves_on(name: str, unseen: str) -> str:
    return said(
        f"{name}: the body reads {unseen}, which each step may move on, but it is run once",
        "Pass what it gives to scan, as xs",
    )


def _recorded(name: str, f: Callable[..., Any], carry: Any, x: Any, state: CapturedState) -> _Step:
    recording = _Recording(name, carry, x, state.reached)
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


def _tracer(x: Any) -> Any:
    """What stands for a number of a step: a Value, and for an int an int, which may be an index."""
    if _is_int(x):
        return tracer_of(int(number(x)))
    return ValueTracer(number(x))


def _given(name: str, xs: Any, length: Any, reverse: bool) -> tuple[Any, list[Any], int]:
    """What stands for the x of any step; the numbers and Values of all, step by step; how many.

    Raises ValueError for rows of xs that do not all have the form of the first.
    """
    if xs is None:
        if length is None:
            raise TypeError(f"{name}: give xs, or the length of the loop")
        length = _int(f"{name}: length", length)
        if length < 0:
            raise ValueError(f"{name}: length must be 0 or more, not {length}")
        return (), [], length
    arrays = _arrays(xs)
    quick = len({*map(len, arrays)}) == 1
    rows = _along(name, xs) if not quick else range(len(arrays[0]))
    n = len(rows)
    if length is not None and length != n:
        raise ValueError(f"{name}: length is {length}, but there are {n} xs")
    if n == 0:
        return (), [], 0
    if quick:
        table = np.concatenate([x.reshape(n, -1) for x in arrays], axis=1)[:: -1 if reverse else 1]
        return _first(xs), table.ravel().tolist(), n
    _compare(name, rows)
    rows = rows[::-1] if reverse else rows
    given = [x for row in rows for x in leaves(row, name)]
    return _of_all(rows[0], given, n, name), given, n


def _arrays(xs: Any) -> list[Any]:
    """The arrays of numbers that xs are; none if they are anything else, too."""
    if isinstance(xs, np.ndarray):
        return [xs] if xs.ndim and xs.dtype.kind in "fiub" else []
    found = [] if isinstance(xs, list) else [_arrays(part) for part in children(xs)]
    return [x for part in found for x in part] if all(found) else []


def _first(xs: Any) -> Any:
    """The first row of arrays."""
    return xs[0] if isinstance(xs, np.ndarray) else rebuild(xs, [*map(_first, children(xs))])


def _compare(name: str, rows: Any) -> None:
    """Raise ValueError for rows of xs that do not all have the form of the first."""
    if {*map(type, rows)} <= {float, int, Value}:
        return
    for k, row in enumerate(rows):
        differs = difference(rows[0], row, f"row {k} of xs")
        if differs:
            raise ValueError(f"{name}: each row of xs must have the form of row 0: {differs}")


def _int(name: str, n: Any) -> int:
    try:
        return index(n)
    except TypeError:
        raise TypeError(f"{name} must be an int, not {type(n).__name__}") from None


def _of_all(row: Any, given: list[Any], n: int, name: str) -> Any:
    """The first row, with a float for an int that is no int in each of the n rows."""
    first = list(leaves(row, name))
    columns = [given[k :: len(first)] for k in range(len(first))]
    found = [
        x if all(map(_is_int, column)) else number(x)
        for x, column in zip(first, columns, strict=True)
    ]
    mixed = any(_is_int(x) and not _is_int(y) for x, y in zip(first, found, strict=True))
    return put(row, found) if mixed else row


def _is_int(x: Any) -> bool:
    return is_int(x) or type(x) is bool


def _along(name: str, xs: Any) -> list[Any]:
    """The elements of lists and arrays; of tuples, dicts and dataclasses, those of each element."""
    if isinstance(xs, (list, np.ndarray)):
        return list(xs)
    parts = children(xs)
    if not parts:
        raise TypeError(f"{name}: xs must be a list or an array, not {type(xs).__name__}")
    columns = [_along(name, part) for part in parts]
    if len({*map(len, columns)}) > 1:
        lengths = ", ".join(str(len(column)) for column in columns)
        raise ValueError(f"{name}: the xs are of different lengths: {lengths}")
    return [rebuild(xs, list(row)) for row in zip(*columns, strict=True)]


def _content(thing: Any) -> Any:
    """What a variable holds, to see whether it changes: of a container, what is in it, too."""
    if type(thing) in (list, set, dict, deque):
        return thing, [*thing, *(thing.values() if isinstance(thing, dict) else ())]
    return thing, []


def _same(before: tuple[Any, list[Any]], after: tuple[Any, list[Any]]) -> bool:
    return (
        same(before[0], after[0])
        and len(before[1]) == len(after[1])
        and all(map(same, before[1], after[1]))
    )


def _is_left_behind(thing: Any) -> bool:
    """True of what an earlier loop's body left in its variables: a state, and nan."""
    if isinstance(thing, State):
        return True
    try:
        found = list(leaves(thing, ""))
    except TypeError:
        return False
    return bool(found) and all(isinstance(x, Node) and isnan(number(x)) for x in found)


def _named_in_loop(frame: FrameType) -> list[tuple[str, Any]]:
    """(name, thing) of the variables in the loop that begins where the frame stands."""
    instructions = [*get_instructions(frame.f_code)]
    at = [x for x in instructions if x.offset == frame.f_lasti and x.opname == "FOR_ITER"]
    if at:
        instructions = [x for x in instructions if at[0].offset < x.offset < at[0].argval]
    each = [x.argval if isinstance(x.argval, tuple) else (x.argval,) for x in instructions]
    names = {*chain.from_iterable(each)}
    space = {**frame.f_globals, **frame.f_locals}
    return [(f"the variable {name}", space[name]) for name in space if name in names]
