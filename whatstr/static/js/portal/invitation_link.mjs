/** An invitation's link, shown once: whoever made it hands it on. */

import words from "../i18n/portal-team.mjs";
import { h, icon, toast, translator, uid } from "../ui/index.mjs";

const t = translator(words);

/** showLink(url) -> Promise, done when the dialog is closed. */
export function showLink(url) {
  const id = uid("dialog");
  const input = h("input", { class: "form-control", id: uid("link"), type: "text", readonly: true, value: url });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(url);
      toast(t("copied"), "ok");
    } catch {
      input.select();
      toast(t("notCopied"), "warn");
    }
  };
  const dialog = h(
    "dialog",
    { class: "dialog", "aria-labelledby": id },
    h(
      "form",
      { class: "dialog-form", method: "dialog" },
      h("h2", { id }, t("linkTitle")),
      h("p", {}, t("linkText")),
      h("div", { class: "field" }, h("label", { class: "form-label", for: input.id }, t("linkLabel")), input),
      h(
        "div",
        { class: "dialog-actions" },
        h("button", { class: "btn btn-secondary", type: "button", onClick: copy }, icon("copy"), h("span", {}, t("copy"))),
        h("button", { class: "btn btn-primary" }, t("close")),
      ),
    ),
  );
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve();
    });
    dialog.showModal();
    input.select();
  });
}
