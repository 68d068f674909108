// The address names a ready program, #program=neuron, or holds a whole one, #code=..., compressed.
// What stands behind the # is never sent to a server.

const LONGEST = 200_000; // bytes of a program: a short link can hold a text without end

async function through(stream, bytes, most = Infinity) {
  const parts = [];
  let size = 0;
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) {
    size += value.length;
    if (size > most) {
      await reader.cancel();
      throw new RangeError("the program is too long");
    }
    parts.push(value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** The program as text for an address. */
export async function encode(text) {
  const bytes = await through(new CompressionStream("deflate-raw"), new TextEncoder().encode(text));
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The program that `encode` wrote. Throws an error if it cannot be read. */
export async function decode(code) {
  const binary = atob(code.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
  const text = await through(new DecompressionStream("deflate-raw"), bytes, LONGEST);
  return new TextDecoder("utf-8", { fatal: true }).decode(text);
}

/** What the address asks for: {program} or {code}, both perhaps missing. */
export function asked() {
  const words = new URLSearchParams(location.hash.slice(1));
  return { program: words.get("program"), code: words.get("code") };
}
