/** Free text for those who wrote within the last day: no template, no list, only their open windows. */

import words from "../i18n/portal-compose-text.mjs";
import { fmt, h, notice, pageLang, translator } from "../ui/index.mjs";
import { field, radios } from "./forms.mjs";

const t = translator(words);
const MOST = 4096; // characters that Meta takes

/** What stands for template, list and values while free text is written. */
export function freeText({ line, text, people }) {
  return {
    template: { free: true, id: "", name: t("freeText"), language: pageLang(), category: "UTILITY", components: [{ type: "BODY", text }] },
    list: { id: `window:${line}`, name: t("freeText"), rows: people.length, columns: [], consent: null },
    mapping: { header: [], body: [{ from: "fixed", text }], buttons: [] },
  };
}

/**
 * The choice between a template and free text, with the text's own field. Hidden while nobody has
 * written; `.draw(people)` when the line or its windows have changed.
 */
export function modePanel({ state, changed }) {
  const pick = radios({ name: "mode", legend: t("modeTitle"), hiddenLegend: true, value: state.mode, options: [["template", t("modeTemplate"), t("modeTemplateText")], ["text", t("modeText"), t("modeTextText")]] });
  const text = field({
    name: "text", label: t("text"), type: "textarea", required: true, value: state.text, help: t("textHelp", { most: fmt.number(MOST) }),
    attrs: { maxlength: String(MOST), rows: "6", onInput: (event) => changed({ text: event.target.value }) },
  });
  const who = h("div");
  const node = h("section", { class: "panel stack" }, h("h2", {}, t("modeTitle")), pick, who, text);
  pick.addEventListener("change", () => changed({ mode: pick.picked() }));
  node.draw = (people) => {
    node.hidden = people.length === 0;
    text.hidden = state.mode !== "text";
    for (const input of pick.querySelectorAll("input")) input.checked = input.value === state.mode;
    const said = people.length > 0 && notice({ tone: "info", title: t("windowPeople", { n: fmt.number(people.length) }), text: t("windowUntil", { at: fmt.datetime(people[0].until) }) });
    who.replaceChildren(...(said ? [said] : []));
  };
  return node;
}
