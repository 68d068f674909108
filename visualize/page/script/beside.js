// On a narrow window, where the panels are far below the picture, what is told of a node that was
// tapped stands beside it.

const GAP = 8; // pixels between a node and what is told of it
const touched = matchMedia("(hover: none)");

/** Let the second panel stand beside the node that is followed, or in its own place. */
function standBeside() {
  const panel = $("details");
  const beside = told !== null && told === selected && window.innerWidth <= NARROW;
  panel.classList.toggle("beside", beside);
  if (!beside) return panel.style.removeProperty("top");
  if (panel.querySelector(".close") === null) {
    const close = element("button", "×", "close");
    close.type = "button";
    close.setAttribute("aria-label", "Close");
    close.addEventListener("click", letGo);
    panel.prepend(close);
  }
  const node = view.layout.nodes[told].getBoundingClientRect();
  const height = panel.offsetHeight;
  const floor = $("controls").getBoundingClientRect().top;
  const below = node.bottom + GAP;
  const above = node.top - GAP - height;
  const top = below + height <= floor || above < 0 ? below : above;
  panel.style.top = `${top - document.querySelector("main").getBoundingClientRect().top}px`;
  return undefined;
}

/** Follow nothing any more. */
function letGo() {
  selected = line = formula = held = null;
  tell(null);
  show();
}

$("picture").addEventListener("scroll", standBeside, { passive: true });
$("picture").addEventListener("click", (event) => {
  if (event.target.closest(".node") === null) letGo();
});
