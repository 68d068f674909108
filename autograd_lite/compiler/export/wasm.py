"""WebAssembly: the C of an export, compiled, in a JavaScript module that needs nothing else.

The compiler is that of the package ziglang, which brings C's library of mathematics. The module
runs in browsers, Node, Deno and Bun; it is checked in Node.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from autograd_lite.compiler.export import c
from autograd_lite.compiler.export.check import CannotRunError
from autograd_lite.compiler.export.language import Written
from autograd_lite.compiler.export.recorded import ExportError
from autograd_lite.compiler.run.compiler import LONGEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    from autograd_lite.compiler.export.c_file import File
    from autograd_lite.compiler.export.exported import Exported, Numbers

__all__ = ["binary", "fence", "head", "run", "write"]

fence = "javascript"

FLAGS = (
    "-target", "wasm32-wasi",
    "-mexec-model=reactor",  # functions to call, and no main
    "-std=c99", "-Os",
    "-msimd128",  # in every browser since 2023; smaller, and twice as fast
    "-Wl,--strip-all,-z,stack-size=65536",
)  # fmt: skip

_TYPES = {"float": (np.float32, "Float32Array"), "double": (np.float64, "Float64Array")}


def head(lines: Sequence[str]) -> str:
    """A comment."""
    return "".join(f"// {line}".rstrip() + "\n" for line in "\n".join(lines).splitlines()) + "\n"


def write(exported: Exported, *, real: str = "double", optimizer: Any = None) -> Written:
    """A JavaScript module with the WebAssembly of a function, and its parameters, in it.

    real       "double" or "float", which needs half the memory
    optimizer  one that makes a step of the loss, as in C
    """
    if real not in _TYPES:
        raise ValueError(f"export: real must be 'double' or 'float', not {real!r}")
    file = c.file_of(exported)
    return Written(_module(file, binary(file, real), real))


def binary(file: File, real: str) -> bytes:
    """The WebAssembly of a file in C."""
    if not (sys.executable and find_spec("ziglang")):
        raise ExportError(
            "export: 'wasm' needs a compiler for WebAssembly: pip install 'autograd-lite[c]'"
        )
    with tempfile.TemporaryDirectory(prefix="autograd_lite-") as folder:
        source, made = Path(folder, "program.c"), Path(folder, "program.wasm")
        source.write_text(file.text(), encoding="utf-8")
        command = [
            *(sys.executable, "-m", "ziglang", "cc", *FLAGS),
            *(f"-D{file.upper}_IMPLEMENTATION", f"-D{file.real}={real}"),
            f"-Wl,--export={file.function},--export=__heap_base",
            *("-o", str(made), str(source)),
        ]
        _said(command, "ziglang")
        return made.read_bytes()


def _said(command: Sequence[str], name: str, given: str = "") -> str:
    """What a command prints that is given a text to read. Raises ExportError if it fails."""
    try:
        ran = subprocess.run(
            command,
            input=given,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=LONGEST,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise ExportError(f"export: {name} does not work: {problem}") from None
    if ran.returncode:
        said = (ran.stderr or ran.stdout).strip()[:1000]
        raise ExportError(f"export: {name} does not work: {said}")
    return ran.stdout


# ------------------------------------------------------------------------------- JavaScript

_MODULE = """\
const WASM = "%(wasm)s";
%(constants)s
/** The bytes of a text in base64. */
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** The numbers of an argument, a number or nested arrays, for the array that takes them. */
function numbersFor(name, to, given) {
  const found = Array.isArray(given) ? given.flat(Infinity) : given?.length ? given : [given];
  if (found.length !== to.length)
    throw new RangeError(`${name}: expected ${to.length} numbers, got ${found.length}`);
  const [kind, fits] = to instanceof Int32Array
    ? ["integers of 32 bits", (x) => x === (x | 0)]
    : ["numbers", (x) => typeof x === "number"];
  if (!found.every(fits)) throw new TypeError(`${name}: expected ${kind}`);
  return found;
}

/**
 * %(name)s, with a memory of its own.
 *
 * %(arrays)s are typed arrays by name, row by row: views of that memory,
 * to read and to write. Functions take the arguments in their order, or none where those of
 * `arguments` were written. They return a number, or an object of the results by name.
 */
export async function load() {
  const { instance } = await WebAssembly.instantiate(bytes(WASM), {});
  const { memory, __heap_base, _initialize, %(function)s } = instance.exports;
  _initialize();

  let end = __heap_base.value;
  const room = (size) => {
    const start = (end + 15) & ~15;
    end = start + size;
    return start;
  };
  const at = {
%(places)s
  };
  const missing = end - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65536));
  const numbers = (start, length) => new %(type)s(memory.buffer, start, length);
  const integers = (start, length) => new Int32Array(memory.buffer, start, length);
%(views)s
  /** Run the program.%(where)s */
  function run(given%(gradients)s) {
    if (given.length && given.length !== inputs.length)
      throw new RangeError(`%(name)s: expected ${inputs.length} arguments, got ${given.length}`);
    const found = given.map((thing, i) => numbersFor(...inputs[i], thing));
    found.forEach((thing, i) => inputs[i][1].set(thing));
    const status = %(function)s(%(passed)s);
    if (status === 2) throw new RangeError("%(name)s: an argument is out of range");
    if (status !== 0) throw new RangeError("%(name)s: a number is not finite");
    return results();
  }

  return {
%(interface)s
  };
}
"""


def _module(file: File, wasm: bytes, real: str) -> str:
    exported, (dtype, view) = file.exported, _TYPES[real]
    size = np.dtype(dtype).itemsize
    groups: dict[str, tuple[Sequence[Any], list[int]]] = {}  # {array: tensors in it, their starts}
    if file.starts[-1]:
        groups["parameters"] = exported.parameters, file.starts
    if file.state_starts[-1]:
        groups["state"] = exported.state, file.state_starts
    places = {group: starts[-1] * size for group, (_, starts) in groups.items()}
    constants, views = [], []
    for group, (tensors, starts) in groups.items():
        # A view of numbers begins at a multiple of their size, as a copy of the bytes does.
        numbers = np.concatenate([x.numbers.ravel() for x in tensors]).astype(dtype)
        constants.append(f'const {group.upper()} = "{_base64(numbers.tobytes())}";\n')
        into = f"numbers(at.{group}, {starts[-1]})"
        views.append(f"{into}.set(new {view}(bytes({group.upper()}).buffer));")
    passed = [f"at.{group}" for group in groups]
    if exported.differentiable:
        groups["gradients"] = groups["parameters"]
        places["gradients"] = places["parameters"]
    for group, (tensors, starts) in groups.items():
        views.append(f"const {group} = {{")
        for start, x in zip(starts, tensors, strict=False):
            at = f"at.{group} + {start * size}" if start else f"at.{group}"
            held = f"{json.dumps(x.name)}: numbers({at}, {x.slots.size}),"
            views.append(f"  {held}{_shape(x.shape)}")
        views.append("};")
    views.append("const inputs = [")
    for i, (name, argument) in enumerate(zip(file.arguments, exported.arguments, strict=True)):
        integer, count = name in file.integers, argument.slots.size
        places[f"argument_{i}"] = count * (4 if integer else size)
        kind = "integers" if integer else "numbers"
        held = f"[{json.dumps(argument.name)}, {kind}(at.argument_{i}, {count})],"
        views.append(f"  {held}{_shape(argument.shape)}")
        passed.append(f"at.argument_{i}" if argument.shape else f"inputs[{i}][1][0]")
    views.append("];")
    views.append(
        "for (const [, to] of inputs) to.fill(to instanceof Int32Array ? -(2 ** 31) : NaN);"
    )
    if file.n_results:
        places["results"] = file.n_results * size
        passed.append("at.results")
    places["work"] = max(1, file.laid.regions[-1].size) * size
    passed += ["gradients", "at.work"] if exported.differentiable else ["at.work"]
    views += _results(exported, size)
    interface = [*(f"{group}," for group in groups), "arguments: Object.fromEntries(inputs),"]
    if exported.differentiable:
        interface.append("value: (...given) => run(given, 0),")
        interface.append("value_and_grad: (...given) => run(given, at.gradients),")
    else:
        called = "step" if exported.is_step else "value"
        interface.append(f"{called}: (...given) => run(given),")
    where = " gradients: where they go, or 0 for the results alone."
    return _MODULE % {
        "wasm": _base64(wasm),
        "constants": "".join(constants),
        "name": exported.name,
        "arrays": ", ".join(f"`{group}`" for group in [*groups, "arguments"]),
        "function": file.function,
        "places": "\n".join(f"    {key}: room({n})," for key, n in places.items()),
        "type": view,
        "views": "\n".join(f"  {line}".rstrip() for line in views),
        "where": where if exported.differentiable else "",
        "gradients": ", gradients" if exported.differentiable else "",
        "passed": ", ".join(passed),
        "interface": "\n".join(f"    {line}" for line in interface),
    }


def _results(exported: Exported, itemsize: int) -> list[str]:
    """The function that gives the results."""
    start, found = 0, {}
    for r in exported.results:
        offset = f" + {start * itemsize}" if start else ""
        view = f"numbers(at.results{offset}, {r.outputs.size})"
        found[r.name] = f"{view}[0]" if not r.outputs.shape else f"{view}.slice()"
        start += r.outputs.size
    if not found:
        return ["const results = () => undefined;", ""]
    if len(found) == 1:
        return [f"const results = () => {next(iter(found.values()))};", ""]
    lines = [f"  {json.dumps(name)}: {view}," for name, view in found.items()]
    return ["const results = () => ({", *lines, "});", ""]


def _shape(shape: tuple[int, ...]) -> str:
    return f" // {''.join(f'[{n}]' for n in shape)}" if shape else ""


def _packed(numbers: NDArray[np.float64]) -> str:
    return _base64(np.array(numbers, np.float64, order="C").tobytes())


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


# --------------------------------------------------------------------------------- the check

_CHECK = """\
import { load } from "./program.mjs";
import { readFileSync } from "node:fs";
const program = await load();
const given = JSON.parse(readFileSync(0, "utf8"));
const bytes = (text) => Uint8Array.from(Buffer.from(text, "base64"));
const read = (text) => Array.from(new Float64Array(bytes(text).buffer));
const written = (x) =>
  Buffer.from(Float64Array.from(typeof x === "number" ? [x] : x).buffer).toString("base64");
const parameters = Object.entries(given.parameters);
for (const [name, text] of parameters) program.parameters[name].set(read(text));
const args = given.arguments.map(read);
const found = program[given.function](...args);
const all = (names, group) => names.map((name) => written(program[group][name]));
console.log(JSON.stringify({
  results: given.results.map((name, _, { length }) => written(length > 1 ? found[name] : found)),
  gradients: given.function === "value_and_grad" ? all(given.names, "gradients") : [],
  parameters: all(given.names, "parameters"),
  state: all(given.state, "state"),
}));
"""


def run(
    text: str, exported: Exported, *, real: str = "double", optimizer: Any = None
) -> tuple[Numbers, str]:
    """What the module gives for the recorded numbers, in Node. Raises CannotRunError."""
    node = shutil.which("node")
    if node is None:
        raise CannotRunError("Node is not there")
    expected, _ = exported.reference
    every = [*expected.results, *expected.state.values()]
    if not all(np.isfinite(x).all() for x in every):
        raise CannotRunError("the example gives numbers that are not finite, and the module throws")
    dtype, _ = _TYPES[real]
    given = {
        "arguments": [_packed(a.numbers) for a in exported.arguments],
        "parameters": {p.name: _packed(p.numbers) for p in exported.parameters},
        "function": "step" if exported.is_step else "value",
        "results": [r.name for r in exported.results],
        "names": [p.name for p in exported.parameters],
        "state": [s.name for s in exported.state],
    }
    if exported.differentiable:
        given["function"] = "value_and_grad"
    with tempfile.TemporaryDirectory(prefix="autograd_lite-") as folder:
        Path(folder, "program.mjs").write_text(text, encoding="utf-8")
        Path(folder, "check.mjs").write_text(_CHECK, encoding="utf-8")
        said = json.loads(_said([node, str(Path(folder, "check.mjs"))], "node", json.dumps(given)))

    def numbers(packed: str) -> NDArray[Any]:
        return np.frombuffer(base64.b64decode(packed), np.float64).astype(dtype)

    outputs = np.zeros(c.file_of(exported).n_outputs, dtype)
    for result, packed in zip(exported.results, said["results"], strict=True):
        outputs[result.outputs] = numbers(packed).reshape(result.outputs.shape)
    changed: list[Any] = [*exported.parameters, *exported.state] if exported.is_step else []
    for tensor, packed in zip(changed, [*said["parameters"], *said["state"]], strict=False):
        new = tensor.new.ravel()
        outputs[new[new >= 0]] = numbers(packed)[new >= 0]
    gradients = np.concatenate([np.zeros(0, dtype), *map(numbers, said["gradients"])])
    found = exported.numbers(outputs, c.by_wrt(exported, gradients))
    return found, f"Node {_said([node, '--version'], 'node').strip()}"
