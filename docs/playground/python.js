// Python in a worker, which can be ended at any time: a new one is started then.

// A worker made of a blob has the policy of this page, under which nothing is sent elsewhere.
const source = `import ${JSON.stringify(new URL("worker.js", import.meta.url).href)};`;
const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));

export class Python {
  /** heard(message) is called with all that a run tells: its `kind` says what it is. */
  constructor(heard) {
    this.heard = heard;
    this.start();
  }

  start() {
    this.ready = this.running = this.broken = false;
    this.worker = new Worker(address, { type: "module" });
    this.worker.addEventListener("message", (event) => this.hear(event.data));
    this.worker.addEventListener("error", () => this.hear({ kind: "broken", text: "its files cannot be loaded" }));
  }

  hear(message) {
    if (message.kind === "ready") this.ready = true;
    if (message.kind === "broken") this.broken = true;
    if (["page", "error", "broken"].includes(message.kind)) this.running = false;
    this.heard(message);
  }

  run(program) {
    if (this.broken) this.stop(); // and try again
    this.running = true;
    this.worker.postMessage(program);
  }

  stop() {
    this.worker.terminate();
    this.start();
  }
}
