"""Writes house.md and images/house.svg, the rooms of the house and who imports whom.

    python docs/house.py

The rooms stand on floors. A module imports from its own floor and from those below it, never from
one above, not for a type and not within a function; and no imports go round in a circle.
tests/test_house.py holds this. Not counted are Cython's cimports, which read declarations when C is
compiled: that of Value's fields is read by what lies below value.py, too.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PACKAGES = ("autograd_lite", "nn", "visualize")

# The rooms of each floor, the ground floor first: modules, and packages with all that is in them. A
# package that has rooms of its own is but its front here, its __init__.
FLOORS = (
    ("autograd_lite.operations", "autograd_lite.kinds", "autograd_lite.graph",
     "autograd_lite.callables", "autograd_lite.files", "autograd_lite.forks", "autograd_lite.tree",
     "autograd_lite.size", "autograd_lite.progress"),
    ("autograd_lite.memory", "autograd_lite.extra"),
    ("autograd_lite.observers", "autograd_lite.cycles", "autograd_lite.backward",
     "autograd_lite.plain", "autograd_lite.fields", "autograd_lite.placement",
     "autograd_lite.handmade",
     "autograd_lite.copying"),
    ("autograd_lite.value",),
    ("autograd_lite.nary", "autograd_lite.functions", "autograd_lite.block",
     "autograd_lite.anomaly", "autograd_lite.derive", "autograd_lite.partials",
     "autograd_lite.linalg", "autograd_lite.leaves", "autograd_lite.rows", "autograd_lite.forward",
     "autograd_lite.adjoint", "autograd_lite.structure", "autograd_lite.state",
     "autograd_lite._pure"),
    ("autograd_lite.pullback",),
    ("autograd_lite.reading", "autograd_lite.nested"),
    ("autograd_lite.evaluation",),
    ("autograd_lite.derivatives",),
    ("autograd_lite.compiler.messages", "autograd_lite.compiler.places",
     "autograd_lite.compiler.results",
     "autograd_lite.compiler.record", "autograd_lite.compiler.tape"),
    ("autograd_lite.compiler.lift",),
    ("autograd_lite.compiler.plan",),
    ("autograd_lite.compiler.run",),
    ("autograd_lite.compiler.choice", "autograd_lite.compiler.explain",
     "autograd_lite.compiler.call", "autograd_lite.compiler.together"),
    ("autograd_lite.compiler.program_guards",),
    ("autograd_lite.compiler.program",),
    ("autograd_lite.compiler.check", "autograd_lite.compiler.signature",
     "autograd_lite.compiler.body"),
    ("autograd_lite.compiler.mistake", "autograd_lite.compiler.reasons",
     "autograd_lite.compiler.replay"),
    ("autograd_lite.compiler.small", "autograd_lite.compiler.stepping",
     "autograd_lite.compiler.function_pickling"),
    ("autograd_lite.compiler.function",),
    ("autograd_lite.compiler.export", "autograd_lite.compiler.samples",
     "autograd_lite.implicit", "autograd_lite.sparse", "autograd_lite.step",
     "autograd_lite.checkpointing"),
    ("autograd_lite.compiler.batch", "autograd_lite.compiler.vmap", "autograd_lite.repeating",
     "autograd_lite.matrices"),
    ("autograd_lite.loops",),
    ("autograd_lite", "autograd_lite.compiler", "autograd_lite._packages"),
    ("autograd_lite.testing", "autograd_lite.optimize", "autograd_lite.__main__"),
    ("nn", "visualize.figure", "visualize.model"),
    ("visualize.picture",),
    ("visualize.page", "visualize.formula_reader"),
    ("visualize.drawing", "visualize.failures", "visualize.plots"),
    ("visualize",),
    ("visualize.__main__",),
    ("autograd_lite.nn", "autograd_lite.visualize"),
)  # fmt: skip


class Arrow(NamedTuple):
    """One import: the two modules, and where it is written."""

    importer: str
    imported: str
    place: str


def modules(root: Path = ROOT) -> dict[str, list[Path]]:
    """The files of each module by its name: .py or .pyx, and .pyi beside it."""
    found: dict[str, list[Path]] = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.p*")):
            if path.suffix in (".py", ".pyx", ".pyi"):
                parts = path.relative_to(root).with_suffix("").parts
                name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
                found.setdefault(name, []).append(path)
    return found


@cache
def arrows(root: Path = ROOT) -> list[Arrow]:
    """All imports of one module by another: for types and within functions as well."""
    known = modules(root)
    found = set()
    for importer, paths in known.items():
        for path in paths:
            package = importer if path.stem == "__init__" else importer.rpartition(".")[0]
            for line, base, names in imports(path):
                if base.startswith("."):
                    ups = len(base) - len(base.lstrip("."))
                    around = package.split(".")[: len(package.split(".")) - ups + 1]
                    base = ".".join([*around, *filter(None, [base.lstrip(".")])])
                for name in names or [""]:
                    target = f"{base}.{name}" if f"{base}.{name}" in known else base
                    if target in known and target != importer:
                        place = f"{path.relative_to(root)}:{line}"
                        found.add(Arrow(importer, target, place))
    return sorted(found)


def imports(path: Path) -> list[tuple[int, str, list[str]]]:
    """(line, module, names taken from it) of each import; no names for `import module`."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".pyx":
        return [
            (
                text[: match.start()].count("\n") + 1,
                match[1] or match[3],
                re.findall(r"\w+", match[2] or ""),
            )
            for match in re.finditer(
                r"^ *(?:from ([\w.]+) import ([\w, ]+)|import ([\w.]+))", text, re.MULTILINE
            )
        ]
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name, []) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            found.append((node.lineno, base, [alias.name for alias in node.names]))
    return found


FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
FRONTS = {name for name in FLOOR_OF if any(other.startswith(f"{name}.") for other in FLOOR_OF)}


def room(module: str) -> str:
    """The room of FLOORS that a module is in."""
    name = module
    while name not in FLOOR_OF or (name in FRONTS and name != module):
        name, _, last = name.rpartition(".")
        if not last:
            raise LookupError(f"no room of the house has {module}: give it one in docs/house.py")
    return name


def floor(module: str) -> int:
    return FLOOR_OF[room(module)]


def upward(found: list[Arrow]) -> list[str]:
    """A line for each import of a module on a floor above."""
    return [
        f"{arrow.place}: {arrow.importer} imports {arrow.imported}, "
        f"which is {floor(arrow.imported) - floor(arrow.importer)} floors above it"
        for arrow in found
        if floor(arrow.imported) > floor(arrow.importer)
    ]


def circles(found: list[Arrow]) -> list[str]:
    """For each group of modules that lead to each other, one way round: "a -> b -> a"."""
    after: dict[str, set[str]] = {}
    for arrow in found:
        after.setdefault(arrow.importer, set()).add(arrow.imported)
    shown, ways = set(), []
    for start in sorted(after):
        way = shortest_way(after, start)
        if way and not shown & {*way}:
            shown |= {*way}
            ways.append(" -> ".join(way))
    return ways


def shortest_way(after: dict[str, set[str]], start: str) -> list[str]:
    """The shortest way from start back to it, or none."""
    ways = [[start]]
    met: set[str] = set()
    for way in ways:
        for module in sorted(after.get(way[-1], ())):
            if module == start:
                return [*way, start]
            if module not in met:
                met.add(module)
                ways.append([*way, module])
    return []


# ------------------------------------------------------------------------------- what is written

HEADER = """\
# The house: all modules, and what each imports

This map is for readers of the source. Each box is a room: a module, or a package with all that is
in it. An arrow leads from a room to one that it imports, unless a longer way leads there, too. No
arrow leads upward, also not for types or within functions: `tests/test_house.py` holds this, and
that the test of every module is found by its name. `python docs/house.py` writes this page.

![the rooms of the house, and arrows from each to those it imports](images/house.svg)

From the roof to the ground floor. A room imports from its own floor and from those below:

"""


def first_sentence(module: str) -> str:
    """What the docstring of a module opens with."""
    (path, *_) = [p for p in modules()[module] if p.suffix in (".py", ".pyx")]
    text = path.read_text(encoding="utf-8")
    found = re.search(r'"""(.*?)(?:\n\n|""")', text, re.DOTALL)
    assert found, path
    return " ".join(found[1].split()).partition(": `python -m")[0]


# Modules without a test of their name, and what tests them.
TESTED_ELSEWHERE = {
    "autograd_lite": "tests/engine/test_import.py",
    "autograd_lite._pure": "tests/engine/test_import.py",
    "autograd_lite.extra": "tests/engine/test_nary.py",
    "autograd_lite.compiler.record.tokens": "tests/compiler/record/test_flatten.py",
    "autograd_lite.compiler.tape.opcodes": "tests/compiler/tape/test_tape.py",
    "autograd_lite.operations.opcodes": "tests/compiler/tape/test_tape.py",
    "autograd_lite.nn": "tests/engine/test_packages.py",
    "autograd_lite.visualize": "tests/engine/test_packages.py",
    "visualize.model.samples": "tests/visualize/test_plots.py",
    "nn._roots": "tests/nn/test_optim.py",
    "nn._steps": "tests/nn/test_optim.py",
    "nn._traced": "tests/nn/test_optim_compiled.py",
}


def tests_of(module: str) -> str:
    """The folder or the files that test a module or a package by its name; "" if there are none."""
    parts = module.removeprefix("autograd_lite.").split(".")
    if ROOT.joinpath("tests", *parts).is_dir():
        return "/".join(["tests", *parts, ""])
    if parts == [module.rpartition(".")[2]]:
        parts.insert(0, "engine")
    path = "/".join(["tests", *parts[:-1], f"test_{parts[-1].strip('_')}"])
    if [*ROOT.glob(f"{path}_*.py")]:
        return f"{path}*.py"
    return f"{path}.py" if (ROOT / f"{path}.py").exists() else ""


def page() -> str:
    """The text of house.md."""
    rows = ["| floor | room | what is in it | its tests |\n|---|---|---|---|\n"]
    for number, rooms in reversed([*enumerate(FLOORS)]):
        for name in rooms:
            tests = TESTED_ELSEWHERE.get(name) or tests_of(name)
            rows.append(f"| {number} | `{name}` | {first_sentence(name)} | `{tests}` |\n")
    return HEADER + "".join(rows)


def between_rooms() -> dict[str, set[str]]:
    """The rooms that each imports, but for those to which a longer way leads."""
    after: dict[str, set[str]] = {name: set() for rooms in FLOORS for name in rooms}
    for arrow in arrows():
        importer, imported = room(arrow.importer), room(arrow.imported)
        if importer != imported:
            after[importer].add(imported)
    reached: dict[str, set[str]] = {}

    def reach(name: str) -> set[str]:
        if name not in reached:
            reached[name] = after[name].union(*map(reach, after[name]))
        return reached[name]

    return {
        name: names - set().union(*(reach(other) for other in names))
        for name, names in after.items()
    }


def picture() -> str:
    """The text of house.svg."""
    from visualize.picture.svg import framed

    names = [name for rooms in FLOORS for name in rooms]
    ids = {name: f"b{i}" for i, name in enumerate(names)}
    lines = ["digraph {", 'node [shape=box, style="rounded,filled", fillcolor=white]']
    lines += [
        "node [fontname=Courier, fontsize=11, height=0.3]",
        "ranksep=0.35 bgcolor=transparent",
    ]
    for name in names:
        label = name if name in FLOORS[-1] else name.removeprefix("autograd_lite.")
        lines.append(f'{ids[name]} [id={ids[name]}, class="node", label="{label}"]')
    for name, after in between_rooms().items():
        lines += [f'{ids[name]} -> {ids[other]} [class="edge"]' for other in sorted(after)]
    lines.append("}")
    return framed("\n".join(lines), "Who imports whom", {ids[n]: n for n in names}, [])


if __name__ == "__main__":
    (DOCS / "house.md").write_text(page(), encoding="utf-8")
    (DOCS / "images" / "house.svg").write_text(picture(), encoding="utf-8")
