"""Fuzzing: random training programs with whole steps, compiled, against the same run eagerly.

    python tests/compiler/fuzz_steps.py --programs 20000 --all
    python tests/compiler/fuzz_steps.py --seed 17      # this program alone
    python tests/compiler/fuzz_steps.py program.py     # one of your own

Each program (`tests/support/step_programs.py`) runs in worlds of its own: compiled with
`check="never"`, and with `check="always"`, and eagerly beside each. From the same state, every
statement gives the same: the numbers and gradients of all Values, what optimisers and schedules
remember, results and exceptions. A program that fails is made smaller, and printed as a script.

A step that raises leaves all as it was, so that eagerly what it has changed is taken back.
`interrupted(call)` in a program calls with an alarm in the middle that raises. Then nothing has
changed, and the call is made again, or all has.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import contextlib
import gc
import linecache
import os
import random
import signal
import sys
import traceback
import warnings
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import autograd_lite as al
from autograd_lite import Value, nn
from autograd_lite.compiler import choice
from tests.compiler.fuzz_functions import Hangs, agree, described, largest_in, same, smaller
from tests.support.step_programs import program

CHECKS = ("never", "always")
SECONDS = 20  # a statement that takes longer hangs
FILE = "<steps>"
DELAYS = [5e-5, 1e-4, 2e-4, 5e-4, 2e-3]  # seconds until a call is interrupted
EXECUTORS = ("interpret", "auto", *[x for x in choice.EXECUTORS if x not in ("interpret", "auto")])


class Interrupt(KeyboardInterrupt):
    """What the alarm raises in the middle of a call."""


def values_in(thing: Any) -> Iterator[Value]:
    """The Values to which a thing leads, in order."""
    if isinstance(thing, Value):
        yield thing
    elif isinstance(thing, dict):
        for x in list(thing.values()):
            yield from values_in(x)
    elif isinstance(thing, (list, tuple)):
        for x in thing:
            yield from values_in(x)
    elif isinstance(thing, nn.Module):
        yield from thing.parameters()
    elif isinstance(thing, nn.optim.Optimizer):
        yield from thing.params


def copied(attributes: dict[str, Any]) -> dict[str, Any]:
    """Attributes, with copies of the arrays among them."""
    return {name: x[:] if isinstance(x, array) else x for name, x in attributes.items()}


class World:
    """A module in which a program runs.

    name      "eager", or the check of the compiled functions
    compiled  what makes a compiled function of one
    delays    how long calls run before they are interrupted
    """

    def __init__(self, name: str, compiled: Callable[[Any], Any], seed: int = 0) -> None:
        self.name, self.functions = name, list[Any]()
        self._compiled, self._delays = compiled, random.Random(seed)
        self.interrupts = Counter[str]()
        self.gave_up = name == "eager"  # a function runs eagerly
        self._space: dict[str, Any] = {
            "__name__": "fuzzed",
            "compiled": self._made,
            "interrupted": self._interrupted,
        }

    def _made(self, function: Any) -> Any:
        """The function, compiled; where it runs eagerly, one that leaves all as it was if it
        raises.
        """
        made = self._compiled(function)
        self.functions.append(made)

        def whole(*args: Any) -> Any:
            undo, eagerly = self._undo(), self.gave_up
            try:
                return made(*args)
            except Exception:
                if eagerly:
                    undo()
                raise

        return whole

    def _named(self) -> dict[str, Any]:
        """What the program has named, and not what Python has beside it."""
        return {name: x for name, x in self._space.items() if name != "__builtins__"}

    def _undo(self) -> Callable[[], None]:
        """What makes the state what it is now."""
        things = list(self._named().values())
        values = [(x, x.data, x.grad) for thing in things for x in values_in(thing)]
        kinds = nn.optim.Optimizer, nn.optim.LRScheduler
        others = [(x, copied(vars(x))) for x in things if isinstance(x, kinds)]

        def undo() -> None:
            for x, data, grad in values:
                x.data, x.grad = data, grad
            for x, attributes in others:
                vars(x).clear()
                vars(x).update(attributes)

        return undo

    def run(self, statement: ast.stmt) -> Any:
        """What a statement gives, and the state after it."""
        called = len(self._space.get("log", ()))
        try:
            if isinstance(statement, ast.Expr):
                code = builtins.compile(ast.Expression(statement.value), FILE, "eval")
                given = eval(code, self._space)
                result = None if callable(given) else described(given)
            else:
                exec(builtins.compile(ast.Module([statement], []), FILE, "exec"), self._space)
                result = None
            outcome = ("gives", result)
        except Exception as error:
            outcome = ("raises", type(error).__name__, str(error))
            del self._space.get("log", [])[called:]  # made or not before the exception
        return *outcome, self.state()

    def state(self) -> Any:
        """The numbers of all Values, optimisers and schedules, under the names of the program."""
        found = []
        for name, thing in self._named().items():
            numbers = tuple((x.data, x.grad) for x in values_in(thing))
            if numbers:
                found.append((f"the Values of {name}", numbers))
            if isinstance(thing, (nn.optim.Optimizer, nn.optim.LRScheduler)):
                found.append((name, described(thing.state_dict())))
            if isinstance(thing, (float, int, str, bool)) or name == "log":
                found.append((name, described(thing)))
        return tuple(found)

    def follow(self, other: World) -> None:
        """Take the numbers of another world, which differ by rounding only: it may be magnified."""
        for name, thing in self._named().items():
            theirs = other._space[name]
            for x, y in zip(values_in(thing), values_in(theirs), strict=True):
                x.data, x.grad = y.data, y.grad
            if isinstance(thing, (nn.optim.Optimizer, nn.optim.LRScheduler)):
                numbers = {k: x for k, x in vars(theirs).items() if isinstance(x, (float, array))}
                vars(thing).update(copied(numbers))

    def _interrupted(self, call: Callable[[], Any]) -> None:
        """Call, to the end at last. What it gives does not count."""
        if self.name == "eager":
            call()
            return
        before, undo, eagerly = self.state(), self._undo(), False
        log = self._space.get("log", [])
        called = len(log)
        kept = signal.signal(signal.SIGALRM, _interrupt)
        gc.disable()  # what else is told of collections is not to be interrupted
        try:
            signal.setitimer(signal.ITIMER_REAL, self._delays.choice(DELAYS))
            call()
            signal.setitimer(signal.ITIMER_REAL, 0)
            self.interrupts["not interrupted"] += 1
            return
        except Interrupt as interrupt:
            names = {frame.name for frame in traceback.extract_tb(interrupt.__traceback__)}
            eagerly = "_eagerly" in names
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, kept)
            gc.enable()
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
        if eagerly:  # and what the function has done so far is done
            undo()
        since = log[called:]
        del log[called:]  # which cannot be undone
        unchanged = same(before, self.state(), 0.0)
        if not unchanged:
            log += since
        what = "eagerly" if eagerly else "nothing has changed" if unchanged else "all has changed"
        self.interrupts[f"interrupted, {what}"] += 1
        if unchanged:
            call()


def _interrupt(*_: object) -> None:
    raise Interrupt


def _hangs(*_: object) -> None:
    raise Hangs


class Difference:
    """The first statement after which a world differs from the eager one."""

    def __init__(
        self, world: str, statement: str, expected: Any, found: Any, warning: str = ""
    ) -> None:
        self.world, self.statement, self.warning = world, statement, warning
        self.expected, self.found = expected, found

    @property
    def kind(self) -> Any:
        """What two differences of one kind share."""
        kinds = [x[:2] if x[0] == "raises" else x[:1] for x in (self.expected, self.found)]
        results = same(self.expected[1:-1], self.found[1:-1], largest_in(self.expected))
        state = sorted({name for name, *_ in self._of_state()})
        return self.world, kinds, results, state, self.warning[:40]

    def __str__(self) -> str:
        lines = [f"after {self.statement}", *self._differences()]
        return "\n".join([*lines, *([self.warning] if self.warning else [])])

    def _differences(self) -> Iterator[str]:
        if not same(self.expected[:-1], self.found[:-1], largest_in(self.expected)):
            yield f"eager {self.expected[:-1]}"
            yield f"{self.world} {self.found[:-1]}"
        for name, thing, other in self._of_state():
            yield f"eager {name} = {thing}"
            yield f"{self.world} {name} = {other}"

    def _of_state(self) -> Iterator[tuple[str, Any, Any]]:
        """(name, what it is eagerly, what it is) of state that differs."""
        mine = dict(self.found[-1])
        for name, thing in self.expected[-1]:
            if not agree(thing, mine.get(name)):
                yield name, thing, mine.get(name)


def difference(
    source: str, executor: str = "interpret", counts: Counter[str] | None = None
) -> Difference | None:
    """The first difference between the worlds in which a program runs, or None.

    counts  counts what happens, if given
    """
    counts = Counter() if counts is None else counts
    linecache.cache[FILE] = (len(source), None, source.splitlines(True), FILE)

    def compiled(check: str) -> Callable[[Any], Any]:
        return lambda function: al.compile(function, executor=executor, check=check)

    worlds = [World(check, compiled(check), len(source)) for check in CHECKS]
    eager = [World("eager", lambda function: function) for _ in worlds]
    for statement in ast.parse(source).body:
        text = ast.unparse(statement)
        for beside, world in zip(eager, worlds, strict=True):
            expected, _ = _watched(beside, statement)
            counts[expected[0]] += 1
            found, messages = _watched(world, statement)
            if not agree(expected, found):
                return Difference(world.name, text, expected, found)
            world.gave_up = world.gave_up or bool(messages)
            for message in messages:
                counts["eager: " + message.partition(": ")[2][:70].splitlines()[0]] += 1
                if "its program gave" in message:
                    return Difference(world.name, text, expected, found, message)
            beside.follow(world)
    for world in worlds:
        for function in world.functions:
            counts["recordings " + world.name] += function.recordings
        counts.update(world.interrupts)
    return None


def _watched(world: World, statement: ast.stmt) -> tuple[Any, list[str]]:
    """What a statement gives, and the warnings of compiled functions."""
    signal.signal(signal.SIGALRM, _hangs)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            outcome = world.run(statement)
        except Hangs:
            outcome = "hangs", ()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    messages = [str(x.message) for x in caught if issubclass(x.category, RuntimeWarning)]
    return outcome, [message for message in messages if "runs eagerly" in message]


def minimal(source: str, executor: str, found: Difference, seconds: float = 60.0) -> str:
    """The script of a smaller program with a difference of the same kind."""

    def differs(text: str) -> bool:
        """Asked in a process of its own, as the program may do anything, for ever."""
        child = os.fork()
        if child == 0:
            signal.setitimer(signal.ITIMER_VIRTUAL, 5.0)
            with contextlib.suppress(BaseException):  # it may be no program any more
                now = difference(text, executor)
                os._exit(now is not None and now.kind == found.kind)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status) == 1

    small = smaller(source, differs, seconds)
    return script(small, executor, difference(small, executor) or found)


SHOW = """\
import sys
import autograd_lite


def compiled(function):
    if "eager" in sys.argv:
        return function
    return autograd_lite.compile(function, executor={executor!r}, check={check!r})


def interrupted(call):
    call()


"""


def script(source: str, executor: str, found: Difference) -> str:
    """A program that prints its parameters in the end; eagerly, if "eager" is an argument."""
    comment = "".join(f"# {line}\n" for line in str(found).splitlines())
    show = SHOW.format(executor=executor, check=found.world)
    return f"{comment}{show}{source}\nprint([(p.data, p.grad) for p in ps])\n"


def executor_of(seed: int) -> str:
    """Mostly the interpreter, which takes a tenth of the time of a compiler."""
    others = EXECUTORS[2:]
    return others[seed // 5 % len(others)] if seed % 5 == 4 else EXECUTORS[seed % 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", nargs="?", type=Path)
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--executor", choices=EXECUTORS, help="of all programs")
    parser.add_argument("--all", action="store_true", help="go on after a failure")
    parser.add_argument("--shrink", type=float, default=60.0, help="so many seconds")
    arguments = parser.parse_args()
    seeds = range(arguments.first, arguments.first + arguments.programs)
    if arguments.seed is not None:
        seeds = range(arguments.seed, arguments.seed + 1)
    sources = ((program(seed), executor_of(seed), f"seed {seed}") for seed in seeds)
    if arguments.program is not None:
        sources = iter([(arguments.program.read_text(), "interpret", str(arguments.program))])
    counts: Counter[str] = Counter()
    failures = 0
    for source, executor, name in sources:
        executor = arguments.executor or executor
        found = difference(source, executor, counts)
        counts["programs"] += 1
        if found is not None:
            failures += 1
            print(f"# {name}, {executor}", flush=True)
            shrink = arguments.shrink
            print(minimal(source, executor, found, shrink) if shrink else found, flush=True)
            if not arguments.all:
                break
    for what, n in counts.most_common():
        print(f"{n:9,} {what}")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
