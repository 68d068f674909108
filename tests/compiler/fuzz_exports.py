"""Fuzzing: random programs, exported to every language, against the functions themselves.

    python tests/compiler/fuzz_exports.py --programs 10000
    python tests/compiler/fuzz_exports.py --seed 17 --way numpy --show

Each program (`tests/support/scalar_programs.py`) is exported once. Then its source runs on other
numbers, and gives what the function gives, eagerly: its value, and the gradients of all parameters.
Sources in C are compiled together, as a compiler takes long to start.
"""

from __future__ import annotations

import argparse
import ctypes
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from autograd_lite import Value
from autograd_lite.compiler.export import LANGUAGES, ExportError
from autograd_lite.compiler.export.check import check
from autograd_lite.compiler.export.exported import Exported, Numbers
from autograd_lite.compiler.export.reading import read
from tests.support.agreement import total, values_in
from tests.support.scalar_programs import program

# ------------------------------------------------------------------ programs


class Case(NamedTuple):
    """A program to export: its seed, and the `Exported` of two calls with other numbers."""

    seed: int
    exported: Exported
    other: Exported


def scalar(function: Any) -> Any:
    """The function whose value is the sum of all results, weighted by 1, 2, 3 ..."""

    @functools.wraps(function)
    def f(*args: Any) -> Value:
        result: Value = total(values_in(function(*args)))
        return result

    return f


def moved(thing: Any, rng: Any) -> Any:
    """Arguments like these with other numbers; indices in another order."""
    if isinstance(thing, (list, tuple)):
        return type(thing)(moved(x, rng) for x in thing)
    if isinstance(thing, Value):
        return Value(thing.data + 0.5 * rng.normal())
    if isinstance(thing, float):
        return thing + 0.5 * rng.normal()
    return rng.permutation(thing) if isinstance(thing, np.ndarray) else thing


def case(seed: int) -> Case:
    """The program of a seed. Raises ExportError where no language has it, as a decision."""
    function, args = program(seed)
    function, rng = scalar(function), np.random.default_rng(seed)
    exported = read(function, args, f"f{seed}")
    for parameter in exported.parameters:
        for value in parameter.values.flat:
            value.data += 0.25 * rng.normal()
    args = moved(args, rng)
    other = read(function, args, f"f{seed}")
    leaves = [x for p in other.parameters for x in p.values.flat]
    for leaf in leaves:
        leaf.grad = 0.0
    value = function(*args)
    value.backward()
    gradients = {
        p.name: np.reshape([x.grad for x in p.values.flat], p.shape) for p in other.parameters
    }
    check(other, Numbers([np.array(value.data)], gradients, {}), "eager")
    return Case(seed, exported, other)


def cases(seeds: Any, counts: Counter[str]) -> list[Case]:
    """The programs of seeds, but for those that no language has."""
    found = []
    for seed in seeds:
        try:
            found.append(case(seed))
            counts["exported"] += 1
        except ExportError as refusal:
            if "goes one way only" not in str(refusal):
                raise
            counts["refused"] += 1
    return found


# ------------------------------------------------------------------ ways to run them


class Way:
    """A language, and what runs it.

    language  its name
    options   what it is given
    """

    def __init__(self, language: str, **options: Any) -> None:
        self.language, self.options = language, options
        self.module: Any = import_module(f"autograd_lite.compiler.export.{LANGUAGES[language]}")

    def text(self, exported: Exported) -> str:
        return str(self.module.write(exported, **self.options).text)

    def program(self, text: str) -> Any:
        """The text without the numbers of parameters that it carries along."""
        return text

    def prepared(self, given: list[Case]) -> Way:
        """What runs these programs."""
        return self

    def compare(self, each: Case) -> None:
        """Raise ExportError where the source of a program gives other numbers."""
        text = self.text(each.exported)
        assert self.program(text) == self.program(self.text(each.other)), (
            "the source depends on the recorded numbers"
        )
        numbers, _ = self.module.run(text, each.other, **self.options)
        assert numbers.gradients is not None
        check(each.other, numbers, self.language)


class InC(Way):
    """C, many programs in one library."""

    def __init__(self, compiler: str, **options: Any) -> None:
        super().__init__("c", **options)
        self.compiler = compiler

    def prepared(self, given: list[Case]) -> Way:
        texts = [self.text(each.exported) for each in given]
        names = [each.exported.name.upper() for each in given]
        defines = "".join(f"#define {name}_IMPLEMENTATION\n" for name in names)
        with tempfile.TemporaryDirectory() as folder:
            source, library = Path(folder, "all.c"), Path(folder, "all.so")
            source.write_text(defines + "".join(texts), encoding="utf-8")
            command = [
                *(self.compiler, "-std=c99", "-O1", "-Wall", "-Wextra", "-pedantic", "-Werror"),
                *("-ffp-contract=off", "-fPIC", "-shared", "-o", str(library), str(source), "-lm"),
            ]
            done = subprocess.run(command, capture_output=True, text=True)
            assert not done.returncode, done.stderr[:3000]
            self.library = ctypes.CDLL(str(library))
        return self

    def compare(self, each: Case) -> None:
        kept = self.module.Library
        self.module.Library = lambda source: _Loaded(self.library)
        try:
            super().compare(each)
        finally:
            self.module.Library = kept


class _Loaded:
    """Stands for the library of one program."""

    problem = ""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library

    def wait(self) -> None:
        pass

    def address(self, name: str) -> int:
        return ctypes.cast(getattr(self._library, name), ctypes.c_void_p).value or 0


class InWasm(Way):
    """WebAssembly: each fortieth program, as each is compiled alone."""

    def compare(self, each: Case) -> None:
        if each.seed % 40 == 0:
            super().compare(each)

    def program(self, text: str) -> list[str]:
        return [line for line in text.splitlines() if not line.startswith("const PARAMETERS")]


def ways() -> dict[str, Any]:
    """{name: a function that makes the way}, of those that this machine has."""
    found: dict[str, Any] = {}
    for language in LANGUAGES:
        if language == "c" and os.name == "posix":
            for compiler in ("gcc", "clang"):
                if shutil.which(compiler):
                    found[f"c {compiler}"] = functools.partial(InC, compiler)
        elif language == "wasm":
            if find_spec("ziglang") and shutil.which("node"):
                found[language] = functools.partial(InWasm, language)
                found[f"{language} float32"] = functools.partial(InWasm, language, real="float")
        elif language == "numpy" or find_spec(language):
            found[language] = functools.partial(Way, language)
    return found


def difference(way: Way, each: Case) -> str:
    """What is wrong with a program in a language, or ""."""
    try:
        way.compare(each)
    except Exception as error:
        return f"seed {each.seed}, {way.language}: {type(error).__name__}: {error}"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--programs", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--way", action="append", help="such as numpy, or c gcc; all by default")
    parser.add_argument("--show", action="store_true", help="print the source of what differs")
    arguments = parser.parse_args()
    seeds = range(arguments.first, arguments.first + arguments.programs)
    if arguments.seed is not None:
        seeds = range(arguments.seed, arguments.seed + 1)
    faults = 0
    counts: Counter[str] = Counter()
    for start in range(0, len(seeds), 300):
        given = cases(seeds[start : start + 300], counts)
        for name, make in ways().items():
            if arguments.way and name not in arguments.way:
                continue
            way = make().prepared(given)
            for each in given:
                fault = difference(way, each)
                faults += bool(fault)
                counts[name] += 1
                if fault:
                    print(fault, flush=True)
                    if arguments.show:
                        print(way.text(each.exported))
    print(dict(counts))
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
