// Descend: the chosen leaves go down along their gradients, and the result is plotted as it falls.

const BEAT = 60; // milliseconds between two steps that play
let results = []; // before the first step, and after each
let descending = null; // the timer of a descent that plays
let stepping = false; // whether numbers change by a step of it

/** What can be chosen: a tensor, or a leaf in none. {name, parameter, nodes} */
const choices = () => {
  const made = new Map();
  for (const leaf of LAB.free) {
    const key = leaf.tensor ?? leaf;
    if (!made.has(key)) made.set(key, { name: key.name, parameter: leaf.parameter, nodes: [] });
    made.get(key).nodes.push(leaf.node);
  }
  return [...made.values()];
};
const CHOICES = LAB ? choices() : [];
const chosen = () =>
  [...document.querySelectorAll("#chosen input:checked")].flatMap((box) => CHOICES[Number(box.value)].nodes);

/** One step: p -= rate * gradient of p, for each chosen leaf. */
function descend() {
  const rate = $("rate").valueAsNumber;
  const { data, grad } = LAB.engine;
  stepping = true;
  if (LAB.stale) LAB.set([]); // gradients of the numbers that are there
  if (results.length === 0) results.push(LAB.root);
  LAB.set(chosen().map((node) => [node, data[node] - rate * grad[node]]));
  stepping = false;
  results.push(LAB.root);
  if (!Number.isFinite(LAB.root)) rest();
  showDescent();
}

function playDescent() {
  if (descending !== null) return rest();
  $("descend-play").textContent = "Pause";
  $("descent").setAttribute("aria-live", "off");
  descending = setInterval(descend, BEAT);
  return undefined;
}

function rest() {
  if (descending === null) return;
  clearInterval(descending);
  descending = null;
  $("descend-play").textContent = "Play";
  $("descent").setAttribute("aria-live", "polite");
}

function showDescent() {
  const rate = $("rate").valueAsNumber;
  const some = chosen().length > 0 && rate > 0 && rate < Infinity;
  $("descend-step").disabled = $("descend-play").disabled = !some;
  if (!some) rest();
  $("chosen-text").textContent = `${chosen().length} of ${plural(LAB.free.length, "leaf").replace("leafs", "leaves")} move`;
  const n = results.length - 1;
  const says = n < 1 ? `${DATA.root} = ${write(LAB.root)}`
    : `step ${n}: ${DATA.root} = ${write(LAB.root)}`;
  if (chosen().length === 0) $("descent").textContent = "Choose the leaves that are to move.";
  else if (!some) $("descent").textContent = "The learning rate must be a number above 0.";
  else $("descent").textContent = Number.isFinite(LAB.root) ? says
    : `${says}. It is not finite any more: reset, and take a smaller learning rate.`;
  const finite = results.filter(Number.isFinite);
  $("descend-plot").toggleAttribute("hidden", n < 1 || finite.length === 0);
  if (n < 1 || finite.length === 0) return;
  const low = finite.reduce((x, y) => Math.min(x, y)), high = finite.reduce((x, y) => Math.max(x, y));
  plot($("descend-plot"), {
    points: results.map((y, k) => [k, y]), mark: n, x: [0, n], y: [low, high],
    across: ["step 0", `step ${n}`], up: [writeAs(low, ".3g"), writeAs(high, ".3g")], name: DATA.root,
  });
}

if (LAB && LAB.free.length) {
  const parameters = LAB.free.some((leaf) => leaf.parameter);
  CHOICES.forEach(({ name, parameter }, k) => {
    const box = element("input", "");
    box.type = "checkbox";
    box.value = String(k);
    box.checked = parameter;
    const label = element("label", "");
    label.append(box, name);
    $("chosen").append(label);
  });
  $("chosen").addEventListener("change", showDescent);
  $("rate").addEventListener("input", showDescent);
  $("descend-step").addEventListener("click", () => { rest(); descend(); });
  $("descend-play").addEventListener("click", playDescent);
  $("descend-reset").addEventListener("click", () => { rest(); results = []; LAB.reset(); });
  LAB.listeners.push(() => { // a number that was changed by hand begins another descent
    if (!stepping) results = [];
    showDescent();
  });
  $("chosen-all").open = !parameters;
  showDescent();
}
