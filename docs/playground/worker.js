// Python in a thread of its own, so that the page never waits for a program and can end it.

import { Graphviz } from "./graphviz.mjs";
import { loadPyodide } from "./pyodide.mjs";
import { options, unpack } from "./start.js";

const here = (name) => new URL(name, import.meta.url).href;

async function fetched(name) {
  const response = await fetch(here(name));
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response;
}

const unzipped = (response) => new Response(response.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();

/** Python with all that is imported, from its snapshot; or from the beginning, if this browser cannot. */
async function load() {
  const all = { ...options, indexURL: here(".") };
  const snapshot = new Uint8Array(await unzipped(await fetched("snapshot.bin")));
  return loadPyodide({ ...all, _loadSnapshot: snapshot }).catch(() => loadPyodide(all));
}

async function start() {
  const sources = fetched("sources.json").then((response) => response.json());
  const graphviz = Graphviz.load();
  const python = await load();
  unpack(python, await sources); // a snapshot has no files
  python.registerJsModule("wasm_graphviz", await graphviz);
  const runner = python.pyimport("runner");
  runner.begin();
  return (source) => {
    postMessage({ kind: "began" });
    runner.run(source, (kind, json) => postMessage({ kind, ...JSON.parse(json) }));
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
