"""`compile`: a function that is recorded once for each signature of a call, and then replayed."""

from __future__ import annotations

import functools
import os
from collections import OrderedDict
from contextlib import nullcontext
from types import FunctionType, MethodType

from autograd_lite import observers
from autograd_lite.callables import CompiledFunction, name_of, runs_later
from autograd_lite.compiler.call import Call
from autograd_lite.compiler.check import CHECKS, Witness, difference, is_checking
from autograd_lite.compiler.choice import EXECUTORS
from autograd_lite.compiler.function_pickling import arrived, found_at
from autograd_lite.compiler.messages import said, warn
from autograd_lite.compiler.mistake import Mistake
from autograd_lite.compiler.places import alone, let_go
from autograd_lite.compiler.program import Program
from autograd_lite.compiler.reasons import failure, other_statics, so_many_programs
from autograd_lite.compiler.record.captured import CapturedState
from autograd_lite.compiler.record.flatten import Identity, flatten_call
from autograd_lite.compiler.record.moving import MovingInts
from autograd_lite.compiler.record.numbers import NoAttributeError
from autograd_lite.compiler.record.recorder import Recorder, SilentRecorder, record
from autograd_lite.compiler.record.tracers import NotRecordedError, TracerError
from autograd_lite.compiler.replay import MOST_REPLAYS, Replaying
from autograd_lite.compiler.signature import DISTURBED, FREE_IN_ALL, FREE_PER_SIGNATURE, Signature
from autograd_lite.compiler.small import small_replay_of
from autograd_lite.compiler.stepping import step_replay_of
from autograd_lite.forks import give_lock
from autograd_lite.value import blocks_open, grad_enabled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from threading import RLock
    from typing import Any

    from autograd_lite.compiler.lift.words import Step
    from autograd_lite.compiler.program import AnyProgram
    from autograd_lite.compiler.record.recorder import Recording
    from autograd_lite.compiler.tape.executor import Run

__all__ = ["Compiled", "decorated"]

MAX_SIGNATURES = 128
"""So many signatures a compiled function remembers; of those without programs first, and then of
all, the least recently used goes."""

UNSETTLED = 50
"""So many calls are replayed before a program looks whether it is compiled by now."""

EXPLAINED = 4
"""So many programs `explain` lifts, which takes a second for each thousand irregular scalars."""

# What a function may raise on tracers and not on the arguments themselves.
_PROBLEMS = (
    TypeError,
    AttributeError,
    LookupError,
    ValueError,
    NotImplementedError,
    RecursionError,
)


class Compiled(Replaying, CompiledFunction):
    """A function of numbers and Values that runs as a recorded program.

    The first call of a signature (the arguments' nesting, lengths and strings) is recorded; later
    ones replay it with their own numbers. At calls 2, 4, 8 ... of a program the function runs too,
    and its result counts.

    function    the function itself, which runs eagerly
    recordings  how many calls were recorded
    """

    # In slots, so that its __dict__ has what users give it, as a function's has.
    __slots__ = (
        *("__dict__", "__weakref__", "_by_signature", "_check", "_ints", "_latest", "_lock"),
        *("_mistake", "_receivers", "_transformed", "_warned", "check", "executor", "function"),
        "recordings",
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
        self.__name__ = name_of(function)
        self.function = function
        self.recordings = 0
        self._by_signature: OrderedDict[Any, Signature] = OrderedDict()
        self._transformed: dict[Any, Compiled] = {}
        self._latest = Signature()  # of the last call
        self._ints = MovingInts()
        self._receivers: list[Any] = []  # of callbacks and draws
        self._warned: list[str] = []  # why it runs eagerly
        self._mistake: Mistake | None = None
        self.replays = ()
        give_lock(self, "_lock")

    def _ordinarily(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        watched = blocks_open() and observers.watched()  # every node
        if (watched and observers.tracing()) or is_checking():
            return self.function(*args, **kwargs)  # as a part of another
        call = self._call(args, kwargs)
        if call.signature.calls == 1 and self._ints.learn({**dict(enumerate(args)), **kwargs}):
            call = self._call(args, kwargs)
        moving = self._ints.names
        while not (call.signature.eager or watched or self._mistake):
            tried = call.signature.programs
            if self._replayed(call):
                return call.result
            waits = call.waits
            with alone() if waits else nullcontext(), self._lock:
                more = call.signature.programs is not tried  # which another thread has recorded
                if not more and self._recorded(call):
                    return call.result
            if more or (call.waits and not waits):
                continue
            if moving is self._ints.names:
                break
            moving, call = self._ints.names, self._call(args, kwargs).begun_as(call)
        return self._eagerly(call)

    def __get__(self, thing: Any, cls: type | None = None) -> Any:
        return self if thing is None else MethodType(self, thing)

    def transformed(self, key: object, transform: Callable[[Any], Any]) -> Compiled | None:
        """transform(function), compiled as this is; None for `vmap`, whose function is another."""
        if type(self) is not Compiled:
            return None
        known = self._transformed.get(key)
        if known is None:
            made = Compiled(transform(self.function), self.executor, self.check)
            known = self._transformed.setdefault(key, made)
        return known

    @property
    def mistaken(self) -> bool:
        """True if a check has found a program to be wrong, so that all calls run eagerly now."""
        return self._mistake is not None

    def explain(self) -> str:
        """The programs recorded last, as operations on arrays, and why calls run eagerly.

        Calls the function once more for the lines of what stayed scalar. Of the programs before the
        last few it only says that they are there. Raises ValueError if there is no program.
        """
        if self._mistake:
            return f"{self.__name__} runs eagerly, as {self._mistake.explain(self.function)}"
        programs = self.programs()
        text = [repr(program) for program in programs[:-EXPLAINED]]
        text += [program.explain(self.function) for program in programs[-EXPLAINED:]]
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

        A copy, or another process, records its own programs. That of a script or a notebook is
        pickled as its function, so that cloudpickle takes it along by value. There pickle finds the
        compiled function at the function's own name, and the function itself as its attribute.
        """
        module, name = getattr(self, "__module__", ""), getattr(self, "__qualname__", "")
        own = {*functools.WRAPPER_ASSIGNMENTS, "__wrapped__"}
        attributes = {name: thing for name, thing in vars(self).items() if name not in own}
        if found_at(module, name) is not self:
            return type(self), self._arguments(), attributes
        if module != "__main__" or type(self.function) is not FunctionType or protocol < 4:
            return name
        self.function.__qualname__ = f"{name}.function"
        vars(self.function).update(attributes)
        return arrived, (type(self), *self._arguments())

    def _arguments(self) -> tuple[Any, ...]:
        """The constructor's arguments, for copies and pickles."""
        return self.function, self.executor, self.check

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """A call with these arguments, which are taken apart."""
        if self.replays:
            self._count_replayed()
        flat = flatten_call(args, kwargs, self._ints.names)
        signature = self._signature((flat.shape.tobytes(), tuple(flat.statics)))
        return Call(signature, flat, args, kwargs)

    def _signature(self, key: Any) -> Signature:
        """What is known of the calls with this key, made if need be."""
        signature = self._latest
        if signature.key != key:
            try:
                self._by_signature.move_to_end(key)
                signature = self._by_signature[key]
            except KeyError:
                with self._lock:
                    signature = self._by_signature.setdefault(key, Signature(key))
                    if len(self._by_signature) > MAX_SIGNATURES:
                        oldest = [*self._by_signature][:-1]
                        empty = (key for key in oldest if not self._by_signature[key].programs)
                        del self._by_signature[next(empty, oldest[0])]
            self._latest = signature
        signature.calls += 1
        return signature

    def _signatures(self) -> list[Signature]:
        self._count_replayed()
        return [*self._by_signature.values()]  # at once, as other threads move them to the end

    def _count_replayed(self) -> None:
        """Have signatures and programs know of the calls that were replayed."""
        for replay in reversed(self.replays):
            calls = replay.taken()
            if calls:
                replay.program.runs += calls
                replay.program.choice.ran(calls)
                replay.signature.calls += calls
                replay.signature.last = replay.program
                if replay.signature.key in self._by_signature:
                    self._by_signature.move_to_end(replay.signature.key)
                    self._latest = replay.signature

    def _prepare_replay(self, program: Program, call: Call) -> None:
        """Have the next calls of a program replayed, up to the next check, if that can be."""
        if program.has_no_replay or self._check == "always" or self._mistake:
            return
        choice = program.choice
        if program.replay is not None and program.replay.executor is not choice.executor:
            program.replay = None
        if program.replay is None and choice.executor is not None:
            make = step_replay_of if program.changes else small_replay_of
            program.replay = make(program, call.flat, call.signature)
            program.has_no_replay = program.replay is None
        if program.replay is not None and not call.signature.eager:
            due = program.runs_to_check(self._check)
            program.replay.due = due if choice.is_settled else min(due, UNSETTLED)
            others = [replay for replay in self.replays if replay.program is not program]
            self.replays = (program.replay, *others[: MOST_REPLAYS - 1])
            if self._mistake:  # which another thread has found by now
                self.replays = ()

    def _captured(self, call: Call) -> CapturedState:
        """The state that the function reaches now.

        Programs share it, as a comparison is faster if the one before looked at the same memory.
        """
        things = [x.thing if isinstance(x, Identity) else x for _, x in call.flat.statics]
        roots = [(self.__name__, self.function), *[("an argument", x) for x in things]]
        programs = [program for signature in self._signatures() for program in signature.programs]
        for known in {program.captured for program in programs}:
            if known.is_of(roots, self._receivers) and not known.changed():
                return known
        return CapturedState(roots, self._receivers)

    def _replayed(self, call: Call) -> bool:
        """Whether one of the programs is the one for the call, which then has its result.

        If it is due, the function runs as well, and its result counts.
        """
        for program in call.signature.programs:
            if not program.captured.changed():
                if program.changes:
                    if program.passes and not grad_enabled():
                        continue  # where the function has no graph
                    with alone():
                        done = self._ran(program, call)
                else:
                    done = self._ran(program, call)
                if done:
                    program.runs += 1
                    call.signature.last = program
                    self._prepare_replay(program, call)
                    return True
        return False

    def _ran(self, program: Program, call: Call) -> bool:
        """Whether a program is the one for the call, which then has its result."""
        run = program.run(call)
        if run is None:
            return False
        if program.is_due(self._check):
            call.result = self._checked(program, run, call)
        else:
            call.result = program.result(run, call)
        return True

    def _checked(self, program: Program, run: Run, call: Call) -> Any:
        """The function's own result for a call, compared with the program's run."""
        witness = Witness(call)
        before = program.writes.read() if program.changes else None
        try:
            result = witness.checked(self.function)
            differs = difference(program, run, call, result, witness, self._check == "always")
        except BaseException:
            if before is not None:
                program.writes.write(before)
            raise
        program.checked()
        if program.changes and not differs:
            result = program.as_results(result)
        if differs:  # one that was hidden from all programs, so that none is to be believed
            self._mistake = mistake = Mistake(program, call, differs)
            for signature in self._signatures():
                signature.programs = []
            self.replays = ()
            self._warn(said(mistake.what, "explain() says where they part"))
        return result

    def _recorded(self, call: Call) -> bool:
        """Whether the call was recorded, and has its result; the caller holds the lock.

        If it was not, state is as before.
        """
        done = False
        try:
            done = self._tried_to_record(call)
        finally:
            ledger = call.ledger
            if ledger is not None:
                try:
                    if not done:
                        ledger.undo()
                except KeyboardInterrupt:
                    ledger.undo()
                    raise
                finally:
                    let_go(ledger)
                    ledger.close()
        return done

    def _tried_to_record(self, call: Call) -> bool:
        """`_recorded`. Where the call is to be checked, the function calls back in the check."""
        signature = call.signature
        if signature.eager or self._mistake or call.raises or not self._may_record(call):
            return False
        signature.problem = ""
        try:
            recording, program, changed = self._record(call)
        except (NotRecordedError, *_PROBLEMS) as problem:
            call.waits = call.ledger is not None and call.ledger.waits
            if call.waits or self._ints.stop(call.flat):
                return False  # and the call is taken apart anew
            if isinstance(problem, NotRecordedError):
                self._give_up(signature, str(problem))
            elif call.flat.floats:
                signature.problem = failure(problem)
                call.missing = problem if isinstance(problem, NoAttributeError) else None
            else:
                raise
            return False
        reason = recording.why_not or self._why_unsettled(signature, program.captured, changed)
        signature.unsettled = bool(changed)
        signature.disturbed += recording.elsewhere
        if reason and not (recording.elsewhere and signature.disturbed < DISTURBED):
            self._give_up(signature, reason)
        asked = self._ints.read(call.flat, recording)
        recording.leave_behind(call.flat)
        call.result = program.recorded_result(call.flat)
        if self._is_due(call):
            run = None
            if not reason and not changed:
                new = program.writes.read()
                recording.ledger.undo()
                run = program.run(call)
                if run is None and new is not None:
                    program.writes.write(new)
            if run is None:
                recording.call_back()
            else:
                call.result = self._checked(program, run, call)
        if not (reason or changed or asked or self._mistake):
            self.recordings += 1
            self._ints.recorded(call.flat)
            signature.keep(program)
        return True

    def _record(self, call: Call) -> tuple[Recording, Program, str]:
        """The recording of a call, its program, and what the call changed of what it reads."""
        before = captured = self._captured(call)
        begun = call.drawn
        kind = SilentRecorder if self._is_due(call) else Recorder
        recorder = kind(captured.reached, call.draw, call.called, steps=True)
        call.ledger = recorder.recording.ledger
        try:
            recording = record(self.function, call.flat, recorder)
            receivers = recording.receivers()
            if any(all(x is not y for y in self._receivers) for x in receivers):
                # What callbacks write into is no state that the function reads.
                self._receivers += receivers
                captured = self._captured(call)
            changed = before.changed(captured)
            if recording.misled or recording.ledger.waits:
                raise TracerError(recording.why_not)
            call.all_drawn([draw.number for draw in recording.draws])
            program = Program(recording, captured, call, self.__name__, self.executor)
            self._check_program(program)
            if self.executor in ("numpy", "c") and not program.holds(call, recording.ledger):
                # Arrays add up in another order, and a decision was taken on the last digit.
                program = Program(recording, captured, call, self.__name__, "interpret")
        except (NotRecordedError, *_PROBLEMS) as problem:
            if call.flat.floats or isinstance(problem, NotRecordedError):
                # The function runs once more, which is not to draw and to call back again.
                if recorder.generators.put_back():
                    call.drawn = begun
                else:
                    call.all_drawn([draw.number for draw in recorder.recording.draws])
                call.called = recorder.called
            raise
        return recording, program, changed

    def _check_program(self, program: Program) -> None:
        """Raise NotRecordedError for a program that cannot run here."""

    def _is_due(self, call: Call) -> bool:
        """True if the recorded call is checked: where programs do not run, the check comes here."""
        always = self._check == "always"
        return always or (self._check == "auto" and call.signature.is_unproven())

    def _why_unsettled(self, signature: Signature, captured: CapturedState, changed: str) -> str:
        """Why no program can follow what the function reads, or "".

        changed  what the recorded call changed: perhaps a cache that is filled once
        """
        if captured.unseen:
            return said(
                f"it reads {captured.unseen}, which may change unseen",
                "Pass what it reads of it as an argument",
            )
        if changed and signature.unsettled:
            return said(
                f"each call changes {changed}, which a program would not",
                "Keep what changes outside; or change it by autograd_lite.callback, in a Value or "
                "in a global that nothing else names",
            )
        return ""

    def _eagerly(self, call: Call) -> Any:
        """The result of the function itself."""
        signature = call.signature
        problem, signature.problem = signature.problem, ""  # should the function fail as well
        known = [program.writes for program in signature.programs if program.changes]
        if call.ledger is not None:
            known.append(call.ledger.written_places(old=True))
        written = [(places, places.read()) for places in known]
        try:
            if call.drawn[0] or call.called:
                with observers.observe(Witness(call)):
                    result = self.function(*call.args, **call.kwargs)
            else:
                result = self.function(*call.args, **call.kwargs)
        except AttributeError:
            if call.missing is not None:
                raise call.missing from None
            raise
        except BaseException:
            for places, numbers in written:  # as a program would have left them
                if numbers is not None:
                    places.write(numbers)
            raise
        if problem:
            self._give_up(signature, problem)
        return result

    def _may_record(self, call: Call) -> bool:
        """Whether the limits let this call be recorded; if not, the user is told why."""
        signature = call.signature
        recordings = signature.recordings
        of_shape = max(recordings, self._ints.variants[call.flat.shape.tobytes()])
        if of_shape < FREE_PER_SIGNATURE and self.recordings < FREE_IN_ALL:
            return True
        hopeless = recordings >= 3 * FREE_PER_SIGNATURE // 2
        if hopeless and all(program.runs == 1 for program in signature.programs):
            self._give_up(signature, self._why_so_many(call))
        elif 8 * max(recordings, 1) <= signature.calls:
            return True
        elif not signature.limited:
            signature.limited = True
            where = "where no program fits, and is recorded at most at every eighth call"
            self._warn(self._why_so_many(call), where)
        return False

    def _why_so_many(self, call: Call) -> str:
        """What makes so many recordings necessary, and what to write instead."""
        signatures, asked = [*self._by_signature], self._ints.still.values()
        return so_many_programs(call) or other_statics(self.function, call, signatures, asked)

    def _give_up(self, signature: Signature, reason: str) -> None:
        signature.eager, self.replays = True, ()
        self._warn(reason)

    def _warn(self, reason: str, where: str = "") -> None:
        if reason not in self._warned:
            self._warned.append(reason)
            warn(f"{self.__name__} runs eagerly from now on{where and ' ' + where}: {reason}")


def decorated(make: Callable[[Any], Any], function: Any) -> Any:
    """make(function); of a staticmethod, classmethod or property one of what it wraps."""
    if isinstance(function, (staticmethod, classmethod)):
        return type(function)(make(function.__func__))
    if isinstance(function, property):
        return property(make(function.fget), function.fset, function.fdel, function.__doc__)
    return make(function)
