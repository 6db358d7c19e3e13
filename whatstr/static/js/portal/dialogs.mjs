/** A form in a dialog: closed by its owner, or when its work is done. */

import common from "../i18n/portal-common.mjs";
import { h, translator, uid } from "../ui/index.mjs";
import { submitButton, works } from "./forms.mjs";

const t = translator(common);

/**
 * formDialog({title, body, submit, kind, busy, check, work}) -> Promise of what `work(values)` gave,
 * or null when it was left. What `work` throws is shown in the dialog.
 */
export function formDialog({ title, body, submit, kind = "primary", busy = t("working"), check, work }) {
  const id = uid("dialog");
  let result = null;
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": id });
  const form = h(
    "form",
    { class: "dialog-form" },
    h("h2", { id }, title),
    h("div", {}, body),
    h(
      "div",
      { class: "dialog-actions" },
      h("button", { class: "btn btn-secondary", type: "button", onClick: () => dialog.close() }, t("cancel")),
      submitButton(submit, { kind }),
    ),
  );
  works(form, {
    busy,
    check,
    work: async (values) => {
      result = (await work(values, form)) ?? true;
      dialog.close();
    },
  });
  dialog.append(form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(result);
    });
    dialog.showModal();
    form.querySelector("input:checked, input:not([type=radio]), select, textarea")?.focus();
  });
}
