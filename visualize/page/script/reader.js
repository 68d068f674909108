// The reader of a node, wherever it is in the graph: its number, its gradient, its neighbours.

const NEIGHBOURS = 6; // the most that are listed

/** A button that leads to a node. */
function wayTo(node) {
  const button = element("button", LAB.name(node), "way");
  button.type = "button";
  button.addEventListener("click", () => visit(node));
  return button;
}

/** The first of these neighbours, each with its words; what the others come to. */
function neighbours(title, edges, words, rest) {
  if (edges.length === 0) return [];
  const items = edges.slice(0, NEIGHBOURS).map(([node, edge]) => [wayTo(node), words(node, edge)]);
  const more = edges.slice(NEIGHBOURS);
  if (more.length) items.push([`and ${plural(more.length, "other")}${rest(more)}`]);
  return [element("p", title), list(items)];
}

/** What is read of a node, of which the number and the gradient may be seen. */
function read(node, known, complete) {
  const { engine } = LAB;
  const [name, symbol] = [LAB.name(node), LAB.symbol(node)];
  const parts = [element("h3", symbol ? `${name} = ${symbol}` : name)];
  if (!known) return parts;
  const constant = LAB.constants.has(node);
  const grad = engine.grad[node];
  parts.push(element("p", `value ${write(LAB.number(node))}`, "formula"));
  if (complete && !constant) {
    parts.push(element("p", `d${DATA.root}/d${name} = ${write(grad)}`, "formula"));
  }
  const leaf = leafAt(node);
  if (leaf) {
    const button = element("button", "Change it");
    button.type = "button";
    button.addEventListener("click", () => {
      pick(leaf);
      turnTo($("tab-change"));
      $("leaf-number").select();
    });
    const line = element("p", "");
    line.append(button);
    parts.push(line);
  }
  const made = Array.from(
    engine.parents.subarray(engine.start[node], engine.start[node + 1]), (parent, k) => [parent, engine.start[node] + k],
  );
  parts.push(...neighbours(`Made of ${plural(made.length, "number")}:`, made, (parent, edge) =>
    ` = ${write(LAB.number(parent))}${LAB.constants.has(parent) ? "" : `, local partial ${write(engine.partials[edge])}`}`,
  () => ""));
  if (!complete || constant) return parts;
  const amount = ([user, edge]) => (engine.grad[user] === 0 ? 0 : engine.partials[edge] * engine.grad[user]);
  parts.push(...neighbours("Its gradient is the sum over its users:", LAB.usersOf(node), (user, edge) =>
    ` = ${LAB.symbol(user)}: ${write(engine.partials[edge])} × ${write(engine.grad[user])} = ${write(amount([user, edge]))}`,
  (more) => `: ${write(more.reduce((sum, one) => sum + amount(one), 0))}`));
  return parts;
}

/** Go to a node: to its cell or box if the picture has it. */
function visit(node) {
  const i = view.boxes.findIndex((box) => box.nodes.includes(node));
  if (i < 0) return tell(null, node);
  selected = i;
  view.cells[i] = view.boxes[i].nodes.indexOf(node);
  tell(i);
  show();
  return reveal(view.layout.nodes[i]);
}

/** What is told of a node that the picture does not have. */
function elsewhere(node) {
  const all = view.step === view.steps.length - 1 && !predicting();
  const parts = read(node, all, all);
  parts[0] = element("h2", parts[0].textContent);
  parts.splice(1, 0, element("p", all ? "Not in this picture." : "Not in this picture; its numbers are " +
    "seen at the last step.", "hint"));
  return parts;
}
