"use strict";
// Lays the staged image over the live one; the slider moves the edge between them.
for (const box of document.querySelectorAll(".wipe")) {
  const figures = box.parentElement;
  const live = figures.querySelector(".live img");
  const staged = figures.querySelector(".staged img");
  if (!live || !staged) continue;
  const stage = box.querySelector(".wipe-stage");
  for (const [image, name] of [[live, "below"], [staged, "above"]]) {
    const copy = image.cloneNode();
    copy.className = name;
    copy.alt = "";
    stage.append(copy);
  }
  const range = box.querySelector("input");
  const move = () => {
    stage.style.setProperty("--at", range.value + "%");
    range.setAttribute("aria-valuetext", range.value + " % live, " + (100 - range.value) + " % staged");
  };
  range.addEventListener("input", move);
  move();
  box.hidden = false;
}
