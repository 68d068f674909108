// A picture that is shown smaller than it is opens in its own size by a click.
for (const picture of document.querySelectorAll("article img:not(.live)")) {
  if (picture.closest("a")) continue;
  const link = document.createElement("a");
  link.href = picture.src;
  link.className = "enlarge";
  picture.replaceWith(link);
  link.append(picture);
}
