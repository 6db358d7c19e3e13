/** One line: its state with reason and remedy, quality, limit of the day, templates, history. */

import words from "../i18n/portal-lines.mjs";
import { fill, fmt, h, icon, notice, translator } from "../ui/index.mjs";
import { getJson } from "../vault/http.mjs";
import { lineBadge, lineTitle, qualityWord, toneBadge } from "./badges.mjs";
import { toastError } from "./errors.mjs";
import { actionButton } from "./forms.mjs";
import { historyList } from "./line_history.mjs";
import { templatesBlock } from "./line_templates.mjs";

const t = translator(words);
const QUALITY = { GREEN: ["ok", "ok"], YELLOW: ["warn", "warning"], RED: ["danger", "danger"] };
const TIERS = { TIER_50: 50, TIER_250: 250, TIER_1K: 1000, TIER_2K: 2000, TIER_10K: 10_000, TIER_100K: 100_000 };

/** How Meta rates a line or a template: word, colour and icon. */
export function qualityBadge(quality) {
  const [tone, name] = QUALITY[quality] ?? ["neutral", "question"];
  return toneBadge(qualityWord({ quality }), tone, name);
}

export function tierWord(tier) {
  if (tier === "TIER_UNLIMITED") return t("tierFree");
  return TIERS[tier] ? t("tier", { n: fmt.number(TIERS[tier]) }) : t("tierUnknown");
}

const fact = (label, ...value) => [h("dt", {}, label), h("dd", {}, value)];

/** How much of the day's limit is used, as a bar with its numbers in words. */
function useOf({ limit, used, frees_at: frees }) {
  if (limit === null) return h("span", {}, t("tierFree"));
  const full = used >= limit;
  return [
    h("progress", { class: "bar", max: limit, value: Math.min(used, limit), "aria-label": t("limit") }),
    h("p", { class: "meta" }, t(full ? "limitFull" : "limitUsed", { used: fmt.number(used), limit: fmt.number(limit), free: fmt.number(Math.max(0, limit - used)) }), frees && used > 0 && ` ${t("limitFrees", { at: fmt.datetime(frees) })}`),
  ];
}

function standing(line, { reconnect, ask }) {
  const list = [];
  if (line.reason) {
    const act = line.state === "held" && h("div", { class: "row-wrap gap-above" }, ask(), reconnect());
    list.push(notice({ tone: line.state === "paused" ? "danger" : "warn", title: t(`why_${line.state}`), text: line.reason, children: act ? [act] : [] }));
  }
  for (const one of line.troubles) {
    if (one.sentence !== line.reason) list.push(notice({ tone: one.can_send === "BLOCKED" ? "danger" : "warn", text: one.sentence }));
  }
  return list;
}

/** lineCard(…) -> a panel; what it needs beyond the line comes by itself. */
export function lineCard({ line, vault, refresh, reconnect, disconnect }) {
  const off = line.state === "disconnected";
  const use = h("dd", {}, tierWord(line.limit_tier));
  const history = h("div");
  const ask = () => actionButton({ label: t("refresh"), iconName: "refresh", size: "sm", busy: t("refreshing"), work: () => refresh(line), failed: toastError });
  const again = () => h("button", { class: "btn btn-secondary btn-sm", type: "button", onClick: () => reconnect(line) }, icon("key"), h("span", {}, t("reconnect")));
  const told = getJson(`lines/${line.id}/health`);
  told.then(({ people }) => !off && fill(use, useOf(people)), toastError);
  return h(
    "section",
    { class: "panel stack line-card", "data-line": line.id },
    h("div", { class: "card-head" }, h("h2", {}, lineTitle(line)), lineBadge(line)),
    standing(line, { reconnect: again, ask }),
    h(
      "dl",
      { class: "facts" },
      fact(t("quality"), qualityBadge(line.quality)),
      h("dt", {}, t("limit")), use,
      fact(t("speed"), line.throughput ? t("perSecond", { n: fmt.number(line.throughput) }) : "–"),
      fact(t("checked"), line.checked_at ? fmt.datetimeNode(line.checked_at) : "–"),
      fact(t("connectedAt"), line.connected_at ? fmt.datetimeNode(line.connected_at) : "–"),
    ),
    !off && templatesBlock({ vault, line }),
    h("details", { onToggle: (event) => event.target.open && told.then(({ events }) => fill(history, historyList(events)), toastError) }, h("summary", {}, t("history")), history),
    h(
      "div",
      { class: "row-wrap" },
      !off && line.state !== "held" && ask(),
      off && again(),
      !off && h("button", { class: "btn btn-danger-quiet btn-sm", type: "button", onClick: () => disconnect(line) }, icon("trash"), h("span", {}, t("disconnect"))),
    ),
  );
}
