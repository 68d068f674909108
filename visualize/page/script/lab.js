// The laboratory: leaves that are changed, and all that follows from them.

class Lab {
  constructor({ program, leaves, constants, kept }) {
    this.engine = new Engine(program);
    this.leaves = leaves; // [{node, name, parameter}], constants left out
    this.constants = new Set(constants);
    this.kept = kept; // {node: why the page cannot compute it}
    this.into = this.keptBehind(); // [nodes] the first that is kept among what is made of each, or -1
    this.free = leaves.filter((leaf) => this.into[leaf.node] < 0);
    this.favourite = this.free.find((leaf) => leaf.parameter) ?? this.free[0];
    this.first = this.engine.data.slice();
    this.changed = false;
    this.listeners = [];
    this.engine.forward();
    this.engine.backward();
  }

  keptBehind() {
    const { n, start, parents } = this.engine;
    const into = new Int32Array(n).fill(-1);
    for (let i = n - 1; i >= 0; i--) {
      const behind = i in this.kept ? i : into[i];
      for (let e = start[i]; behind >= 0 && e < start[i + 1]; e++) into[parents[e]] = behind;
    }
    return into;
  }

  get root() { return this.engine.data[this.engine.n - 1]; }

  number(node) { return this.engine.data[node]; }

  /** Give leaves other numbers, and compute all that follows, forward and backward. */
  set(numbers) {
    for (const [node, x] of numbers) this.engine.data[node] = x;
    this.engine.forward();
    this.engine.backward();
    this.changed = true;
    for (const view of views.values()) view.compute(this);
    this.tell();
  }

  /** Give all leaves their first numbers, and the page those that Python computed. */
  reset() {
    for (const { node } of this.leaves) this.engine.data[node] = this.first[node];
    this.engine.forward();
    this.engine.backward();
    this.changed = false;
    for (const view of views.values()) {
      view.read();
      view.steps = view.makeSteps();
    }
    this.tell();
  }

  tell() {
    if (view.step === 0) view.step = view.steps.length - 1; // where all that follows is seen
    show();
    retell();
    for (const listener of this.listeners) listener();
  }

  /** [amounts] that a node receives from users that are not inside, as the engine adds them. */
  received(node, inside) {
    this.users ??= this.usersOfNodes();
    const { grad, partials } = this.engine;
    return this.users[node].filter(([user]) => !inside.has(user))
      .map(([user, edge]) => (grad[user] === 0 ? 0 : grad[user] * partials[edge]));
  }

  usersOfNodes() {
    const { n, start, parents } = this.engine;
    const users = Array.from({ length: n }, () => []);
    for (let i = n - 1; i >= 0; i--) {
      for (let e = start[i]; e < start[i + 1]; e++) users[parents[e]].push([i, e]);
    }
    return users;
  }
}

const LAB = DATA.lab && new Lab(DATA.lab);
