// A picture with a stepping page gives it its place: live.py marks the pictures and writes the pages.
for (const picture of document.querySelectorAll("img.live")) {
  const frame = document.createElement("iframe");
  frame.className = "stepping live";
  frame.title = picture.alt;
  frame.loading = "lazy";
  frame.src = picture.src.replace(/_images\/([\w-]+)\.\w+$/, "live/$1.html");
  picture.before(frame);
}
