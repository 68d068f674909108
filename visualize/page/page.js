"use strict";
// One page, several views: the whole graph, and each box that can be opened. A view is walked
// through forward and then backward; every number shown is computed here from the local partials,
// in the order in which the engine adds.

const DATA = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);

// ------------------------------------------------------------------------------- numbers

const number = (x) => (typeof x === "string" ? Number(x) : x); // JSON has no nan and no inf

/** The digits of toFixed or toExponential, with ties to even as Python rounds. */
function rounded(x, method, digits) {
  if (method === "toFixed" && Math.abs(x) >= 1e21) { // which toFixed writes with an exponent
    return BigInt(x) + (digits ? `.${"0".repeat(digits)}` : "");
  }
  const text = x[method](digits);
  const [mantissa, exponent = ""] = text.split("e");
  const [longer] = x[method](Math.min(100, digits + 40)).split("e");
  const cut = longer.indexOf(".") + 1 + digits;
  const odd = Number(mantissa[mantissa.length - 1]) % 2 === 1;
  if (!odd || !/^50*$/.test(longer.slice(cut))) return text;
  const down = digits ? longer.slice(0, cut) : longer.slice(0, cut - 1);
  return exponent ? `${down}e${exponent}` : down;
}

/** The number as Python's format(x, DATA.number) writes it. */
function write(x) {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  if (x === 0) x = 0;
  const kind = DATA.number.slice(-1);
  const digits = Number(DATA.number.slice(1, -1));
  const power = (text) => text.replace(/e([+-])(\d)$/, "e$10$2");
  if (kind === "f") return rounded(x, "toFixed", digits);
  if (kind === "e") return power(rounded(x, "toExponential", digits));
  const places = Math.max(digits, 1);
  const [mantissa, exponent] = rounded(x, "toExponential", places - 1).split("e");
  const strip = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  const e = Number(exponent);
  if (e < -4 || e >= places) return power(`${strip(mantissa)}e${exponent}`);
  return strip(rounded(x, "toFixed", places - 1 - e));
}

// -------------------------------------------------------------------- layouts, view and steps

/** A picture of a view: the elements of its boxes and edges, and the numbers that boxes hold. */
class Layout {
  constructor(svg, view, k) {
    const prefix = `view${view.index}-${k ? "tall-" : ""}`;
    this.svg = svg;
    [, , this.width, this.height] = svg.getAttribute("viewBox").split(" ").map(Number);
    this.nodes = view.boxes.map((_, i) => $(`${prefix}b${i}`));
    this.lines = view.edges.map((edge) => $(`${prefix}e${edge.index}`));
    this.rows = this.nodes.map((node) => [...node.querySelectorAll("text")].slice(-2));
    this.data = this.rows.map((rows) => rows[0].textContent);
    this.nodes.forEach((node, i) => attend(node, i));
  }

  /** Pixels that a point takes: the whole width is seen, and the height if it can be read then. */
  scale() {
    const high = Math.max(1, (HEIGHT * window.innerHeight) / this.height);
    return Math.min(LARGEST, high, $("picture").clientWidth / this.width);
  }
}

class View {
  constructor(index) {
    const view = DATA.views[index];
    this.index = index;
    this.view = view;
    this.boxes = view.boxes;
    this.edges = view.edges.map(([parent, user, partial, count, operand], index) => ({
      index, parent, user, count, operand, partial: partial === null ? null : number(partial),
    }));
    this.into = this.boxes.map(() => []);
    this.outOf = this.boxes.map(() => []);
    for (const edge of this.edges) {
      this.into[edge.user].push(edge);
      this.outOf[edge.parent].push(edge);
    }
    this.root = view.root;
    this.element = $(`view${index}`);
    this.layouts = [...this.element.children].map((svg, k) => new Layout(svg, this, k));
    this.layout = this.layouts[0];
    this.steps = this.makeSteps();
    this.step = 0;
  }

  name(i) { return this.boxes[i].name; }
  d(i) { return `d${DATA.root}/d${this.name(i)}`; }

  /** The local partial of an edge: of its user by its parent, and by which operand of several. */
  partial({ parent, user, operand }) {
    const same = this.into[user].filter((edge) => edge.parent === parent);
    const which = same.length > 1 ? ` (operand ${operand + 1})` : "";
    return `∂${this.name(user)}/∂${this.name(parent)}${which}`;
  }

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
    const grad = this.boxes.map((box) => number(box.seed));
    const arrived = this.boxes.map((box) => box.seeds);
    const first = this.boxes.map((box) => (box.seeds === 1 ? number(box.seed) : null));
    const steps = [{ phase: "start" }];
    for (const i of made) steps.push({ phase: "forward", i });
    steps.push({ phase: "seed", i: this.root });
    for (const i of made.slice().reverse()) {
      const up = this.exact(i) ? grad[i] : number(this.boxes[i].grad);
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

  /** What is known after a step: boxes computed; gradients so far, of what is not exact at last. */
  state(step = this.step) {
    const known = this.boxes.map((_, i) => this.into[i].length === 0);
    const grad = this.boxes.map(() => null);
    const arrive = (i, arrived, total) => {
      if (this.exact(i)) grad[i] = total;
      else if (arrived === this.due(i)) grad[i] = number(this.boxes[i].grad);
    };
    for (const { phase, i, sent } of this.steps.slice(0, step + 1)) {
      if (phase === "forward") known[i] = true;
      if (phase === "seed") {
        this.boxes.forEach((box, i) => arrive(i, box.seeds, number(box.seed)));
      }
      if (phase === "backward") {
        for (const line of sent) arrive(line.edge.parent, line.arrived, line.total);
      }
    }
    return { known, grad };
  }

  /** The gradient of box i in the end. */
  finalGrad(i) { return this.state(this.steps.length - 1).grad[i]; }

  /** The class of a box: the size of its gradient, as the legend shows it, or odd. */
  shade(i, known, grad) {
    const { kind, low, data } = this.boxes[i];
    const seen = [...(known ? [number(low), number(data)] : []), grad ?? 0];
    if (!seen.every(Number.isFinite)) return "odd";
    if (kind === "constant" || !grad) return "shade0";
    return Object.keys(DATA.bounds)
      .find((name) => Math.abs(grad) > DATA.bounds[name] * this.view.largest) ?? "shade0";
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

const HEIGHT = 0.55; // the part of the window's height that the picture should take
const LARGEST = 1.5; // pixels a point: no picture is drawn larger than this
const READABLE = 0.9; // and one that would be smaller than this is laid out in the other direction
const SMALLEST = 0.62; // or, if that does not help, can be scrolled
const PATHS = 12; // how many paths are listed

const views = new Map();
const viewAt = (index) => views.get(index) ?? views.set(index, new View(index)).get(index);
let view = viewAt(0);
let selected = null; // the box whose influence is followed
let timer = null;

// ------------------------------------------------------------------------------- words

function element(tag, text, className) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function list(items) {
  const ul = document.createElement("ul");
  for (const item of items) {
    const li = element("li", "");
    li.append(...[item].flat());
    ul.append(li);
  }
  return ul;
}

const plural = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

function describe(step) {
  const box = step.i === undefined ? null : view.boxes[step.i];
  const parts = [];
  if (step.phase === "start") {
    const { leaves, outside } = view.view;
    const held = [
      ...(leaves ? [leaves === 1 ? "1 leaf" : `${leaves.toLocaleString("en")} leaves`] : []),
      ...(outside ? [`${plural(outside, "result")} from outside`] : []),
    ].join(" and ");
    parts.push(element("p", `${held} ` +
      `${leaves + outside === 1 ? "holds its number" : "hold their numbers"} already. ` +
      "Going forward, each operation computes its value and its local partials."));
  } else if (step.phase === "forward" && box.size === 1) {
    const value = write(number(box.data));
    const sides = stale(box) ? [] : [box.formula, box.numbers];
    parts.push(element("p", equal(box.name, ...sides, value), "formula"), ...changed(box));
    const partials = view.into[step.i].flatMap((edge) => {
      if (edge.partial === null || view.boxes[edge.parent].kind === "constant") return [];
      return [equal(view.partial(edge), box.partials[edge.operand], write(edge.partial))];
    });
    if (partials.length) parts.push(element("p", "Its local partials are taken now:"), list(partials));
  } else if (step.phase === "forward") {
    parts.push(element("p", `${box.heading}: ${plural(box.size, "node")} ${range(box)}.`));
  } else if (step.phase === "seed") {
    parts.push(view.index === 0
      ? element("p", `d${DATA.root}/d${DATA.root} = 1`, "formula")
      : element("p", "The gradients that come from outside this box have arrived."));
    parts.push(element("p", "Going backward, each node that has all its contributions sends to " +
      "each parent its own gradient times the local partial. Parents add up what they receive."));
  } else if (step.phase === "backward") {
    const sent = step.sent.filter((line) => !constant(line));
    parts.push(list(sent.map((line) => sentence(line, step))));
    if (sent.length < step.sent.length) {
      parts.push(element("p", "A constant needs no gradient.", "hint"));
    }
    const lesson = orderLesson(step);
    if (lesson) parts.push(element("p", lesson, "lesson"));
  } else {
    parts.push(element("p", "Every gradient is complete:"));
    parts.push(list(view.boxes.flatMap((b, i) => view.into[i].length === 0 && b.kind !== "constant"
      ? [b.size === 1 ? `${view.d(i)} = ${write(view.finalGrad(i))}`
        : `${b.heading}: |grad| ${write(number(b.grad))}`] : [])));
  }
  return parts;
}

/** "a = b = c", without what is not told, and without what is written as what stands before it. */
function equal(...sides) {
  return sides.filter((side, k) => side && side !== sides[k - 1]).join(" = ");
}

/** Whether the numbers of the operands do not give the number of the box any more. */
const stale = (box) => box.formula !== "" && box.numbers === "";

function changed(box) {
  return stale(box) ? [element("p", `It was computed as ${box.formula}. Some number was set since, ` +
    "so this does not hold any more.", "hint")] : [];
}

function range(box) {
  const [low, high] = [write(number(box.low)), write(number(box.data))];
  return low === high ? `with data ${low}` : `with data from ${low} to ${high}`;
}

/** What one edge adds to a gradient, as text and elements. */
function sentence(line, step) {
  const { parent, partial, count } = line.edge;
  const to = view.boxes[parent];
  if (!line.known) {
    const target = to.size === 1 ? view.d(parent) : to.heading;
    return [`${target} receives over ${plural(count, "edge")}`];
  }
  const due = view.due(parent);
  const sofar = due > 1 && view.exact(parent) ? `, now ${write(line.total)} (${line.arrived} of ${due})` : "";
  return [
    `${view.d(parent)} += `, element("span", `local ${write(partial)}`, "local"), " × ",
    element("span", `upstream ${write(step.up)}`, "upstream"), ` = ${write(line.add)}${sofar}`,
  ];
}

/** Whether an edge's gradient goes to a constant, which needs none. */
const constant = (line) => view.boxes[line.edge.parent].kind === "constant";

/** Why a node waits for all its users. */
function orderLesson(step) {
  if (!view.exact(step.i) || step.arrived < 2) return null;
  const name = view.name(step.i);
  const all = step.arrived === 2 ? "both" : `all ${step.arrived}`;
  const text = `Order matters: ${name} waited until ${all} contributions had arrived, so ` +
    `${view.d(step.i)} = ${write(step.up)} is complete.`;
  const line = step.sent.find((sent) => sent.known && !constant(sent));
  if (!line || step.first === null || Object.is(step.first, step.up)) return text;
  return `${text} After the first alone it would have sent ` +
    `${write(line.edge.partial)} × ${write(step.first)} = ` +
    `${write(step.first === 0 ? 0 : line.edge.partial * step.first)} ` +
    `to ${view.name(line.edge.parent)}, in place of ${write(line.add)}.`;
}

function details(i) {
  const box = view.boxes[i];
  const parts = [element("h2", box.heading)];
  const kind = box.kind === "group" ? plural(box.size, "node") : box.kind;
  parts.push(element("p", `${kind}${box.size > 1 && box.kind !== "group"
    ? ` × ${box.size.toLocaleString("en")}` : ""}`, "hint"));
  if (box.size > 1) {
    const size = box.kind === "constant" ? "" : `, |grad| ${write(number(box.grad))}`;
    parts.push(element("p", `${range(box)}${size}`));
    if (box.open !== null) parts.push(element("p", "Click or press Enter to open it.", "hint"));
    else if (box.kind === "group") {
      parts.push(element("p", "Too much for this page: explain a part of the graph to see inside.",
        "hint"));
    }
    return parts;
  }
  if (box.formula && !stale(box)) parts.push(element("p", equal(box.name, box.formula), "formula"));
  parts.push(element("p", `value ${write(number(box.data))}`, "formula"), ...changed(box));
  if (box.kind === "constant") return parts;
  parts.push(element("p", `${view.d(i)} = ${write(view.finalGrad(i))}`, "formula"));
  const through = view.outOf[i].map((edge) => {
    if (edge.partial === null || !view.single(edge.user)) {
      return `through ${view.name(edge.user)}, over ${plural(edge.count, "edge")}`;
    }
    const up = view.finalGrad(edge.user);
    return `through ${view.name(edge.user)}: ${write(edge.partial)} × ${write(up)} = ` +
      write(up === 0 ? 0 : edge.partial * up);
  });
  if (box.seeds) through.push(`from outside this box: ${write(number(box.seed))}`);
  if (through.length) parts.push(element("p", "Its gradient is the sum over its users:"), list(through));
  const count = view.pathCount(i);
  if (count > 1 && count <= PATHS) {
    parts.push(element("p", `and over the ${count} paths to ${DATA.root}:`));
    parts.push(list(view.paths(i).map((path) => {
      const names = [view.name(i), ...path.map((edge) => view.name(edge.user))].join(" → ");
      const product = path.reduceRight((up, edge) => (up === 0 ? 0 : up * edge.partial), 1);
      return `${names}: ${path.map((edge) => write(edge.partial)).join(" × ")} = ${write(product)}`;
    })));
  } else if (count > PATHS) {
    const many = count > 1e6 ? "more than a million" : count.toLocaleString("en");
    parts.push(element("p", `Along its users, ${many} paths lead from here to ${DATA.root}.`));
  }
  return parts;
}

// ------------------------------------------------------------------------------- showing

function show() {
  const step = view.steps[view.step];
  const { known, grad } = view.state();
  const followed = selected === null ? null : view.influence(selected);
  const lit = new Set();
  const near = new Set();
  if (step.phase === "forward" || step.phase === "backward") {
    for (const edge of view.into[step.i]) {
      if (step.phase === "backward" && view.boxes[edge.parent].kind === "constant") continue;
      lit.add(edge.index);
      near.add(edge.parent);
    }
  }
  const { nodes, lines, rows, data } = view.layout;
  view.boxes.forEach((box, i) => {
    const node = nodes[i];
    node.classList.toggle("now", step.i === i);
    node.classList.toggle("near", near.has(i) && step.i !== i);
    node.classList.toggle("waiting", !known[i]);
    node.classList.toggle("dim", followed !== null && !followed.has(i));
    if (box.open === null) node.setAttribute("aria-pressed", String(selected === i));
    node.classList.remove("odd", "shade0", ...Object.keys(DATA.bounds));
    node.classList.add(view.shade(i, known[i], grad[i]));
    if (box.kind !== "constant") {
      const size = box.size === 1 ? "grad" : "|grad|";
      rows[i][0].textContent = known[i] ? data[i] : "data ?";
      rows[i][1].textContent = grad[i] === null ? size : `${size} ${write(grad[i])}`;
    }
    node.setAttribute("aria-label", label(box, i, known[i], grad[i]));
  });
  view.edges.forEach((edge, k) => {
    const onWay = followed && followed.has(edge.parent) && followed.has(edge.user);
    const line = lines[k];
    line.classList.toggle("waiting", edge.partial !== null && !known[edge.user]);
    line.classList.toggle("lit", lit.has(k) || Boolean(onWay));
    line.classList.toggle("back", lit.has(k) && step.phase === "backward");
    line.classList.toggle("dim", followed !== null && !onWay);
  });
  const title = { start: "Start", seed: "Turn", end: "End" }[step.phase] ?? view.boxes[step.i].heading;
  const phase = { start: "forward", seed: "backward", end: "done" }[step.phase] ?? step.phase;
  const heading = element("h2", "");
  heading.append(element("span", phase, "phase"), title);
  $("explanation").replaceChildren(heading, ...describe(step));
  const last = view.steps.length - 1;
  const slider = $("slider");
  slider.max = String(last);
  slider.value = String(view.step);
  slider.setAttribute("aria-valuetext", `step ${view.step} of ${last}, ${phase}: ${title}`);
  $("count").textContent = `${view.step} / ${last}`;
  $("first").disabled = $("back").disabled = view.step === 0;
  $("next").disabled = $("last").disabled = view.step === last;
  for (const i of near) reveal(nodes[i]);
  if (step.i !== undefined) reveal(nodes[step.i]);
}

function label(box, i, known, grad) {
  const words = [box.heading, box.kind];
  const data = box.size > 1 ? range(box) : `data ${write(number(box.data))}`;
  words.push(known ? data : "not computed yet");
  const size = box.size > 1 ? "size of the gradient" : "gradient";
  if (grad !== null && box.kind !== "constant") words.push(`${size} ${write(grad)}`);
  if (box.open !== null) words.push("opens");
  return words.filter(Boolean).join(", ");
}

function hint() {
  return [element("h2", "A node"), element("p", "Point at a node, or move to it with Tab, to see its " +
    "formula, value, gradient and paths. Click it, or press Enter, to follow its influence.", "hint")];
}

/** Fill the second panel: box i, or null for none. A screen reader reads it out. */
function tell(i) {
  $("details").replaceChildren(...(i === null ? hint() : details(i)));
}

/** Scroll the picture, and never the page, so that the node is in sight. */
function reveal(node) {
  const frame = $("picture").getBoundingClientRect();
  const box = node.getBoundingClientRect();
  const dx = Math.min(0, box.left - frame.left - 12) || Math.max(0, box.right - frame.right + 12);
  const dy = Math.min(0, box.top - frame.top - 12) || Math.max(0, box.bottom - frame.bottom + 12);
  $("picture").scrollBy(dx, dy);
}

function go(step) {
  view.step = Math.max(0, Math.min(view.steps.length - 1, step));
  if (view.step === view.steps.length - 1) pause();
  show();
}

function display(index) {
  pause();
  view.element.hidden = true;
  view = viewAt(index);
  view.element.hidden = false;
  selected = null;
  tell(null);
  fit();
  trail();
  show();
  const last = view.steps.findIndex((step) => step.phase === "seed");
  $("forward").style.flexGrow = last;
  $("backward").style.flexGrow = view.steps.length - 1 - last;
}

/** Go to another view. The focus goes along: to its first box, or back to the one it came from. */
function open(index) {
  let inner = view.index;
  while (inner !== null && DATA.views[inner].outer !== index) inner = DATA.views[inner].outer;
  const box = inner === null ? 0 : DATA.views[index].boxes.findIndex((box) => box.open === inner);
  display(index);
  view.layout.nodes[box].focus({ preventScroll: true });
  reveal(view.layout.nodes[box]);
}

function trail() {
  const way = [];
  for (let index = view.index; index !== null; index = DATA.views[index].outer) way.unshift(index);
  $("trail").hidden = way.length === 1;
  $("trail").replaceChildren(...way.map((index) => {
    const button = element("button", DATA.views[index].title);
    button.type = "button";
    if (index === view.index) button.setAttribute("aria-current", "page");
    button.addEventListener("click", () => open(index));
    return button;
  }));
  $("caption").textContent = view.view.caption;
}

/** Take the layout that can be read in this window, and as large as fits. */
function fit() {
  const focused = view.layout.nodes.indexOf(document.activeElement);
  const [asked, other = asked] = view.layouts;
  view.layout = asked.scale() >= READABLE || asked.scale() >= other.scale() ? asked : other;
  const { svg, width, height, nodes } = view.layout;
  const scale = Math.max(SMALLEST, view.layout.scale());
  svg.style.width = `${width * scale}px`;
  svg.style.height = `${height * scale}px`;
  for (const layout of view.layouts) layout.svg.toggleAttribute("hidden", layout !== view.layout);
  if (focused >= 0) nodes[focused].focus({ preventScroll: true });
}

function choose(i) {
  if (view.boxes[i].open !== null) return open(view.boxes[i].open);
  selected = selected === i ? null : i;
  tell(i);
  return show();
}

/** Let a node be pointed at, focused, clicked and pressed. */
function attend(node, i) {
  node.setAttribute("tabindex", "0");
  node.setAttribute("role", "button");
  node.addEventListener("mouseenter", () => tell(i));
  node.addEventListener("focus", () => tell(i));
  node.addEventListener("mouseleave", () => tell(selected));
  node.addEventListener("click", () => choose(i));
  node.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation(); // elsewhere Space plays
    choose(i);
  });
}

// ------------------------------------------------------------------------------- controls

function pause() {
  clearInterval(timer);
  timer = null;
  $("play").textContent = "Play";
  $("explanation").setAttribute("aria-live", "polite");
}

function play() {
  if (timer !== null) return pause();
  if (view.step === view.steps.length - 1) view.step = 0;
  $("play").textContent = "Pause";
  $("explanation").setAttribute("aria-live", "off");
  timer = setInterval(() => go(view.step + 1), DATA.interval);
  return show();
}

$("first").addEventListener("click", () => { pause(); go(0); });
$("back").addEventListener("click", () => { pause(); go(view.step - 1); });
$("play").addEventListener("click", play);
$("next").addEventListener("click", () => { pause(); go(view.step + 1); });
$("last").addEventListener("click", () => { pause(); go(view.steps.length - 1); });
$("slider").addEventListener("input", (event) => { pause(); go(Number(event.target.value)); });
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const onSlider = event.target === $("slider");
  const onButton = event.target instanceof HTMLButtonElement;
  const actions = {
    ArrowRight: () => go(view.step + 1),
    ArrowLeft: () => go(view.step - 1),
    Home: () => go(0),
    End: () => go(view.steps.length - 1),
    " ": play,
    Escape: () => {
      if (selected === null && DATA.views[view.index].outer !== null) open(DATA.views[view.index].outer);
      else { selected = null; tell(null); show(); }
    },
  };
  const action = actions[event.key];
  if (!action || (onSlider && event.key !== " " && event.key !== "Escape")) return;
  if (onButton && event.key === " ") return;
  if (event.target === $("picture") && event.key.startsWith("Arrow")) return; // it scrolls
  event.preventDefault();
  if (event.key !== " ") pause();
  action();
});
window.addEventListener("resize", () => { fit(); show(); });
display(0);
