// How numbers are written: as Python writes them.

/** The digits of toFixed or toExponential, with ties to even as Python rounds. */
function rounded(x, method, digits) {
  if (method === "toFixed" && Math.abs(x) >= 1e21) { // which toFixed writes with an exponent
    return BigInt(x) + (digits ? `.${"0".repeat(digits)}` : "");
  }
  const text = x[method](digits);
  const [mantissa, exponent = ""] = text.split("e");
  const [longer] = x[method](Math.min(100, digits + 40)).split("e");
  const cut = longer.indexOf(".") + 1 + digits;
  const odd = Number(mantissa[mantissa.length - 1]) % 2 === 1;
  if (!odd || !/^50*$/.test(longer.slice(cut))) return text;
  const down = digits ? longer.slice(0, cut) : longer.slice(0, cut - 1);
  return exponent ? `${down}e${exponent}` : down;
}

/** The number as Python's format(x, format) writes it. */
function writeAs(x, format) {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  if (x === 0) x = 0;
  const kind = format.slice(-1);
  const digits = Number(format.slice(1, -1));
  const power = (text) => text.replace(/e([+-])(\d)$/, "e$10$2");
  if (kind === "f") return rounded(x, "toFixed", digits);
  if (kind === "e") return power(rounded(x, "toExponential", digits));
  const places = Math.max(digits, 1);
  const [mantissa, exponent] = rounded(x, "toExponential", places - 1).split("e");
  const strip = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  const e = Number(exponent);
  if (e < -4 || e >= places) return power(`${strip(mantissa)}e${exponent}`);
  return strip(rounded(x, "toFixed", places - 1 - e));
}

/** The number as the page was asked to write it. */
const write = (x) => writeAs(x, DATA.number);

/**
 * An operation on numbers: those of its operands in place of {0} and {1!}, where the ! asks for
 * parentheses around a sign.
 */
function fill(template, operand) {
  return template.replace(/\{(\d+)(!?)\}/g, (_, k, factor) => {
    const x = operand(Number(k));
    const text = Object.is(x, -0) ? "-0" : write(x); // 1 / 0 is not 1 / -0
    return factor && text.startsWith("-") ? `(${text})` : text;
  });
}
