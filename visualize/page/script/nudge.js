// Nudge: move one number by a small step, and compare the change of the result with the gradient.

const STEPS = Array.from({ length: 13 }, (_, k) => k); // of 1, 0.1, ..., 1e-12

/** The quotient of differences for a step: (result(x + step) - result(x)) / step. */
function quotient(node, step) {
  const { engine } = LAB;
  const numbers = engine.data.slice();
  numbers[node] += step;
  const taken = numbers[node] - engine.data[node]; // what x + step has after it was rounded
  const there = engine.rootOf(numbers, node + 1);
  return { there, taken, slope: (there - LAB.root) / taken };
}

/** {node: name} of those that can be nudged: what stands alone in a box of this view, and the cell that is read. */
function nudgeable() {
  const found = new Map();
  const read = told === null || $("cells") === null ? -1 : view.boxes[told].nodes[cellOf(told)];
  if (read >= 0 && !LAB.constants.has(read) && LAB.into[read] < 0) found.set(read, LAB.name(read));
  view.boxes.forEach((box) => {
    if (box.size === 1 && box.kind !== "constant" && LAB.into[box.nodes[0]] < 0) {
      found.set(box.nodes[0], box.name);
    }
  });
  return found;
}

function showNudgeable() {
  const select = $("nudged");
  const before = select.value === "" ? LAB.favourite?.node : Number(select.value);
  const found = LAB.stale ? new Map() : nudgeable();
  select.replaceChildren(...[...found].map(([node, name]) => new Option(name, String(node))));
  select.value = String(found.has(before) ? before : [...found.keys()][0] ?? "");
  for (const part of ["limit", "quotient", "nudge-plot"]) $(part).toggleAttribute("hidden", found.size === 0);
  if (found.size === 0) {
    $("nudge-says").textContent = LAB.stale
      ? "Some number was set since the graph was computed, so there is nothing to compare. Change a leaf: then all is computed again."
      : "Click a box of several nodes: the one whose cell you choose can be nudged.";
  }
  showNudge();
}

/** Nudge a node, if it can be, where the panel of nudges is open. */
function nudgeNode(node) {
  if ($("nudge").hidden || LAB.stale || !nudgeable().has(node)) return;
  showNudgeable();
  $("nudged").value = String(node);
  showNudge();
}

function showNudge() {
  if ($("nudge").hidden || $("nudged").value === "") return;
  const node = Number($("nudged").value);
  const name = $("nudged").selectedOptions[0].textContent;
  const k = Number($("epsilon").value);
  const step = Number(`1e-${k}`);
  const { engine } = LAB;
  const grad = engine.grad[node];
  const slopes = STEPS.map((k) => quotient(node, Number(`1e-${k}`)));
  const errors = slopes.map(({ slope }) => Math.abs(slope - grad));
  $("limit").replaceChildren(inMath(limit(name)));
  const long = (x) => writeAs(x, ".10g");
  $("epsilon-text").textContent = `ε = ${writeAs(step, ".4g")}`;
  $("epsilon").setAttribute("aria-valuetext", writeAs(step, ".4g"));
  $("quotient").replaceChildren(...[
    [`${DATA.root} at ${name} = ${write(engine.data[node])}`, long(LAB.root)],
    [`${DATA.root} at ${name} + ε`, long(slopes[k].there)],
    ["change / ε", long(slopes[k].slope)],
    [`gradient d${DATA.root}/d${name}`, long(grad)],
    ["they differ by", writeAs(errors[k], ".2g")],
  ].flatMap(([what, x]) => [element("dt", what), element("dd", x)]));
  $("nudge-says").textContent = verdict(node, slopes, errors, k);
  const logs = errors.map((error, k) => [k, Math.log10(error)]);
  const finite = logs.map(([, y]) => y).filter(Number.isFinite);
  $("nudge-plot").toggleAttribute("hidden", finite.length < 2);
  if (finite.length < 2) return; // all are equal, as where the result is linear
  const [low, high] = [Math.floor(Math.min(...finite)), Math.ceil(Math.max(...finite))];
  plot($("nudge-plot"), {
    points: logs, mark: k, x: [0, STEPS.length - 1], y: [low, high], across: ["ε = 1", "ε = 1e-12"],
    up: [writeAs(10 ** low, ".3g"), writeAs(10 ** high, ".3g")], name: "how far change / ε is from the gradient",
  });
}

/** What is to be said where the slopes of both sides differ, however small the step; or "". */
function kinkOrJump(node) {
  const size = Math.max(1, Math.abs(LAB.number(node)));
  const [wide, narrow] = [1e-4 * size, 1e-6 * size].map((step) => {
    const [right, left] = [quotient(node, step).slope, quotient(node, -step).slope];
    return { right, left, gap: Math.abs(right - left) };
  });
  const rounding = (Number.EPSILON * Math.abs(LAB.root)) / (1e-6 * size);
  const slopes = Math.max(1, Math.abs(narrow.right), Math.abs(narrow.left));
  if (!(narrow.gap > 1e-3 * slopes + 100 * rounding && narrow.gap > wide.gap / 2)) return "";
  if (narrow.gap > 10 * wide.gap) return "A jump: the result changes at once here, and has no slope.";
  return `A kink: on its two sides the slopes are ${write(narrow.left)} and ${write(narrow.right)}. ` +
    "The engine takes one of them, or what lies between.";
}

/** The definition of the derivative. */
function limit(name) {
  const [result, x, epsilon] = [["mi", DATA.root], ["mi", name], ["mi", "ε"]];
  const at = (...inner) => ["mrow", result, ["mo", "("], ...inner, ["mo", ")"]];
  return [
    "mrow",
    ["mfrac", ["mrow", ["mi", "d"], result], ["mrow", ["mi", "d"], x]], ["mo", "="],
    ["munder", ["mo", "lim"], ["mrow", epsilon, ["mo", "→"], ["mn", "0"]]],
    ["mfrac", ["mrow", at(x, ["mo", "+"], epsilon), ["mo", "−"], at(x)], epsilon],
  ];
}

/** What the comparison teaches. */
function verdict(node, slopes, errors, k) {
  if (slopes[k].taken === 0) return "This ε is lost: the number and ε together are rounded to the number.";
  if (!Number.isFinite(LAB.engine.grad[node]) || !Number.isFinite(errors[k])) {
    return "A number here is not finite: there is nothing to compare.";
  }
  const odd = kinkOrJump(node);
  if (odd) return odd;
  if (errors[k] === 0) return "They are equal.";
  const best = errors.indexOf(Math.min(...errors.filter(Number.isFinite)));
  if (k < best) return "A smaller ε comes closer: the gradient is where this quotient tends to.";
  if (k > best) {
    return "Now rounding wins: both results share most of their 16 digits, and few are left of " +
      "their difference. The gradient needs no ε.";
  }
  return "Closer than with any other ε here. The gradient needs no ε, and has all its digits.";
}

if (LAB) {
  $("nudged").addEventListener("change", showNudge);
  $("epsilon").addEventListener("input", showNudge);
  LAB.listeners.push(() => { if (!$("nudge").hidden) showNudgeable(); });
}
