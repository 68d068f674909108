// The program of the page, computed again: the value and the partials of each node forward, and then
// the gradients backward, in the order in which Python's engine computes and adds.

/** The places of a list, in which [first, step, count] stands for a row of them. */
function unrolled(places, into = [], at = 0) {
  for (const place of places) {
    if (typeof place === "number") into[at++] = place;
    else for (let k = 0; k < place[2]; k++) into[at++] = place[0] + k * place[1];
  }
  return into;
}

const lengthOf = (places) => places.reduce((n, place) => n + (typeof place === "number" ? 1 : place[2]), 0);

class Engine {
  /**
   * rules     the names of kernels in RULES
   * code      [nodes] the index of each node's rule among them; -1 for a leaf, -2 for a node that
   *           is kept: the page cannot compute it
   * parents   [nodes] the operands of each node, rolled; parents come before their users
   * constants {node: static parameter of its rule}
   * data      {node: number} of leaves, and of what is kept
   * partials  {node: [its partials]} of what is kept
   * stale     {node: [number, ...partials]} where an operand was set since they were computed
   */
  constructor({ rules, code, parents, constants, data, partials, stale }) {
    const n = code.length;
    this.n = n;
    this.code = Int32Array.from(code);
    this.kernels = rules.map((name) => RULES[name]);
    this.start = new Int32Array(n + 1); // of each node's edges
    for (let i = 0; i < n; i++) this.start[i + 1] = this.start[i] + lengthOf(parents[i]);
    this.parents = new Int32Array(this.start[n]);
    for (let i = 0; i < n; i++) unrolled(parents[i], this.parents, this.start[i]);
    this.constants = new Float64Array(n);
    this.data = new Float64Array(n);
    this.grad = new Float64Array(n);
    this.partials = new Float64Array(this.parents.length);
    for (const [i, c] of Object.entries(constants)) this.constants[i] = Number(c);
    for (const [i, x] of Object.entries(data)) this.data[i] = Number(x);
    for (const [i, ps] of Object.entries(partials)) this.partials.set(ps.map(Number), this.start[i]);
    this.stale = Object.entries(stale).map(([i, numbers]) => [Number(i), ...numbers.map(Number)]);
  }

  /** Compute all nodes as Python has them: what is stale there keeps its numbers. */
  settle() {
    let from = 0;
    for (const [i, x, ...partials] of this.stale) {
      this.forward(from, this.data, this.partials, i);
      this.data[i] = x;
      this.partials.set(partials, this.start[i]);
      from = i + 1;
    }
    this.forward(from);
  }

  /** Compute all nodes from one on, until another. */
  forward(from = 0, data = this.data, partials = this.partials, until = this.n) {
    const { code, kernels, start, parents, constants } = this;
    for (let i = from; i < until; i++) {
      const k = code[i], e = start[i];
      if (k >= 0) data[i] = kernels[k](data, parents, e, start[i + 1] - e, constants[i], partials);
    }
  }

  /** The gradients of the last node, which is the root. */
  backward() {
    const { n, start, parents, grad, partials } = this;
    grad.fill(0);
    grad[n - 1] = 1;
    for (let i = n - 1; i >= 0; i--) {
      const up = grad[i];
      if (up === 0) continue; // and stays 0 through an infinite partial
      for (let e = start[i]; e < start[i + 1]; e++) grad[parents[e]] += up * partials[e];
    }
  }

  /** The number of the root, of these numbers; what is made of them is computed from this node on. */
  rootOf(numbers, from = 0) {
    const data = numbers.slice();
    this.forward(from, data, new Float64Array(this.partials.length));
    return data[this.n - 1];
  }
}
