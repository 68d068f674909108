// The laboratory of a program: the page that visualize.explain makes, in a frame that is sealed off.

/** Show a page in place of what is in the element; settled once the frame has it. */
export function show(element, html) {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.title = "The laboratory: backpropagation step by step";
  frame.src = "frame.html";
  return new Promise((settle) => {
    const listen = (event) => {
      if (event.source !== frame.contentWindow) return;
      removeEventListener("message", listen);
      frame.contentWindow.postMessage(html, "*"); // its origin is none
      settle(frame);
    };
    addEventListener("message", listen);
    element.replaceChildren(frame);
  });
}

/** Say something where the laboratory would be. */
export function say(element, ...words) {
  const paragraph = document.createElement("p");
  paragraph.className = "empty";
  paragraph.append(...words);
  element.replaceChildren(paragraph);
}
