/** The plan of the day before the click: how many and when, at what rate, what holds the rest back. */

import words from "../i18n/portal-plan.mjs";
import { figure, fmt, h, icon, notice, translator } from "../ui/index.mjs";

const t = translator(words);
const DAY = 86_400_000;
const LONGEST = 7 * DAY - 7_200_000; // the sender allows 7 days; clocks may differ by an hour
const SHORTEST = 2 * DAY;
const ICONS = { line_stopped: "ban", portfolio_limit: "users", ramp_up: "chart", window: "clock", queue: "list", canary: "shield", line_rate: "send" };

/** When the campaign ends at the latest: two days after what is planned, a week after its start. */
export function endsAt({ starts_at: starts, finishes_at: finishes }, due) {
  const begin = due ? Date.parse(due) : Date.now();
  const planned = Date.parse(finishes ?? starts) + SHORTEST;
  return new Date(Math.min(begin + LONGEST, Math.max(begin + SHORTEST, planned))).toISOString().replace(/\.\d+Z$/, "Z");
}

const left = ({ in_list: all, duplicates, suppressed, empty }) => {
  const parts = [t("inList", { n: fmt.number(all) })];
  if (duplicates) parts.push(t("leftDuplicates", { n: fmt.number(duplicates) }));
  if (suppressed) parts.push(t("leftSuppressed", { n: fmt.number(suppressed) }));
  if (empty) parts.push(t("leftEmpty", { n: fmt.number(empty) }));
  return parts.join(" · ");
};

/** "2026-11-27" of an instant, as the calendar of the zone has it. */
const dateIn = (zone, instant) => new Date(instant).toLocaleDateString("sv-SE", { timeZone: zone });

function dayWord(date, zone, within = "") {
  if (date === dateIn(zone, Date.now())) return t(`today${within}`);
  if (date === dateIn(zone, Date.now() + DAY)) return t(`tomorrow${within}`);
  return fmt.date(`${date}T12:00:00Z`);
}

/** One sentence that says it all: when it starts, whether it is done in a day, when it ends. */
function sentence({ days, starts_at: starts, finishes_at: finishes, time_zone: zone }, later) {
  if (days.length === 0) return t("never");
  const begins = later || Date.parse(starts) > Date.now() + 60_000 ? t("startsAt", { at: fmt.datetime(starts) }) : t("startsNow");
  const word = dayWord(days.at(-1).date, zone, "In");
  const ends = finishes ? t(days.length > 1 ? "endsDays" : "ends", { at: fmt.time(finishes), day: word, n: days.length }) : "";
  return `${begins} ${ends}`.trim();
}

/** "09:00–11:30"; what is over within a minute has one time only. */
function hours({ starts_at: starts, ends_at: ends }) {
  const [from, to] = [fmt.time(starts), fmt.time(ends)];
  return from === to ? t("about", { at: from }) : t("until", { from, to });
}

function dayRow(day, zone) {
  return h("tr", {}, h("th", { scope: "row" }, dayWord(day.date, zone)), h("td", { class: "num" }, fmt.number(day.messages)), h("td", { class: "nowrap" }, hours(day)));
}

function dayTable({ days, time_zone: zone }) {
  return h(
    "table",
    { class: "table plan-days" },
    h("caption", { class: "visually-hidden" }, t("days")),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("day")), h("th", { scope: "col", class: "num" }, t("messages")), h("th", { scope: "col" }, t("hours")))),
    h("tbody", {}, days.map((day) => dayRow(day, zone))),
  );
}

function holding({ limits, rate }) {
  const slow = limits.filter(({ code }) => code !== "line_rate");
  return [
    h("h3", { class: "plan-why" }, t(slow.length > 0 ? "holds" : "freely")),
    h("ul", { class: "plan-limits" }, limits.map(({ code, sentence: text }) => h("li", { "data-limit": code }, icon(ICONS[code] ?? "info"), h("span", {}, text ?? t("rate", { rate: fmt.number(rate) }), code === "window" && [" ", h("a", { href: "/hatlar#saatler" }, t("changeHours"))])))),
  ];
}

/** planView({audience, plan, later}) -> nodes. `audience`: who is left of the list; `plan`: docs/api.md. */
export function planView({ audience, plan, later }) {
  const [first] = plan.days;
  const today = first && first.date === dateIn(plan.time_zone, Date.now());
  const second = plan.days[1];
  return [
    h("p", { class: "plan-said" }, sentence(plan, later)),
    h(
      "div",
      { class: "figures" },
      figure({ value: fmt.number(audience.rows), label: t("recipients"), hint: left(audience) }),
      first && figure({ value: fmt.number(first.messages), label: today ? t("today") : dayWord(first.date, plan.time_zone), hint: hours(first) }),
      second && figure({ value: fmt.number(second.messages), label: dayWord(second.date, plan.time_zone), hint: hours(second) }),
      figure({ value: fmt.number(plan.credits), label: t("credits"), hint: t("creditsFree", { n: fmt.number(plan.available) }), tone: plan.enough ? "" : "danger" }),
    ),
    plan.days.length > 2 && dayTable(plan),
    plan.unfit && notice({ tone: "warn", title: t("unfit"), text: plan.unfit.sentence }),
    holding(plan),
    h("p", { class: "meta" }, t("metaFee")),
  ];
}
