"""Fuzzing: random functions in Python, compiled, against the functions themselves.

    python tests/compiler/fuzz_functions.py --programs 20000
    python tests/compiler/fuzz_functions.py --seed 17      # this program alone
    python tests/compiler/fuzz_functions.py program.py     # one of your own

Each program (`tests/support/python_programs.py`) runs in three worlds, each with globals of its
own: eagerly, compiled with `check="never"`, and compiled with `check="always"`. At every call all
three give the same numbers, of the same types, the same gradients and the same exceptions, and the
check finds no difference. A program that fails is made smaller, and printed as a script.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import contextlib
import linecache
import math
import os
import signal
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import numpy as np

import autograd_lite as al
from autograd_lite import Value
from autograd_lite.compiler.samples import stacked
from tests.support.agreement import numbers_in
from tests.support.python_programs import program

CHECKS = ("never", "always")
SECONDS = 20  # a program that takes longer hangs
FILE = "<program>"


class Hangs(BaseException):
    """A program takes too long. Its own `except Exception` does not catch this."""


# ------------------------------------------------------------------ outcomes

KINDS = {"bool": (bool, np.bool_), "int": (int, np.integer), "float": (float, np.floating)}


def described(thing: Any) -> Any:
    """A result as nested tuples, each number with its kind."""
    if isinstance(thing, Value):
        return "Value", thing.data
    for kind, types in KINDS.items():
        if isinstance(thing, types):
            return kind, int(thing) if kind == "int" else float(thing)
    if isinstance(thing, np.ndarray):
        return "array", thing.shape, tuple(map(described, thing.ravel().tolist()))
    if isinstance(thing, dict):
        return "dict", tuple((described(key), described(x)) for key, x in thing.items())
    if isinstance(thing, (list, tuple)):
        return type(thing).__name__, tuple(map(described, thing))
    return type(thing).__name__, thing if isinstance(thing, str) else ""


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
    elif "p" in getattr(type(thing), "__slots__", ()) or "p" in getattr(thing, "__dict__", ()):
        yield from values_in(thing.p)


def agree(expected: Any, found: Any) -> bool:
    """Whether two outcomes agree, their numbers to rounding."""
    return expected == found or same(expected, found, largest_in(expected))


def same(x: Any, y: Any, largest: float) -> bool:
    """Whether two outcomes agree, their numbers to rounding of the largest.

    Equal ones do, as each number has its kind beside it.
    """
    if x == y:
        return True
    if isinstance(x, float) and isinstance(y, float):
        if x != x and y != y:
            return True
        return abs(x - y) <= 1e-9 * max(abs(x), abs(y)) + 1e-12 * largest
    if isinstance(x, tuple) and isinstance(y, tuple):
        return len(x) == len(y) and all(same(a, b, largest) for a, b in zip(x, y, strict=True))
    return False


def largest_in(outcome: Any) -> float:
    if isinstance(outcome, tuple):
        return max(map(largest_in, outcome), default=0.0)
    return abs(outcome) if isinstance(outcome, float) and math.isfinite(outcome) else 0.0


# ------------------------------------------------------------------ a program in its worlds


class World:
    """A module in which a program runs, with its function wrapped.

    name      "eager", or the check of the compiled function
    wrap      makes of the function, and the axes of a batch or None, what is called
    function  the function
    """

    def __init__(self, name: str, wrap: Callable[[Any, Any], Any]) -> None:
        self.name, self.wrap = name, wrap
        self.function: Any = None
        self._namespace: dict[str, Any] = {"__name__": "fuzzed"}

    @property
    def called(self) -> Any:
        return self._namespace.get("f")

    def run(self, statement: ast.stmt) -> Any:
        """Run a statement of the top level. What it gives, if it is a call of f; else None."""
        call = call_in(statement)
        if call is not None:
            return self._outcome(call)
        try:
            exec(builtins.compile(ast.Module([statement], []), FILE, "exec"), self._namespace)
        except Exception as error:
            return "change", type(error).__name__
        if self.function is None and "f" in self._namespace:
            self.function = self._namespace["f"]
            self._namespace["f"] = self.wrap(self.function, self._namespace.get("axes"))
        return None

    def _outcome(self, call: ast.Call) -> Any:
        """What a call returns, what its last callback got, and the gradients of all Values."""
        args = [self._evaluated(x) for x in call.args]
        kwargs = {str(x.arg): self._evaluated(x.value) for x in call.keywords}
        try:
            result = self.called(*args, **kwargs)
        except AttributeError as error:
            # A compiled function says what to write for an attribute that a number lacks.
            return "raises", "AttributeError", str(error).partition("; a number is")[0]
        except Exception as error:
            return "raises", type(error).__name__, str(error)
        # Samples of a batch call back in the order of the programs that they take.
        logged = [] if "axes" in self._namespace else self._namespace.get("log", [])[-1:]
        found = described([result, logged])
        reached = values_in([self._state(), args, kwargs])
        leaves = list({id(x): x for x in reached if x.is_leaf}.values())
        for leaf in leaves:
            leaf.grad = 0.0
        numbers = enumerate(numbers_in(result), 1)
        total = al.sum([x * float(i) for i, x in numbers if isinstance(x, Value)])
        if isinstance(total, Value):
            total.backward()
        return "gives", found, tuple(leaf.grad for leaf in leaves)

    def _evaluated(self, expression: ast.expr) -> Any:
        code = builtins.compile(ast.Expression(expression), FILE, "eval")
        return eval(code, self._namespace)

    def _state(self) -> list[Any]:
        """What the function reads."""
        cells = getattr(self.function, "__closure__", None) or ()
        hidden = {"log", "__builtins__"}
        names = [thing for name, thing in self._namespace.items() if name not in hidden]
        return [*names, *[cell.cell_contents for cell in cells]]


def call_in(statement: ast.stmt) -> ast.Call | None:
    """The call of f that a statement is, or None."""
    match statement:
        case ast.Expr(ast.Call(ast.Name("f")) as call):
            return call
    return None


class Difference(NamedTuple):
    """The first call, counted from 1, at which a world differs from the eager one."""

    world: str
    call: int
    expected: Any
    found: Any
    warning: str = ""

    def __str__(self) -> str:
        found = f"eager     {self.expected}\n{self.world:9} {self.found}"
        return f"at call {self.call}:\n{found}\n{self.warning}".rstrip()

    def like(self, other: Difference) -> bool:
        """Whether both are differences of one kind, not merely of one program."""
        pairs = [(x.expected, x.found) for x in (self, other)]
        kinds = [[x if x[0] == "raises" else x[0] for x in pair] for pair in pairs]
        return self.world == other.world and kinds[0] == kinds[1]


def eager(function: Any, axes: Any) -> Any:
    """The function, or a loop over the samples of a batch."""

    def loop(*batch: Any) -> Any:
        pairs = list(zip(batch, axes, strict=True))
        n = next(len(xs) for xs, axis in pairs if axis is not None)
        samples = [[xs if axis is None else xs[i] for xs, axis in pairs] for i in range(n)]
        return stacked([function(*sample) for sample in samples])

    return function if axes is None else loop


def compiled(check: str, executor: str) -> Callable[[Any, Any], Any]:
    def wrap(function: Any, axes: Any) -> Any:
        if axes is None:
            return al.compile(function, executor=executor, check=check)
        batched = al.vmap(function, axes)
        batched._check = check  # a keyword of compile alone
        return batched

    return wrap


def difference(
    source: str, executor: str = "interpret", counts: Counter[str] | None = None
) -> Difference | None:
    """The first difference between the worlds in which a program runs, or None.

    counts  counts what happens, if given
    """
    counts = Counter() if counts is None else counts
    linecache.cache[FILE] = (len(source), None, source.splitlines(True), FILE)
    functions = World("eager", eager)
    programs = [World(check, compiled(check, executor)) for check in CHECKS]
    signal.signal(signal.SIGALRM, _hangs)
    call = 0
    for statement in ast.parse(source).body:
        call += call_in(statement) is not None
        expected, _ = _watched(functions, statement)
        counts[expected[0] if expected else "statement"] += 1
        for world in programs:
            found, messages = _watched(world, statement)
            if not agree(expected, found):
                return Difference(world.name, call, expected, found)
            for message in messages:
                counts["eager: " + message.partition(": ")[2][:60].splitlines()[0]] += 1
                if "its program gave" in message:
                    return Difference(world.name, call, expected, found, message)
            if expected and expected[0] == "gives":
                counts["calls " + world.name] += 1
    for world in programs:
        counts["recordings " + world.name] += getattr(world.called, "recordings", 0)
    return None


def _watched(world: World, statement: ast.stmt) -> tuple[Any, list[str]]:
    """What a statement gives, and the warnings of the compiled function."""
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            outcome = world.run(statement)
        except Hangs:
            outcome = ("hangs",)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    messages = [str(x.message) for x in caught if issubclass(x.category, RuntimeWarning)]
    return outcome, [message for message in messages if "runs eagerly" in message]


def _hangs(*_: object) -> None:
    raise Hangs


# ------------------------------------------------------------------ smaller programs

Edit = tuple[Callable[[], object], Callable[[], object]]
"""What changes a tree, and what takes the change back."""


def smaller(source: str, fails: Callable[[str], bool], seconds: float) -> str:
    """A program that still fails, with fewer statements and shorter expressions."""
    end, tried = monotonic() + seconds, {source}
    for edits in (fewer_statements, shorter_expressions, fewer_statements, shorter_expressions):
        tree = ast.parse(source)
        for do, undo in edits(tree):
            do()
            try:
                text = ast.unparse(tree)
            except (ValueError, AttributeError, TypeError):  # no program any more
                text = source
            if text not in tried and len(text) < len(source) and fails(text):
                source = text
            else:
                undo()
            tried.add(text)
            if monotonic() > end:
                return source
    return source


def fewer_statements(tree: ast.AST) -> Iterator[Edit]:
    """Leave out statements, many at once at first, or keep the body of a compound one."""
    for node in ast.walk(tree):
        for field in ("body", "orelse", "handlers", "finalbody"):
            block = getattr(node, field, None)
            size = len(block) if isinstance(block, list) else 0
            while size:
                for i in range(len(block) - size, -size, -size):
                    kept = block[:]
                    rest = block[: max(i, 0)] + block[i + size :]
                    yield _put(block, rest), _put(block, kept)
                size //= 2
            for statement in list(block) if isinstance(block, list) else ():
                if statement in block and hasattr(statement, "body"):
                    i, kept = block.index(statement), block[:]
                    opened = [*block[:i], *statement.body, *block[i + 1 :]]
                    yield _put(block, opened), _put(block, kept)


def shorter_expressions(tree: ast.AST) -> Iterator[Edit]:
    """Put a part of an expression, or a number, in its place; leave out elements."""
    for node in ast.walk(tree):
        for field, child in ast.iter_fields(node):
            if isinstance(child, ast.expr):
                for part in _parts(child):
                    yield _set(node, field, part), _set(node, field, getattr(node, field))
            elif isinstance(child, list):
                for x in [x for x in child if isinstance(x, ast.expr)]:
                    kept = child[:]
                    i = next((i for i, y in enumerate(child) if y is x), None)
                    if i is None:
                        continue
                    for part in ([], *[[part] for part in _parts(x)]):
                        yield _put(child, kept[:i] + part + kept[i + 1 :]), _put(child, kept)


def _parts(expression: ast.expr) -> list[ast.expr]:
    """What may stand instead of an expression."""
    if isinstance(expression, (ast.Constant, ast.Name)):
        return []
    within = [x for x in ast.walk(expression) if isinstance(x, ast.expr) and x is not expression]
    return [ast.Constant(1.0), *[x for x in within if not isinstance(x, ast.Starred)]]


def _put(block: list[Any], things: list[Any]) -> Callable[[], object]:
    return lambda: block.__setitem__(slice(None), things)


def _set(node: ast.AST, field: str, thing: object) -> Callable[[], object]:
    return lambda: setattr(node, field, thing)


def minimal(source: str, executor: str, found: Difference, seconds: float = 60.0) -> str:
    """The script of a smaller program with a difference of the same kind."""

    def differs(text: str) -> bool:
        """Asked in a process of its own, as the program may do anything, for ever."""
        child = os.fork()
        if child == 0:
            signal.setitimer(signal.ITIMER_VIRTUAL, 5.0)
            with contextlib.suppress(BaseException):  # it may be no program any more
                now = difference(text, executor)
                os._exit(now is not None and now.like(found))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status) == 1

    small = smaller(source, differs, seconds)
    return script(small, executor, difference(small, executor) or found)


SHOW = """\
import sys
import autograd_lite as al


def show(call):
    try:
        print(call())
    except Exception as error:
        print(type(error).__name__, error)


"""


def script(source: str, executor: str, found: Difference) -> str:
    """A program that prints what its calls give; eagerly, if "eager" is an argument."""
    lines, wrap = [], f'al.compile(f, executor="{executor}", check="{found.world}")'
    if "\naxes = " in source:
        wrap = "al.vmap(f, axes)"
    for statement in ast.parse(source).body:
        text = ast.unparse(statement)
        lines.append(f"show(lambda: {text})" if call_in(statement) else text)
        targets = [y for x in getattr(statement, "targets", ()) for y in ast.walk(x)]
        names = {getattr(x, "id", "") for x in targets}
        if "f" in {getattr(statement, "name", ""), *names}:
            lines.append(f'f = f if "eager" in sys.argv else {wrap}')
    comment = "".join(f"# {line}\n" for line in str(found).splitlines())
    return comment + SHOW + "\n".join(lines) + "\n"


def executor_of(seed: int) -> str:
    """Mostly the interpreter, whose numbers are those of the eager engine bit for bit."""
    if seed % 16 == 15:
        return "c"
    return ("interpret", "auto", "interpret", "numpy")[seed % 4]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", nargs="?", type=Path)
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="this one alone")
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
        found = difference(source, executor, counts)
        counts["programs"] += 1
        if found is not None:
            failures += 1
            print(f"# {name}", flush=True)
            shrink = arguments.shrink
            print(minimal(source, executor, found, shrink) if shrink else found, flush=True)
            if not arguments.all:
                break
    for what, n in counts.most_common():
        print(f"{n:9,} {what}")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
