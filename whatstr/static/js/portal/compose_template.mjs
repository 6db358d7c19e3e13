/** Choosing the line and the template: approved ones only, each shown as it reads. */

import words from "../i18n/portal-compose.mjs";
import { emptyState, fill, fmt, formatted, h, icon, notice, toast, translator, uid } from "../ui/index.mjs";
import { slots } from "../vault/templates.mjs";
import { languageWord, lineTitle } from "./badges.mjs";
import { errorNotice, toastError } from "./errors.mjs";
import { actionButton, field } from "./forms.mjs";

const t = translator(words);
const upper = (text) => String(text ?? "").toUpperCase();

export const part = (template, type) => (template?.components ?? []).find((one) => upper(one.type) === type);
const approved = (template) => upper(template.status) === "APPROVED";

function categoryWord({ category }) {
  return t({ MARKETING: "catMarketing", UTILITY: "catUtility", AUTHENTICATION: "catAuthentication" }[upper(category)] ?? "catOther");
}

function card(template, state, changed) {
  const id = uid("template");
  const { supported } = slots(template);
  const input = h("input", {
    class: "form-check-input", type: "radio", name: "template", id, value: template.id, disabled: !supported,
    checked: state.template?.id === template.id,
    onChange: () => changed({ template, mapping: null, media: null }),
  });
  const head = part(template, "HEADER");
  return h(
    "div",
    { class: "choice" },
    input,
    h(
      "label",
      { for: id },
      h("b", {}, template.name),
      h("span", {}, `${categoryWord(template)} · ${languageWord(template.language)}`),
      head?.text && h("p", { class: "gap-above" }, h("b", {}, head.text)),
      h("p", { class: "body" }, formatted(part(template, "BODY")?.text ?? "")),
      !supported && h("span", {}, icon("warning", { size: "sm" }), ` ${t("unsupported")}`),
    ),
  );
}

/** A panel with `.draw()`; `changed(patch)` tells what was chosen. */
export function templatePanel({ vault, lines, state, changed }) {
  const list = h("div", { class: "stack" });
  const lineField = field({
    name: "line", label: t("line"), type: "select", required: true, value: state.line,
    options: lines.map((line) => [line.id, lineTitle(line)]),
    attrs: { onChange: (event) => {
      changed({ line: event.target.value, template: null, mapping: null });
      load();
    } },
  });
  const again = actionButton({ label: t("refreshTemplates"), iconName: "refresh", size: "sm", kind: "quiet", busy: t("asking"), work: () => load({ refresh: true }), failed: toastError });
  const node = h(
    "section",
    { class: "panel stack" },
    h("h2", {}, t("templateTitle")),
    lines.length > 1 && lineField,
    list,
    h("div", { class: "row-wrap" }, again),
  );

  function draw({ templates, at }) {
    const usable = templates.filter(approved);
    const waiting = templates.length - usable.length;
    if (usable.length === 0) {
      fill(list, emptyState({ title: t("noTemplates"), text: t("noTemplatesText"), icon: "mail", level: 3 }));
      return;
    }
    fill(
      list,
      h("fieldset", { class: "field choices wide-choices" }, h("legend", { class: "visually-hidden" }, t("templateTitle")), h("div", { class: "templates" }, usable.map((one) => card(one, state, changed)))),
      h("p", { class: "meta" }, t("templatesAt", { at: fmt.datetime(at) }), waiting > 0 && ` ${t("notApproved", { n: waiting })}`),
    );
  }

  async function load({ refresh = false } = {}) {
    if (!refresh) fill(list, h("p", { class: "muted", role: "status" }, t("loadingTemplates")));
    try {
      const found = await vault.call("lines.templates", { line: state.line, ...(refresh ? { refresh: true } : {}) });
      if (state.wanted) {
        const wanted = found.templates.find((one) => one.id === state.wanted && approved(one));
        state.wanted = null;
        if (wanted) changed({ template: wanted });
      }
      draw(found);
      if (refresh) toast(t("templatesFresh"), "ok");
    } catch (error) {
      if (refresh) throw error;
      fill(list, errorNotice(error, { retry: () => load() }));
    }
  }
  node.load = load;
  return node;
}

export const lineProblem = (line) => line && line.state !== "connected" && notice({ tone: "warn", title: t("lineNotReady"), text: line.reason ?? "", children: [h("p", {}, h("a", { href: "/hatlar" }, t("toLines")))] });
