// A text area with line numbers, colours behind it, and a mark at the line of an error.

import { colored } from "./highlight.js";

const INDENT = "    ";

export class Editor {
  constructor({ area, numbers, behind, changed }) {
    Object.assign(this, { area, numbers, behind });
    this.wrong = null;
    this.marks = {}; // {class: [numbers of lines]}
    this.leaving = false; // whether Tab leaves, as it does after Escape
    area.addEventListener("input", () => { this.marks = {}; this.mark(null); changed(); });
    area.addEventListener("scroll", () => this.follow());
    area.addEventListener("keydown", (event) => this.press(event));
    area.addEventListener("blur", () => { this.leaving = false; });
  }

  get text() { return this.area.value; }

  set text(text) {
    this.area.value = text;
    this.area.setSelectionRange(0, 0);
    this.area.scrollTop = this.area.scrollLeft = 0;
    this.marks = {};
    this.mark(null);
  }

  /** Mark a line, from 1, or none. */
  mark(line) {
    this.wrong = line;
    this.area.setAttribute("aria-invalid", String(line !== null));
    this.draw();
  }

  /** Give lines classes, {class: [numbers of lines]}, and bring the first into sight. */
  light(marks) {
    this.marks = marks;
    this.mark(this.wrong);
    const [first] = Object.values(marks).flat();
    if (first !== undefined && document.activeElement !== this.area) this.reveal(first);
  }

  /** Scroll so that a line is in sight. */
  reveal(line) {
    const height = this.area.scrollHeight / this.text.split("\n").length;
    const top = height * (line - 1);
    if (top < this.area.scrollTop || top + 2 * height > this.area.scrollTop + this.area.clientHeight) {
      this.area.scrollTop = top - this.area.clientHeight / 2;
    }
  }

  /** Put the cursor at the beginning of a line, in sight. */
  go(line) {
    const before = this.text.split("\n").slice(0, line - 1).join("\n").length;
    const start = before + (line > 1 ? 1 : 0);
    this.area.focus();
    this.area.setSelectionRange(start, start);
    this.reveal(line);
  }

  /** Other text in place of these lines, which Ctrl Z takes back. */
  replace(first, last, text) {
    const lines = this.text.split("\n");
    const start = lines.slice(0, first - 1).join("\n").length + (first > 1 ? 1 : 0);
    this.area.focus();
    this.area.setSelectionRange(start, start + lines.slice(first - 1, last).join("\n").length);
    this.insert(text);
  }

  draw() {
    const lines = colored(this.text);
    const numbers = lines.map((_, k) => {
      const number = document.createElement("span");
      number.textContent = String(k + 1);
      return number;
    });
    for (const [name, marked] of Object.entries({ ...this.marks, wrong: [this.wrong] })) {
      for (const line of marked) for (const all of [lines, numbers]) all[line - 1]?.classList.add(name);
    }
    this.behind.replaceChildren(...lines);
    this.numbers.replaceChildren(...numbers);
    this.area.closest(".editor").style.setProperty("--lines", lines.length);
    this.follow();
  }

  follow() {
    this.numbers.scrollTop = this.behind.scrollTop = this.area.scrollTop;
    this.behind.scrollLeft = this.area.scrollLeft;
  }

  press(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape") this.leaving = true;
    else if (event.key === "Tab" && !this.leaving) {
      event.preventDefault();
      if (event.shiftKey || this.area.selectionStart !== this.area.selectionEnd) this.shift(event.shiftKey);
      else this.insert(INDENT.slice(this.column() % INDENT.length));
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.insert(this.newline());
    } else if (!["Shift", "Tab"].includes(event.key)) this.leaving = false;
  }

  /** How many characters stand before the cursor in its line. */
  column() {
    const { value, selectionStart } = this.area;
    return selectionStart - (value.lastIndexOf("\n", selectionStart - 1) + 1);
  }

  /** A new line, indented as this one, or deeper behind a colon. */
  newline() {
    const { value, selectionStart } = this.area;
    const line = value.slice(selectionStart - this.column(), selectionStart);
    const [indent] = line.match(/^[ \t]*/);
    return `\n${indent}${/:\s*(#.*)?$/.test(line) ? INDENT : ""}`;
  }

  /** Indent the selected lines, or take an indent away. */
  shift(back) {
    const { value, selectionStart, selectionEnd } = this.area;
    const from = value.lastIndexOf("\n", selectionStart - 1) + 1;
    const last = selectionEnd > selectionStart && value[selectionEnd - 1] === "\n" ? selectionEnd - 1 : selectionEnd;
    const end = value.indexOf("\n", last);
    const to = end < 0 ? value.length : end;
    const lines = value.slice(from, to).split("\n");
    const shifted = lines.map((line) => (back ? line.replace(/^ {1,4}|^\t/, "") : line && INDENT + line));
    this.area.setSelectionRange(from, to);
    this.insert(shifted.join("\n"));
    this.area.setSelectionRange(from, from + shifted.join("\n").length);
  }

  /** Insert as if it were typed, so that Ctrl Z takes it back. */
  insert(text) {
    if (text === "") document.execCommand("delete");
    else document.execCommand("insertText", false, text);
  }
}
