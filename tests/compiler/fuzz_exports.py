"""Fuzzing: random programs, exported to every language, against the functions themselves.

    python tests/compiler/fuzz_exports.py --programs 10000
    python tests/compiler/fuzz_exports.py --seed 17 --way numpy --show

Each program (`tests/support/scalar_programs.py`) is exported once; of every fifth seed it is a
whole step, with an optimiser. Then its source runs on other numbers, and gives what the function
gives, eagerly: its value and the gradients of all parameters, or its value and the new state.
Sources in C are compiled together, as a compiler takes long to start.
"""

from __future__ import annotations

import argparse
import copy
import ctypes
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from autograd_lite import Value, nn
from autograd_lite.compiler.export import LANGUAGES, ExportError
from autograd_lite.compiler.export.check import check
from autograd_lite.compiler.export.exported import Exported, Numbers
from autograd_lite.compiler.export.reading import read
from autograd_lite.compiler.export.samples import recordings
from tests.support.agreement import total, values_in
from tests.support.scalar_programs import KINDS, program

TOGETHER = 50  # so many programs are compiled at once

# ------------------------------------------------------------------ programs


class Case(NamedTuple):
    """A program to export: its seed, and the `Exported` of two calls with other numbers.

    function, args  the function, and the arguments of the second call
    """

    seed: int
    exported: Exported
    other: Exported
    function: Any
    args: Any


OPTIMISERS = [
    lambda ps: nn.optim.SGD(ps, lr=0.1),
    lambda ps: nn.optim.SGD(ps, lr=0.05, momentum=0.9, weight_decay=0.01),
    lambda ps: nn.optim.Adam(ps, lr=0.01),
    lambda ps: nn.optim.AdamW(ps, lr=0.01, betas=(0.8, 0.95)),
    lambda ps: nn.optim.RMSprop(ps, lr=0.01, momentum=0.5),
    lambda ps: nn.optim.Adagrad(ps, lr=0.1),
]


def scalar(function: Any) -> Any:
    """The function whose value is the sum of all results, weighted by 1, 2, 3 ..."""

    @functools.wraps(function)
    def f(*args: Any) -> Value:
        result: Value = total(values_in(function(*args)))
        return result

    return f


def step_of(function: Any, optimizer: Any) -> Any:
    """A whole step of a function that gives a loss."""

    @functools.wraps(function)
    def step(*args: Any) -> Value:
        loss: Value = function(*args)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def moved(thing: Any, rng: Any) -> Any:
    """Arguments like these with other numbers; indices in another order."""
    if isinstance(thing, (list, tuple)):
        return type(thing)(moved(x, rng) for x in thing)
    if isinstance(thing, Value):
        return Value(thing.data + 0.5 * rng.normal())
    if isinstance(thing, float):
        return thing + 0.5 * rng.normal()
    return rng.permutation(thing) if isinstance(thing, np.ndarray) else thing


class UncertainError(Exception):
    """Rounding decides what a program gives, or its steps have led to infinite numbers."""


def case(seed: int) -> Case:
    """The program of a seed. Raises ExportError where no language has it, as a decision."""
    function, args = program(seed)
    function, rng, name = scalar(function), np.random.default_rng(seed), f"f{seed}"
    if values_in(args) or seed % 5:
        exported = read(function, args, name)
    else:
        leaves = leaves_of(read(function, args, name))
        function = step_of(function, OPTIMISERS[seed // 5 % len(OPTIMISERS)](leaves))
        function(*args)  # so that there is a velocity, and memories are not 0
        exported = read(function, args, name)
    for value in leaves_of(exported):
        value.data += 0.25 * rng.normal()
    args = moved(args, rng)
    other = read(function, args, name)
    if exported.is_step and not is_certain(other, np.float64):
        raise UncertainError  # Adam makes a step of a gradient of 1e-15 that should be 0
    if max((_largest(p.numbers) for p in other.parameters), default=0.0) > 1e9:
        raise UncertainError  # a gradient of 0 stays 0 at an infinite partial, elsewhere it is nan
    check(other, eager(other, function, args), "eager")
    return Case(seed, exported, with_numbers_of(exported, other), function, args)


def leaves_of(exported: Exported) -> list[Value]:
    return [x for p in exported.parameters for x in p.values.flat]


def eager(exported: Exported, function: Any, args: Any) -> Numbers:
    """What the function itself gives."""
    if exported.is_step:
        value = function(*args)
        after = read(function, args, exported.name)
        now = {x.name: x.numbers for x in [*after.parameters, *after.state]}
        state = {name: now[name] for name in exported.reference[0].state}
        return Numbers([np.array(value.data)], None, state)
    for leaf in leaves_of(exported):
        leaf.grad = 0.0
    value = function(*args)
    value.backward()
    gradients = {
        p.name: np.reshape([x.grad for x in p.values.flat], p.shape) for p in exported.parameters
    }
    return Numbers([np.array(value.data)], gradients, {})


def with_numbers_of(exported: Exported, other: Exported) -> Exported:
    """The same program with the numbers of another call, lifted once for both."""
    for column in ("codes", "offsets", "parents", "slots", "static", "outputs"):
        x, y = getattr(exported.tape, column), getattr(other.tape, column)
        assert np.array_equal(x, y, equal_nan=x.dtype == float), "the recording depends on numbers"
    _ = exported.plan
    made = copy.copy(exported)
    made.arguments, made.parameters, made.state = other.arguments, other.parameters, other.state
    for known in ("leaves", "indices", "reference"):
        vars(made).pop(known, None)
    return made


def cases(seeds: Any, counts: Counter[str]) -> list[Case]:
    """The programs of seeds, but for those that no language has."""
    found = []
    for seed in seeds:
        try:
            found.append(case(seed))
            counts["steps" if found[-1].exported.is_step else "losses"] += 1
        except UncertainError:
            counts["uncertain"] += 1
        except ExportError as refusal:
            if "goes one way only" not in str(refusal):
                raise
            counts["refused"] += 1
    return found


# ------------------------------------------------------------------ ways to run them


class Way:
    """A language, and what runs it.

    language  its name
    steps     True if it has whole steps
    dtype     the type of its numbers
    """

    dtype: type = np.float64

    def __init__(self, language: str, steps: bool = False) -> None:
        self.language, self.steps = language, steps
        self.module: Any = import_module(f"autograd_lite.compiler.export.{LANGUAGES[language]}")

    def text(self, exported: Exported) -> str:
        return str(self.module.write(exported).text)

    def prepared(self, given: list[Case]) -> Way:
        """What runs these programs."""
        return self

    def compare(self, each: Case) -> None:
        """Raise ExportError where the source of a program gives other numbers."""
        numbers, _ = self.module.run(self.text(each.exported), each.other)
        assert (numbers.gradients is not None) == each.exported.differentiable
        check(each.other, numbers, self.language)


class Differentiated(Way):
    """JAX and PyTorch: derivatives are nan where a cotangent of 0 meets an infinite partial."""

    def compare(self, each: Case) -> None:
        numbers, _ = self.module.run(self.text(each.exported), each.other)
        expected = each.other.reference[0].gradients
        found = numbers.gradients
        if found is not None and expected is not None:
            found = {k: np.where(np.isnan(x), expected[k], x) for k, x in found.items()}
        check(each.other, numbers._replace(gradients=found), self.language)


BATCHES = {"regular", "recurrent", "attention", "language"}  # kinds that have samples


class Samples(Way):
    """A language whose sources take any number of samples: with other numbers of them.

    taken  how many sources did
    """

    def __init__(self, language: str) -> None:
        super().__init__(language)
        self.taken = 0

    def compare(self, each: Case) -> None:
        if KINDS[each.seed % len(KINDS)].__name__ not in BATCHES:
            return
        f, args, name = each.function, each.args, each.exported.name
        exported = copy.copy(each.exported)
        exported.others = functools.partial(recordings, lambda given: read(f, given, name), args)
        text, shapes = self.module.write(exported)
        if not any("n" in shape for shape in shapes.values()):
            return
        self.taken += 1
        tensors = [*exported.arguments, *exported.parameters]
        lengths = {t.shape[0] for t in tensors if shapes.get(t.name, ())[:1] == ("n",)}
        for n in (1, 2, 9):
            other = read(
                f, tuple(_samples(x, n) if _length(x) in lengths else x for x in args), name
            )
            try:
                numbers, _ = self.module.run(text, other)
            except ValueError as problem:
                if "there must be at least" not in str(problem):
                    raise
            else:
                check(other, numbers, f"{self.language} of {n} samples")


def _length(x: Any) -> int:
    return len(x) if hasattr(x, "__len__") else -1


def _samples(x: Any, n: int) -> Any:
    """n samples of an argument, which come again."""
    found = [x[i % len(x)] for i in range(n)]
    return np.array(found) if isinstance(x, np.ndarray) else found


class InC(Way):
    """C, many programs in one library."""

    def __init__(self, compiler: str, dtype: type = np.float64) -> None:
        super().__init__("c", steps=True)
        self.compiler, self.dtype = compiler, dtype
        self._files: dict[int, Any] = {}

    def prepared(self, given: list[Case]) -> Way:
        texts = dict(filter(None, map(self._written, given)))
        if not texts:
            return self
        real = "float" if self.dtype is np.float32 else "double"
        defines = [
            f"#define {name}_IMPLEMENTATION\n#define {name}_REAL {real}\n"
            for name in map(str.upper, texts)
        ]
        with tempfile.TemporaryDirectory() as folder:
            source, library = Path(folder, "all.c"), Path(folder, "all.so")
            source.write_text("".join([*defines, *texts.values()]), encoding="utf-8")
            command = [
                *(self.compiler, "-std=c99", "-O1", "-Wall", "-Wextra", "-pedantic", "-Werror"),
                *("-ffp-contract=off", "-fPIC", "-shared", "-o", str(library), str(source), "-lm"),
            ]
            done = subprocess.run(command, capture_output=True, text=True)
            assert not done.returncode, done.stderr[:3000]
            self.library = ctypes.CDLL(str(library))
        return self

    def _written(self, each: Case) -> tuple[str, str] | None:
        """The name and the source of a program; None if it cannot be written, as `compare` says."""
        try:
            self._files[each.seed] = file = self.module.File(each.exported)
            return each.exported.name, file.text()
        except Exception:
            return None

    def compare(self, each: Case) -> None:
        file = self._files.get(each.seed) or self.module.File(each.exported)
        kept = self.module.file_of
        self.module.file_of = lambda exported: file
        try:
            function = getattr(self.library, file.function)
            address = ctypes.cast(function, ctypes.c_void_p).value
            numbers = self.module.called(address, each.other, self.dtype)
        finally:
            self.module.file_of = kept
        check(each.other, numbers, self.language)


class Some(Way):
    """Every so many programs alone: a language that is slow to run, or another compiler."""

    def __init__(self, way: Way, every: int) -> None:
        self.way, self.every = way, every
        self.language, self.steps, self.dtype = way.language, way.steps, way.dtype

    def prepared(self, given: list[Case]) -> Way:
        self.way.prepared([each for each in given if self._is_one(each)])
        return self

    def _is_one(self, each: Case) -> bool:
        return each.seed % self.every == self.every // 2

    def text(self, exported: Exported) -> str:
        return self.way.text(exported)

    def compare(self, each: Case) -> None:
        if self._is_one(each):
            self.way.compare(each)


def ways(every: int = 1) -> dict[str, Way]:
    """The ways that this machine has, by their names.

    every  of those that are slow, one program among so many
    """
    found: dict[str, Way] = {}
    for language in LANGUAGES:
        if language == "c":
            known = [x for x in ("gcc", "clang") if os.name == "posix" and shutil.which(x)]
            found |= {f"c {compiler}": InC(compiler) for compiler in known}
            found |= {f"c {compiler} float32": InC(compiler, np.float32) for compiler in known[:1]}
        elif language == "wasm":
            if find_spec("ziglang") and shutil.which("node"):
                found[language] = Some(Way(language, steps=True), 4 * every)
        elif language == "numpy":
            found[language] = Way(language, steps=True)
        elif find_spec(language):
            found[language] = Differentiated(language, steps=language == "jax")
    if "numpy" in found:
        found["numpy samples"] = Some(Samples("numpy"), min(every, 5))
    for name, slow in {"c clang": 1, "c gcc float32": 1, "jax": 8, "torch": 4}.items():
        if name in found and every > 1:
            found[name] = Some(found[name], slow * every)
    return found


def is_finite(each: Case) -> bool:
    """Whether the new state is finite: C leaves the old one where it is not."""
    return all(np.isfinite(x).all() for x in each.other.reference[0].state.values())


def is_certain(exported: Exported, dtype: type) -> bool:
    """Whether a rounding of what is given leaves the numbers as they are.

    To 1e-6 of the largest, where it is rounded to float32; to 1e-10, where each number is the
    next one of float64. Of other programs, such as chaotic ones, rounding decides the numbers.
    """
    single = dtype is np.float32
    rounded = copy.copy(exported)
    for known in ("leaves", "indices", "reference"):
        vars(rounded).pop(known, None)
    for kind in ("arguments", "parameters", "state"):
        tensors = [replace(t, numbers=_rounded(t.numbers, single)) for t in getattr(exported, kind)]
        setattr(rounded, kind, tensors)
    x, y = (
        [*n.results, *(n.gradients or {}).values(), *n.state.values()]
        for n, _ in (rounded.reference, exported.reference)
    )
    share = 1e-6 if single else 1e-10
    return all(
        np.allclose(a, b, 0, share * _largest(b), equal_nan=True) for a, b in zip(x, y, strict=True)
    )


def _largest(numbers: Any) -> float:
    return float(np.abs(numbers[np.isfinite(numbers)]).max(initial=0.0))


def _rounded(numbers: Any, single: bool) -> Any:
    if numbers.dtype != float:  # indices
        return numbers
    return np.float64(np.float32(numbers)) if single else np.nextafter(numbers, np.inf)


def faults(way: Way, given: list[Case]) -> list[str]:
    """What is wrong with programs in a language."""
    found = []
    given = [each for each in given if not each.exported.is_step or (way.steps and is_finite(each))]
    prepared = way.prepared(given)
    for each in given:
        try:
            prepared.compare(each)
        except Exception as error:
            if isinstance(error, ExportError) and not is_certain(each.other, way.dtype):
                continue
            text = f"{type(error).__name__}: {error}"
            found.append(f"seed {each.seed}, {way.language}: {text}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--programs", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--way", action="append", help="such as numpy, or c gcc; all by default")
    parser.add_argument("--every", type=int, default=1, help="of slow ways, one among so many")
    parser.add_argument("--show", action="store_true", help="print the sources")
    arguments = parser.parse_args()
    seeds = range(arguments.first, arguments.first + arguments.programs)
    if arguments.seed is not None:
        seeds = range(arguments.seed, arguments.seed + 1)
    counts: Counter[str] = Counter()
    for start in range(0, len(seeds), TOGETHER):
        given = cases(seeds[start : start + TOGETHER], counts)
        for name, way in ways(arguments.every).items():
            if arguments.way and name not in arguments.way:
                continue
            found = faults(way, given)
            counts[f"faults of {name}"] += len(found)
            for fault in found:
                print(fault, flush=True)
            for each in given if arguments.show else ():
                print(way.text(each.exported))
    print(dict(counts))
    return int(any(n for name, n in counts.items() if name.startswith("faults")))


if __name__ == "__main__":
    sys.exit(main())
