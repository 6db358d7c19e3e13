/** Message templates of a line with their state at Meta, what to know and what to do about each. */

import words from "../i18n/portal-health.mjs";
import { fill, fmt, h, translator } from "../ui/index.mjs";
import { languageWord, qualityWord, toneBadge } from "./badges.mjs";
import { sentence } from "./errors.mjs";

const t = translator(words);
const STATES = {
  APPROVED: ["ok", "ok"],
  PENDING: ["info", "hourglass"],
  IN_APPEAL: ["info", "hourglass"],
  PAUSED: ["warn", "pause"],
  FLAGGED: ["warn", "warning"],
  LIMIT_EXCEEDED: ["warn", "warning"],
  REJECTED: ["danger", "danger"],
  DISABLED: ["danger", "ban"],
  LOCKED: ["danger", "lock"],
  PENDING_DELETION: ["neutral", "trash"],
  DELETED: ["neutral", "trash"],
  ARCHIVED: ["neutral", "inbox"],
};
const QUALITY = { GREEN: ["ok", "ok"], YELLOW: ["warn", "warning"], RED: ["danger", "danger"] };
const WORST = ["DISABLED", "REJECTED", "LOCKED", "PAUSED", "FLAGGED", "LIMIT_EXCEEDED", "PENDING", "IN_APPEAL", "APPROVED"];

/** A word of Meta's that we have no word for is shown as `fallback`. */
function worded(key, fallback) {
  const text = t(key);
  return text === key ? fallback : text;
}

const upper = (value) => String(value ?? "").toUpperCase();
const place = ({ status }) => (WORST.indexOf(status) + 1 || WORST.length + 1);

/** A template as it stands now, with what Meta told since it was asked for. */
export function standingOf(template) {
  const told = template.told ?? {};
  return {
    name: template.name,
    language: template.language,
    status: upper(template.status),
    category: upper(template.category),
    quality: upper(told.quality ?? template.quality_score?.score ?? "UNKNOWN"),
    reason: told.reason ?? null,
    pausedUntil: told.paused_until ?? null,
    nextCategory: told.next_category ?? null,
    nextAt: told.next_category_at ?? null,
  };
}

export function templateBadge(status) {
  const [tone, name] = STATES[status] ?? ["neutral", "question"];
  return toneBadge(worded(`template_${status}`, status), tone, name);
}

/** What to know and to do about a template that cannot be sent, or soon cannot; "" when all is well. */
export function templateRemedy({ status, reason, pausedUntil, nextCategory, nextAt }) {
  const parts = [];
  if (status === "PAUSED") {
    parts.push(pausedUntil ? t("pausedUntil", { at: fmt.datetime(pausedUntil) }) : t("pausedByHand"));
    if (reason === "SECOND_PAUSE") parts.push(t("pausedTwice"));
  } else if (status !== "APPROVED") parts.push(worded(`remedy_${status}`, ""));
  if (status === "REJECTED") parts.push(worded(`reason_${reason}`, ""));
  if (nextCategory) parts.push(t("recategorised", { category: categoryWord(nextCategory), at: nextAt ? fmt.datetime(nextAt) : "–" }));
  return parts.filter(Boolean).join(" ");
}

export const categoryWord = (category) => worded(`category_${category}`, category);

function row(one) {
  const [tone, name] = QUALITY[one.quality] ?? ["neutral", "question"];
  const remedy = templateRemedy(one);
  return h(
    "li",
    { "data-template": one.name },
    h("div", { class: "card-head" }, h("span", {}, h("b", {}, one.name), ` · ${languageWord(one.language)} · ${categoryWord(one.category)}`), h("span", { class: "row-wrap" }, toneBadge(`${t("qualityOf")}: ${qualityWord(one)}`, tone, name), templateBadge(one.status))),
    remedy && h("p", { class: "meta" }, remedy),
  );
}

/** templatesBlock({vault, line}): a summary that opens to the list; loads by itself. */
export function templatesBlock({ vault, line }) {
  const summary = h("summary", {}, t("templates"));
  const body = h("div", {}, h("p", { class: "muted" }, t("templatesLoading")));
  const node = h("details", {}, summary, body);
  vault.call("lines.templates", { line: line.id }).then(({ templates, at }) => {
    const all = templates.map(standingOf).sort((a, b) => place(a) - place(b) || a.name.localeCompare(b.name, "tr"));
    const ready = all.filter(({ status }) => status === "APPROVED").length;
    summary.textContent = t("templatesCount", { ready: fmt.number(ready), all: fmt.number(all.length) });
    node.open = all.some(({ status }) => ["PAUSED", "DISABLED", "REJECTED", "FLAGGED"].includes(status));
    fill(
      body,
      all.length === 0 ? h("p", { class: "muted" }, t("templatesNone")) : h("ul", { class: "rows" }, all.map(row)),
      h("p", { class: "meta" }, t("templatesAt", { at: fmt.datetime(at) })),
    );
  }, (error) => fill(body, h("p", { class: "muted" }, sentence(error))));
  return node;
}
