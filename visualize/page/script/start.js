window.addEventListener("resize", () => { fit(); show(); });
display(0);
