window.addEventListener("resize", () => { fit(); show(); });
for (const event of ["beforeprint", "afterprint"]) {
  window.addEventListener(event, () => { printing = event === "beforeprint"; fit(); show(); });
}
display(0);
arrive();
window.addEventListener("hashchange", arrive);
