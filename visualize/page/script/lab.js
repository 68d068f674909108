// The laboratory: leaves that are changed, and all that follows from them.

/** An array of leaves: parts of their names around the indexes, the indexes of each axis, the nodes. */
class Tensor {
  constructor({ name, parts, indexes, nodes, parameter }) {
    Object.assign(this, { name, parts, parameter });
    this.indexes = indexes.map((axis) => unrolled(axis));
    this.nodes = unrolled(nodes);
  }

  nameAt(k) {
    let rest = k;
    const at = this.indexes.map(() => 0);
    for (let axis = at.length - 1; axis >= 0; axis--) {
      at[axis] = this.indexes[axis][rest % this.indexes[axis].length];
      rest = Math.floor(rest / this.indexes[axis].length);
    }
    return this.parts.map((part, axis) => part + (axis < at.length ? at[axis] : "")).join("");
  }
}

class Lab {
  constructor({ program, leaves, tensors, constants, kept, names, symbols }) {
    this.engine = new Engine(program);
    this.names = new Map(Object.entries(names).map(([node, name]) => [Number(node), name]));
    this.tensors = tensors.map((tensor) => new Tensor(tensor));
    this.leaves = [...leaves]; // [{node, name, parameter, tensor}], constants left out
    for (const { node, name } of leaves) this.names.set(node, name);
    this.constants = new Set(unrolled(constants));
    for (const tensor of this.tensors) {
      tensor.nodes.forEach((node, k) => {
        const name = tensor.nameAt(k);
        this.names.set(node, name);
        if (!this.constants.has(node)) this.leaves.push({ node, name, parameter: tensor.parameter, tensor });
      });
    }
    this.leaves.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
    this.symbols = symbols; // [rules]
    this.kept = kept; // {node: why the page cannot compute it}
    this.into = this.keptBehind(); // [nodes] the first that is kept among what is made of each, or -1
    this.free = this.leaves.filter((leaf) => this.into[leaf.node] < 0);
    this.favourite = this.free.find((leaf) => leaf.parameter) ?? this.free[0];
    this.first = this.engine.data.slice();
    this.changed = false;
    this.listeners = [];
    this.engine.settle();
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

  /** Whether numbers are shown that were computed, in Python, before another was set. */
  get stale() { return !this.changed && this.engine.stale.length > 0; }

  get root() { return this.engine.data[this.engine.n - 1]; }

  number(node) { return this.engine.data[node]; }

  name(node) {
    return this.names.get(node) ?? (this.constants.has(node) ? write(this.number(node)) : `v${node}`);
  }

  /** The operation that made a node, as boxes show it; "" of a leaf. */
  symbol(node) {
    const k = this.engine.code[node];
    if (k >= 0) return this.symbols[k].replace("{c:g}", () => String(this.engine.constants[node]));
    return k === -1 ? "" : "computed in Python";
  }

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
    this.engine.settle();
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

  /** What a node receives from users that are not inside; the root begins with 1. */
  fromOutside(node, inside) {
    const { n, grad, partials } = this.engine;
    return this.usersOf(node).filter(([user]) => !inside.has(user))
      .reduce((sum, [user, edge]) => sum + (grad[user] === 0 ? 0 : grad[user] * partials[edge]), Number(node === n - 1));
  }

  /** [[user, edge]] of a node, the last user first. */
  usersOf(node) {
    this.uses ??= this.usesOfNodes();
    const { first, edges, users } = this.uses;
    return Array.from(edges.subarray(first[node], first[node + 1]), (edge) => [users[edge], edge]);
  }

  /** The edges from each node in a row, those of node i from first[i] on; and the user of each edge. */
  usesOfNodes() {
    const { n, start, parents } = this.engine;
    const first = new Int32Array(n + 1);
    for (const parent of parents) first[parent + 1] += 1;
    for (let i = 0; i < n; i++) first[i + 1] += first[i];
    const [next, edges, users] = [first.slice(), new Int32Array(parents.length), new Int32Array(parents.length)];
    for (let i = n - 1; i >= 0; i--) {
      for (let e = start[i]; e < start[i + 1]; e++) {
        edges[next[parents[e]]++] = e;
        users[e] = i;
      }
    }
    return { first, edges, users };
  }
}

const LAB = DATA.lab && new Lab(DATA.lab);
