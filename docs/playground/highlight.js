// The words of a Python program in colours: comments, strings, keywords, numbers.

const KEYWORDS = "and as assert async await break class continue def del elif else except finally for " +
  "from global if import in is lambda nonlocal not or pass raise return try while with yield None True False";
const TOKEN = new RegExp([
  "(?<comment>#[^\\n]*)",
  "(?<string>\\b[rbfuRBFU]{0,2}(?:\"\"\"[^]*?(?:\"\"\"|$)|'''[^]*?(?:'''|$)|" +
    "\"(?:[^\"\\\\\\n]|\\\\[^])*\"?|'(?:[^'\\\\\\n]|\\\\[^])*'?)" +
    "|(?:\"\"\"[^]*?(?:\"\"\"|$)|'''[^]*?(?:'''|$)|\"(?:[^\"\\\\\\n]|\\\\[^])*\"?|'(?:[^'\\\\\\n]|\\\\[^])*'?))",
  `(?<keyword>\\b(?:${KEYWORDS.replaceAll(" ", "|")})\\b)`,
  "(?<number>\\b\\d[\\d_]*(?:\\.[\\d_]*)?(?:[eE][+-]?\\d+)?\\b|(?<![\\w)\\]])\\.\\d+(?:[eE][+-]?\\d+)?)",
].join("|"), "g");

/** [lines] the pieces of each line: its text, and its class or "". */
function pieces(text) {
  const lines = [[]];
  const add = (part, kind) => part.split("\n").forEach((line, k) => {
    if (k) lines.push([]);
    if (line) lines.at(-1).push([line, kind]);
  });
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    add(text.slice(end, match.index), "");
    add(match[0], Object.keys(match.groups).find((kind) => match.groups[kind] !== undefined));
    end = match.index + match[0].length;
  }
  add(text.slice(end), "");
  return lines;
}

/** An element for each line of the program. */
export function colored(text) {
  return pieces(text).map((line) => {
    const element = document.createElement("span");
    element.className = "line";
    for (const [part, kind] of line) {
      const piece = document.createElement("span");
      piece.className = kind;
      piece.textContent = part;
      element.append(kind ? piece : part);
    }
    element.append("\n");
    return element;
  });
}
