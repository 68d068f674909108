// The laboratory of a program: the page that visualize.explain makes, in a frame that is sealed off.

let forget = () => {}; // stops to listen to the frame before

/** Show a page in place of what is in the element; told(message) is called with what it tells then. */
export function show(element, html, told) {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.title = "The laboratory: backpropagation step by step";
  frame.src = "frame.html";
  let empty = true;
  const listen = (event) => {
    if (event.source !== frame.contentWindow) return;
    if (empty) frame.contentWindow.postMessage(html, "*"); // its origin is none
    else told(event.data);
    empty = false;
  };
  forget();
  forget = () => removeEventListener("message", listen);
  addEventListener("message", listen);
  element.replaceChildren(frame);
}

/** Say something where the laboratory would be. */
export function say(element, ...words) {
  const paragraph = document.createElement("p");
  paragraph.className = "empty";
  paragraph.append(...words);
  element.replaceChildren(paragraph);
}
