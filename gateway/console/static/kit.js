"use strict";
// A page of the kit is light or dark whatever the system is.
{
  const colours = document.getElementById("f-kit-colours");

  /** Rules for dark screens, of every style sheet of the page. */
  const dark = () => [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).filter((one) => /prefers-color-scheme/.test(one.media?.mediaText) || one.isOfKit);
  function colour() {
    const chosen = colours.value;
    for (const one of dark()) {
      one.isOfKit = true;
      one.media.mediaText = { light: "not all", dark: "all" }[chosen] ?? "(prefers-color-scheme: dark)";
    }
    for (const one of document.querySelectorAll("html, motlan-form")) one.style.colorScheme = chosen;
  }
  colours.addEventListener("change", colour);
  for (const one of document.querySelectorAll("[data-kit]")) one.hidden = false;
}
