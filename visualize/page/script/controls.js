// The controls of the steps, and the keys.

function pause() {
  clearInterval(timer);
  timer = null;
  $("play").textContent = "Play";
  $("explanation").setAttribute("aria-live", "polite");
}

/** The steps of a play, as fast as was chosen. */
const tick = () => setInterval(() => go(view.step + 1, true), DATA.interval / Number($("speed").value));

function play() {
  if (timer !== null) return pause();
  if (view.step === view.steps.length - 1) view.step = 0;
  turnTo(tabs[0]);
  $("play").textContent = "Pause";
  $("explanation").setAttribute("aria-live", "off");
  timer = tick();
  return show();
}

$("first").addEventListener("click", () => { pause(); go(0); });
$("back").addEventListener("click", () => { pause(); go(view.step - 1); });
$("play").addEventListener("click", play);
$("next").addEventListener("click", () => { pause(); go(view.step + 1); });
$("last").addEventListener("click", () => { pause(); go(view.steps.length - 1); });
$("alike-back").addEventListener("click", () => turnOver(-1));
$("alike-next").addEventListener("click", () => turnOver(1));
$("slider").addEventListener("input", (event) => { pause(); go(Number(event.target.value), true); });
$("speed").addEventListener("change", () => {
  if (timer === null) return;
  clearInterval(timer);
  timer = tick();
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.closest("#change, #nudge, #descend, #predict, #speed") !== null) return; // fields have keys of their own
  const onSlider = event.target === $("slider");
  const onButton = event.target instanceof HTMLButtonElement;
  const actions = {
    ArrowRight: () => go(view.step + 1, event.repeat),
    ArrowLeft: () => go(view.step - 1, event.repeat),
    Home: () => go(0),
    End: () => go(view.steps.length - 1),
    " ": play,
    Escape: () => {
      if (selected === null && DATA.views[view.index].outer !== null) open(DATA.views[view.index].outer);
      else letGo();
    },
  };
  const action = actions[event.key];
  if (!action || (onSlider && event.key !== " " && event.key !== "Escape")) return;
  if (onButton && event.key === " ") return;
  if (event.target === $("picture") && event.key.startsWith("Arrow")) return; // it scrolls
  event.preventDefault();
  if (event.key !== " ") pause();
  action();
});
