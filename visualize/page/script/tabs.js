// The panel at the left: one of what this step says, and of what can be tried.

const tabs = [...document.querySelectorAll("[role=tab]")];

function turnTo(tab) {
  const hidden = predicting();
  for (const other of tabs) {
    other.setAttribute("aria-selected", String(other === tab));
    other.tabIndex = other === tab ? 0 : -1;
    $(other.getAttribute("aria-controls")).hidden = other !== tab;
  }
  if (tab.id !== "tab-descend") rest();
  if (tab === tabs[0]) {
    if (hidden) show();
    if (hidden) retell();
    return;
  }
  pause(); // what is tried is about all numbers
  view.step = view.steps.length - 1;
  show();
  retell();
  if (tab.id === "tab-nudge") {
    showNudgeable();
    if (selected !== null) nudgeNode(view.boxes[selected].nodes[0]);
  }
  if (tab.id === "tab-predict") showPredict();
  if (tab.id === "tab-descend" && LAB.free.length) showDescent();
}

tabs.forEach((tab, k) => {
  tab.addEventListener("click", () => turnTo(tab));
  tab.addEventListener("keydown", (event) => {
    const to = { ArrowRight: k + 1, ArrowLeft: k - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // elsewhere they step
    const next = tabs[(to + tabs.length) % tabs.length];
    turnTo(next);
    next.focus();
  });
});
