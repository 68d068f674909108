// The source beside the graph: the line of a step is lit, and a line that is clicked lights what it made.

let line = null; // the number of the line whose nodes are lit
const sources = new Map(); // {number: its element}

/** Whether a line made nodes of a box, by itself or by what it called. */
const makes = (number, box) => box.lines !== undefined && box.lines.some((lines) => lines.includes(number));

/** The boxes that a line made, or null for all. */
const madeByLine = () => line && new Set(view.boxes.flatMap((box, i) => (makes(line, box) ? [i] : [])));

function chooseLine(number) {
  selected = formula = held = null;
  line = line === number ? null : number;
  show();
}

/** Scroll a pane up or down, and never the page, so that a line of it is in sight. */
function revealLine(source, pane = $("code")) {
  const [frame, box] = [pane, source].map((one) => one.getBoundingClientRect());
  pane.scrollTop += Math.min(0, box.top - frame.top - 12) || Math.max(0, box.bottom - frame.bottom + 12);
}

/** Light the lines of the step, and those of the node that is told of. */
function showCode() {
  const { i } = view.steps[view.step];
  const [now, through] = view.boxes[i]?.lines ?? [[], []];
  const about = view.boxes[told]?.lines?.[0] ?? [];
  for (const [number, source] of sources) {
    source.classList.toggle("now", now.includes(number));
    source.classList.toggle("through", through.includes(number));
    source.classList.toggle("about", about.includes(number));
    if (source.tagName !== "BUTTON") continue;
    source.setAttribute("aria-pressed", String(line === number));
    source.disabled = !view.boxes.some((box) => makes(number, box));
  }
  for (const number of [...through, ...now]) revealLine(sources.get(number));
  if (DATA.beside) parent.postMessage({ now, through, about }, "*");
}

/** The line that made a box, in words. */
function whereMade(box) {
  const [number, ...others] = box.lines?.[0] ?? [];
  if (number === undefined || others.length) return [];
  return [element("p", `line ${number}: ${sources.get(number).textContent.trim()}`, "hint source")];
}

for (const [first, lines] of DATA.code) {
  const list = document.createElement("ol");
  list.start = first;
  lines.forEach((text, k) => {
    const number = first + k;
    const active = DATA.views.some((view) => view.boxes.some((box) => makes(number, box)));
    const source = element(active ? "button" : "span", text);
    if (active) {
      source.type = "button";
      source.addEventListener("click", () => chooseLine(number));
    }
    sources.set(number, source);
    const item = document.createElement("li");
    item.append(source);
    list.append(item);
  });
  $("code-lines").append(list);
}
$("code").hidden = DATA.code.length === 0 || DATA.beside;

let roomy = null; // whether the code has room beside the picture

/** Open the code where it has room; a frame may not know its width at first. */
function unfold() {
  const now = window.innerWidth > NARROW;
  if (now !== roomy) $("code").open = now;
  roomy = now;
}

unfold();
window.addEventListener("resize", unfold);
