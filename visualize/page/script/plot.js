// A small plot: one line, with the numbers of its ends at the axes.

const SVG = "http://www.w3.org/2000/svg";

function drawn(tag, attributes, text = "") {
  const made = document.createElementNS(SVG, tag);
  for (const [name, x] of Object.entries(attributes)) made.setAttribute(name, x);
  made.textContent = text;
  return made;
}

/**
 * Draw points into an svg.
 *
 * points  [[x, y]]; what is not finite breaks the line
 * mark    the index of the point that gets a dot
 * across  [text, text] at the ends of the axis of x
 * up      [low, high] on the axis of y, and the texts of both
 * name    what the axes show
 */
function plot(svg, { points, mark, x: [left, right], y: [low, high], across, up, name }) {
  const width = Math.max(200, svg.clientWidth || 320), height = 132;
  const [x0, x1, y0, y1] = [58, width - 12, height - 24, 22];
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const at = ([x, y]) => [
    x0 + (x1 - x0) * (right > left ? (x - left) / (right - left) : 0),
    y0 + (y1 - y0) * (high > low ? (y - low) / (high - low) : 0.5),
  ];
  const parts = [
    drawn("path", { class: "axes", d: `M${x0},${y1 - 6}V${y0}H${x1}` }),
    drawn("text", { x: x0 - 6, y: y0, "text-anchor": "end" }, up[0]),
    drawn("text", { x: x0 - 6, y: y1 + 5, "text-anchor": "end" }, up[1]),
    drawn("text", { x: x0, y: height - 6 }, across[0]),
    drawn("text", { x: x1, y: height - 6, "text-anchor": "end" }, across[1]),
    drawn("text", { x: x0 + 4, y: 10, class: "name" }, name),
  ];
  let line = "";
  let pen = "M";
  for (const point of points) {
    if (!point.every(Number.isFinite)) { pen = "M"; continue; }
    line += `${pen}${at(point).map((x) => x.toFixed(1)).join(",")}`;
    pen = "L";
  }
  parts.push(drawn("path", { class: "line", d: line || "M0,0" }));
  if (mark !== undefined && points[mark] && points[mark].every(Number.isFinite)) {
    const [cx, cy] = at(points[mark]);
    parts.push(drawn("circle", { cx, cy, r: 4.5 }));
  }
  svg.replaceChildren(...parts);
}
