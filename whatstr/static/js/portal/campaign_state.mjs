/** What stands above a campaign: why it does not move and what to do; and its facts. */

import words from "../i18n/portal-campaigns.mjs";
import progressWords from "../i18n/portal-progress.mjs";
import { h, notice, translator } from "../ui/index.mjs";
import { kindWord, languageWord, lineTitle, whenText } from "./badges.mjs";
import { OVER } from "./campaign_card.mjs";
import { standingOf, templateRemedy } from "./line_templates.mjs";

const t = translator(words);
const p = translator(progressWords);

/** Causes that the browser mends itself when the campaign is resumed. */
const MENDED_BY_RESUMING = new Set(["sender_key_gone", "optout_index"]);

function held(reason, resumable) {
  const text = reason?.sentence ?? "";
  if (!resumable) return notice({ tone: "warn", title: p("heldTitle"), text, children: [h("p", {}, p("staffLifts")), h("p", {}, h("a", { href: "/panel" }, p("toDecisions")))] });
  if (reason?.code === "late_start") return notice({ tone: "warn", title: p("lateTitle"), text, children: [h("p", {}, p("lateText"))] });
  if (MENDED_BY_RESUMING.has(reason?.code)) return notice({ tone: "warn", title: p("heldTitle"), text, children: [h("p", {}, p("resumeMends"))] });
  const way = h("p", {}, h("a", { href: "/hatlar" }, t("reconnect")));
  return notice({ tone: "warn", title: p("heldTitle"), text, children: [h("p", {}, p("lookFirst")), way] });
}

/** The banner of a state, or null; `upload` is the button that goes on with a broken upload. */
export function banner({ state, reason, resumable }, upload) {
  const text = reason?.sentence ?? "";
  if (state === "held") return held(reason, resumable);
  if (state === "refused") return notice({ tone: "danger", title: t("stateRefusedTitle"), text, alert: true });
  if (state === "expired") return notice({ tone: "warn", title: t("stateExpiredTitle"), text });
  if (state === "paused") return notice({ tone: "info", title: p("pausedTitle"), text: text || p("pausedText") });
  if (state === "uploading") return notice({ tone: "warn", title: t("uploadBroken"), text: t("uploadBrokenText"), children: [h("p", {}, upload())] });
  return null;
}

/** A campaign that is still to go, whose template cannot be sent now or soon cannot: said beforehand. */
export function templateNotice({ state, template }, templates) {
  const found = templates.find(({ id }) => String(id) === String(template?.id));
  if (OVER.has(state) || !found) return null;
  const text = templateRemedy(standingOf(found));
  return text ? notice({ tone: "warn", title: p("templateTitle", { name: template.name }), text }) : null;
}

export function facts(campaign, lines) {
  const { line, list, template, kind, created_at: created, started_at: started, finished_at: finished, due_at: due, expires_at: expires, late_after: late } = campaign;
  const rows = [
    [t("line"), line ? lineTitle(lines.get(line) ?? {}) : "–"],
    [t("list"), list?.id ? h("a", { href: `/kisiler#${list.id}` }, list.name) : "–"],
    [t("template"), template ? `${template.name} · ${languageWord(template.language)}` : "–"],
    [t("kind"), kindWord(kind)],
    [t("created"), whenText(created)],
    campaign.state === "scheduled" && [t("due"), whenText(due)],
    campaign.state === "scheduled" && late && [t("lateAfter"), whenText(late)],
    [t("started"), whenText(started)],
    [t("finished"), whenText(finished)],
    !OVER.has(campaign.state) && [t("expires"), whenText(expires)],
  ].filter(Boolean);
  return h("section", { class: "panel" }, h("h2", {}, t("facts")), h("dl", { class: "facts" }, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])));
}
