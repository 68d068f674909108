// The map of a box of several nodes: a cell for each, shaded by its number, and by its gradient.

const SCALE = DATA.bounds.length ? DATA.bounds : [0, 0.01, 0.1, 0.5];
const ROW = 128; // the most cells in a row
const CELL = 18; // pixels that a cell takes at most

/** The cell of box i that is read. */
const cellOf = (i) => view.cells[i] ?? 0;

/** How many cells a row has: those of all axes but the first, or what makes the map look even. */
function columnsOf({ shape, nodes }) {
  const row = shape.slice(1).reduce((n, axis) => n * axis, 1);
  if (shape.length > 1 && row <= ROW) return row;
  return nodes.length <= 32 ? nodes.length : Math.min(64, Math.ceil(Math.sqrt(3 * nodes.length)));
}

/** The class of a number, as of a box with this gradient. */
function tint(x, largest) {
  if (!Number.isFinite(x)) return "odd";
  const level = SCALE.filter((bound) => Math.abs(x) > bound * largest).length;
  return level === 0 ? "shade0" : `${x > 0 ? "plus" : "minus"}${level}`;
}

const largestOf = (numbers) =>
  numbers.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);

/** One map, with its scale. */
function heat(title, numbers, columns) {
  const largest = largestOf(numbers);
  const rows = Math.ceil(numbers.length / columns);
  const paths = new Map();
  numbers.forEach((x, k) => {
    const shade = tint(x, largest);
    const at = `M${(k % columns) + 0.04},${Math.floor(k / columns) + 0.04}h.92v.92h-.92z`;
    paths.set(shade, (paths.get(shade) ?? "") + at);
  });
  const svg = drawn("svg", { class: "autograd", viewBox: `0 0 ${columns} ${rows}` });
  svg.style.maxWidth = `${columns * CELL}px`;
  for (const [shade, d] of paths) {
    const group = drawn("g", { class: shade });
    group.append(drawn("path", { d, fill: "white" }));
    svg.append(group);
  }
  svg.append(drawn("rect", { class: "cursor", width: 1, height: 1 }));
  const figure = document.createElement("figure");
  const frame = element("div", "", "heat");
  frame.append(svg);
  figure.append(element("figcaption", title), frame, scaleOf(largest));
  return figure;
}

/** The shades, from the least to the largest number. */
function scaleOf(largest) {
  const scale = element("div", "", "scale");
  const svg = drawn("svg", { class: "autograd", viewBox: "0 0 9 1", "aria-hidden": "true" });
  const levels = SCALE.map((_, k) => k + 1);
  const shades = [...levels.toReversed().map((k) => `minus${k}`), "shade0", ...levels.map((k) => `plus${k}`)];
  shades.forEach((shade, k) => {
    const group = drawn("g", { class: shade });
    group.append(drawn("path", { d: `M${k + 0.04},0.04h.92v.92h-.92z`, fill: "white" }));
    svg.append(group);
  });
  const ends = SCALE.slice(1).map((bound) => writeAs(100 * bound, ".3g"));
  scale.append(element("span", write(-largest)), svg, element("span", write(largest)));
  scale.title = `the shades of each colour end at ${ends.join(" %, ")} % and all of ${write(largest)}`;
  return scale;
}

/** The numbers of a node in words, as far as they are seen. */
function cellWords(node, known, complete) {
  const words = [`${LAB.name(node)} = ${known ? write(LAB.number(node)) : "?"}`];
  if (complete && !LAB.constants.has(node)) {
    words.push(`d${DATA.root}/d${LAB.name(node)} = ${write(LAB.engine.grad[node])}`);
  }
  return words.join(", ");
}

/** The maps of box i, and what is read of the cell that was chosen. */
function cells(i) {
  const box = view.boxes[i];
  const { known, complete } = seen();
  const columns = columnsOf(box);
  const [count, says] = [box.nodes.length, (k) => cellWords(box.nodes[k], known[i], complete[i])];
  const maps = element("div", "", "cells");
  maps.id = "cells";
  maps.tabIndex = 0;
  for (const [name, text] of Object.entries({
    role: "slider", "aria-label": `Numbers of ${box.heading}`, "aria-valuemin": 1, "aria-valuemax": count,
  })) maps.setAttribute(name, text);
  if (known[i]) maps.append(heat("data", box.nodes.map((node) => LAB.number(node)), columns));
  if (complete[i] && box.kind !== "constant") {
    maps.append(heat("gradient", box.nodes.map((node) => LAB.engine.grad[node]), columns));
  }
  const tip = element("div", "", "tip");
  tip.hidden = true;
  maps.append(tip);
  const reader = element("div", "");
  reader.id = "reader";
  const place = (rect, k) => {
    rect.setAttribute("x", k % columns);
    rect.setAttribute("y", Math.floor(k / columns));
  };
  const move = (k) => {
    view.cells[i] = k;
    for (const rect of maps.querySelectorAll(".cursor")) place(rect, k);
    maps.setAttribute("aria-valuenow", k + 1);
    maps.setAttribute("aria-valuetext", says(k));
    reader.replaceChildren(...read(box.nodes[k], known[i], complete[i]));
  };
  const turn = (k) => {
    move(k);
    nudgeNode(box.nodes[k]);
  };
  const under = (event) => {
    const svg = event.target.closest(".heat svg");
    if (svg === null) return -1;
    const at = svg.getBoundingClientRect();
    const x = Math.floor(((event.clientX - at.left) / at.width) * columns);
    const y = Math.floor(((event.clientY - at.top) / at.height) * Math.ceil(count / columns));
    const k = y * columns + x;
    return x >= 0 && x < columns && k >= 0 && k < count ? k : -1;
  };
  maps.addEventListener("pointermove", (event) => {
    const k = under(event);
    tip.hidden = k < 0;
    if (k < 0) return;
    tip.textContent = says(k);
    const [at, inside] = [maps.getBoundingClientRect(), tip.getBoundingClientRect()];
    tip.style.left = `${Math.max(0, Math.min(event.clientX - at.left + 12, at.width - inside.width))}px`;
    tip.style.top = `${event.clientY - at.top + 16}px`;
  });
  maps.addEventListener("pointerleave", () => { tip.hidden = true; });
  maps.addEventListener("click", (event) => { if (under(event) >= 0) turn(under(event)); });
  maps.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const cell = cellOf(i);
    const to = {
      ArrowRight: cell + 1, ArrowLeft: cell - 1, ArrowDown: cell + columns, ArrowUp: cell - columns,
      Home: 0, End: count - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // elsewhere they step
    if (to >= 0 && to < count) turn(to);
  });
  move(cellOf(i));
  return [maps, reader];
}
