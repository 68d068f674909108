// The address of the page: #6 is step 6, #6&view=2 that step of an opened box, and theme=dark or
// theme=light asks for these colours in place of those that the reader's system prefers.

const asked = () => new URLSearchParams(location.hash.slice(1) || "0");
let arrived = false; // whether the first address was read

function dress() {
  const theme = asked().get("theme");
  if (["light", "dark"].includes(theme)) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

/** Show the step that the address names; one that names none leaves the page as it is. */
function arrive() {
  arrived = true;
  dress();
  const step = [...asked().keys()].find((word) => /^\d+$/.test(word));
  const index = Number(asked().get("view") ?? 0);
  if (step === undefined || DATA.views[index] === undefined) return;
  pause();
  if (index !== view.index) display(index);
  turnTo(tabs[0]);
  view.step = Math.min(Number(step), view.steps.length - 1);
  show();
  retell();
}

function address() {
  const { theme } = document.documentElement.dataset;
  return `#${view.step}${view.index ? `&view=${view.index}` : ""}${theme ? `&theme=${theme}` : ""}`;
}

/** Write the address into the history, if the page has one: a notebook's frame has none. */
function enter(how) {
  try {
    history[how](null, "", address());
  } catch (error) {
    if (error.name !== "SecurityError") throw error;
  }
}

/** The address follows what is shown. */
function follow() {
  if (arrived && address() !== (location.hash || "#0")) enter("replaceState");
}

/** Begin a new entry, so that Back leads here; in a frame, Back is that of the page around it. */
function depart() {
  if (window === window.parent) enter("pushState");
}
