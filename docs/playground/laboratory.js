// The laboratory of a program: the page that visualize.explain makes, in a frame that is sealed off.

let forget = () => {}; // stops to listen to the frame that is shown

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
  put(element, frame);
  forget = () => removeEventListener("message", listen);
  addEventListener("message", listen);
}

/** Say something where the laboratory would be. */
export function say(element, ...words) {
  const paragraph = document.createElement("p");
  paragraph.className = "empty";
  paragraph.append(...words);
  put(element, paragraph);
}

// A frame that is gone has no window, and neither has the source of its last message: null equals null.
function put(element, child) {
  forget();
  element.replaceChildren(child);
}
