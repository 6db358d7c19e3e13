/** The one bar that sums to the whole, with pace, time left, what waits, and honest words. */

import words from "../i18n/portal-progress.mjs";
import { figure, fill, fmt, h, notice, sumBar, translator } from "../ui/index.mjs";
import { OVER } from "./campaign_card.mjs";

const t = translator(words);
const SPEAK_MS = 10_000;
/** Statuses that nobody understands without a sentence. */
const EXPLAINED = ["unknown", "accepted", "suppressed", "expired", "cancelled"];

export const sum = (counts, ...names) => names.reduce((total, name) => total + (counts[name] ?? 0), 0);
/** Messages that Meta has: they can no longer be taken back. */
export const withMeta = ({ counts }) => sum(counts, "accepted", "sent", "delivered", "read", "failed");
const settled = ({ rows, counts }) => rows - sum(counts, "pending", "handing");

/** Time left, or when it goes on; a dash with a word where nobody knows. */
function timeFigure({ seconds_left: seconds, waiting, state }) {
  if (!["running", "queued"].includes(state)) return figure({ value: "–", label: t("left") });
  if (waiting?.until) return figure({ value: fmt.time(waiting.until), label: t("goesOn"), hint: fmt.date(waiting.until) });
  const known = !waiting && seconds !== null && seconds !== undefined;
  return figure({ value: known ? fmt.duration(seconds) : "–", label: t("left"), hint: known ? "" : t("unclear") });
}

function figures(campaign) {
  const { rows, counts, rate, state } = campaign;
  const reached = sum(counts, "delivered", "read");
  if (OVER.has(state)) {
    return [
      figure({ value: fmt.number(reached), label: t("reached"), hint: t("ofAll", { share: fmt.percent(rows ? reached / rows : 0), all: fmt.number(rows) }) }),
      figure({ value: fmt.number(sum(counts, "read")), label: t("read"), hint: t("readHint") }),
      figure({ value: fmt.number(sum(counts, "failed", "suppressed")), label: t("notReached"), tone: sum(counts, "failed") ? "danger" : "" }),
    ];
  }
  const moving = rate > 0;
  return [
    figure({ value: fmt.number(settled(campaign)), label: t("handled"), hint: t("ofRows", { all: fmt.number(rows) }) }),
    figure({ value: moving ? fmt.number(rate, undefined, { maximumFractionDigits: rate < 10 ? 1 : 0 }) : "–", label: t("perSecond") }),
    timeFigure(campaign),
  ];
}

function waits({ waiting, state }) {
  if (!waiting || !["running", "queued", "scheduled"].includes(state)) return null;
  return notice({ tone: "info", title: t("waitsTitle"), text: waiting.sentence });
}

function explained({ counts, state }) {
  const over = OVER.has(state);
  const told = EXPLAINED.filter((name) => counts[name] > 0 && (over || name !== "accepted"));
  if (told.length === 0) return null;
  return h("ul", { class: "notes" }, told.map((name) => h("li", { class: "meta" }, t(over && name === "unknown" ? "says_unknownOver" : `says_${name}`, { n: fmt.number(counts[name]) }))));
}

/** progressPanel() -> a node with `.draw(campaign)`. */
export function progressPanel() {
  const shown = h("div", { class: "stack" });
  const live = h("p", { class: "visually-hidden", "aria-live": "polite" });
  const link = h("p", { class: "meta", role: "status" });
  const node = h("div", { class: "stack" }, shown, link, live);
  let spoken = -Infinity;
  node.draw = (campaign) => {
    const over = OVER.has(campaign.state);
    fill(
      shown,
      h("div", { class: "figures figures-live" }, figures(campaign)),
      waits(campaign),
      sumBar(campaign.counts),
      explained(campaign),
      over && sum(campaign.counts, "accepted", "sent", "unknown") > 0 && h("p", { class: "meta" }, t("late")),
    );
    const now = performance.now();
    if (now - spoken < SPEAK_MS && !over) return;
    spoken = now;
    live.textContent = t("spoken", { done: fmt.number(settled(campaign)), all: fmt.number(campaign.rows) });
  };
  node.away = (is) => {
    link.textContent = is ? t("away") : "";
  };
  return node;
}
