/** What every page has: the theme switch, the dock's sheet, the language link, the shortcut map. */

import { openKeymap, registerShortcuts, startShortcuts } from "./shortcuts.mjs";
import { startThemeSwitch } from "./theme_switch.mjs";
import { ui } from "./words.mjs";

function closeSheets() {
  const sheets = [...document.querySelectorAll("details[data-closes]")];
  document.addEventListener("click", (event) => {
    for (const sheet of sheets) {
      if (sheet.open && !sheet.contains(event.target)) sheet.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const sheet of sheets.filter((one) => one.open)) {
      sheet.open = false;
      sheet.querySelector("summary").focus();
    }
  });
}

/** The other language keeps the part after #: ids and one-time tokens live there. */
function keepFragment() {
  for (const link of document.querySelectorAll(".lang-switch a")) {
    link.addEventListener("click", () => {
      link.href = `?lang=${link.lang}${location.hash}`;
    });
  }
}

/** The skip link moves the focus alone: an id after # would be lost, and the page with it. */
function skipKeepsFragment() {
  document.querySelector(".skip")?.addEventListener("click", (event) => {
    event.preventDefault();
    const main = document.getElementById("main");
    main.focus();
    main.scrollIntoView();
  });
}

/** Turns on what needs more than one press: submitting a form twice sends it once. */
function submitOnce() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-once]") || event.defaultPrevented) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
}

function navigationShortcuts() {
  const links = [...document.querySelectorAll(".rail [data-keys]")];
  registerShortcuts(
    links.map((link) => ({
      keys: link.dataset.keys,
      label: ui("goto", { page: link.textContent.trim() }),
      run: () => link.click(),
    })),
  );
}

startThemeSwitch();
closeSheets();
keepFragment();
skipKeepsFragment();
submitOnce();
navigationShortcuts();
startShortcuts();
for (const button of document.querySelectorAll('[data-action="shortcuts"]')) {
  button.addEventListener("click", openKeymap);
}
for (const field of document.querySelectorAll("#error-summary")) field.focus();
document.documentElement.dataset.shell = "ready";
