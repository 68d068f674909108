// A view: its boxes and edges, the pictures of it, and its steps forward and backward.

/** The Euclidean length; Math.hypot takes a hundred thousand numbers at most. */
function norm(xs) {
  const largest = xs.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  return largest * Math.sqrt(xs.reduce((sum, x) => sum + (x / largest) ** 2, 0));
}

/** How wide a line of a box may be. Read off its outline, as what is not shown has no size. */
function roomIn(node) {
  const outline = node.querySelector("path, polygon");
  const points = (outline.getAttribute("d") ?? outline.getAttribute("points")).match(/-?[\d.]+/g);
  const xs = points.map(Number).filter((_, k) => k % 2 === 0);
  return Math.max(...xs) - Math.min(...xs) - 6;
}

const EDGE_CHARACTER = 6.62; // points that a character on an edge takes

/**
 * Let a partial stand at the end of the room that its edge has for numbers, or at the beginning in
 * front of spaces; it stays there as it gets other digits.
 */
function hold(text) {
  const room = text.textContent;
  const bare = room.trim();
  if (bare === room) return;
  const front = room.startsWith(bare) || !room.startsWith(" ");
  const from = Number(text.getAttribute("x")) - (room.length * EDGE_CHARACTER) / 2;
  const x = from + EDGE_CHARACTER * (front ? room.indexOf(bare) : room.indexOf(bare) + bare.length);
  text.setAttribute("x", x);
  text.setAttribute("text-anchor", front ? "start" : "end");
  text.textContent = bare;
}

/** A picture of a view: the elements of its boxes and edges, and where their numbers stand. */
class Layout {
  constructor(svg, view, k) {
    const prefix = `view${view.index}-${k ? "tall-" : ""}`;
    this.svg = svg;
    [, , this.width, this.height] = svg.getAttribute("viewBox").split(" ").map(Number);
    this.nodes = view.boxes.map((_, i) => $(`${prefix}b${i}`));
    this.lines = view.edges.map((edge) => $(`${prefix}e${edge.index}`));
    this.room = this.nodes.map(roomIn);
    this.rows = this.nodes.map((node, i) => {
      const lines = [...node.querySelectorAll("text")];
      view.boxes[i].texts?.forEach((text, k) => put(lines[k], this.room[i], text));
      return lines.slice(-2);
    });
    this.partials = this.lines.map((line) => line.querySelector("text"));
    view.edges.forEach((edge, k) => {
      if (edge.partial !== null && this.partials[k]) hold(this.partials[k]);
      this.lines[k].classList.toggle("still", view.boxes[edge.parent].kind === "constant");
    });
    this.bounds = [...svg.querySelectorAll(".legend text")].filter((text) => /^≤ /.test(text.textContent));
    this.nodes.forEach((node, i) => {
      attend(node, i);
      attendLeaf(node, view.boxes[i]);
    });
  }

  /** Pixels that a point takes: the whole width is seen, and the height if it can be read then. */
  scale() {
    if (printing) return Math.min(1, SHEET.width / this.width, SHEET.height / this.height);
    const high = Math.max(READABLE, (HEIGHT * window.innerHeight) / this.height);
    return Math.min(LARGEST, high, $("picture").clientWidth / this.width);
  }
}

/** The drawing of a view: its own, or a copy of that of another, for other texts. */
function drawing(index) {
  const first = DATA.views[index].drawing;
  if (first === index) return $(`view${index}`);
  const copy = $(`view${first}`).cloneNode(true);
  for (const one of [copy, ...copy.querySelectorAll("[id]")]) one.id = one.id.replace(`view${first}`, `view${index}`);
  for (const svg of copy.children) {
    svg.setAttribute("aria-label", DATA.views[index].title);
    svg.removeAttribute("hidden");
  }
  copy.hidden = true;
  $("picture").append(copy);
  return copy;
}

class View {
  constructor(index) {
    this.index = index;
    this.view = DATA.views[index];
    this.read();
    this.inside = new Set(this.boxes.flatMap((box) => (box.outside ? [] : box.nodes)));
    this.root = this.view.root;
    this.element = drawing(index);
    this.layouts = [...this.element.children].map((svg, k) => new Layout(svg, this, k));
    this.layout = this.layouts[0];
    this.step = 0;
    this.cells = []; // [boxes] the cell of the map that is read
    if (LAB !== null && LAB.changed) this.compute(LAB);
    else this.steps = this.makeSteps();
  }

  /** Take the numbers that Python gave. */
  read() {
    this.largest = this.view.largest;
    this.boxes = this.view.boxes.map((box) => ({
      ...box, nodes: unrolled(box.nodes), low: number(box.low), data: number(box.data), grad: number(box.grad), seed: number(box.seed),
    }));
    this.edges = this.view.edges.map(([parent, user, partial, count, operand], index) => ({
      index, parent, user, count, operand, partial: partial === null ? null : number(partial),
    }));
    this.into = this.boxes.map(() => []);
    this.outOf = this.boxes.map(() => []);
    for (const edge of this.edges) {
      this.into[edge.user].push(edge);
      this.outOf[edge.parent].push(edge);
    }
  }

  /** Take the numbers that the page has computed. */
  compute(lab) {
    const { engine: { data, grad, partials, start, parents }, constants } = lab;
    for (const edge of this.edges) {
      const [node] = this.boxes[edge.user].nodes;
      if (edge.partial !== null) edge.partial = partials[start[node] + edge.operand];
    }
    this.largest = 0;
    for (const box of this.boxes) {
      const moving = box.nodes.filter((node) => !constants.has(node));
      const numbers = (moving.length ? moving : box.nodes).map((node) => data[node]);
      box.low = numbers.reduce((x, y) => Math.min(x, y));
      box.data = numbers.reduce((x, y) => Math.max(x, y));
      box.grad = box.size === 1 ? grad[box.nodes[0]] : norm(moving.map((node) => grad[node]));
      if (box.kind !== "constant" && Number.isFinite(box.grad)) {
        this.largest = Math.max(this.largest, Math.abs(box.grad));
      }
      if (this.view.outer !== null && box.size === 1) {
        box.seed = lab.fromOutside(box.nodes[0], this.inside);
      }
      if (box.template) {
        const e = start[box.nodes[0]];
        box.numbers = fill(box.template, (k) => data[parents[e + k]]);
      }
    }
    this.steps = this.makeSteps();
  }

  name(i) { return this.boxes[i].name; }
  d(i) { return `d${DATA.root}/d${this.name(i)}`; }

  single(i) { return this.boxes[i].size === 1; }

  /** Whether the picture shows every number that goes into the gradient of box i. */
  exact(i) {
    return this.single(i) &&
      this.outOf[i].every((edge) => edge.partial !== null && this.single(edge.user));
  }

  /** How many contributions the gradient of box i waits for. */
  due(i) { return this.outOf[i].reduce((n, edge) => n + edge.count, this.boxes[i].seeds); }

  makeSteps() {
    const made = this.boxes.map((_, i) => i).filter((i) => this.into[i].length > 0);
    const grad = this.boxes.map((box) => box.seed);
    const arrived = this.boxes.map((box) => box.seeds);
    const first = this.boxes.map((box) => (box.seeds === 1 ? box.seed : null));
    const steps = [{ phase: "start" }];
    for (const i of made) steps.push({ phase: "forward", i });
    steps.push({ phase: "seed", i: this.root });
    for (const i of made.slice().reverse()) {
      const up = this.exact(i) ? grad[i] : this.boxes[i].grad;
      const step = { phase: "backward", i, up, sent: [], arrived: arrived[i], first: first[i] };
      for (const edge of this.into[i]) {
        const known = edge.partial !== null && this.single(i) && this.single(edge.parent);
        const line = { edge, known };
        if (known) {
          line.add = up === 0 ? 0 : up * edge.partial; // 0 stays 0 through an infinite partial
          grad[edge.parent] += line.add;
          line.total = grad[edge.parent];
          if (arrived[edge.parent] === 0) first[edge.parent] = line.add;
        }
        arrived[edge.parent] += edge.count;
        line.arrived = arrived[edge.parent];
        step.sent.push(line);
      }
      steps.push(step);
    }
    steps.push({ phase: "end" });
    return steps;
  }

  /**
   * What is known after a step.
   *
   * known     [boxes] whether it is computed
   * grad      [boxes] its gradient so far; of what is not exact, at last
   * complete  [boxes] whether that is all
   * sent      whether the gradient has gone along an edge
   */
  state(step = this.step) {
    const known = this.boxes.map((_, i) => this.into[i].length === 0);
    const grad = this.boxes.map(() => null);
    const complete = this.boxes.map(() => false);
    const senders = new Set();
    const arrive = (i, arrived, total) => {
      complete[i] = arrived === this.due(i);
      if (this.exact(i)) grad[i] = total;
      else if (arrived === this.due(i)) grad[i] = this.boxes[i].grad;
    };
    for (const { phase, i, sent } of this.steps.slice(0, step + 1)) {
      if (phase === "forward") known[i] = true;
      if (phase === "seed") {
        this.boxes.forEach((box, i) => arrive(i, box.seeds, box.seed));
      }
      if (phase === "backward") {
        senders.add(i);
        for (const line of sent) arrive(line.edge.parent, line.arrived, line.total);
      }
    }
    return { known, grad, complete, sent: (edge) => senders.has(edge.user) };
  }

  /** The gradient of box i in the end. */
  finalGrad(i) { return this.state(this.steps.length - 1).grad[i]; }

  /** The class of a box: the sign and size of its gradient, as the legend shows them, or odd. */
  shade(i, known, grad) {
    const { kind, low, data, size } = this.boxes[i];
    const seen = [...(known ? [low, data] : []), kind === "constant" ? 0 : grad ?? 0];
    if (!seen.every(Number.isFinite)) return "odd";
    if (kind === "constant" || !grad) return "shade0";
    const level = DATA.bounds.filter((bound) => Math.abs(grad) > bound * this.largest).length;
    if (!level) return "shade0";
    return `${size > 1 ? "size" : grad > 0 ? "plus" : "minus"}${level}`;
  }

  /** Every box on a way from box i to the result. */
  influence(i) {
    const met = new Set([i]);
    for (const from of met) for (const edge of this.outOf[from]) met.add(edge.user);
    return met;
  }

  /** How many paths lead from box i to the result; null where the picture does not show them all. */
  pathCount(i) {
    if (this.view.outer !== null) return null;
    const counts = new Map([[this.root, 1]]);
    for (const box of [...this.influence(i)].sort((a, b) => b - a)) {
      if (!this.exact(box)) return null;
      if (box === this.root) continue;
      counts.set(box, this.outOf[box].reduce((n, edge) => n + counts.get(edge.user), 0));
    }
    return counts.get(i);
  }

  paths(i) {
    if (i === this.root) return [[]];
    return this.outOf[i].flatMap((edge) => this.paths(edge.user).map((rest) => [edge, ...rest]));
  }
}
