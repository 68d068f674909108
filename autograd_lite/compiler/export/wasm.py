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


def write(exported: Exported, *, real: str = "double") -> Written:
    """A JavaScript module with the WebAssembly of a function, and its parameters, in it.

    real  "double" or "float", which needs half the memory
    """
    if real not in _TYPES:
        raise ValueError(f"export: real must be 'double' or 'float', not {real!r}")
    if exported.is_step:
        raise ExportError(
            f"export: {exported.name} changes parameters or state, which 'wasm' has not; export "
            "the loss, and change the parameters in JavaScript"
        )
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
 * %(arrays)s and `arguments` are typed arrays by name, row by row: views of
 * that memory, to read and to write. Functions take the arguments in their order, or none where
 * those of `arguments` were written. They return a number, or an object of the results by name.
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
  /** Run the program. gradients: where they go, or 0 for the results alone. */
  function run(given, gradients) {
    if (given.length && given.length !== inputs.length)
      throw new RangeError(`%(name)s: expected ${inputs.length} arguments, got ${given.length}`);
    const found = given.map((thing, i) => numbersFor(...inputs[i], thing));
    found.forEach((thing, i) => inputs[i][1].set(thing));
    const status = %(function)s(%(passed)s);
    if (status === 2) throw new RangeError("%(name)s: an argument is out of range");
    if (status !== 0) throw new RangeError("%(name)s: a number is not finite");
    return %(returned)s;
  }

  return {
%(interface)s
  };
}
"""


def _module(file: File, wasm: bytes, real: str) -> str:
    exported, (dtype, view) = file.exported, _TYPES[real]
    bytes_each = np.dtype(dtype).itemsize
    graded = exported.differentiable
    n = file.starts[-1]
    places = {}
    if n:
        places["parameters"] = n * bytes_each
    if graded:
        places["gradients"] = n * bytes_each
    args: list[str] = []
    passed = ["at.parameters"] if n else []
    for name, argument in zip(file.arguments, exported.arguments, strict=True):
        integer = name in file.integers
        key = f"argument_{len(args)}"
        size = argument.slots.size
        places[key] = size * (4 if integer else bytes_each)
        called = json.dumps(argument.name)
        kind = "integers" if integer else "numbers"
        args.append(f"[{called}, {kind}(at.{key}, {size})],{_shape(argument.shape)}")
        passed.append(f"at.{key}" if argument.shape else f"inputs[{len(args) - 1}][1][0]")
    places["results"] = file.n_results * bytes_each
    places["work"] = max(1, file.laid.regions[-1].size) * bytes_each
    passed += ["at.results", *(["gradients"] if graded else []), "at.work"]

    views = []
    constants = ""
    if n:
        packed = np.concatenate([p.numbers.ravel() for p in exported.parameters]).astype(dtype)
        constants = f'const PARAMETERS = "{_base64(packed.tobytes())}";\n'
        # A view of numbers begins at a multiple of their size, as a copy of the bytes does.
        views.append(f"numbers(at.parameters, {n}).set(new {view}(bytes(PARAMETERS).buffer));")
    for group in ["parameters"] * bool(n) + ["gradients"] * graded:
        lines = []
        for offset, p in zip(file.starts, exported.parameters, strict=False):
            start = f" + {offset * bytes_each}" if offset else ""
            lines.append(
                f"{json.dumps(p.name)}: numbers(at.{group}{start}, {p.slots.size}),"
                f"{_shape(p.shape)}"
            )
        views += [f"const {group} = {{", *(f"  {line}" for line in lines), "};"]
    views += ["const inputs = [", *(f"  {line}" for line in args), "];"]
    views.append(
        "for (const [, to] of inputs) to.fill(to instanceof Int32Array ? -(2 ** 31) : NaN);"
    )
    views += _results(exported, bytes_each)
    call = "(...given)"
    interface = (
        ["parameters,"] * bool(n)
        + ["gradients,"] * graded
        + ["arguments: Object.fromEntries(inputs),"]
    )
    interface.append(f"value: {call} => run(given, 0),")
    if graded:
        interface.append(f"value_and_grad: {call} => run(given, at.gradients),")
    filled = {
        "wasm": _base64(wasm),
        "constants": constants,
        "name": exported.name,
        "arrays": "`parameters`, `gradients`" if graded else "`parameters`",
        "function": file.function,
        "places": "\n".join(f"    {key}: room({size})," for key, size in places.items()),
        "type": view,
        "views": "\n".join(f"  {line}" for line in views),
        "passed": ", ".join(passed),
        "returned": "results()",
        "interface": "\n".join(f"    {line}" for line in interface),
    }
    return _MODULE % filled


def _results(exported: Exported, itemsize: int) -> list[str]:
    """The function that gives the results."""
    start, found = 0, {}
    for r in exported.results:
        offset = f" + {start * itemsize}" if start else ""
        view = f"numbers(at.results{offset}, {r.outputs.size})"
        found[r.name] = f"{view}[0]" if not r.outputs.shape else f"{view}.slice()"
        start += r.outputs.size
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
const found = given.grad ? program.value_and_grad(...args) : program.value(...args);
console.log(JSON.stringify({
  results: given.results.map((name, _, { length }) => written(length > 1 ? found[name] : found)),
  gradients: given.grad ? given.names.map((name) => written(program.gradients[name])) : [],
}));
"""


def run(text: str, exported: Exported, *, real: str = "double") -> tuple[Numbers, str]:
    """What the module gives for the recorded numbers, in Node. Raises CannotRunError."""
    node = shutil.which("node")
    if node is None:
        raise CannotRunError("Node is not there")
    dtype, _ = _TYPES[real]
    given = {
        "arguments": [_packed(a.numbers) for a in exported.arguments],
        "parameters": {p.name: _packed(p.numbers) for p in exported.parameters},
        "grad": exported.differentiable,
        "results": [r.name for r in exported.results],
        "names": [p.name for p in exported.parameters],
    }
    with tempfile.TemporaryDirectory(prefix="autograd_lite-") as folder:
        Path(folder, "program.mjs").write_text(text, encoding="utf-8")
        Path(folder, "check.mjs").write_text(_CHECK, encoding="utf-8")
        said = json.loads(_said([node, str(Path(folder, "check.mjs"))], "node", json.dumps(given)))

    def numbers(packed: str) -> NDArray[Any]:
        return np.frombuffer(base64.b64decode(packed), np.float64).astype(dtype)

    outputs = np.zeros(len(exported.tape.outputs), dtype)
    for result, packed in zip(exported.results, said["results"], strict=True):
        outputs[result.outputs] = numbers(packed).reshape(result.outputs.shape)
    gradients = np.concatenate([np.zeros(0, dtype), *map(numbers, said["gradients"])])
    found = exported.numbers(outputs, c.by_wrt(exported, gradients))
    return found, f"Node {_said([node, '--version'], 'node').strip()}"
