/** The overview: what to do next, the credits, the lines, the last campaigns. */

import words from "../i18n/portal-overview.mjs";
import { emptyState, figure, fmt, h, icon, slot, translator } from "../ui/index.mjs";
import { getJson } from "../vault/http.mjs";
import { lineBadge, lineTitle, qualityWord } from "./badges.mjs";
import { campaignList } from "./campaign_card.mjs";
import { openPage, show } from "./page.mjs";
import { repliesPanel, unseenReplies } from "./replies.mjs";

const t = translator(words);

const bought = ({ available, reserved, spent }) => available + reserved + spent > 0;

function todo(me) {
  const tasks = [
    ["email", me.member.email_confirmed, null],
    ["plan", bought(me.balance), "/odeme"],
    ["line", me.lines > 0, "/hatlar"],
    ["contacts", me.lists > 0, "/kisiler"],
    ["campaign", me.campaigns > 0, "/kampanyalar/yeni"],
  ];
  const done = tasks.filter(([, ready]) => ready).length;
  if (done === tasks.length) return null;
  const current = tasks.findIndex(([, ready, href]) => !ready && href) ;
  return h(
    "section",
    { class: "panel" },
    h("div", { class: "card-head" }, h("h2", {}, t("todo")), h("p", { class: "meta" }, t("todoDone", { done, all: tasks.length }))),
    h("ol", { class: "todo" }, tasks.map(([name, ready, href], i) => task(name, { ready, href, current: i === current, place: i + 1 }))),
  );
}

function task(name, { ready, href, current, place }) {
  return h(
    "li",
    { class: ready ? "done" : current ? "current" : null },
    h("span", { class: "mark" }, ready ? icon("check") : String(place), ready && h("span", { class: "visually-hidden" }, t("ready"))),
    h("div", {}, h("b", {}, t(`${name}Title`)), h("p", {}, t(`${name}Text`))),
    !ready && href && h("a", { class: `btn btn-sm btn-${current ? "primary" : "secondary"}`, href }, t(`${name}Go`)),
  );
}

function balance({ available, reserved, spent }) {
  return h(
    "section",
    { class: "panel" },
    h("h2", {}, t("credits")),
    h(
      "div",
      { class: "figures" },
      figure({ value: fmt.number(available), label: t("available"), hint: t("availableHint") }),
      figure({ value: fmt.number(reserved), label: t("reserved"), hint: t("reservedHint") }),
      figure({ value: fmt.number(spent), label: t("spent") }),
    ),
  );
}

function lineRow(line) {
  return h(
    "li",
    {},
    h("div", { class: "card-head" }, h("b", {}, lineTitle(line)), lineBadge(line)),
    h("p", { class: "meta" }, line.reason ?? t("lineHealth", { quality: qualityWord(line), rate: fmt.number(line.throughput ?? 0) })),
  );
}

function lines(all) {
  return h(
    "section",
    { class: "panel" },
    h("div", { class: "card-head" }, h("h2", {}, t("lines")), h("a", { href: "/hatlar" }, t("allLines"))),
    h("ul", { class: "rows" }, all.map(lineRow)),
  );
}

function campaigns(all) {
  if (all.length === 0) {
    return emptyState({ title: t("noCampaigns"), text: t("noCampaignsText"), icon: "campaign" });
  }
  return h(
    "section",
    { class: "panel" },
    h("div", { class: "card-head" }, h("h2", {}, t("lastCampaigns")), h("a", { href: "/kampanyalar" }, t("allCampaigns"))),
    campaignList(all.slice(0, 5)),
  );
}

/** What our abuse desk decided, word for word; each opens by itself. */
function statements(all) {
  return h(
    "section",
    { class: "panel" },
    h("h2", {}, t("statements")),
    all.map(({ at, text, appeal_until: until }) =>
      h(
        "details",
        {},
        h("summary", {}, t("statementOf", { at: fmt.date(at) })),
        text.split("\n").filter(Boolean).map((line) => h("p", {}, line)),
        until && h("p", { class: "meta" }, t("appealUntil", { at: fmt.date(until) })),
      ),
    ),
  );
}

openPage(async ({ vault, me }) => {
  const [allLines, allCampaigns, replies] = vault.session.vault_access
    ? await Promise.all([vault.call("lines.all"), vault.call("campaigns.all"), unseenReplies(vault)])
    : [[], [], []];
  const { statements: told } = await getJson("statements");
  if (me.lines > 0 && me.lists > 0) {
    slot("actions", h("a", { class: "btn btn-primary", href: "/kampanyalar/yeni" }, icon("plus"), h("span", {}, t("newCampaign"))));
  }
  show(told.length > 0 && statements(told), todo(me), balance(me.balance), allLines.length > 0 && lines(allLines), (allCampaigns.length > 0 || me.lists > 0) && campaigns(allCampaigns), repliesPanel(vault, replies));
});
