/** The same message to the customer's own phone first, with the values of the row on show. */

import { normalise } from "../contacts/phone.mjs";
import words from "../i18n/portal-compose.mjs";
import { errorSummary, fill, h, notice, pageLang, translator } from "../ui/index.mjs";
import { slots, values } from "../vault/templates.mjs";
import { field, submitButton, works } from "./forms.mjs";

const t = translator(words);

export function testPanel({ vault, state }) {
  const said = h("div", { role: "status" });
  const form = works(
    h(
      "form",
      { class: "panel" },
      h("h2", {}, t("testTitle")),
      h("p", { class: "meta" }, t("testText")),
      field({ name: "to", label: t("testTo"), type: "tel", required: true, autocomplete: "tel", help: t("testHelp") }),
      h("div", { class: "form-actions" }, submitButton(t("testSend"), { kind: "secondary", iconName: "send" })),
      h("div", { class: "gap-above" }, said),
    ),
    {
      busy: t("testing"),
      work: async ({ to }) => {
        fill(said);
        const number = normalise(to, { region: "TR" });
        if (!number.ok) {
          errorSummary(form, { to: t("testWrong") });
          return;
        }
        const answer = await send(number.digits);
        const reason = answer[pageLang()] ?? "";
        fill(said, answer.outcome === "accepted" ? notice({ tone: "ok", title: t("testDone"), text: t("testDoneText") }) : notice({ tone: "danger", title: t("testFailed"), text: reason }));
      },
    },
  );

  async function send(to) {
    const { list, template, mapping, row, line } = state;
    const { rows } = await vault.call("lists.rows", { id: list.id, from: row, count: 1 });
    const { phone, name, fields } = rows[0];
    const got = values(slots(template), mapping, [phone, name, fields]);
    const extra = { ...(got.header.length ? { h: got.header } : {}), ...(got.buttons.length ? { b: got.buttons } : {}) };
    return vault.call("lines.test", { line, template, to, params: got.body, ...(Object.keys(extra).length ? { extra } : {}) });
  }

  form.draw = ({ ready }) => {
    const format = state.template ? slots(state.template).header_format : null;
    form.hidden = !ready || (format !== null && format !== "TEXT");
  };
  return form;
}
