"use strict";
// Pages work without. Here: printing, Escape, and charts by arrow keys.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// Escape closes what was opened and returns the focus
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const opened = document.activeElement?.closest("details[open]");
  if (!opened) return;
  opened.open = false;
  opened.querySelector("summary").focus();
});

// on paper everything is open
{
  const shut = [];
  addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details:not([open], [data-not-printed])")) { one.open = true; shut.push(one); }
  });
  addEventListener("afterprint", () => { for (const one of shut.splice(0)) one.open = false; });
}

// charts: arrow keys read the rows of their table
for (const plot of document.querySelectorAll(".chart .plot")) {
  const figure = plot.closest("figure");
  const heads = [...figure.querySelectorAll("details thead th")].map((one) => one.textContent);
  const rows = [...figure.querySelectorAll("details tbody tr")].map((row) => [...row.cells].map((one) => one.textContent));
  if (!rows.length) continue;
  const reading = document.createElement("p");
  reading.className = "reading";
  reading.setAttribute("role", "status");
  plot.after(reading);
  plot.tabIndex = 0;
  plot.setAttribute("role", "group");
  plot.setAttribute("aria-label", figure.querySelector("figcaption").textContent);
  let at = -1;
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -rows.length, End: rows.length }[event.key];
    if (!step) return;
    event.preventDefault();
    at = Math.min(Math.max(at + step, 0), rows.length - 1);
    reading.textContent = rows[at].map((value, place) => (place ? `${heads[place]}: ${value}` : value)).join(", ");
  });
}
