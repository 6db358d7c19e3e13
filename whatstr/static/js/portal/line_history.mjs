/** What Meta changed of a line, in sentences, the latest first. */

import common from "../i18n/portal-common.mjs";
import words from "../i18n/portal-health.mjs";
import lineWords from "../i18n/portal-lines.mjs";
import { fmt, h, translator } from "../ui/index.mjs";

const t = translator(words);
const l = translator(lineWords);
const c = translator(common);
const TIERS = { TIER_50: 50, TIER_250: 250, TIER_1K: 1000, TIER_2K: 2000, TIER_10K: 10_000, TIER_100K: 100_000 };
const GRADES = ["RED", "YELLOW", "GREEN"];

const quality = (word) => c(`quality${GRADES.includes(word) ? word : "UNKNOWN"}`);
const limit = (word) => (word === "TIER_UNLIMITED" ? l("tierFree") : TIERS[word] ? fmt.number(TIERS[word]) : "–");
const rate = (word) => (word === null ? "–" : fmt.number(Number(word)));
/** A word of Meta's that we have no word for stays as it is. */
function worded(key, word) {
  const text = t(key);
  return text === key ? word : text;
}

const SENTENCES = {
  quality: ({ before, after }) => {
    const way = GRADES.indexOf(after) - GRADES.indexOf(before);
    const fell = GRADES.includes(before) && GRADES.includes(after) && way < 0;
    return t(fell ? "qualityFell" : "qualityChanged", { before: quality(before), after: quality(after) });
  },
  limit_tier: ({ before, after }) => t("limitChanged", { before: limit(before), after: limit(after) }),
  throughput: ({ before, after }) => t("rateChanged", { before: rate(before), after: rate(after) }),
  meta_status: ({ after }) => t("statusChanged", { after: worded(`status_${after}`, after) }),
  can_send: ({ after }) => t(`can_${["AVAILABLE", "LIMITED", "BLOCKED"].includes(after) ? after : "LIMITED"}`),
  account: ({ after }) => t("accountTold", { after: worded(`account_${after}`, after) }),
  alert: ({ after }) => t("alertTold", { after: worded(`alert_${after}`, after) }),
  review: ({ after }) => t("reviewTold", { after: worded(`decision_${after}`, after) }),
  name: ({ after }) => t("nameTold", { after: worded(`decision_${after}`, after) }),
};

export function historyList(events) {
  if (events.length === 0) return h("p", { class: "muted" }, t("nothingYet"));
  return h("ul", { class: "rows history" }, events.map((event) => h("li", {}, h("p", {}, SENTENCES[event.kind](event)), h("p", { class: "meta" }, fmt.datetimeNode(event.at)))));
}
