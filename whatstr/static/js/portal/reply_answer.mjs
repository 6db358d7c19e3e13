/** Answering one reply in the person's own window of 24 hours. */

import words from "../i18n/portal-compose-text.mjs";
import { fill, h, notice, pageLang, translator } from "../ui/index.mjs";
import { field, submitButton, works } from "./forms.mjs";

const t = translator(words);
const OPEN_MS = 24 * 3600 * 1000;

/** A form that opens on demand, or why there is none; null for a reply that names nobody. */
export function answerForm(vault, { at, line, from, user }) {
  const to = from || user;
  if (!to || !line) return null;
  if (Date.parse(at) < Date.now() - OPEN_MS) return h("p", { class: "meta" }, t("answerClosed"));
  const said = h("div", { role: "status" });
  const form = works(
    h(
      "form",
      { class: "stack gap-above" },
      field({ name: "text", label: t("answerText"), type: "textarea", required: true, attrs: { maxlength: "4096", rows: "3" } }),
      h("div", { class: "form-actions" }, submitButton(t("answerSend"), { kind: "secondary", size: "sm", iconName: "send" })),
      said,
    ),
    {
      busy: t("answering"),
      work: async ({ text }) => {
        fill(said);
        const { outcome, ...why } = await vault.call("lines.answer", { line, to, text });
        if (outcome === "accepted") form.reset();
        fill(said, outcome === "failed" ? notice({ tone: "danger", title: t("answerFailed"), text: why[pageLang()] ?? "" }) : notice({ tone: outcome === "accepted" ? "ok" : "warn", text: t(outcome === "accepted" ? "answered" : "answerUnknown") }));
      },
    },
  );
  return h("details", {}, h("summary", {}, t("answer")), form);
}
