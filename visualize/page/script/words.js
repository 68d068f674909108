// What the panels say of a step and of a box.

function element(tag, text, className) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function list(items) {
  const ul = document.createElement("ul");
  for (const item of items) {
    const li = element("li", "");
    li.append(...[item].flat());
    ul.append(li);
  }
  return ul;
}

const plural = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

function describe(step) {
  const box = step.i === undefined ? null : view.boxes[step.i];
  const parts = [];
  if (step.phase === "start") {
    const { leaves, outside } = view.view;
    const held = [
      ...(leaves ? [leaves === 1 ? "1 leaf" : `${leaves.toLocaleString("en")} leaves`] : []),
      ...(outside ? [`${plural(outside, "result")} from outside`] : []),
    ].join(" and ");
    const question = `If a number grows a little, how fast does ${DATA.root} grow? That is its gradient.`;
    if (view.index === 0) parts.push(element("p", question));
    parts.push(element("p", `${held} ` +
      `${leaves + outside === 1 ? "holds its number" : "hold their numbers"} already. ` +
      "Going forward, each operation computes its value and its local partials: how fast the value " +
      "grows with each operand."));
  } else if (step.phase === "forward" && box.size === 1) {
    const value = write(box.data);
    const sides = stale(box) ? [] : [box.formula, box.numbers];
    parts.push(element("p", equal(box.name, ...sides, value), "formula"), ...defined(box), ...changed(box));
    const partials = view.into[step.i].flatMap((edge) => {
      if (edge.partial === null || view.boxes[edge.parent].kind === "constant") return [];
      return [partialOf(edge)];
    });
    if (partials.length) parts.push(element("p", "Its local partials are taken now:"), list(partials));
  } else if (step.phase === "forward") {
    parts.push(element("p", `${box.heading}: ${plural(box.size, "node")} ${range(box)}.`));
  } else if (step.phase === "seed") {
    parts.push(view.index === 0
      ? element("p", `d${DATA.root}/d${DATA.root} = 1`, "formula")
      : element("p", "The gradients that come from outside this box have arrived."));
    parts.push(element("p", "Going backward, each node that has all its contributions sends to each parent " +
      "the local partial times its own gradient, the upstream one. Parents add up what they receive."));
  } else if (step.phase === "backward") {
    const sent = step.sent.filter((line) => !constant(line));
    parts.push(list(sent.map((line) => sentence(line, step))));
    if (sent.length < step.sent.length) {
      parts.push(element("p", "A constant needs no gradient.", "hint"));
    }
    const lesson = orderLesson(step);
    if (lesson) parts.push(element("p", lesson, "lesson"));
  } else {
    parts.push(element("p", "Every gradient is complete:"));
    parts.push(list(view.boxes.flatMap((b, i) => view.into[i].length === 0 && b.kind !== "constant"
      ? [b.size === 1 ? `${view.d(i)} = ${write(view.finalGrad(i))}`
        : `${b.heading}: |grad| ${write(b.grad)}`] : [])));
    parts.push(...meaning());
  }
  return parts;
}

/** What the largest gradient of a leaf says. */
function meaning() {
  const size = (i) => Math.abs(view.finalGrad(i));
  const told = (i) => view.into[i].length === 0 && view.boxes[i].size === 1 &&
    view.boxes[i].kind !== "constant" && size(i) > 0 && size(i) < Infinity;
  const [i] = [...view.boxes.keys()].filter(told).sort((k, l) => size(l) - size(k));
  if (i === undefined || view.index !== 0 || !Number.isFinite(view.boxes[view.root].data)) return [];
  const verb = view.finalGrad(i) > 0 ? "grows" : "falls";
  const tried = LAB ? " Nudge tries it." : "";
  return [element("p", `If ${view.name(i)} grows by 0.01, ${DATA.root} ${verb} by about ${write(size(i) / 100)}.${tried}`)];
}

/** What the function of a box is, if it has a name of its own. */
function defined(box) {
  return box.definition ? [inMath(box.definition)] : [];
}

/** The local partial on an edge: ∂y/∂x = formula = number. */
function partialOf(edge) {
  const [user, parent] = [view.name(edge.user), view.name(edge.parent)];
  const by = ["mfrac", ["mrow", ["mo", "∂"], ["mi", user]], ["mrow", ["mo", "∂"], ["mi", parent]]];
  const formula = view.boxes[edge.user].partials[edge.operand];
  const text = write(edge.partial).replace(/^-/, "−");
  const known = formula && textOf(formula) !== text ? [["mo", "="], formula] : [];
  const same = view.into[edge.user].filter((other) => other.parent === edge.parent);
  const which = same.length > 1 ? [["mtext", `\u00a0(operand ${edge.operand + 1})`]] : [];
  return inMath(["mrow", by, ...which, ...known, ["mo", "="], ["mn", text]]);
}

/** "a = b = c", without what is not told, and without what is written as what stands before it. */
function equal(...sides) {
  return sides.filter((side, k) => side && side !== sides[k - 1]).join(" = ");
}

/** Whether the numbers of the operands do not give the number of the box any more, in Python. */
const stale = (box) => box.formula !== "" && box.numbers === "";

function changed(box) {
  return stale(box) ? [element("p", `It was computed as ${box.formula}. Some number was set since, ` +
    "so this does not hold any more.", "hint")] : [];
}

function range(box) {
  const [low, high] = [write(box.low), write(box.data)];
  return low === high ? `with data ${low}` : `with data from ${low} to ${high}`;
}

/** The number of a box, or the range of several. */
function numbers(box) {
  const [low, high] = [write(box.low), write(box.data)];
  return low === high ? high : `${low} to ${high}`;
}

/** What one edge adds to a gradient, as text and elements. */
function sentence(line, step) {
  const { parent, partial, count } = line.edge;
  const to = view.boxes[parent];
  if (!line.known) {
    const target = to.size === 1 ? view.d(parent) : to.heading;
    const [over, done] = [plural(count, "edge"), line.arrived === view.due(parent)];
    if (!LAB) return [`${target} receives over ${over}`];
    const size = to.size === 1 ? "" : "gradients of norm ";
    const now = `${done ? "in all" : "so far"} ${to.size === 1 ? "" : "|grad| "}` +
      write(done ? to.grad : total(parent, step.i));
    return [
      `${target} ${to.size === 1 ? "+=" : "receives"} `, element("span", `${size}${write(sizeOf(along(line.edge)))}`, "upstream"),
      ` over ${over}, ${now}`,
    ];
  }
  const due = view.due(parent);
  const sofar = due > 1 && view.exact(parent) ? `, now ${write(line.total)} (${line.arrived} of ${due})` : "";
  return [
    `${view.d(parent)} += `, element("span", `local ${write(partial)}`, "local"), " × ",
    element("span", `upstream ${write(step.up)}`, "upstream"), ` = ${write(line.add)}${sofar}`,
  ];
}

/** [nodes of the parent's box] what the edges of one line add to their gradients. */
function along({ parent, user }) {
  const { grad, partials, start, parents } = LAB.engine;
  const places = new Map(view.boxes[parent].nodes.map((node, k) => [node, k]));
  const sums = new Array(places.size).fill(0);
  for (const node of view.boxes[user].nodes) {
    if (grad[node] === 0) continue; // and stays 0 through an infinite partial
    for (let e = start[node]; e < start[node + 1]; e++) {
      const k = places.get(parents[e]);
      if (k !== undefined) sums[k] += grad[node] * partials[e];
    }
  }
  return sums;
}

/** The number of a sum for one node, the norm of those for several. */
const sizeOf = (sums) => (sums.length === 1 ? sums[0] : norm(sums));

/** [nodes of box i] what they receive from users outside this picture. */
const fromOutside = (i) => view.boxes[i].nodes.map((node) => LAB.fromOutside(node, view.inside));

/** What box i has received, within this picture and from outside, once box `last` has sent. */
function total(i, last) {
  const lines = view.outOf[i].filter((edge) => edge.user >= last).map(along);
  return sizeOf(fromOutside(i).map((seed, k) => lines.reduce((sum, line) => sum + line[k], seed)));
}

/** What the gradients of the nodes in box i come from. */
function arrivals(i, sent, complete) {
  const lines = LAB && view.boxes[i].kind !== "constant" ? view.outOf[i].filter(sent) : [];
  if (lines.length === 0) return [];
  const ways = lines.map((edge) =>
    `through ${view.name(edge.user)}, over ${plural(edge.count, "edge")}: norm ${write(sizeOf(along(edge)))}`);
  const outside = fromOutside(i);
  if (outside.some((x) => x !== 0)) ways.push(`from outside this box: norm ${write(sizeOf(outside))}`);
  return [element("p", complete ? "The gradients come" : "Gradients have come so far"), list(ways)];
}

/** Whether an edge's gradient goes to a constant, which needs none. */
const constant = (line) => view.boxes[line.edge.parent].kind === "constant";

/** Why a node waits for all its users. */
function orderLesson(step) {
  if (!view.exact(step.i) || step.arrived < 2) return null;
  const name = view.name(step.i);
  const all = step.arrived === 2 ? "both" : `all ${step.arrived}`;
  const text = `Order matters: ${name} waited until ${all} contributions had arrived, so ` +
    `${view.d(step.i)} = ${write(step.up)} is complete.`;
  const line = step.sent.find((sent) => sent.known && !constant(sent));
  if (!line || step.first === null || Object.is(step.first, step.up)) return text;
  return `${text} After the first alone it would have sent ` +
    `${write(line.edge.partial)} × ${write(step.first)} = ` +
    `${write(step.first === 0 ? 0 : line.edge.partial * step.first)} ` +
    `to ${view.name(line.edge.parent)}, in place of ${write(line.add)}.`;
}

function details(i) {
  const box = view.boxes[i];
  const { known, complete, sent } = seen();
  const parts = [element("h2", box.heading)];
  const kind = { group: "node", data: "number", outside: "node" }[box.kind] ?? box.kind;
  const outside = box.outside && box.size > 1 ? " from outside" : "";
  parts.push(element("p", (box.size > 1 ? plural(box.size, kind) : box.kind) + outside, "hint"));
  if (box.size > 1) {
    const size = box.kind === "constant" || !complete[i] ? "" : `, |grad| ${write(box.grad)}`;
    parts.push(element("p", known[i] ? `data ${numbers(box)}${size}` : "not computed yet", "formula"));
    parts.push(...arrivals(i, sent, complete[i]));
    if (box.open !== null) parts.push(element("p", "Click or press Enter to open it.", "hint"));
    else if (LAB) parts.push(...cells(i));
    else if (box.kind === "group") {
      parts.push(element("p", "Too much for this page: explain a part of the graph to see inside.",
        "hint"));
    }
    return parts;
  }
  parts.push(...whereMade(box));
  if (box.formula && !stale(box)) {
    parts.push(element("p", equal(box.name, box.formula), "formula"), ...defined(box));
  }
  parts.push(element("p", `value ${known[i] ? write(box.data) : "not computed yet"}`, "formula"), ...changed(box));
  if (box.kind === "constant") return parts;
  if (leafIn(box)) parts.push(element("p", "Drag it sideways, or press ↑ and ↓, to change it.", "hint"));
  const why = locked(box) || keptHere(box);
  if (why) parts.push(element("p", why, "hint"));
  const grad = complete[i] ? write(view.finalGrad(i)) : predicting() ? "?" : "not complete yet";
  parts.push(element("p", `${view.d(i)} = ${grad}`.replace("= not", "is not"), "formula"));
  const through = view.outOf[i].filter(sent).map((edge) => {
    if (edge.partial === null || !view.single(edge.user)) {
      return `through ${view.name(edge.user)}, over ${plural(edge.count, "edge")}` +
        (LAB ? `: ${write(sizeOf(along(edge)))}` : "");
    }
    const up = view.finalGrad(edge.user);
    return `through ${view.name(edge.user)}: ${write(edge.partial)} × ${write(up)} = ` +
      write(up === 0 ? 0 : edge.partial * up);
  });
  if (box.seeds && (complete[i] || predicting())) through.push(`from outside this box: ${write(box.seed)}`);
  if (through.length) parts.push(element("p", complete[i] ? "Its gradient is the sum over its users:" : "It has received so far:"), list(through));
  const count = view.pathCount(i);
  if (complete[i] && count > 1 && count <= PATHS) {
    parts.push(element("p", `and over the ${count} paths to ${DATA.root}:`));
    parts.push(list(view.paths(i).map((path) => {
      const names = [view.name(i), ...path.map((edge) => view.name(edge.user))].join(" → ");
      const product = path.reduceRight((up, edge) => (up === 0 ? 0 : up * edge.partial), 1);
      return `${names}: ${path.map((edge) => write(edge.partial)).join(" × ")} = ${write(product)}`;
    })));
  } else if (count > PATHS) {
    const many = count > 1e6 ? "more than a million" : count.toLocaleString("en");
    parts.push(element("p", `Along its users, ${many} paths lead from here to ${DATA.root}.`));
  }
  return parts;
}
