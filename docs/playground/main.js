// The page: a program in the editor, Python that runs it, and what came of it beside.

import { Editor } from "./editor.js";
import { say, show } from "./laboratory.js";
import { asked, decode, encode } from "./link.js";
import { Python } from "./python.js";

const $ = (id) => document.getElementById(id);
const OWN = ""; // the choice of programs that stands for the reader's own

const python = new Python((message) => heard[message.kind](message));
const programs = await (await fetch("programs.json")).json();
const editor = new Editor({ area: $("code"), numbers: $("gutter"), behind: $("colored"), changed });
let began = 0; // when the run began
let ran = ""; // the program that runs, or ran last
let wanted = false; // whether the reader asked for the run

// ----------------------------------------------------------------------------- a run

const heard = {
  ready() { if (!python.running) $("status").textContent = "Python is ready."; },
  began() {
    began = performance.now();
    $("status").textContent = "Running …";
  },
  broken({ text }) {
    state();
    $("status").textContent = python.ready ? `Python cannot run on: ${text}. The next run starts it anew.`
      : `Python cannot run: ${text}.`;
  },
  printed({ text }) {
    $("output").hidden = false;
    $("output").append(text);
  },
  page({ html, says, own }) {
    state();
    $("laboratory").classList.remove("old");
    $("status").textContent = `Ran in ${((performance.now() - began) / 1000).toFixed(1)} s.`;
    if (own) say($("laboratory"), says, " ", button("Take that class in its place", () => replace(own)));
    else if (html === null) say($("laboratory"), says);
    else show($("laboratory"), html, lit(ran));
    if (wanted) reveal();
  },
  error({ line, text }) {
    state();
    $("status").textContent = "The program ended with an error.";
    if (editor.text === ran) editor.mark(line);
    $("laboratory").classList.add("old"); // what is shown there is not of this program
    $("error").hidden = false;
    $("error").replaceChildren(...(line === null ? [] : [button(`Line ${line}`, () => editor.go(line)), " "]), text);
  },
};

/** What lights the lines that the laboratory tells of, as long as this is the program. */
const lit = (program) => ({ now, through, about }) => {
  const all = [now, through, about].every(Array.isArray);
  if (all && editor.text === program) editor.light({ now, through, about });
};

function button(text, pressed) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", pressed);
  return made;
}

/** Import Value in place of the class that the program has in these lines. */
function replace([first, last]) {
  if (editor.text !== ran) return runAsked(); // to find the lines again
  editor.replace(first, last, "from autograd_lite import Value");
  return runAsked();
}

function run() {
  if (python.running) return;
  clear();
  $("status").textContent = "Python is starting …";
  ran = editor.text;
  python.run(ran);
  state();
}

function stop() {
  python.stop();
  state();
  $("status").textContent = "Stopped. Python is starting anew …";
  $("run").focus();
}

/** Forget what the last run left. */
function clear() {
  $("output").textContent = $("error").textContent = "";
  $("output").hidden = $("error").hidden = true;
  editor.light({});
  editor.mark(null);
}

/** The buttons say what can be done. */
function state() {
  $("run").setAttribute("aria-disabled", String(python.running));
  $("stop").disabled = !python.running;
}

/** Where the laboratory stands below the program, bring it into sight. */
function reveal() {
  const { top } = $("laboratory").getBoundingClientRect();
  if (top > innerHeight * 0.6) $("laboratory").scrollIntoView({ block: "start" });
}

// ------------------------------------------------------------------------ the program

const ready = () => programs.find(({ text }) => text === editor.text);

/** The address of the program in the editor. */
async function here() {
  const program = ready();
  return program ? `#program=${program.name}` : `#code=${await encode(editor.text)}`;
}

/** Write the address of the program in the editor, unless another is there when it is known. */
async function write() {
  const before = location.href;
  const address = await here();
  if (location.href === before) history.replaceState(null, "", address);
}

function changed() {
  $("programs").value = ready()?.name ?? OWN;
}

/** Show a ready program, and run it: it is part of this page. */
function take(program) {
  editor.text = program.text;
  changed();
  wanted = false;
  if (python.running) python.stop();
  run();
}

/** Show what the address asks for. A program that came with a link is not run. */
async function arrive() {
  const { program, code } = asked();
  const named = program === null ? programs[0] : programs.find(({ name }) => name === program);
  if (code === null && named) return named.text === editor.text ? undefined : take(named);
  const text = code === null ? null : await decode(code).catch(() => null);
  if (text === editor.text) return undefined;
  if (python.running) python.stop();
  state();
  clear();
  $("status").textContent = python.ready ? "Python is ready." : "Python is starting …";
  $("laboratory").classList.remove("old");
  editor.text = text ?? programs[0].text;
  changed();
  say($("laboratory"), text !== null ? "This program came with the link. Read it, and press Run if you trust it."
    : code !== null ? "The program in this link cannot be read. Was the link cut off?"
    : `There is no ready program “${program}”. Choose one above.`);
  return undefined;
}

async function choose() {
  const program = programs.find(({ name }) => name === $("programs").value);
  await write(); // so that Back leads to what was typed
  history.pushState(null, "", `#program=${program.name}`);
  take(program);
}

async function share() {
  await write();
  try {
    await navigator.clipboard.writeText(location.href);
    $("status").textContent = "The link is copied. It holds the whole program.";
  } catch {
    $("status").textContent = "The address of this page is now the link: it holds the whole program.";
  }
}

async function runAsked() {
  wanted = true;
  run();
  return write();
}

for (const { name, title } of programs) $("programs").append(new Option(title, name));
const own = new Option("Your own program", OWN);
own.disabled = own.hidden = true;
$("programs").append(own);

$("programs").addEventListener("change", choose);
$("run").addEventListener("click", runAsked);
$("stop").addEventListener("click", stop);
$("share").addEventListener("click", share);
$("code").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  runAsked();
});
addEventListener("hashchange", arrive);
await arrive();
