// Python in a thread of its own, so that the page never waits for a program and can end it.

import { loadPyodide } from "./pyodide.mjs";
import { Graphviz } from "./graphviz.mjs";

const here = (name) => new URL(name, import.meta.url).href;
const fetched = async (name, as) => {
  const response = await fetch(here(name));
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response[as]();
};

async function start() {
  const archive = fetched("autograd_lite.zip", "arrayBuffer");
  const runner = fetched("runner.py", "text");
  const graphviz = Graphviz.load();
  const python = await loadPyodide({
    indexURL: here("."),
    env: { AUTOGRAD_LITE_PURE: "1", HOME: "/home/pyodide" },
  });
  python.unpackArchive(await archive, "zip");
  python.FS.writeFile("runner.py", await runner);
  python.registerJsModule("wasm_graphviz", await graphviz);
  const runs = python.pyimport("runner");
  // A page that the program itself makes of a function has its lines in the editor, too.
  python.pyimport("visualize.page.code").Call.beside = true;
  return (source) => {
    postMessage({ kind: "began" });
    runs.run(source, (kind, json) => postMessage({ kind, ...JSON.parse(json) }));
  };
}

const started = start();
started.then(
  () => postMessage({ kind: "ready" }),
  (error) => postMessage({ kind: "broken", text: String(error) }),
);
addEventListener("message", async (event) => {
  const run = await started;
  try {
    run(event.data);
  } catch (error) { // Python itself has ended: its memory, say, is used up
    postMessage({ kind: "broken", text: String(error) });
  }
});
