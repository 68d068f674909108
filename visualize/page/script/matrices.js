// The graph in matrices, beside the scalars: a formula lights the boxes of the numbers that it computes,
// and a box the formulas that compute its numbers.

let formula = null; // the index of the one that is pointed at, or was chosen
let held = null; // the one that was chosen
const FORMULAS = DATA.matrices.map(({ text, back, nodes }) => ({ text, back, nodes: unrolled(nodes) }));
const formulaLines = [];
const computing = new Map(); // {node: [the formulas that compute its number or its gradient]}
FORMULAS.forEach((one) => one.nodes.forEach((node) => {
  if (!computing.has(node)) computing.set(node, []);
  computing.get(node).push(one);
}));

/** The formulas that compute numbers of a box, or their gradients. */
function formulasIn(box) {
  box.formulas ??= new Set(box.nodes.flatMap((node) => computing.get(node) ?? []));
  return box.formulas;
}

/** The boxes of the formula, or null for all. */
const madeByFormula = () => formula === null ? null : new Set(view.boxes.flatMap((box, i) =>
  (!box.outside && formulasIn(box).has(FORMULAS[formula]) ? [i] : [])));

function pointAt(k) {
  if (formula === k) return;
  formula = k;
  show();
  if (k === null) return;
  const [first] = madeByFormula();
  if (first !== undefined) reveal(view.layout.nodes[first]);
}

function holdFormula(k) {
  selected = line = null;
  held = held === k ? null : k;
  formula = k;
  tell(null);
  pointAt(held);
  show();
}

/** The boxes whose numbers, or gradients, a step computes. */
function computedBy({ phase, i, sent }) {
  if (phase === "forward") return [i];
  return phase === "backward" ? sent.map(({ edge }) => edge.parent) : [];
}

/** Light the formulas of the step, and those of the node or the cell that is told of. */
function showMatrices() {
  const step = view.steps[view.step];
  const now = computedBy(step).map((i) => view.boxes[i]);
  const box = view.boxes[told];
  const read = away ?? (box && $("cells") ? box.nodes[cellOf(told)] : null);
  FORMULAS.forEach((one, k) => {
    const button = formulaLines[k];
    const here = view.boxes.some((each) => formulasIn(each).has(one));
    const due = one.back === (step.phase === "backward") && now.some((each) => formulasIn(each).has(one));
    const about = read !== null ? (computing.get(read) ?? []).includes(one)
      : box !== undefined && formulasIn(box).has(one);
    button.classList.toggle("now", due);
    button.classList.toggle("about", about);
    button.setAttribute("aria-pressed", String(held === k));
    button.disabled = !here;
  });
  const first = formulaLines.find(({ classList }) => classList.contains("now")) ??
    formulaLines.find(({ classList }) => classList.contains("about"));
  if (first) revealLine(first, $("matrices"));
}

for (const back of [false, true]) {
  const some = FORMULAS.some((one) => one.back === back);
  if (some) $("matrix-lines").append(element("h3", back ? "backward" : "forward"));
  FORMULAS.forEach((one, k) => {
    if (one.back !== back) return;
    const button = element("button", one.text);
    button.type = "button";
    button.addEventListener("mouseenter", () => pointAt(k));
    button.addEventListener("focus", () => pointAt(k));
    button.addEventListener("mouseleave", () => pointAt(held));
    button.addEventListener("blur", () => pointAt(held));
    button.addEventListener("click", () => holdFormula(k));
    formulaLines[k] = button;
    const item = document.createElement("div");
    item.append(button);
    $("matrix-lines").append(item);
  });
}
$("matrices").hidden = FORMULAS.length === 0;
$("matrices").open = window.innerWidth > NARROW;
