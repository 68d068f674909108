"""`compile`: a function that is recorded once for each signature of a call, and then replayed."""

from __future__ import annotations

import functools
import random
import sys
from collections import OrderedDict, deque
from types import BuiltinFunctionType, FunctionType, MethodType, MethodWrapperType
from weakref import WeakValueDictionary

from autograd_lite import observers
from autograd_lite.anomaly import raised_at
from autograd_lite.callables import CompiledFunction, runs_later
from autograd_lite.compiler.choice import EXECUTORS
from autograd_lite.compiler.messages import said, warn
from autograd_lite.compiler.program import Attempt, Program
from autograd_lite.compiler.record.captured import CapturedState
from autograd_lite.compiler.record.eager import call_eagerly
from autograd_lite.compiler.record.flatten import FlatArguments, Identity, flatten
from autograd_lite.compiler.record.recorder import record
from autograd_lite.compiler.record.tracers import NotRecordedError, TracerError, Tracers
from autograd_lite.forks import give_lock
from autograd_lite.value import blocks_open

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from threading import RLock
    from typing import Any

    from autograd_lite.compiler.lift.words import Step
    from autograd_lite.compiler.program import AnyProgram
    from autograd_lite.compiler.record.guards import Guard
    from autograd_lite.compiler.record.recorder import Recording

__all__ = ["Compiled", "decorated"]

MAX_SHAPES = 64
"""So many signatures a compiled function remembers; the least recently used goes."""

MAX_AGAIN = 8
"""After this many evicted signatures were recorded again, evicted ones run eagerly: they thrash."""

MAX_VARIANTS = 8
"""So many recordings of one signature are kept; if all are needed, it runs eagerly."""

MAX_STATICS = 16
"""So many recordings there may be of arguments of one shape with other ints, strings, objects."""

# What a function may raise on tracers and not on the arguments themselves.
_PROBLEMS = (
    TypeError,
    AttributeError,
    LookupError,
    ValueError,
    NotImplementedError,
    RecursionError,
)


class Compiled(CompiledFunction):
    """A function of numbers and Values that runs as a recorded program.

    The first call of a signature (the arguments' nesting, lengths, ints and strings) is recorded;
    later ones replay it with their own numbers.

    function    the function itself, which runs eagerly
    recordings  how many calls were recorded
    """

    # In slots, so that its __dict__ has what users give it, as a function's has.
    __slots__ = (
        *("__dict__", "__weakref__", "_again", "_gone", "_by_signature", "_lock"),
        *("_receivers", "_statics", "_twin", "_warned", "executor", "function", "recordings"),
    )

    _lock: RLock

    def __init__(self, function: Callable[..., Any], executor: str = "auto") -> None:
        if not callable(function):
            name = type(function).__name__
            below = f"; write @compile below @{name}" if hasattr(function, "__get__") else ""
            raise TypeError(f"compile: expected a function, not {name}{below}")
        if runs_later(function):
            raise TypeError(
                f"compile: {function.__name__} runs after its call has returned; compile a plain "
                "function, and call it there"
            )
        if executor not in EXECUTORS:
            known = ", ".join(map(repr, EXECUTORS))
            raise ValueError(f"compile: executor must be one of {known}, not {executor!r}")
        self.executor = executor
        functools.update_wrapper(self, function)
        self.__name__ = str(getattr(function, "__name__", type(function).__name__))
        self.function = function
        self.recordings = 0
        self._by_signature: OrderedDict[Any, _Signature] = OrderedDict()
        self._gone: deque[int] = deque(maxlen=16 * MAX_SHAPES)  # hashes of evicted signatures
        self._again = 0  # how many of them were recorded again
        self._statics: dict[bytes, dict[Any, None]] = {}  # those recorded for each shape, in order
        self._receivers: list[Any] = []  # of callbacks and draws
        self._warned: list[str] = []  # why it runs eagerly
        self._twin: FunctionType | None = None
        give_lock(self, "_lock")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        watched = blocks_open() and observers.watched()  # every node
        if watched and observers.tracing():  # recorded in another
            return self.function(*args, **kwargs)
        flat = FlatArguments()
        flatten(args, flat)
        flatten(kwargs, flat)
        signature = self._signature((flat.shape.tobytes(), tuple(flat.statics)))
        if not (signature.eager or watched):
            attempt = Attempt()
            held, result = signature.replayed(flat, attempt)
            if held:
                return result
            with self._lock:
                # By now another thread may have recorded.
                held, result = signature.replayed(flat, attempt)
                program = None if held else self._recorded(signature, flat, attempt)
                if program is not None:
                    held, result = program.run(flat, attempt)
                    signature.check(program)
            if held:
                return result
        return self._eagerly(signature, flat, args, kwargs)

    def __get__(self, thing: Any, cls: type | None = None) -> Any:
        return self if thing is None else MethodType(self, thing)

    def explain(self) -> str:
        """The programs recorded so far, as operations on arrays, and why calls run eagerly.

        Calls the function once more for the lines of what stayed scalar. Raises ValueError if there
        is no program.
        """
        text = [program.explain(self.function) for program in self.programs()]
        eager = [f"{self.__name__} runs eagerly for some arguments: {x}" for x in self._warned]
        return "\n\n".join(text + eager)

    def steps(self) -> tuple[list[Step], list[Step]]:
        """The forward and the backward steps of the last program, as operations on arrays.

        Partials stand in the steps that use them. Raises ValueError if there is no program.
        """
        last = self.programs()[-1]
        forward, backward = last.array_program.steps(last.names)
        return [step for step in forward if step.text], [step for step in backward if step.text]

    def programs(self) -> Sequence[AnyProgram]:
        """The programs recorded so far, that of the last call last. Raises ValueError for none."""
        programs = [
            program
            for signature in self._signatures()
            for program in sorted(signature.programs, key=lambda p: p is signature.last)
        ]
        if not programs:
            why = "has recorded nothing yet; call it first"
            if self._warned:
                why = f"has no program, as it runs eagerly: {self._warned[0]}"
            raise ValueError(f"{self.__name__} {why}")
        return programs

    def __repr__(self) -> str:
        return f"<compiled {self.__name__}>"

    def __reduce_ex__(self, protocol: Any) -> str | tuple[Any, ...]:
        """Its name, as of other functions, if the name finds it; else its function and attributes.

        A copy, or another process, records its own programs.
        """
        module, name = getattr(self, "__module__", ""), getattr(self, "__qualname__", "")
        if _found(module, name) is not self:
            return type(self), self._arguments(), self._attributes()
        if module != "__main__" or type(self.function) is not FunctionType or protocol < 4:
            return name
        self._uncompiled.__dict__ = self._attributes()
        return _arrived, (self._uncompiled, type(self), *self._arguments()[1:])

    def _attributes(self) -> dict[str, Any]:
        """The attributes that users gave it."""
        own = {*functools.WRAPPER_ASSIGNMENTS, "__wrapped__"}
        return {name: thing for name, thing in vars(self).items() if name not in own}

    @property
    def _uncompiled(self) -> FunctionType:
        """The function, with the name of this property, by which pickle finds it.

        At the function's own name pickle finds the compiled function. That of a script or a
        notebook is pickled as a function, so that cloudpickle takes it along by value.
        """
        if self._twin is None:
            f = self.function
            twin = FunctionType(
                f.__code__, f.__globals__, f.__name__, f.__defaults__, f.__closure__
            )
            twin.__kwdefaults__ = f.__kwdefaults__
            functools.update_wrapper(twin, f)
            del twin.__wrapped__  # type: ignore[attr-defined]
            twin.__qualname__ += "._uncompiled"
            self._twin = twin
        return self._twin

    def _arguments(self) -> tuple[Any, ...]:
        """The constructor's arguments, for copies and pickles."""
        return self.function, self.executor

    def _signature(self, key: Any) -> _Signature:
        """What is known of the calls with this key, made if need be."""
        try:
            self._by_signature.move_to_end(key)
            return self._by_signature[key]
        except KeyError:
            pass
        with self._lock:
            signature = self._by_signature.get(key) or _Signature()
            if key not in self._by_signature and hash(key) in self._gone:
                self._again += 1
                if self._again > MAX_AGAIN:
                    self._give_up(
                        signature,
                        said(
                            f"its arguments are of more than {MAX_SHAPES} kinds in turn, such as "
                            "lengths, of which the others keep their programs",
                            "Pad them to a few lengths",
                        ),
                    )
                    return signature
            self._by_signature[key] = signature
            while len(self._by_signature) > MAX_SHAPES:
                gone, last = self._by_signature.popitem(last=False)
                if last.programs:
                    self._gone.append(hash(gone))
            return signature

    def _signatures(self) -> list[_Signature]:
        return [*self._by_signature.values()]  # at once, as other threads move them to the end

    def _captured(self, statics: Iterable[tuple[type, Any]]) -> CapturedState:
        """The state that the function reaches now.

        Programs share it, as a comparison is faster if the one before looked at the same memory.
        """
        arguments = [thing.thing if isinstance(thing, Identity) else thing for _, thing in statics]
        roots = [(self.__name__, self.function), *[("an argument", x) for x in arguments]]
        programs = [program for signature in self._signatures() for program in signature.programs]
        for known in {program.captured for program in programs}:
            if known.is_of(roots, self._receivers) and not known.changed():
                return known
        return CapturedState(roots, self._receivers)

    def _eagerly(
        self,
        signature: _Signature,
        flat: FlatArguments,
        args: Iterable[Any],
        kwargs: dict[str, Any],
    ) -> Any:
        """The result of the function itself, called on tracers unless it fails on them."""
        raw, problem = signature.raw, signature.problem
        if not signature.eager:
            signature.raw, signature.problem = False, ""  # should the function itself fail as well
        if not raw:
            try:
                result = call_eagerly(self.function, flat)
            except TracerError as error:
                raw, problem = True, str(error)
            except _PROBLEMS as error:
                if not flat.floats:
                    raise
                raw, problem = True, _failure(error)
        if raw:
            result = self.function(*args, **kwargs)
        signature.raw = raw
        if problem:
            self._give_up(signature, problem)
        return result

    def _recorded(
        self, signature: _Signature, flat: FlatArguments, attempt: Attempt
    ) -> Program | None:
        """A program for this call, kept if other calls can use it; None if there is none.

        The caller holds the lock.
        """
        if signature.eager:
            return None
        signature.problem, signature.raw = "", False
        reason = signature.worn_out(attempt) or self._other_statics(signature, flat)
        if reason:
            self._give_up(signature, reason)
            return None
        captured = self._captured(flat.statics)
        try:
            recording = record(self.function, flat, captured.reached, attempt.drawn)
            changed = captured.changed()
            receivers = _receivers(recording)
            if any(all(x is not y for y in self._receivers) for x in receivers):
                self._receivers += receivers
                captured = self._captured(flat.statics)
            program = self._program(recording, captured, flat, attempt)
        except NotRecordedError as problem:
            signature.raw = isinstance(problem, TracerError)
            self._give_up(signature, str(problem))
            return None
        except _PROBLEMS as problem:
            if not flat.floats:
                raise
            signature.problem, signature.raw = _failure(problem), True
            return None
        if recording.why_not:
            self._give_up(signature, recording.why_not)
        elif captured.unseen:
            self._give_up(
                signature,
                said(
                    f"it reads {captured.unseen}, which may change unseen",
                    "Pass what it reads of it as an argument (an array may be made read-only by "
                    "array.flags.writeable = False)",
                ),
            )
        elif changed:  # perhaps a cache that is filled once
            signature.unsettled += 1
            if signature.unsettled > 1:
                self._give_up(
                    signature,
                    said(
                        f"each call changes {changed}, which a program would not",
                        "Keep what changes outside, or change it by autograd_lite.callback",
                    ),
                )
        else:
            self.recordings += 1
            signature.keep(program)
            return program
        recording.leave_behind(flat)
        return program

    def _program(
        self, recording: Recording, captured: CapturedState, flat: FlatArguments, attempt: Attempt
    ) -> Program:
        """The program of a recording, for whose own call its guards hold."""
        if recording.misled:
            raise TracerError(recording.why_not)
        attempt.drawn = [draw.number for draw in recording.draws]
        program = Program(recording, captured, flat, self.__name__, self.executor)
        if self.executor == "numpy" and not program.holds(flat, attempt):
            # Arrays add up in another order, and a decision was taken on the last digit.
            program = Program(recording, captured, flat, self.__name__, "interpret")
        return program

    def _other_statics(self, signature: _Signature, flat: FlatArguments) -> str:
        """Why there have been too many recordings that differ in what is static, or ""."""
        if signature.programs or signature.unsettled:
            return ""
        recorded = self._statics.setdefault(flat.shape.tobytes(), {})
        key = tuple(flat.statics)
        if key in recorded or len(recorded) < MAX_STATICS:  # it is again if the call had failed
            recorded[key] = None
            return ""
        *_, last = recorded
        tracers = Tracers(flat)
        tracers.call(self.function)
        others = [
            (static, name)
            for static, other, name in zip(flat.statics, last, tracers.static_names, strict=True)
            if static != other
        ]
        types = dict.fromkeys(_type_of(static) for static, _ in others)
        owners = dict.fromkeys(name for _, name in others)
        instead = "Compile a function for each of them, or pass it numbers"
        if types.keys() <= {"bool", "ndarray"}:  # arrays of bools
            instead = "Pass 1 for True and 0 for False, and write where(b, x, y) for x if b else y"
        elif types.keys() == {"int"}:
            instead = (
                "Pass NumPy's integers, which are read at each call, such as "
                f"np.array({next(iter(owners))}), and write take(table, i) for table[i]; or floats"
            )
        return said(
            f"it was recorded for {len(recorded)} different values of {' and '.join(owners)} "
            f"(of type {', '.join(types)})",
            instead,
        )

    def _give_up(self, signature: _Signature, reason: str) -> None:
        signature.eager = True
        if reason not in self._warned:
            self._warned.append(reason)
            warn(f"{self.__name__} runs eagerly from now on: {reason}")


class _Signature:
    """The programs for the calls of one signature: one for each way that decisions went.

    programs   the programs, the newest first
    last       the program that ran last
    eager      True if the function is called instead
    problem    why a recording or its first run failed, though the function itself may not, or ""
    raw        True if the function, where it is called, needs the arguments themselves
    unsettled  the number of recordings in a row that changed what the function reads
    """

    def __init__(self) -> None:
        self.programs: list[Program] = []
        self.last: Program | None = None
        self.eager = False
        self.problem = ""
        self.raw = False
        self.unsettled = 0
        self._in_a_row = 0  # recordings since the last replay

    def replayed(self, flat: FlatArguments, attempt: Attempt) -> tuple[bool, Any]:
        """Whether one of the programs is the one for these arguments, and its result."""
        for program in self.programs:
            if not program.captured.changed():
                held, result = program.run(flat, attempt)
                if held:
                    self.last = program
                    self._in_a_row = 0
                    return True, result
        return False, None

    def keep(self, program: Program) -> None:
        """Add a program; one whose captured state has changed may go for it."""
        self.unsettled = 0
        self._in_a_row += 1
        if len(self.programs) >= MAX_VARIANTS:
            changed = [p for p in self.programs if p.captured.changed()]
            self.programs = [p for p in self.programs if p is not changed[-1]]
        self.programs = [program, *self.programs]
        self.last = program

    def check(self, program: Program) -> None:
        """Drop the programs if the first run of this one said that the function must run."""
        if program.why_not:
            self.problem, self.programs = program.why_not, []

    def worn_out(self, attempt: Attempt) -> str:
        """Why no further recording is made, or ""."""
        changes = [p.captured.changed() for p in self.programs]
        if changes.count("") >= MAX_VARIANTS:
            what = f"it took {MAX_VARIANTS} different ways through its decisions on numbers"
            if attempt.failed is None:
                return said(f"{what}, such as an index out of range")
            return said(f"{what}, such as this one", _instead(attempt.failed), attempt.failed.line)
        if self._in_a_row >= MAX_VARIANTS and changes[0]:
            return said(
                f"it reads what changed before each of {MAX_VARIANTS} calls, such as {changes[0]}",
                "Pass it as an argument",
            )
        return ""


def decorated(make: Callable[[Any], Any], function: Any) -> Any:
    """make(function); of a staticmethod, classmethod or property one of what it wraps."""
    if isinstance(function, (staticmethod, classmethod)):
        return type(function)(make(function.__func__))
    if isinstance(function, property):
        return property(make(function.fget), function.fset, function.fdel, function.__doc__)
    return make(function)


def _failure(problem: Exception) -> str:
    """The message that the function fails on tracers: where, and what to write instead."""
    instead = "Compute it outside, and pass the result"
    if "math's functions" in str(problem):
        instead = "Write autograd_lite.exp for math.exp and the like, and x for float(x)"
    if "used as indices" in str(problem):  # of an array
        instead = "Write [take(array, i) for i in index] for array[index]"
    return said(
        "it fails on what stands for the numbers it is passed, which are Values in a compiled "
        f"function ({type(problem).__name__}: {problem})",
        instead,
        raised_at(problem),
    )


def _instead(guard: Guard) -> str:
    """What to write instead of a decision that goes too many ways."""
    if guard.op == "is" and guard.integer:
        return "Write take(table, i) for table[i], which reads the index anew at each call"
    if guard.op == "is":
        return "Compute with the Value rather than with its number, or read the number outside"
    if guard.op in ("==", "!="):
        return "Decide it outside, and pass what was decided, such as a bool"
    return (
        "Write where(relu(x - y), a, b) for a if x > y else b, or maximum, minimum, clip or "
        "largest, which decide anew at each call; or vmap a function of one element"
    )


def _receivers(recording: Recording) -> list[Any]:
    """The objects that callbacks write into, and from which random numbers are drawn."""
    called = [
        *[call.function for call in recording.calls],
        *[draw.function for draw in recording.draws],
    ]
    bound = [x for x in called if not isinstance(x, FunctionType) and hasattr(x, "__self__")]
    return [
        *[x for x in called if isinstance(x, FunctionType)],
        *[x.__self__ for x in bound if isinstance(x, (BuiltinFunctionType, MethodWrapperType))],
        *[x.__self__ for x in bound if isinstance(x.__self__, random.SystemRandom)],
    ]


def _found(module: Any, name: Any) -> Any:
    """What stands under this name in a module that was imported, or None."""
    thing: Any = sys.modules.get(module)
    for part in str(name).split("."):
        thing = getattr(thing, part, None)
    return thing


_arrivals: WeakValueDictionary[int, Compiled] = WeakValueDictionary()  # by their functions


def _arrived(function: FunctionType, cls: type[Compiled], *arguments: Any) -> Compiled:
    """The compiled function whose `_uncompiled` arrives: found by its name, or made of it."""
    name = function.__qualname__.removesuffix("._uncompiled")
    found = _found(function.__module__, name)
    if isinstance(found, Compiled) and found._twin is function:
        return found
    made = _arrivals.get(id(function))
    if made is None:
        function.__qualname__ = name
        _arrivals[id(function)] = made = cls(function, *arguments)
    vars(made).update(vars(function))  # which a function that reads itself has not had before
    return made


def _type_of(static: tuple[type, Any]) -> str:
    cls, thing = static
    return type(thing.thing).__name__ if isinstance(thing, Identity) else cls.__name__
