// Change a leaf: by drag, by arrow keys or by typing; all that follows is computed at once.

const PIXEL = 0.01; // what a number of size 1 changes by for each pixel of a drag
const ARROW = 10; // pixels that an arrow key stands for; with Shift, 1

/** What a leaf of this number changes by for each pixel: a power of ten, so that it stays short. */
function grain(x) {
  const size = Math.abs(x);
  const power = size > 0 && size < Infinity ? Math.max(-300, Math.floor(Math.log10(size))) : 0;
  return PIXEL * 10 ** (power < 0 ? power + 1 : power); // 0.01 from 0.1 to 10
}

/** x moved by some grains, and then a whole number of them; from 0 where x is not finite. */
function moved(x, grain, by) {
  const steps = Math.round((Number.isFinite(x) ? x / grain : 0) + by) + 0; // never -0
  return Number((steps * grain).toPrecision(12));
}

function leafAt(node) {
  return LAB && LAB.free.find((leaf) => leaf.node === node);
}

/** The leaf in a box that can be changed, or undefined. */
function leafIn(box) {
  return LAB && box.size === 1 && box.kind !== "constant" ? leafAt(box.nodes[0]) : undefined;
}

/** Why the leaf of a box cannot be changed; "" for any other box. */
function locked(box) {
  if (!LAB || box.size !== 1 || !["data", "parameter"].includes(box.kind)) return "";
  const behind = LAB.into[box.nodes[0]];
  return behind < 0 ? "" : `It cannot be changed here, as it goes into ${DATA.lab.names[behind]}, ` +
    `which the page cannot compute: ${LAB.kept[behind]}.`;
}

/** Why the page cannot compute the node of a box; "" if it can. */
function keptHere(box) {
  const why = LAB && box.size === 1 && LAB.kept[box.nodes[0]];
  return why ? `The page cannot compute it again: ${why}.` : "";
}

/** Let a node of the picture be dragged, and changed by keys; mark one that cannot be changed. */
function attendLeaf(node, box) {
  const leaf = leafIn(box);
  node.classList.toggle("kept", Boolean(locked(box) || keptHere(box)));
  if (!leaf) return;
  node.classList.add("free");
  node.setAttribute("aria-description", "Up and Down change it; digits type a number");
  let from = null;
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const x = LAB.number(leaf.node);
    from = { at: event.clientX, up: event.clientY, x, grain: grain(x), far: false };
    node.setPointerCapture(event.pointerId);
  });
  node.addEventListener("pointermove", (event) => {
    if (from === null) return;
    const by = event.clientX - from.at;
    if (!from.far && Math.abs(by) < Math.max(4, Math.abs(event.clientY - from.up))) return; // a click
    from.far = true;
    change(leaf, moved(from.x, from.grain, event.shiftKey ? by / 10 : by));
  });
  // On a screen that is touched, sideways drags the leaf, and up and down scrolls.
  node.addEventListener("touchmove", (event) => {
    if (from !== null && from.far) event.preventDefault();
  }, { passive: false });
  node.addEventListener("pointerup", () => { from = from && from.far ? { done: true } : null; });
  node.addEventListener("pointercancel", () => { from = null; });
  node.addEventListener("click", (event) => { // the end of a drag is no click
    if (from !== null) event.stopImmediatePropagation();
    from = null;
  }, true);
  node.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (by !== undefined) {
      event.preventDefault();
      const x = LAB.number(leaf.node);
      change(leaf, moved(x, grain(x), by * (event.shiftKey ? 1 : ARROW)));
    } else if (/^[-.\d]$/.test(event.key)) {
      pick(leaf);
      turnTo($("tab-change"));
      $("leaf-number").value = "";
      $("leaf-number").focus();
    }
  });
}

function change(leaf, x) {
  pick(leaf);
  LAB.set([[leaf.node, x]]);
}

const offer = ({ node, name }) => $("leaf").append(new Option(name, String(node)));

const NO_NUMBER = "This is no finite number, so the leaf keeps the one that it had.";

/** Show a leaf in the controls. */
function pick(leaf) {
  if ($("leaf").value === String(leaf.node)) return;
  if (![...$("leaf").options].some((option) => option.value === String(leaf.node))) offer(leaf);
  $("leaf").value = String(leaf.node);
  showChange();
}

function showChange() {
  const leaf = leafAt(Number($("leaf").value));
  const x = LAB.number(leaf.node);
  const first = LAB.first[leaf.node];
  if (document.activeElement !== $("leaf-number")) $("leaf-number").value = String(x);
  const range = $("leaf-range");
  const around = Number.isFinite(first) ? first : 0;
  const reach = Math.max(2, Math.abs(around) * 2, Number.isFinite(x) ? Math.abs(x - around) : 0);
  range.min = String(around - reach);
  range.max = String(around + reach);
  range.step = String(grain(around));
  range.value = String(x);
  range.setAttribute("aria-valuetext", `${leaf.name} = ${write(x)}`);
  const others = LAB.leaves.filter(({ node }) => !Object.is(LAB.number(node), LAB.first[node]));
  $("reset").disabled = others.length === 0;
  $("outcome").replaceChildren(...outcome(others));
}

/** What was changed, and what that did to the result. */
function outcome(changed) {
  if (changed.length === 0) return [element("p", `${DATA.root} = ${write(LAB.root)}`, "formula")];
  const was = LAB.engine.rootOf(LAB.first);
  const shown = changed.slice(0, 4).map(({ node, name }) =>
    `${name}: ${write(LAB.first[node])} → ${write(LAB.number(node))}`);
  if (changed.length > 4) shown.push(`and ${plural(changed.length - 4, "other leaf")}`.replace("leafs", "leaves"));
  return [
    element("p", `${DATA.root}: ${write(was)} → ${write(LAB.root)}`, "formula strong"), list(shown),
  ];
}

/** Why there is no leaf that can be changed. */
function noLeaf() {
  const [leaf] = LAB.leaves;
  if (leaf === undefined) return "The graph has no leaf but constants.";
  const behind = LAB.into[leaf.node];
  return `No leaf can be changed here. ${leaf.name} goes into ${DATA.lab.names[behind]}, ` +
    `which the page cannot compute: ${LAB.kept[behind]}.`;
}

if (LAB && LAB.free.length === 0) {
  for (const panel of ["change", "descend"]) $(panel).replaceChildren(element("p", noLeaf()));
}

if (LAB && LAB.free.length) {
  // Of many, the first of each tensor: the map of its box leads to the others.
  const few = LAB.free.length <= 200;
  for (const leaf of LAB.free) if (few || !leaf.tensor || leaf.tensor.nodes[0] === leaf.node) offer(leaf);
  $("leaf").value = String(LAB.favourite.node);
  $("leaf").addEventListener("change", showChange);
  $("leaf-number").addEventListener("input", () => {
    const x = $("leaf-number").valueAsNumber;
    if (!Number.isNaN(x)) return LAB.set([[Number($("leaf").value), x]]);
    if ($("leaf-number").validity.badInput) $("outcome").replaceChildren(element("p", NO_NUMBER));
    return undefined;
  });
  $("leaf-number").addEventListener("blur", showChange);
  $("leaf-range").addEventListener("input", () => {
    LAB.set([[Number($("leaf").value), Number(Number($("leaf-range").value).toPrecision(12))]]);
  });
  $("reset").addEventListener("click", () => LAB.reset());
  LAB.listeners.push(showChange);
  showChange();
}
