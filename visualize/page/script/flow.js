// The flow of gradients: backward, the arrows are turned, and what a box sends travels along them
// to the boxes that add it up.

const TRAVEL = 900; // milliseconds, at the usual speed, until all that a step sends has arrived
const ALONE = 0.6; // the part of it that each number takes
const CROWD = 200; // numbers and boxes among which no free place is looked for
const MANY_SENT = 40; // numbers of one step that are seen travelling
const PLACES = 16; // of a number on its way, between which it goes straight
const HEAD = 9; // points that the head of an arrow takes
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let standing = []; // what this step sends: [{line, sum, path, rest}]
let travels = []; // the animations under way

const signed = (x) => write(x).replace(/^(?!-)/, "+");

/** A number in a frame of its own, its middle at the origin. */
function plate(text, className) {
  const width = text.length * EDGE_CHARACTER + 8;
  const made = drawn("g", { class: className });
  made.append(
    drawn("rect", { x: -width / 2, y: -7.5, width, height: 15, rx: 4 }),
    drawn("text", { y: 4, "text-anchor": "middle", "font-size": 11 }, text),
  );
  return { made, width, height: 15 };
}

/** How much of a space is covered by another. */
function covered(one, other) {
  const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
  const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  return wide > 0 && high > 0 ? wide * high : 0;
}

/** Where a plate stands on a path: near its beginning, and over as little else as can be. */
function place(path, { width, height }, taken) {
  const length = path.getTotalLength();
  const at = (s) => {
    const { x, y } = path.getPointAtLength(s);
    return { s, x, y, left: x - width / 2, right: x + width / 2, top: y - height / 2, bottom: y + height / 2 };
  };
  let [found, least] = [at(Math.min(length, HEAD + width / 2)), Infinity];
  for (let s = 0; s <= length && least > 0 && taken.length < CROWD; s += 2) {
    const one = at(s);
    const cost = taken.reduce((sum, other) => sum + covered(one, other), 0);
    if (cost < least) [found, least] = [one, cost];
  }
  taken.push(found);
  return found;
}

/** The space that an element of the picture takes, and some around it. */
function space(element, around = 0) {
  const { x, y, width, height } = element.getBBox();
  return { left: x - around, right: x + width + around, top: y - around, bottom: y + height + around };
}

/** What some boxes have received by now, and the reader may see: lines of the steps. */
function received(boxes) {
  const { sent } = seen();
  return view.steps.slice(0, view.step + 1).flatMap((step) => (step.sent ?? [])
    .filter(({ known, edge }) => known && boxes.has(edge.parent) && sent(edge))
    .map((line) => ({ ...line, up: step.up, now: step === view.steps[view.step] })));
}

/** End what is under way, and turn the arrows while gradients flow. */
function turnArrows({ phase }) {
  for (const travel of travels) travel.cancel();
  [travels, standing] = [[], []];
  const { svg } = view.layout;
  svg.classList.toggle("backward", phase === "seed" || phase === "backward");
  svg.querySelector(".flow")?.remove();
}

/** Show, at each arrow that leads to one of these boxes, what it has brought. */
function showFlow({ phase }, boxes) {
  const { lines, nodes, partials } = view.layout;
  const all = phase === "backward" ? received(boxes) : [];
  if (all.length === 0) return;
  const flow = drawn("g", { class: "flow", "aria-hidden": "true" });
  lines[0].parentNode.append(flow);
  const parents = new Set(all.map(({ edge }) => edge.parent));
  const users = new Set(all.map(({ edge }) => edge.user));
  const taken = [...[...parents].map((i) => space(nodes[i], HEAD)), ...[...users].map((i) => space(nodes[i]))];
  for (const { edge } of all) if (partials[edge.index]) taken.push(space(partials[edge.index], -1));
  all.sort((one, other) => other.now - one.now); // the nearest places are for what is new
  for (const line of all) {
    const path = lines[line.edge.index].querySelector("path");
    const sum = drawn("g", { class: line.now ? "now" : "before" });
    const { made, ...size } = plate(signed(line.add), "add");
    const rest = place(path, size, taken);
    sum.setAttribute("transform", `translate(${rest.x} ${rest.y})`);
    sum.append(made);
    flow.append(sum);
    if (line.now) standing.push({ line, sum, path, rest: rest.s });
  }
}

/**
 * Let what this step sends travel: the gradient of the box leaves it, becomes its product with the
 * partial where that stands, and is added up where it arrives. The next `show` ends it.
 */
function travel() {
  if (calm.matches || standing.length === 0 || standing.length > MANY_SENT) return;
  const { partials, rows } = view.layout;
  const before = view.state(view.step - 1).grad;
  for (const { line: { edge: { parent } } } of standing) showGrad(parent, before[parent]);
  const whole = TRAVEL / Number($("speed").value);
  standing.forEach(({ line, sum, path, rest }, k) => {
    const { parent, index } = line.edge;
    const from = path.getTotalLength();
    const way = Array.from({ length: PLACES + 1 }, (_, n) =>
      path.getPointAtLength(from + ((rest - from) * n) / PLACES));
    const label = space(partials[index]);
    const far = way.map(({ x, y }) => Math.hypot(x - (label.left + label.right) / 2, y - (label.top + label.bottom) / 2));
    const meets = Math.min(0.9, Math.max(0.1, far.indexOf(Math.min(...far)) / PLACES));
    const delay = (1 - ALONE) * whole * (k / Math.max(1, standing.length - 1));
    const timing = { duration: ALONE * whole, delay, fill: "both", easing: "ease-in-out" };
    const up = plate(write(line.up), "up").made;
    sum.append(up);
    const [gone, there] = [[1, 1, 0, 0], [0, 0, 1, 1]].map((shown) =>
      shown.map((opacity, n) => ({ opacity, offset: [0, meets, meets, 1][n] })));
    const moves = sum.animate(way.map(({ x, y }) => ({ transform: `translate(${x}px, ${y}px)` })), timing);
    travels.push(moves, up.animate(gone, timing), sum.querySelector(".add").animate(there, timing));
    const mine = travels;
    moves.onfinish = () => {
      if (travels !== mine) return; // another step is shown by now
      showGrad(parent, line.arrived === view.due(parent) || view.exact(parent) ? line.total : null);
      travels.push(rows[parent][1].animate([{ fill: "var(--lit)", fontWeight: "bold" }, {}], whole / 2));
    };
  });
}
