/** Keyboard paths: single keys and two-key sequences ("g k"), and the map that `?` opens. */

import { h, uid } from "./dom.mjs";
import { ui } from "./words.mjs";

const shortcuts = new Map();
let first = "";
let firstAt = 0;

/**
 * registerShortcuts([{keys: "g k", label: "…", run, when?}]) -> a function that takes them away again.
 * `keys` are what `event.key` says, separated by blanks. The last registration of a key wins.
 * `when()` says whether the shortcut makes sense right now; without it, it always does.
 */
export function registerShortcuts(list) {
  for (const entry of list) shortcuts.set(entry.keys, entry);
  return () => {
    for (const entry of list) {
      if (shortcuts.get(entry.keys) === entry) shortcuts.delete(entry.keys);
    }
  };
}

const isTyping = (node) =>
  node instanceof HTMLElement && (node.isContentEditable || node.matches("input, textarea, select"));

const usable = (entry) => entry !== undefined && (entry.when?.() ?? true);

function matched(key, at) {
  const pair = at - firstAt < 1500 ? shortcuts.get(`${first} ${key}`) : undefined;
  first = key;
  firstAt = at;
  return [pair, shortcuts.get(key)].find(usable);
}

function keys(text) {
  return text.split(" ").flatMap((key, i) => (i ? [" ", h("kbd", {}, key)] : [h("kbd", {}, key)]));
}

/** The map of all shortcuts of this page, in a dialog. */
export function openKeymap() {
  const title = uid("keymap");
  const entries = [...shortcuts.values()].filter(usable);
  const dialog = h(
    "dialog",
    { class: "dialog", "aria-labelledby": title },
    h(
      "form",
      { class: "dialog-form", method: "dialog" },
      h("h2", { id: title, tabindex: "-1" }, ui("shortcuts")),
      entries.length === 0 && h("p", {}, ui("shortcutsNone")),
      h(
        "dl",
        { class: "keymap" },
        entries.map((entry) => [h("dt", {}, keys(entry.keys)), h("dd", {}, entry.label)]),
      ),
      h("div", { class: "dialog-actions" }, h("button", { class: "btn btn-secondary" }, ui("close"))),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector("h2").focus(); // its beginning is seen, however long it is
}

/** Listens on the page; done once by shell.mjs. */
export function startShortcuts() {
  registerShortcuts([{ keys: "?", label: ui("showKeymap"), run: openKeymap }]);
  const search = () => document.querySelector("[data-search]");
  registerShortcuts([
    { keys: "/", label: ui("searchKey"), run: () => search().focus(), when: () => search() !== null },
  ]);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const entry = matched(event.key, event.timeStamp);
    if (!entry) return;
    event.preventDefault();
    first = "";
    entry.run(event);
  });
}
