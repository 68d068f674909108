// The view that is shown: its numbers, its classes, the panels; and from one view to another.

const HEIGHT = 0.55; // the part of the window's height that the picture should take
const LARGEST = 1.5; // pixels a point: no picture is drawn larger than this
const READABLE = 12 / 11; // at which letters have 12 pixels; else it is laid out in the other direction,
// and, if that does not help, scrolled
const NARROW = 600; // pixels of a window in which nothing stands beside the picture
const KEPT = "Boxes with a dotted frame stay as they are: the page cannot compute them again, or they go " +
  "into one that it cannot compute.";
const SHEET = { width: 690, height: 900 }; // pixels of a sheet of paper within its margins
const CHARACTER = 6.65; // points that a character in a box takes
const PATHS = 12; // how many paths are listed
const BOUNDS = [...DATA.bounds.slice(1), 1]; // the upper ones of the shades
const SHADES = ["plus", "minus", "size"].flatMap((name) => BOUNDS.map((_, k) => `${name}${k + 1}`));

const views = new Map();
const viewAt = (index) => views.get(index) ?? views.set(index, new View(index)).get(index);
let view = viewAt(0);
let selected = null; // the box whose influence is followed
let told = null; // the box that the second panel tells of
let away = null; // or the node, where the picture does not have it
let timer = null;
let printing = false;

/** What the reader may see by now. */
const seen = () => (predicting() ? predicted() : view.state());

function show() {
  const step = view.steps[view.step];
  const { known, grad } = seen();
  const followed = selected === null ? madeByLine() ?? madeByFormula() : view.influence(selected);
  const lit = new Set();
  const near = new Set();
  if (step.phase === "forward" || step.phase === "backward") {
    for (const edge of view.into[step.i]) {
      if (step.phase === "backward" && view.boxes[edge.parent].kind === "constant") continue;
      lit.add(edge.index);
      near.add(edge.parent);
    }
  }
  const { nodes, lines, rows, room, partials, bounds } = view.layout;
  view.boxes.forEach((box, i) => {
    const node = nodes[i];
    node.classList.toggle("now", step.i === i);
    node.classList.toggle("near", near.has(i) && step.i !== i);
    node.classList.toggle("waiting", !known[i]);
    node.classList.toggle("dim", followed !== null && !followed.has(i));
    if (box.open === null) node.setAttribute("aria-pressed", String(selected === i));
    if (box.kind !== "constant") put(rows[i][0], room[i], `data ${known[i] ? numbers(box) : "?"}`);
    showGrad(i, grad[i], known[i]);
    node.setAttribute("aria-label", label(box, i, known[i], grad[i]));
  });
  view.edges.forEach((edge, k) => {
    const onWay = followed && followed.has(edge.parent) && followed.has(edge.user);
    const line = lines[k];
    if (edge.partial !== null && partials[k]) {
      const text = write(edge.partial);
      if (partials[k].textContent !== text) partials[k].textContent = text;
    }
    line.classList.toggle("waiting", edge.partial !== null && !known[edge.user]);
    line.classList.toggle("lit", lit.has(k) || Boolean(onWay));
    line.classList.toggle("dim", followed !== null && !onWay);
  });
  const sized = step.phase === "backward" || step.phase === "end"; // gradients are there to be seen
  bounds.forEach((text, k) => {
    const bound = BOUNDS[k % BOUNDS.length] * view.largest;
    text.textContent = `≤ ${predicting() || !sized ? "?" : writeAs(bound, ".2g")}`;
  });
  const title = { start: "Start", seed: "Turn", end: "End" }[step.phase] ?? view.boxes[step.i].heading;
  const phase = { start: "forward", seed: "backward", end: "done" }[step.phase] ?? step.phase;
  const heading = element("h2", "");
  heading.append(element("span", phase, "phase"), title);
  const source = step.i === undefined ? [] : whereMade(view.boxes[step.i]);
  $("explanation").replaceChildren(heading, ...source, ...describe(step));
  const last = view.steps.length - 1;
  const slider = $("slider");
  slider.max = String(last);
  slider.value = String(view.step);
  slider.setAttribute("aria-valuetext", `step ${view.step} of ${last}, ${phase}: ${title}`);
  $("count").textContent = `${view.step} / ${last}`;
  $("first").disabled = $("back").disabled = view.step === 0;
  $("next").disabled = $("last").disabled = view.step === last;
  turnArrows(step);
  showCode();
  showMatrices();
  for (const i of near) reveal(nodes[i]);
  if (step.i !== undefined) reveal(nodes[step.i]);
  showFlow(step, near); // it measures, as reveal does: what changes the layout stands above
  follow();
}

/** Show the gradient of a box, or none. */
function showGrad(i, grad, known = true) {
  const { nodes, rows, room } = view.layout;
  nodes[i].classList.remove("odd", "shade0", ...SHADES);
  nodes[i].classList.add(view.shade(i, known, grad));
  if (view.boxes[i].kind === "constant") return;
  const size = view.single(i) ? "grad" : "|grad|";
  put(rows[i][1], room[i], grad === null ? size : `${size} ${write(grad)}`);
}

/** Put a text into a line of a box, narrower if it is longer than the box has room for. */
function put(line, room, text) {
  if (line.textContent === text) return;
  line.textContent = text;
  line.removeAttribute("textLength");
  if (text.length * CHARACTER <= room) return;
  line.setAttribute("textLength", room);
  line.setAttribute("lengthAdjust", "spacingAndGlyphs");
}

function label(box, i, known, grad) {
  const words = [box.heading, box.kind];
  const data = box.size > 1 ? range(box) : `data ${write(box.data)}`;
  words.push(known ? data : "not computed yet");
  const size = box.size > 1 ? "size of the gradient" : "gradient";
  if (grad !== null && box.kind !== "constant") words.push(`${size} ${write(grad)}`);
  if (box.open !== null) words.push("opens");
  else if (LAB && box.size > 1) words.push("has a map of its numbers");
  return words.filter(Boolean).join(", ");
}

function hint() {
  return [element("h2", "A node"), element("p", (touched.matches
    ? "Tap a node to see its formula, value, gradient and paths, and to follow its influence."
    : "Point at a node, or move to it with Tab, to see its formula, value, gradient and paths. " +
      "Click it, or press Enter, to follow its influence.") +
    (LAB && LAB.free.length ? " Drag a leaf sideways to change it: all that follows is computed at once." : ""),
  "hint")];
}

/** Fill the second panel: box i, or null for none, or for a node that the picture does not have. */
function tell(i, node = null) {
  const reading = document.activeElement.id === "cells" && i === told;
  told = i;
  away = node;
  $("details").replaceChildren(...(i !== null ? details(i) : node !== null ? elsewhere(node) : hint()));
  if (reading && $("cells") !== null) $("cells").focus({ preventScroll: true });
  standBeside();
  showCode();
  showMatrices();
}

/** Tell again of what was told of, as numbers have changed. */
function retell() {
  tell(told, away);
}

/** Scroll the picture, and never the page, so that the node is in sight. */
function reveal(node) {
  const frame = $("picture").getBoundingClientRect();
  const box = node.getBoundingClientRect();
  const dx = Math.min(0, box.left - frame.left - 12) || Math.max(0, box.right - frame.right + 12);
  const dy = Math.min(0, box.top - frame.top - 12) || Math.max(0, box.bottom - frame.bottom + 12);
  $("picture").scrollBy(dx, dy);
}

/** Show a step. Back leads to the one before, unless many are passed: in play, or along the slider. */
function go(step, gliding = false) {
  turnTo(tabs[0]);
  if (!gliding && step !== view.step && view.steps[step] !== undefined) depart();
  const ahead = step === view.step + 1;
  view.step = Math.max(0, Math.min(view.steps.length - 1, step));
  if (view.step === view.steps.length - 1) pause();
  show();
  if (ahead) travel();
  if (told !== null || away !== null) retell();
}

function display(index) {
  pause();
  view.element.hidden = true;
  view = viewAt(index);
  view.element.hidden = false;
  selected = line = formula = held = null;
  found = new Set();
  tell(null);
  fit();
  trail();
  show();
  if (LAB && !$("nudge").hidden) showNudgeable();
  if (predicting()) showPredict();
  const last = view.steps.findIndex((step) => step.phase === "seed");
  $("forward").style.flexGrow = last;
  $("backward").style.flexGrow = view.steps.length - 1 - last;
}

/** Go to another view. The focus goes along: to its first box, or back to the one it came from. */
function open(index) {
  depart();
  let inner = view.index;
  while (inner !== null && DATA.views[inner].outer !== index) inner = DATA.views[inner].outer;
  if (inner !== null) inner = DATA.views[inner].alike[0] ?? inner;
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
  const kept = view.boxes.some((box) => keptHere(box) || locked(box));
  $("caption").textContent = kept ? KEPT : "";
  const { alike, times } = view.view;
  const place = alike.indexOf(view.index);
  $("alike").hidden = times === 1;
  $("alike-place").textContent = `${(place + 1).toLocaleString("en")} of ${times.toLocaleString("en")} of the same ` +
    `structure${alike.length < times ? `; the page shows the first ${alike.length.toLocaleString("en")}` : ""}`;
  $("alike-back").disabled = place <= 0;
  $("alike-next").disabled = place + 1 >= alike.length;
}

/** Go to the one before (by = -1) or after, of those of the same structure, at the same step. */
function turnOver(by) {
  const { step, view: { alike }, index } = view;
  const next = viewAt(alike[alike.indexOf(index) + by]);
  next.step = Math.min(step, next.steps.length - 1);
  display(next.index);
  const button = $(by < 0 ? "alike-back" : "alike-next");
  if (button.disabled) $(by < 0 ? "alike-next" : "alike-back").focus(); // at an end the focus would be lost
}

/** Take the layout that can be read in this window, and as large as fits. */
function fit() {
  const focused = view.layout.nodes.indexOf(document.activeElement);
  const [asked, other = asked] = view.layouts;
  const stage = document.querySelector(".stage");
  stage.classList.remove("stacked"); // the formulas stand below a picture that needs the whole width
  stage.classList.toggle("stacked", $("code").hidden && Math.max(asked.scale(), other.scale()) < READABLE);
  view.layout = asked.scale() >= READABLE || asked.scale() >= other.scale() ? asked : other;
  const { svg, width, height, nodes } = view.layout;
  const scale = Math.max(READABLE, view.layout.scale());
  svg.style.width = `${width * scale}px`;
  svg.style.height = `${height * scale}px`;
  for (const layout of view.layouts) layout.svg.toggleAttribute("hidden", layout !== view.layout);
  if (focused >= 0) nodes[focused].focus({ preventScroll: true });
}

function choose(i) {
  if (view.boxes[i].open !== null) return open(view.boxes[i].open);
  line = formula = held = null;
  selected = selected === i ? null : i;
  nudgeNode(view.boxes[i].nodes[0]);
  predictBox(i);
  tell(selected === null && touched.matches ? null : i); // a second tap lets go
  show();
  reveal(view.layout.nodes[i]);
  if (selected !== i || $("cells") === null) return;
  $("cells").focus({ preventScroll: true });
  if (!$("details").classList.contains("beside")) $("cells").scrollIntoView({ block: "nearest" });
}

const pointer = { x: -1, y: -1 }; // where the mouse was last, on the screen
for (const event of ["mousemove", "mousedown"]) {
  document.addEventListener(event, ({ screenX, screenY }) => Object.assign(pointer, { x: screenX, y: screenY }), true);
}

/** Let a node be pointed at, focused, clicked and pressed. */
function attend(node, i) {
  node.setAttribute("tabindex", "0");
  node.setAttribute("role", "button");
  node.addEventListener("mouseenter", (event) => {
    const scrolled = event.screenX === pointer.x && event.screenY === pointer.y; // below a mouse at rest
    if (told !== i && !scrolled) tell(i);
  });
  node.addEventListener("focus", () => { if (told !== i) tell(i); });
  node.addEventListener("mouseleave", () => { if (selected !== i) tell(selected); });
  node.addEventListener("click", () => choose(i));
  node.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation(); // elsewhere Space plays
    choose(i);
  });
}
