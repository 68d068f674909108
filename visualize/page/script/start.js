window.addEventListener("resize", () => { fit(); show(); });
display(0);
arrive();
window.addEventListener("hashchange", arrive);
