"use strict";
// Pages work without. Here: printing, and Escape closes what was opened and returns the focus.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const opened = document.activeElement?.closest("details[open]");
  if (!opened) return;
  opened.open = false;
  opened.querySelector("summary").focus();
});

const shut = [];
addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("details:not([open], [data-not-printed])")) { one.open = true; shut.push(one); }
});
addEventListener("afterprint", () => { for (const one of shut.splice(0)) one.open = false; });
