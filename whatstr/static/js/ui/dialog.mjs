/** Asking before something that matters, on the browser's own <dialog>. */

import { h, uid } from "./dom.mjs";
import { ui } from "./words.mjs";

const paragraphs = (body) =>
  [body].flat().map((part) => (part instanceof Node ? part : h("p", {}, part)));

function retypeField(text) {
  const id = uid("retype");
  const input = h("input", { class: "form-control", id, type: "text", autocomplete: "off", spellcheck: "false" });
  const node = h(
    "div",
    { class: "field" },
    h("label", { class: "form-label", for: id }, ui("retype", { text })),
    input,
  );
  return { node, matches: () => input.value.trim() === text, input };
}

/**
 * confirmDialog({title, body, confirm, cancel, danger, retype}) -> Promise<boolean>
 *
 * `body` is a sentence, a node or a list of them: consequences in numbers. `confirm` is the
 * button's words and says what will happen. `danger` colours it and puts the focus on the way
 * out. `retype` (a text) must be typed exactly before the button works.
 */
export function confirmDialog({ title, body = [], confirm, cancel, danger = false, retype = "" }) {
  const titleId = uid("dialog");
  const bodyId = uid("dialog-body");
  const field = retype ? retypeField(retype) : null;
  const leave = h("button", { class: "btn btn-secondary", type: "button" }, cancel ?? ui("cancel"));
  const go = h(
    "button",
    { class: `btn ${danger ? "btn-danger" : "btn-primary"}`, value: "yes", disabled: Boolean(field) },
    confirm ?? ui("confirm"),
  );
  const dialog = h(
    "dialog",
    { class: "dialog", "aria-labelledby": titleId, "aria-describedby": bodyId },
    h(
      "form",
      { class: "dialog-form", method: "dialog" },
      h("h2", { id: titleId }, title),
      h("div", { class: "dialog-body", id: bodyId }, paragraphs(body)),
      field?.node,
      h("div", { class: "dialog-actions" }, leave, go),
    ),
  );
  field?.input.addEventListener("input", () => {
    go.disabled = !field.matches();
  });
  leave.addEventListener("click", () => dialog.close(""));
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes" && (!field || field.matches()));
    });
    dialog.showModal();
    (field?.input ?? (danger ? leave : go)).focus();
  });
}
