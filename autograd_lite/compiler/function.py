"""`compile`: a function that is recorded once for each signature of a call, and then replayed."""

from __future__ import annotations

import functools
import os
import random
import sys
from collections import OrderedDict
from types import BuiltinFunctionType, FunctionType, MethodType, MethodWrapperType
from weakref import WeakValueDictionary

from autograd_lite import observers
from autograd_lite.anomaly import raised_at
from autograd_lite.callables import CompiledFunction, runs_later
from autograd_lite.compiler.check import CHECKS, Witness, difference, is_checking
from autograd_lite.compiler.choice import EXECUTORS
from autograd_lite.compiler.messages import said, warn
from autograd_lite.compiler.mistake import Mistake
from autograd_lite.compiler.program import Attempt, Program
from autograd_lite.compiler.record.captured import CapturedState
from autograd_lite.compiler.record.flatten import FlatArguments, Identity, flatten_call
from autograd_lite.compiler.record.moving import MovingInts
from autograd_lite.compiler.record.recorder import Recorder, SilentRecorder, record
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
    from autograd_lite.compiler.tape.executor import Run

__all__ = ["Compiled", "decorated"]

MAX_SIGNATURES = 128
"""So many signatures a compiled function remembers; of those without programs first, and then of
all, the least recently used goes."""

FREE_PER_SIGNATURE, FREE_IN_ALL = 16, 64
"""So many recordings of a signature, and of a function, are free. Then every eighth call of a
signature may be recorded, and none if none of so many programs, and half as many more, ran again.
"""

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

    The first call of a signature (the arguments' nesting, lengths and strings) is recorded; later
    ones replay it with their own numbers. At calls 2, 4, 8 ... of a program the function runs too,
    and its result counts.

    function    the function itself, which runs eagerly
    recordings  how many calls were recorded
    """

    # In slots, so that its __dict__ has what users give it, as a function's has.
    __slots__ = (
        *("__dict__", "__weakref__", "_by_signature", "_check", "_ints", "_lock", "_mistake"),
        *("_receivers", "_twin", "_warned", "check", "executor", "function", "recordings"),
    )

    _lock: RLock

    def __init__(
        self, function: Callable[..., Any], executor: str = "auto", check: str = "auto"
    ) -> None:
        if not callable(function):
            name = type(function).__name__
            below = f"; write @compile below @{name}" if hasattr(function, "__get__") else ""
            raise TypeError(f"compile: expected a function, not {name}{below}")
        if runs_later(function):
            raise TypeError(
                f"compile: {function.__name__} runs after its call has returned; compile a plain "
                "function, and call it there"
            )
        for name, given, known in (("executor", executor, EXECUTORS), ("check", check, CHECKS)):
            if given not in known:
                choices = ", ".join(map(repr, known))
                raise ValueError(f"compile: {name} must be one of {choices}, not {given!r}")
        self.executor, self.check = executor, check
        everywhere = os.environ.get("AUTOGRAD_LITE_CHECK", "") not in ("", "0")
        self._check = "always" if everywhere and check == "auto" else check
        functools.update_wrapper(self, function)
        self.__name__ = str(getattr(function, "__name__", type(function).__name__))
        self.function = function
        self.recordings = 0
        self._by_signature: OrderedDict[Any, Signature] = OrderedDict()
        self._ints = MovingInts()
        self._receivers: list[Any] = []  # of callbacks and draws
        self._warned: list[str] = []  # why it runs eagerly
        self._mistake: Mistake | None = None
        self._twin: FunctionType | None = None
        give_lock(self, "_lock")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        watched = blocks_open() and observers.watched()  # every node
        if (watched and observers.tracing()) or is_checking():
            return self.function(*args, **kwargs)  # as a part of another
        moving, flat, signature = self._taken_apart(args, kwargs)
        if signature.calls == 1 and self._ints.learn({**dict(enumerate(args)), **kwargs}):
            moving, flat, signature = self._taken_apart(args, kwargs)
        if not (signature.eager or watched or self._mistake):
            attempt = Attempt()
            tried = signature.programs
            held, result = self._replayed(signature, flat, attempt, args, kwargs)
            if held:
                return result
            with self._lock:
                if signature.programs is not tried:  # by now another thread has recorded
                    held, result = self._replayed(signature, flat, attempt, args, kwargs)
                if not held:
                    held, result, _ = self._recorded(signature, flat, attempt, args, kwargs)
            if held:
                return result
            if moving is not self._ints.names:
                return self(*args, **kwargs)
        return self._eagerly(signature, args, kwargs)

    def __get__(self, thing: Any, cls: type | None = None) -> Any:
        return self if thing is None else MethodType(self, thing)

    def explain(self) -> str:
        """The programs recorded so far, as operations on arrays, and why calls run eagerly.

        Calls the function once more for the lines of what stayed scalar. Raises ValueError if there
        is no program.
        """
        if self._mistake:
            return f"{self.__name__} runs eagerly, as {self._mistake.explain(self.function)}"
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
        return self.function, self.executor, self.check

    def _taken_apart(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[frozenset[Any], FlatArguments, Signature]:
        """The arguments whose ints move, all arguments taken apart, and what is known of such."""
        moving = self._ints.names
        flat = flatten_call(args, kwargs, moving)
        return moving, flat, self._signature((flat.shape.tobytes(), tuple(flat.statics)))

    def _signature(self, key: Any) -> Signature:
        """What is known of the calls with this key, made if need be."""
        try:
            self._by_signature.move_to_end(key)
            signature = self._by_signature[key]
        except KeyError:
            with self._lock:
                signature = self._by_signature.setdefault(key, Signature())
                if len(self._by_signature) > MAX_SIGNATURES:
                    oldest = [*self._by_signature][:-1]
                    empty = (key for key in oldest if not self._by_signature[key].programs)
                    del self._by_signature[next(empty, oldest[0])]
        signature.calls += 1
        return signature

    def _signatures(self) -> list[Signature]:
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

    def _replayed(
        self,
        signature: Signature,
        flat: FlatArguments,
        attempt: Attempt,
        args: Iterable[Any],
        kwargs: dict[str, Any],
    ) -> tuple[bool, Any]:
        """Whether one of the programs is the one for these arguments, and its result.

        If it is due, the function runs as well, and its result counts.
        """
        for program in signature.programs:
            if not program.captured.changed():
                run = program.run(flat, attempt)
                if run is not None:
                    if program.is_due(self._check):
                        result = self._checked(program, run, flat, attempt, args, kwargs)
                    else:
                        result = program.result(run, flat)
                    program.runs += 1
                    signature.last = program
                    return True, result
        return False, None

    def _checked(
        self,
        program: Program,
        run: Run,
        flat: FlatArguments,
        attempt: Attempt,
        args: Iterable[Any],
        kwargs: dict[str, Any],
    ) -> Any:
        """The function's own result for a call, compared with the program's run."""
        witness = Witness(attempt.drawn[: len(program.draws)])
        result = witness.run(self.function, args, kwargs)
        differs = difference(program, run, flat, result, witness, self._check == "always")
        program.checked()
        if differs:
            self._strike(Mistake(program, flat, attempt.drawn, args, kwargs, differs))
        return result

    def _strike(self, mistake: Mistake) -> None:
        """From now on the function runs eagerly, as a program gave other numbers."""
        self._mistake = mistake
        for signature in self._signatures():
            signature.programs = []
        self._warn(said(mistake.what, "explain() says where they part"), "runs eagerly from now on")

    def _recorded(
        self,
        signature: Signature,
        flat: FlatArguments,
        attempt: Attempt,
        args: Iterable[Any],
        kwargs: dict[str, Any],
    ) -> tuple[bool, Any, Program | None]:
        """Whether this call was recorded, its result, and the program if other calls can use it.

        If every call is checked, this one is, too: then the function makes the callbacks in the
        check, and its result counts. The caller holds the lock.
        """
        always = self._check == "always"
        recorder = SilentRecorder if always else Recorder
        if signature.eager or self._mistake or attempt.raises:
            return False, None, None
        if not self._may_record(signature, flat, attempt):
            return False, None, None
        signature.problem = ""
        captured = self._captured(flat.statics)
        try:
            recording = record(self.function, flat, captured.reached, attempt.drawn, recorder)
            before, receivers = captured, _receivers(recording)
            if any(all(x is not y for y in self._receivers) for x in receivers):
                # What callbacks write into is no state that the function reads.
                self._receivers += receivers
                captured = self._captured(flat.statics)
            changed = before.changed(captured)
            program = self._program(recording, captured, flat, attempt)
        except NotRecordedError as problem:
            if self._ints.stop(flat):
                return False, None, None
            self._give_up(signature, str(problem))
            return False, None, None
        except _PROBLEMS as problem:
            if self._ints.stop(flat):
                return False, None, None
            if not flat.floats:
                raise
            signature.problem = _failure(problem)
            return False, None, None
        asked = self._ints.read(flat, recording)
        recording.leave_behind(flat)
        result, keeps = program.recorded_result(recording, flat), False
        if recording.why_not:
            self._give_up(signature, recording.why_not)
        elif captured.unseen:
            self._give_up(
                signature,
                said(
                    f"it reads {captured.unseen}, which may change unseen",
                    "Pass what it reads of it as an argument",
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
            keeps = True
        if always:
            run = program.run(flat, attempt) if keeps else None
            if run is None:
                recording.call_back()
            else:
                result = self._checked(program, run, flat, attempt, args, kwargs)
        if keeps and not (asked or self._mistake):
            self.recordings += 1
            self._ints.recorded(flat)
            signature.keep(program)
            return True, result, program
        return True, result, None

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

    def _eagerly(self, signature: Signature, args: Iterable[Any], kwargs: dict[str, Any]) -> Any:
        """The result of the function itself."""
        problem, signature.problem = signature.problem, ""  # should the function fail as well
        result = self.function(*args, **kwargs)
        if problem:
            self._give_up(signature, problem)
        return result

    def _may_record(self, signature: Signature, flat: FlatArguments, attempt: Attempt) -> bool:
        """Whether the limits let this call be recorded; if not, the user is told why."""
        recordings = signature.recordings
        of_shape = max(recordings, self._ints.variants[flat.shape.tobytes()])
        if of_shape < FREE_PER_SIGNATURE and self.recordings < FREE_IN_ALL:
            return True
        hopeless = recordings >= 3 * FREE_PER_SIGNATURE // 2
        if hopeless and all(program.runs == 1 for program in signature.programs):
            self._give_up(signature, self._why_so_many(signature, flat, attempt))
        elif 8 * max(recordings, 1) <= signature.calls:
            return True
        elif not signature.limited:
            signature.limited = True
            self._warn(
                self._why_so_many(signature, flat, attempt),
                "runs eagerly from now on where no program fits, and is recorded at most at every "
                "eighth call",
            )
        return False

    def _why_so_many(self, signature: Signature, flat: FlatArguments, attempt: Attempt) -> str:
        """What makes so many recordings necessary, and what to write instead."""
        n, failed = signature.recordings, attempt.failed
        ways = f"it took {n} different ways through its decisions on numbers, such as"
        if failed is not None:
            return said(f"{ways} this one", _instead(failed), failed.line)
        for program in signature.programs:
            changed = program.captured.changed()
            if not changed:
                return said(f"{ways} an index out of range")
            return said(
                f"it reads what changed before each of {n} recordings, such as {changed}",
                "Pass it as an argument",
            )
        here = flat.shape.tobytes()
        for shape, statics in reversed([*self._by_signature]):
            if shape == here and list(statics) != flat.statics:
                return self._other_statics(flat, statics)
        return said(
            f"its arguments are of more than {FREE_IN_ALL} kinds, such as lengths",
            "Pad them to a few lengths",
        )

    def _other_statics(self, flat: FlatArguments, others: Iterable[tuple[type, Any]]) -> str:
        """That the arguments' ints, strings and objects are others in too many calls."""
        tracers = Tracers(flat)
        tracers.call(self.function)
        differ = [
            (static, name)
            for static, other, name in zip(flat.statics, others, tracers.static_names, strict=True)
            if static != other
        ]
        types = dict.fromkeys(_type_of(static) for static, _ in differ)
        owners = dict.fromkeys(name for _, name in differ)
        instead = "Compile a function for each of them, or pass it numbers"
        if types.keys() <= {"bool", "ndarray"}:  # arrays of bools
            instead = "Pass 1 for True and 0 for False, and write where(b, x, y) for x if b else y"
        elif types.keys() == {"int"}:
            for guard in filter(None, self._ints.still.values()):
                return said(
                    f"it asks for each int of {' and '.join(owners)}, so that it is recorded for "
                    "each, such as here",
                    "Write take(table, i) for table[i], which reads the index anew at each call, "
                    "or pass fewer different ints",
                    guard.line,
                )
        return said(
            f"it was recorded for many different values of {' and '.join(owners)} "
            f"(of type {', '.join(types)})",
            instead,
        )

    def _give_up(self, signature: Signature, reason: str) -> None:
        signature.eager = True
        self._warn(reason, "runs eagerly from now on")

    def _warn(self, reason: str, what: str) -> None:
        if reason not in self._warned:
            self._warned.append(reason)
            warn(f"{self.__name__} {what}: {reason}")


class Signature:
    """The programs for the calls of one signature: one for each way that decisions went.

    programs    the programs, the newest first
    last        the program that ran last
    calls       the number of calls
    recordings  the number of programs that there have been
    limited     True if a call could not be recorded, as there had been so many
    eager       True if the function is called instead
    problem     why a recording failed, though the function itself may not, or ""
    unsettled   the number of recordings in a row that changed what the function reads
    """

    def __init__(self) -> None:
        self.programs: list[Program] = []
        self.last: Program | None = None
        self.calls = self.recordings = self.unsettled = 0
        self.limited = self.eager = False
        self.problem = ""

    def keep(self, program: Program) -> None:
        """Add a program; one whose captured state has changed may go for it, or that ran least."""
        program.runs = 1
        self.unsettled = 0
        self.recordings += 1
        programs = self.programs
        if len(programs) >= FREE_PER_SIGNATURE:
            gone = min(programs[::-1], key=lambda p: 0 if p.captured.changed() else p.runs)
            programs = [p for p in programs if p is not gone]
        self.programs = [program, *programs]
        self.last = program


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
        "it fails on what stands for the numbers it is passed "
        f"({type(problem).__name__}: {problem})",
        instead,
        raised_at(problem),
    )


def _instead(guard: Guard) -> str:
    """What to write instead of a decision that goes too many ways."""
    if guard.op == "is" and guard.integer:
        return "Write take(table, i) for table[i], which reads the index anew at each call"
    if guard.op == "is":
        return (
            "Write autograd_lite.exp for math.exp and the like, x for float(x), and a Value for "
            "its .data; or read the number outside"
        )
    if guard.op in ("==", "!="):
        return "Decide it outside, and pass what was decided, such as a bool"
    return (
        "Write where(x > y, a, b) for a if x > y else b, or maximum, minimum, clip or "
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
