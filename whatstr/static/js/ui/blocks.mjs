/** Small pieces of pages that are built by script. */

import { h, icon } from "./dom.mjs";

/** emptyState({title, text, icon, action}) : what to do first. `action` is one button or link. */
export function emptyState({ title, text, icon: name = "inbox", action = null, level = 2 }) {
  return h(
    "div",
    { class: "empty" },
    h("span", { class: "empty-icon" }, icon(name, { size: "xl" })),
    h(`h${level}`, { class: "empty-title" }, title),
    text && h("p", {}, text),
    action && h("div", { class: "empty-action" }, action),
  );
}

/** notice({tone, title, text, alert}) : the server's macro of the same name. */
export function notice({ tone = "info", title = "", text = "", alert = false, children = [] }) {
  const icons = { info: "info", ok: "ok", warn: "warning", danger: "danger", neutral: "info" };
  return h(
    "div",
    { class: `notice tone-${tone}`, role: alert ? "alert" : null },
    icon(icons[tone] ?? "info"),
    h("div", {}, title && h("p", { class: "notice-title" }, title), text && h("p", {}, text), children),
  );
}

/** figure({value, label, hint, tone}) : one big number, already written by fmt.mjs. */
export function figure({ value, label, hint = "", tone = "" }) {
  return h(
    "div",
    { class: `figure ${tone && `tone-${tone}`}`.trim() },
    h("p", { class: "figure-label" }, label),
    h("p", { class: "figure-value" }, value),
    hint && h("p", { class: "figure-hint" }, hint),
  );
}
