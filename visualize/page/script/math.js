// Formulas in MathML: an element is [tag, ...children], with a class behind a dot of its tag.

const MATHML = "http://www.w3.org/1998/Math/MathML";

function mathElement([tag, ...children]) {
  const [name, className] = tag.split(".");
  const made = document.createElementNS(MATHML, name);
  if (className) made.setAttribute("class", className);
  made.append(...children.map((child) => (typeof child === "string" ? child : mathElement(child))));
  return made;
}

/** The formula as an element that stands on a line of its own. */
function inMath(formula) {
  const math = mathElement(["math", formula]);
  math.setAttribute("displaystyle", "true");
  const line = element("div", "", "math");
  line.append(math);
  return line;
}

/** The text of a formula. */
const textOf = ([, ...children]) =>
  children.map((child) => (typeof child === "string" ? child : textOf(child))).join("");
