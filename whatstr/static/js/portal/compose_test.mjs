/** The same message to the customer's own phone first, with the values of the row on show. */

import { normalise } from "../contacts/phone.mjs";
import words from "../i18n/portal-compose.mjs";
import { errorSummary, fill, h, notice, pageLang, translator } from "../ui/index.mjs";
import { slots, values } from "../vault/templates.mjs";
import { field, submitButton, works } from "./forms.mjs";

const t = translator(words);
const MOST_FILE = 5 * 1024 * 1024; // more does not fit into a sealed request

export function testPanel({ vault, state }) {
  const said = h("div", { role: "status" });
  const number = field({ name: "to", label: t("testTo"), type: "tel", required: true, autocomplete: "tel", help: t("testHelp") });
  const button = submitButton(t("testSend"), { kind: "secondary", iconName: "send" });
  const large = h("div");
  const form = works(
    h(
      "form",
      { class: "panel" },
      h("h2", {}, t("testTitle")),
      h("p", { class: "meta" }, t("testText")),
      number,
      large,
      h("div", { class: "form-actions" }, button),
      h("div", { class: "gap-above" }, said),
    ),
    {
      busy: t("testing"),
      work: async ({ to }) => {
        fill(said);
        const found = normalise(to, { region: "TR" });
        if (!found.ok) {
          errorSummary(form, { to: t("testWrong") });
          return;
        }
        const answer = await send(found.digits);
        const reason = answer[pageLang()] ?? "";
        fill(said, answer.outcome === "accepted" ? notice({ tone: "ok", title: t("testDone"), text: t("testDoneText") }) : notice({ tone: "danger", title: t("testFailed"), text: reason }));
      },
    },
  );

  async function send(to) {
    const { list, template, mapping, row, line, media } = state;
    const { rows } = await vault.call("lists.rows", { id: list.id, from: row, count: 1 });
    const { phone, name, fields } = rows[0];
    const got = values(slots(template), mapping, [phone, name, fields]);
    const extra = { ...(got.header.length ? { h: got.header } : {}), ...(got.buttons.length ? { b: got.buttons } : {}) };
    return vault.call("lines.test", { line, template, to, params: got.body, ...(Object.keys(extra).length ? { extra } : {}), ...(media ? { media } : {}) });
  }

  /** The number of the last time, kept sealed. */
  async function recall() {
    const { number: kept } = await vault.call("memory.test_number");
    if (kept && !number.control.value) number.control.value = `+${kept}`;
  }
  recall().catch(() => {});

  form.draw = ({ ready }) => {
    const needsFile = ["IMAGE", "VIDEO", "DOCUMENT"].includes(state.template ? slots(state.template).header_format : null);
    const tooLarge = needsFile && state.media !== null && state.media.size > MOST_FILE;
    form.hidden = !ready || Boolean(state.template?.free) || (needsFile && !state.media);
    button.disabled = tooLarge;
    fill(large, tooLarge && notice({ tone: "info", text: t("testTooLarge") }));
  };
  return form;
}
