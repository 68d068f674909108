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

// --------------------------------------------------------------------------- view and steps

class View {
  constructor(index) {
    const view = DATA.views[index];
    this.index = index;
    this.view = view;
    this.boxes = view.boxes;
    this.edges = view.edges.map(([parent, user, partial, count], index) => ({
      index, parent, user, count, partial: partial === null ? null : number(partial),
    }));
    this.into = this.boxes.map(() => []);
    this.outOf = this.boxes.map(() => []);
    for (const edge of this.edges) {
      this.into[edge.user].push(edge);
      this.outOf[edge.parent].push(edge);
    }
    this.root = this.boxes.length - 1;
    this.element = $(`view${index}`);
    this.nodes = this.boxes.map((_, i) => $(`view${index}-b${i}`));
    this.lines = this.edges.map((edge) => $(`view${index}-e${edge.index}`));
    this.steps = this.makeSteps();
    this.step = 0;
  }

  name(i) { return this.boxes[i].name; }
  d(i) { return `d${DATA.root}/d${this.name(i)}`; }
  single(i) { return this.boxes[i].size === 1; }

  /** Whether the picture shows every number that goes into the gradient of box i. */
  exact(i) {
    return this.single(i) &&
      this.outOf[i].every((edge) => edge.partial !== null && this.single(edge.user));
  }

  makeSteps() {
    const made = this.boxes.map((_, i) => i).filter((i) => this.into[i].length > 0);
    const grad = this.boxes.map((box) => number(box.seed));
    const arrived = this.boxes.map((box) => box.seeds);
    const first = this.boxes.map((box) => (box.seeds ? number(box.seed) : null));
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
          if (first[edge.parent] === null) first[edge.parent] = line.add;
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

  /** What is known after the current step: boxes computed, gradients so far. */
  state() {
    const known = this.boxes.map((_, i) => this.into[i].length === 0);
    const grad = this.boxes.map(() => null);
    for (const step of this.steps.slice(0, this.step + 1)) {
      if (step.phase === "forward") known[step.i] = true;
      if (step.phase === "seed") this.boxes.forEach((box, i) => (grad[i] = number(box.seed)));
      if (step.phase === "backward") {
        for (const line of step.sent) {
          const to = this.boxes[line.edge.parent];
          grad[line.edge.parent] = this.exact(line.edge.parent) ? line.total : number(to.grad);
        }
      }
    }
    return { known, grad };
  }

  /** The class of a gradient's size, as the legend shows it. */
  shade(grad) {
    const size = Math.abs(grad ?? 0);
    if (size === 0 || !Number.isFinite(size)) return "shade0";
    return Object.keys(DATA.bounds).find((name) => size > DATA.bounds[name] * this.view.largest);
  }

  /** Every box on a way from box i to the result. */
  influence(i) {
    const met = new Set([i]);
    for (const from of met) for (const edge of this.outOf[from]) met.add(edge.user);
    return met;
  }

  /** How many paths lead from each box to the result. */
  pathCounts() {
    const counts = this.boxes.map(() => 0);
    counts[this.root] = 1;
    for (let i = this.root - 1; i >= 0; i--) {
      for (const edge of this.outOf[i]) counts[i] += counts[edge.user] * edge.count;
    }
    return counts;
  }

  paths(i) {
    if (i === this.root) return [[]];
    return this.outOf[i].flatMap((edge) => this.paths(edge.user).map((rest) => [edge, ...rest]));
  }
}

const views = new Map();
const viewAt = (index) => views.get(index) ?? views.set(index, new View(index)).get(index);
let view = viewAt(0);
let selected = null; // the box whose influence is followed
let shown = null; // the box that the second panel is about
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
  for (const item of items) ul.append(element("li", item));
  return ul;
}

const plural = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

function describe(step) {
  const box = step.i === undefined ? null : view.boxes[step.i];
  const parts = [];
  if (step.phase === "start") {
    const leaves = view.boxes.reduce((n, b, i) => n + (view.into[i].length ? 0 : b.size), 0);
    parts.push(element("p", `${plural(leaves, "leaf").replace("leafs", "leaves")} of the graph ` +
      `${leaves === 1 ? "holds its number" : "hold their numbers"} already. ` +
      "Going forward, each operation computes its value and its local partials."));
  } else if (step.phase === "forward" && box.size === 1) {
    parts.push(element("p", box.formula === box.numbers ? `${box.name} = ${write(number(box.data))}`
      : `${box.name} = ${box.formula} = ${box.numbers} = ${write(number(box.data))}`, "formula"));
    const partials = view.into[step.i].flatMap((edge, k) => {
      if (edge.partial === null || view.boxes[edge.parent].kind === "constant") return [];
      const local = write(edge.partial);
      const formula = (box.partials[k] ?? local) === local ? "" : `${box.partials[k]} = `;
      return [`d${box.name}/d${view.name(edge.parent)} = ${formula}${local}`];
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
    const sent = step.sent.filter((line) => view.boxes[line.edge.parent].kind !== "constant");
    parts.push(list(sent.map((line) => sentence(line, step))));
    if (sent.length < step.sent.length) {
      parts.push(element("p", "A constant needs no gradient.", "hint"));
    }
    const lesson = orderLesson(step);
    if (lesson) parts.push(element("p", lesson, "lesson"));
  } else {
    parts.push(element("p", "Every gradient is complete:"));
    parts.push(list(view.boxes.flatMap((b, i) => view.into[i].length === 0 && b.kind !== "constant"
      ? [b.size === 1 ? `${view.d(i)} = ${write(finalGrad(i))}`
        : `${b.heading}: |grad| ${write(number(b.grad))}`] : [])));
  }
  return parts;
}

function range(box) {
  const [low, high] = [write(number(box.low)), write(number(box.data))];
  return low === high ? `with data ${low}` : `with data from ${low} to ${high}`;
}

function sentence(line, step) {
  const { parent, partial, count } = line.edge;
  const to = view.boxes[parent];
  if (!line.known) {
    const target = to.size === 1 ? view.d(parent) : to.heading;
    return `${target} receives over ${plural(count, "edge")}`;
  }
  const due = view.outOf[parent].length + to.seeds;
  const sofar = due > 1 && view.exact(parent) ? `, now ${write(line.total)} (${line.arrived} of ${due})` : "";
  return `${view.d(parent)} += local ${write(partial)} × upstream ${write(step.up)} = ` +
    `${write(line.add)}${sofar}`;
}

/** Why a node waits for all its users. */
function orderLesson(step) {
  if (!view.exact(step.i) || step.arrived < 2) return null;
  const name = view.name(step.i);
  const all = step.arrived === 2 ? "both" : `all ${step.arrived}`;
  const text = `Order matters: ${name} waited until ${all} contributions had arrived, so ` +
    `${view.d(step.i)} = ${write(step.up)} is complete.`;
  const line = step.sent.find((sent) => sent.known);
  if (!line || step.first === step.up) return text;
  return `${text} After the first alone it would have sent ` +
    `${write(line.edge.partial)} × ${write(step.first)} = ${write(line.edge.partial * step.first)} ` +
    `to ${view.name(line.edge.parent)}, in place of ${write(line.add)}.`;
}

function finalGrad(i) {
  const last = { step: view.steps.length - 1 };
  return view.state.call(Object.assign(Object.create(view), last)).grad[i];
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
  if (box.formula) parts.push(element("p", `${box.name} = ${box.formula}`, "formula"));
  parts.push(element("p", `value ${write(number(box.data))}`, "formula"));
  if (box.kind === "constant") return parts;
  parts.push(element("p", `${view.d(i)} = ${write(finalGrad(i))}`, "formula"));
  const through = view.outOf[i].filter((edge) => edge.partial !== null && view.single(edge.user))
    .map((edge) => {
      const up = finalGrad(edge.user);
      return `through ${view.name(edge.user)}: ${write(edge.partial)} × ${write(up)} = ` +
        write(up === 0 ? 0 : edge.partial * up);
    });
  if (box.seeds) through.push(`from outside this box: ${write(number(box.seed))}`);
  if (through.length) parts.push(element("p", "Its gradient is the sum over its users:"), list(through));
  const count = view.pathCounts()[i];
  if (count > 1 && count <= 12) {
    parts.push(element("p", `and over the ${count} paths to ${DATA.root}:`));
    parts.push(list(view.paths(i).map((path) => {
      const names = [view.name(i), ...path.map((edge) => view.name(edge.user))].join(" → ");
      if (path.some((edge) => edge.partial === null)) return names;
      const product = path.map((edge) => edge.partial).reduceRight((a, b) => a * b, 1);
      return `${names}: ${path.map((edge) => write(edge.partial)).join(" × ")} = ${write(product)}`;
    })));
  } else if (count > 12) {
    parts.push(element("p", `${count.toLocaleString("en")} paths lead from here to ${DATA.root}.`));
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
  view.boxes.forEach((box, i) => {
    const node = view.nodes[i];
    node.classList.toggle("now", step.i === i);
    node.classList.toggle("near", near.has(i) && step.i !== i);
    node.classList.toggle("waiting", !known[i]);
    node.classList.toggle("dim", followed !== null && !followed.has(i));
    if (box.open === null) node.setAttribute("aria-pressed", String(selected === i));
    node.classList.remove("shade0", ...Object.keys(DATA.bounds));
    if (box.kind !== "constant") node.classList.add(view.shade(grad[i]));
    if (box.size === 1) {
      const lines = node.querySelectorAll("text");
      if (box.kind === "constant") lines[lines.length - 1].textContent = write(number(box.data));
      else {
        lines[lines.length - 2].textContent = known[i] ? `data ${write(number(box.data))}` : "data ?";
        lines[lines.length - 1].textContent = grad[i] === null ? "grad" : `grad ${write(grad[i])}`;
      }
    }
    node.setAttribute("aria-label", label(box, i, known[i], grad[i]));
  });
  view.edges.forEach((edge, k) => {
    const onWay = followed && followed.has(edge.parent) && followed.has(edge.user);
    const line = view.lines[k];
    line.classList.toggle("lit", lit.has(k) || Boolean(onWay));
    line.classList.toggle("back", lit.has(k) && step.phase === "backward");
    line.classList.toggle("dim", followed !== null && !onWay);
  });
  const title = { start: "Start", seed: "Turn", end: "End" }[step.phase] ?? view.boxes[step.i].heading;
  const phase = { start: "forward", seed: "backward", end: "done" }[step.phase] ?? step.phase;
  const heading = element("h2", "");
  heading.append(element("span", phase, "phase"), title);
  $("explanation").replaceChildren(heading, ...describe(step));
  $("details").replaceChildren(...(shown === null ? hint() : details(shown)));
  const last = view.steps.length - 1;
  const slider = $("slider");
  slider.max = String(last);
  slider.value = String(view.step);
  slider.setAttribute("aria-valuetext", `step ${view.step} of ${last}, ${phase}: ${title}`);
  $("count").textContent = `${view.step} / ${last}`;
  $("first").disabled = $("back").disabled = view.step === 0;
  $("next").disabled = $("last").disabled = view.step === last;
  if (step.i !== undefined) reveal(view.nodes[step.i]);
}

function label(box, i, known, grad) {
  const words = [box.heading, box.kind];
  if (box.size > 1) words.push(range(box), box.open === null ? "" : "opens");
  else words.push(known ? `data ${write(number(box.data))}` : "not computed yet");
  if (grad !== null && box.size === 1 && box.kind !== "constant") words.push(`gradient ${write(grad)}`);
  return words.filter(Boolean).join(", ");
}

function hint() {
  return [element("h2", "A node"), element("p", "Point at a node, or move to it with Tab, to see its " +
    "formula, value, gradient and paths. Click it, or press Enter, to follow its influence.", "hint")];
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

function open(index) {
  pause();
  view.element.hidden = true;
  view = viewAt(index);
  view.element.hidden = false;
  selected = shown = null;
  prepare();
  fit();
  trail();
  show();
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

function fit() {
  const svg = view.element.querySelector("svg");
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const natural = 4 / 3; // pixels a point
  const room = $("picture").clientWidth / width;
  const scale = Math.max(0.55 * natural, Math.min(natural, room));
  svg.style.width = `${width * scale}px`;
  svg.style.height = `${height * scale}px`;
}

function choose(i) {
  if (view.boxes[i].open !== null) return open(view.boxes[i].open);
  selected = selected === i ? null : i;
  shown = i;
  return show();
}

function prepare() {
  if (view.prepared) return;
  view.prepared = true;
  view.nodes.forEach((node, i) => {
    node.setAttribute("tabindex", "0");
    node.setAttribute("role", "button");
    const about = () => { shown = i; $("details").replaceChildren(...details(i)); };
    node.addEventListener("mouseenter", about);
    node.addEventListener("focus", about);
    node.addEventListener("mouseleave", () => {
      shown = selected;
      $("details").replaceChildren(...(shown === null ? hint() : details(shown)));
    });
    node.addEventListener("click", () => choose(i));
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); choose(i); }
    });
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
      else { selected = shown = null; show(); }
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
window.addEventListener("resize", fit);
open(0);
