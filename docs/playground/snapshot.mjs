// Python's memory after a first run of a program, for a start that need not import anything:
//     node snapshot.mjs FOLDER
// where FOLDER has what the worker loads. It writes snapshot.bin there, which is compressed by gzip.

import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

const path = (name) => resolve(process.argv[2], name);
const imported = (name) => import(pathToFileURL(path(name)));
const { loadPyodide } = await imported("pyodide.mjs");
const { options, unpack } = await imported("start.js");
const { Graphviz } = await imported("graphviz.mjs");

const python = await loadPyodide({ ...options, _makeSnapshot: true });
unpack(python, JSON.parse(readFileSync(path("sources.json"), "utf8")));
const graphviz = await Graphviz.load();
const [first] = JSON.parse(readFileSync(path("programs.json"), "utf8"));

// A snapshot holds nothing of JavaScript: Python asks for its layouts one by one, in text.
python.runPython(`
import sys, types
import runner, nn
laid, wanted = {}, []
def layout(source, *_):
    if source not in laid:
        wanted[:] = [source]
        raise KeyError(source)
    return laid[source]
page = sys.modules["wasm_graphviz"] = types.ModuleType("wasm_graphviz")
page.layout = layout
`);
for (;;) {
  python.runPython(`
wanted.clear()
runner.run(${JSON.stringify(first.text)}, lambda kind, text: None)
`);
  const source = python.runPython("''.join(wanted)");
  if (source === "") break;
  python.runPython(`laid[wanted[0]] = ${JSON.stringify(graphviz.layout(source, "svg", "dot"))}`);
}
python.runPython("del sys.modules['wasm_graphviz'], page, layout, laid, wanted");
writeFileSync(path("snapshot.bin"), gzipSync(python.makeMemorySnapshot()));
