// Predict: gradients are hidden until the reader has found them; a wrong guess is told what it is.

const CLOSE = 0.01; // a guess is right within 1 %
const MANY = 10; // terms whose partial sums are looked through
const FACTORS = 300; // edges of which a factor may be missing
let found = new Set(); // boxes of this view whose gradients are seen

const predicting = () => !$("predict").hidden;

/** What is seen while the reader predicts: every value, and the gradients that were found. */
function predicted() {
  const complete = view.boxes.map((_, i) => (i === view.root && view.single(i)) || found.has(i));
  return {
    known: view.boxes.map(() => true),
    grad: complete.map((seen, i) => (seen ? view.finalGrad(i) : null)),
    complete,
    sent: (edge) => complete[edge.parent] && complete[edge.user],
  };
}

/** The gradients of all boxes, if an edge had the partial that this function gives. */
function gradientsWith(partial) {
  const grad = view.boxes.map((box) => box.seed);
  for (let i = grad.length - 1; i >= 0; i--) {
    for (const edge of view.outOf[i]) {
      if (grad[edge.user] !== 0) grad[i] += grad[edge.user] * partial(edge);
    }
  }
  return grad;
}

/** Whether the gradient of box i can be found from what the picture shows. */
function askable(i) {
  const box = view.boxes[i];
  return i !== view.root && box.kind !== "constant" && Number.isFinite(view.finalGrad(i)) &&
    [...view.influence(i)].every((j) => view.exact(j));
}

/** The next to be asked for: backward, so that the gradients of its users were asked before. */
const nextToFind = () => view.boxes.findLastIndex((_, i) => askable(i) && !found.has(i));

/** Whether x was meant to be y. */
const meant = (x, y) => (y === 0 ? x === 0 : Math.abs(x - y) <= CLOSE * Math.abs(y)) || write(x) === write(y);

/** The fewest of these terms without which their sum is x, or null: [indices]. */
function forgotten(x, terms) {
  if (terms.length < 2 || terms.length > MANY) return null;
  let fewest = null;
  for (let left = 1; left < 2 ** terms.length - 1; left++) {
    const out = terms.map((_, k) => k).filter((k) => left & (1 << k));
    if (fewest !== null && out.length >= fewest.length) continue;
    if (out.every((k) => terms[k] === 0)) continue;
    if (meant(x, terms.reduce((sum, term, k) => (left & (1 << k) ? sum : sum + term), 0))) fewest = out;
  }
  return fewest;
}

const partialName = (edge) => `∂${view.name(edge.user)}/∂${view.name(edge.parent)}`;

/** dy/dx = ∂u/∂x × dy/du + ... */
function recipe(i) {
  const terms = view.outOf[i].map((edge) => `${partialName(edge)} × ${view.d(edge.user)}`);
  if (view.boxes[i].seeds) terms.push(`${write(view.boxes[i].seed)} from outside this box`);
  return `${view.d(i)} = ${terms.join(" + ")}`;
}

/** What is wrong with a guess, by the program's own paths and partials. */
function fault(i, x) {
  const own = (edge) => edge.partial;
  const grad = gradientsWith(own);
  if (meant(x, -grad[i])) return "The size is right, but the sign is wrong: count the negative factors on the way.";
  const out = view.outOf[i];
  const terms = out.map((edge) => (grad[edge.user] === 0 ? 0 : edge.partial * grad[edge.user]));
  const names = out.map((edge) => `through ${view.name(edge.user)}`);
  if (view.boxes[i].seeds) {
    terms.push(view.boxes[i].seed);
    names.push("from outside this box");
  }
  const missing = forgotten(x, terms);
  if (missing) {
    return `A path is forgotten, the one ${missing.map((k) => names[k]).join(" and ")}: ` +
      "gradients add up over all ways to the result.";
  }
  const count = view.pathCount(i);
  if (count !== null && count <= MANY && count > out.length) {
    const paths = view.paths(i);
    const products = paths.map((path) => path.reduceRight((up, edge) => (up === 0 ? 0 : up * edge.partial), 1));
    const [first] = forgotten(x, products) ?? [];
    if (first !== undefined) {
      const way = [view.name(i), ...paths[first].map((edge) => view.name(edge.user))].join(" → ");
      return `A path is forgotten, ${way}: gradients add up over all ways to the result.`;
    }
  }
  if (meant(x, out.reduce((sum, edge) => sum + edge.partial, 0))) {
    return out.length > 1
      ? "The local partials alone. A factor is missing in each: the gradient of the node that this one goes into."
      : "The local partial alone. A factor is missing: the gradient of the node that this one goes into.";
  }
  if (meant(x, out.reduce((sum, edge) => sum + grad[edge.user], 0))) {
    return `A factor is missing: the local partial, ${[...new Set(out.map(partialName))].join(" and ")}.`;
  }
  const inside = view.influence(i);
  const edges = view.edges.filter((edge) => inside.has(edge.parent) && inside.has(edge.user));
  if (edges.length <= FACTORS) {
    const instead = (to) => edges.find((edge) =>
      to(edge) !== edge.partial && meant(x, gradientsWith((e) => (e === edge ? to(e) : e.partial))[i]));
    const lost = instead((edge) => (edge.partial === -1 ? -1 : 1)); // without -1 it is a sign
    if (lost) return `A factor is missing: ${partialName(lost)} = ${write(lost.partial)}.`;
    const turned = instead((edge) => -edge.partial);
    if (turned) return `A sign is wrong: ${partialName(turned)} is ${write(turned.partial)}.`;
  }
  if (terms.length > 1 && meant(x, terms.reduce((product, term) => product * term, 1))) {
    return "What comes over several ways is added, not multiplied.";
  }
  if (meant(x, view.boxes[i].data)) return `That is the value of ${view.name(i)}, not its gradient.`;
  if (grad[i] === 0) return "It is simpler: look for a factor that is 0.";
  return x * grad[i] > 0 ? "The sign is right, the size is not." : "Neither the sign nor the size is right.";
}

const asking = () => ($("asked").value === "" ? -1 : Number($("asked").value));

/** Ask for the gradient of box i. */
function ask(i) {
  const open = view.boxes.flatMap((_, j) => (askable(j) && !found.has(j) ? [j] : [])).reverse();
  $("asked").replaceChildren(...open.map((j) => new Option(view.d(j), String(j))));
  $("asked").value = open.includes(i) ? String(i) : "";
  $("guess").value = "";
  for (const name of ["asked", "guess", "guess-check", "guess-show"]) $(name).disabled = open.length === 0;
  $("guess-again").disabled = found.size === 0;
}

function showPredict() {
  ask(nextToFind());
  $("verdict").replaceChildren(element("p", asking() < 0
    ? "No gradient of this picture is left to find." : "Which number is it? The partials stand on the arrows."));
}

/** The gradient of a box is seen from now on; then the next is asked for. */
function discover(i, words) {
  found.add(i);
  show();
  retell();
  ask(nextToFind());
  const says = [element("p", `${words}${view.d(i)} = ${write(view.finalGrad(i))}`, "formula strong")];
  if (asking() < 0) says.push(element("p", "Every gradient is found."));
  $("verdict").replaceChildren(...says);
}

function check() {
  const i = asking();
  const x = $("guess").valueAsNumber;
  if (i < 0 || Number.isNaN(x)) return;
  if (meant(x, view.finalGrad(i))) return discover(i, "Right: ");
  $("verdict").replaceChildren(
    element("p", `${view.d(i)} is not ${write(x)}. ${fault(i, x)}`, "remark"), element("p", recipe(i), "formula"),
  );
  $("guess").select();
}

/** Ask for the box that was clicked, while the reader predicts. */
function predictBox(i) {
  if (predicting() && askable(i) && !found.has(i)) ask(i);
}

/** Hide all again. */
function forget() {
  found = new Set();
  if (!predicting()) return;
  show();
  retell();
  showPredict();
}

$("guess").addEventListener("keydown", (event) => { if (event.key === "Enter") check(); });
$("guess-check").addEventListener("click", check);
$("guess-show").addEventListener("click", () => { if (asking() >= 0) discover(asking(), ""); });
$("guess-again").addEventListener("click", forget);
if (LAB) LAB.listeners.push(forget); // other numbers are other questions
