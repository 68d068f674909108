// How Python is started, in the worker and where its snapshot is made.

export const options = { env: { AUTOGRAD_LITE_PURE: "1", HOME: "/home/pyodide" } };

/** Write files, {path: text}, where Python imports from. */
export function unpack({ FS }, sources) {
  for (const [path, text] of Object.entries(sources)) {
    FS.mkdirTree(path.split("/").slice(0, -1).join("/") || ".");
    FS.writeFile(path, text);
  }
}
